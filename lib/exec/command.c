/*
 * The handler kind "command".
 *
 * The environment of a job is written into one buffer that is used again for
 * the next job: starting a process copies it.  Only its values come from a
 * peer, percent-encoded; its names never do.
 */
#include "exec/command.h"
#include "base/clean.h"
#include "base/mem.h"
#include "exec/status.h"
#include "exec/trace.h"

#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
	VALUE_MAX = 4096,       /* of a variable; 128 KiB would be E2BIG */
	VARIABLES = 12,         /* that we set, with the NULL behind them */
};

struct command {
	struct cal_handler handler;
	struct cal_command_conf conf;
	char *path;
	char **argv;
	size_t env_count;
	char **env;             /* of the job being started: base, then ours */
	struct cal_buf values;  /* the strings of ours */
};

/* A job while it runs. */
struct work {
	struct cal_job *job;
	struct command *command;
	struct cal_child *child;
	enum cal_stop stop;
};

/* The environment. */

struct variables {
	struct cal_buf *values;
	size_t starts[VARIABLES];
	size_t count;
	bool truncated;
};

static void
add_variable(struct variables *vars, const char *name, struct cal_slice value)
{
	struct cal_buf *values = vars->values;
	size_t start = values->len, before;

	cal_buf_put_text(values, name);
	cal_buf_put_byte(values, '=');
	before = values->len;
	if (value.len <= VALUE_MAX)
		cal_clean_percent(values, value);
	if (value.len > VALUE_MAX || values->len - before > VALUE_MAX) {
		cal_buf_cut(values, start);
		vars->truncated = true;
		return;
	}
	cal_buf_put_byte(values, '\0');
	vars->starts[vars->count++] = start;
}

/* One that the job has only sometimes. */
static void
add_some(struct variables *vars, const char *name, struct cal_slice value)
{
	if (value.len > 0)
		add_variable(vars, name, value);
}

static void
add_number(struct variables *vars, const char *name, unsigned long long number)
{
	vars->starts[vars->count++] = vars->values->len;
	cal_buf_printf(vars->values, "%s=%llu", name, number);
	cal_buf_put_byte(vars->values, '\0');
}

static unsigned long long
milliseconds_left(const struct command *command, const struct cal_job *job)
{
	double left = job->deadline - ev_now(command->conf.loop);

	return left > 0 ? (unsigned long long)(left * 1000) : 0;
}

/* Fills command->env; valid until the next job. */
static void
make_env(struct command *command, const struct cal_job *job)
{
	struct variables vars = { .values = &command->values };
	char **env = command->env + command->env_count;
	size_t i;

	cal_buf_clear(&command->values);
	if (job->method.ptr != NULL) {
		add_variable(&vars, "CAL_METHOD", job->method);
		add_variable(&vars, "CAL_SEQ", job->seq);
		add_variable(&vars, "CAL_PEER", job->peer);
	} else {
		add_some(&vars, "CAL_SEQ", job->seq);
	}
	add_some(&vars, "CAL_KEY", job->key);
	add_some(&vars, "CAL_USER", job->user);
	add_some(&vars, "CAL_TOPIC", job->topic);
	add_some(&vars, "CAL_TS", job->stamp);
	add_some(&vars, "CAL_ID", job->id);
	if (job->deliveries > 0)
		add_number(&vars, "CAL_DELIVERY", job->deliveries);
	if (job->deadline > 0)
		add_number(&vars, "CAL_TIMEOUT_MS",
		    milliseconds_left(command, job));
	if (vars.truncated)
		add_number(&vars, "CAL_TRUNCATED", 1);
	for (i = 0; i < vars.count; i++)
		env[i] = (char *)command->values.ptr + vars.starts[i];
	env[i] = NULL;
}

/* The outcome. */

/* It ended by itself, or was killed by somebody else. */
static void
fill_ended(struct cal_outcome *outcome, struct cal_child_end *end)
{
	outcome->has_status = true;
	if (WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0) {
		cal_buf_move(&outcome->body, &end->output);
		return;
	}
	outcome->verdict = CAL_VERDICT_FAILURE;
	outcome->name = WIFSIGNALED(end->status) ? "HandlerSignal" :
	    "HandlerExit";
	outcome->never = WIFEXITED(end->status) &&
	    WEXITSTATUS(end->status) == CAL_OUTCOME_NEVER;
	outcome->status = WIFSIGNALED(end->status) ? -WTERMSIG(end->status) :
	    WEXITSTATUS(end->status);
	cal_status_words(&outcome->repr, end->status);
}

