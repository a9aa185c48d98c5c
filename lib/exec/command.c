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

#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
	VALUE_MAX = 4096,       /* of a variable; 128 KiB would be E2BIG */
	VARIABLES = 8,          /* that we set, with the NULL behind them */
	TRACE_MAX = 65536,      /* of cleaned stderr */
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
	add_variable(&vars, "CAL_METHOD", job->method);
	if (job->key.len > 0)
		add_variable(&vars, "CAL_KEY", job->key);
	add_variable(&vars, "CAL_SEQ", job->seq);
	add_variable(&vars, "CAL_PEER", job->peer);
	if (job->user.len > 0)
		add_variable(&vars, "CAL_USER", job->user);
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

/* The last of stderr, as text that may be shown anywhere. */
static void
put_trace(struct cal_buf *out, const struct cal_child_end *end)
{
	struct cal_slice text = cal_buf_view(&end->tail);
	size_t extra;

	/* The first character may be cut in half. */
	while (end->tail_cut && text.len > 0 && (*text.ptr & 0xc0) == 0x80) {
		text.ptr++;
		text.len--;
	}
	cal_clean_text(out, text, true);
	if (out->len <= TRACE_MAX)
		return;
	extra = out->len - TRACE_MAX;
	while (extra < out->len && (out->ptr[extra] & 0xc0) == 0x80)
		extra++;
	cal_buf_consume(out, extra);
}

static void
put_signal(struct cal_buf *out, int number)
{
	const char *name = sigabbrev_np(number);

	if (name != NULL)
		cal_buf_printf(out, "SIG%s", name);
	else
		cal_buf_printf(out, "signal %d", number);
}

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
	if (WIFSIGNALED(end->status)) {
		outcome->name = "HandlerSignal";
		outcome->status = -WTERMSIG(end->status);
		put_signal(&outcome->repr, WTERMSIG(end->status));
	} else {
		outcome->name = "HandlerExit";
		outcome->status = WEXITSTATUS(end->status);
		cal_buf_printf(&outcome->repr, "exit status %d",
		    outcome->status);
	}
}

static void
fill_outcome(struct cal_outcome *outcome, const struct work *work,
    struct cal_child_end *end)
{
	if (work->stop == CAL_STOP_LIMIT) {
		cal_outcome_refuse(outcome, CAL_VERDICT_FAILURE,
		    "HandlerTimeout", "the command ran out of time");
	} else if (work->stop != CAL_STOP_NONE) {
		outcome->verdict = CAL_VERDICT_CANCELLED;
		outcome->stop = work->stop;
	} else if (end->overflow) {
		cal_outcome_refuse(outcome, CAL_VERDICT_ERROR, "TooLarge",
		    "the answer is larger than %zu bytes",
		    work->job->max_answer);
	} else {
		fill_ended(outcome, end);
	}
	if (outcome->verdict == CAL_VERDICT_FAILURE &&
	    !work->command->conf.no_traceback)
		put_trace(&outcome->traceback, end);
}

static void
on_done(void *arg, struct cal_child_end *end)
{
	struct work *work = arg;
	struct cal_job *job = work->job;
	struct cal_outcome outcome = { 0 };

	fill_outcome(&outcome, work, end);
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
	if (work->stop == CAL_STOP_NONE)
		work->stop = why;
	cal_child_stop(work->child);
}

static void
release(struct cal_handler *handler)
{
	struct command *command = (struct command *)handler;
	size_t i;

	if (command == NULL)
		return;
	for (i = 0; command->argv[i] != NULL; i++)
		free(command->argv[i]);
	free(command->argv);
	free(command->env);
	free(command->path);
	cal_buf_release(&command->values);
	free(command);
}

static const struct cal_handler_ops command_ops = {
	.start = start,
	.stop = stop,
	.free = release,
};

static char **
copy_words(char *const *words)
{
	size_t count = 0;
	char **copy;

	while (words[count] != NULL)
		count++;
	copy = cal_calloc(count + 1, sizeof(*copy));
	while (count-- > 0)
		copy[count] = cal_strdup(words[count]);
	return copy;
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
	command->argv = copy_words(conf->argv);
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