/* Is there anybody to whom what it said on stderr may be shown? */
static bool
wants_words(const struct cal_command_conf *conf,
    const struct cal_outcome *outcome)
{
	return conf->keep_words || (!conf->no_traceback &&
	    outcome->verdict == CAL_VERDICT_FAILURE);
}

static void
fill_outcome(struct cal_outcome *outcome, const struct work *work,
    struct cal_child_end *end)
{
	if (work->stop != CAL_STOP_NONE) {
		cal_outcome_stop(outcome, work->stop);
	} else if (end->overflow) {
		cal_outcome_refuse(outcome, CAL_VERDICT_ERROR, "TooLarge",
		    "the answer is larger than %zu bytes",
		    work->job->max_answer);
	} else {
		fill_ended(outcome, end);
	}
	if (wants_words(&work->command->conf, outcome))
		cal_trace_put(&outcome->traceback, cal_buf_view(&end->tail),
		    end->tail_cut);
}

static void
on_done(void *arg, struct cal_child_end *end)
{
	struct work *work = arg;
	struct cal_job *job = work->job;
	struct cal_outcome outcome = { 0 };

	fill_outcome(&outcome, work, end);
	if (outcome.verdict == CAL_VERDICT_RESULT)
		cal_job_accept(job, &outcome);
	free(work);
	job->work = NULL;
	job->ended(job, &outcome);
}

/* The handler. */

static int
start(struct cal_handler *handler, struct cal_job *job, struct cal_err *err)
{
	struct command *command = (struct command *)handler;
	struct cal_child_conf conf = {
		.path = command->path,
		.argv = command->argv,
		.envp = command->env,
		.input = job->body,
		.max_output = job->max_answer,
		.max_tail = CAL_COMMAND_TAIL,
		.kill_after = command->conf.kill_after,
	};
	struct work *work;
	int rc;

	cal_job_begin(job);
	make_env(command, job);
	CAL_NEW(work);
	work->job = job;
	work->command = command;
	rc = cal_child_start(&work->child, command->conf.reaper, &conf,
	    on_done, work, err);
	if (rc != CAL_OK) {
		free(work);
		return rc;
	}
	job->work = work;
	return CAL_OK;
}

static void
stop(struct cal_handler *handler, struct cal_job *job, enum cal_stop why)
{
	struct work *work = job->work;

	(void)handler;
	if (work->stop != CAL_STOP_NONE)
		return;                 /* KILL follows TERM in its time */
	work->stop = why;
	cal_child_stop(work->child);
}

static void
kill_child(struct cal_handler *handler, struct cal_job *job)
{
	struct work *work = job->work;

	(void)handler;
	cal_child_kill(work->child);
}

static void
release(struct cal_handler *handler)
{
	struct command *command = (struct command *)handler;

	if (command == NULL)
		return;
	cal_argv_free(command->argv);
	free(command->env);
	free(command->path);
	cal_buf_release(&command->values);
	free(command);
}

static const struct cal_handler_ops command_ops = {
	.start = start,
	.stop = stop,
	.kill = kill_child,
	.free = release,
};

char **
cal_argv_copy(char *const *argv)
{
	size_t count = 0;
	char **copy;

	while (argv[count] != NULL)
		count++;
	copy = cal_calloc(count + 1, sizeof(*copy));
	while (count-- > 0)
		copy[count] = cal_strdup(argv[count]);
	return copy;
}

void
cal_argv_free(char **argv)
{
	size_t i;

	for (i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

int
cal_command_new(struct cal_handler **handlerp,
    const struct cal_command_conf *conf, struct cal_err *err)
{
	struct command *command;
	char *path;
	int rc;

	*handlerp = NULL;
	if ((rc = cal_command_locate(&path, conf->argv[0], err)) != CAL_OK)
		return rc;
	CAL_NEW(command);
	command->handler.ops = &command_ops;
	command->conf = *conf;
	command->path = path;
	command->argv = cal_argv_copy(conf->argv);
	while (conf->env[command->env_count] != NULL)
		command->env_count++;
	command->env = cal_calloc(command->env_count + VARIABLES,
	    sizeof(*command->env));
	/* posix_spawn takes them without const, and leaves them alone. */
	memcpy(command->env, conf->env,
	    command->env_count * sizeof(*command->env));
	*handlerp = &command->handler;
	return CAL_OK;
}
