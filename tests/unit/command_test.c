/* Unit tests of exec/command: finding, environment, outcomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/utf8.h"
#include "exec/command.h"
#include "unit.h"

enum { DEADLINE = 20 };

static struct ev_loop *loop;
static struct cal_reaper *reaper;
static char folder[] = "/tmp/cal-command-XXXXXX";

/* A job and what became of it. */
struct errand {
	struct cal_job job;
	bool ended;
	struct cal_outcome outcome;
};

static void
on_ended(struct cal_job *job, struct cal_outcome *outcome)
{
	struct errand *errand = (struct errand *)(void *)job;

	assert_false(errand->ended);
	errand->ended = true;
	errand->outcome = *outcome;
	ev_break(loop, EVBREAK_ONE);
}

static void
on_late(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(l, EVBREAK_ONE);
}

static void
wait_ended(struct errand *errand)
{
	ev_timer late;

	ev_timer_init(&late, on_late, DEADLINE, 0);
	ev_timer_start(loop, &late);
	if (!errand->ended)
		ev_run(loop, 0);
	ev_timer_stop(loop, &late);
	assert_true(errand->ended);
}

static struct cal_handler *
new_shell(const char *script, bool no_traceback)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "BASE=1",
	    NULL };
	char sh[] = "sh", c[] = "-c", *text = strdup(script);
	char *argv[] = { sh, c, text, NULL };
	struct cal_command_conf conf = { .reaper = reaper, .argv = argv,
	    .env = env, .kill_after = 0.1, .no_traceback = no_traceback,
	    .loop = loop };
	struct cal_handler *handler;
	struct cal_err err;

	assert_int_equal(cal_command_new(&handler, &conf, &err), CAL_OK);
	free(text);
	return handler;
}

static void
fill(struct errand *errand)
{
	memset(errand, 0, sizeof(*errand));
	errand->job.method = cal_slice_text("add one");
	errand->job.seq = cal_slice_text("7");
	errand->job.peer = cal_slice_text("p1");
	errand->job.body = cal_slice_text("body");
	errand->job.max_answer = 1 << 20;
	errand->job.ended = on_ended;
}

static void
start(struct cal_handler *handler, struct errand *errand)
{
	struct cal_err err;

	assert_int_equal(handler->ops->start(handler, &errand->job, &err),
	    CAL_OK);
	assert_false(errand->ended);
}

/* Runs script for one job; the caller releases the outcome. */
static void
run(const char *script, struct errand *errand)
{
	struct cal_handler *handler = new_shell(script, false);

	start(handler, errand);
	wait_ended(errand);
	handler->ops->free(handler);
}

static int
set_up(void **state)
{
	struct cal_err err;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(folder));
	loop = ev_loop_new(EVFLAG_AUTO);
	return cal_reaper_open(&reaper, loop, &err);
}

static int
tear_down(void **state)
{
	(void)state;
	cal_reaper_sweep(reaper);
	cal_reaper_close(reaper);
	ev_loop_destroy(loop);
	return rmdir(folder);
}

static void
test_result(void **state)
{
	struct errand errand;

	(void)state;
	fill(&errand);
	run("cat; echo noise >&2", &errand);
	assert_int_equal(errand.outcome.verdict, CAL_VERDICT_RESULT);
	assert_string_equal(cal_buf_text(&errand.outcome.body), "body");
	assert_int_equal(errand.outcome.traceback.len, 0);
	cal_outcome_release(&errand.outcome);
}

static void
test_failure(void **state)
{
	struct cal_handler *handler;
	struct errand errand;

	(void)state;
	fill(&errand);
	run("printf 'bad \\033[m\\377\\n\\tthing' >&2; exit 3", &errand);
	assert_int_equal(errand.outcome.verdict, CAL_VERDICT_FAILURE);
	assert_string_equal(errand.outcome.name, "HandlerExit");
	assert_string_equal(cal_buf_text(&errand.outcome.repr),
	    "exit status 3");
	assert_string_equal(cal_buf_text(&errand.outcome.traceback),
	    "bad \\x1b[m\\xff\n\tthing");
	assert_true(errand.outcome.has_status);
	assert_int_equal(errand.outcome.status, 3);
	cal_outcome_release(&errand.outcome);

	fill(&errand);
	run("kill -SEGV $$", &errand);
	assert_string_equal(errand.outcome.name, "HandlerSignal");
	assert_string_equal(cal_buf_text(&errand.outcome.repr), "SIGSEGV");
	assert_int_equal(errand.outcome.status, -SIGSEGV);
	cal_outcome_release(&errand.outcome);

	handler = new_shell("echo secret >&2; exit 1", true);
	fill(&errand);
	start(handler, &errand);
	wait_ended(&errand);
	assert_int_equal(errand.outcome.traceback.len, 0);
	cal_outcome_release(&errand.outcome);
	handler->ops->free(handler);
}

/* The end of stderr, valid and bounded whatever was written. */
static void
test_long_traceback(void **state)
{
	struct errand errand;
	struct cal_slice trace;

	(void)state;
	fill(&errand);
	run("yes $(printf '\\342\\202\\254') | head -n 50000 >&2;"
	    "echo end >&2; exit 1", &errand);
	trace = cal_buf_view(&errand.outcome.traceback);
	assert_in_range(trace.len, CAL_COMMAND_TAIL - 3, CAL_COMMAND_TAIL);
	assert_true(cal_utf8_valid(trace));
	assert_memory_equal(trace.ptr + trace.len - 4, "end\n", 4);
	cal_outcome_release(&errand.outcome);
	fill(&errand);
	run("head -c 70000 /dev/zero >&2; exit 1", &errand);
	assert_int_equal(errand.outcome.traceback.len, 65536);
	cal_outcome_release(&errand.outcome);
}

static void
test_too_large(void **state)
{
	struct errand errand;

	(void)state;
	fill(&errand);
	errand.job.max_answer = 10;
	run("echo 0123456789", &errand);
	assert_int_equal(errand.outcome.verdict, CAL_VERDICT_ERROR);
	assert_string_equal(errand.outcome.name, "TooLarge");
	assert_string_equal(cal_buf_text(&errand.outcome.repr),
	    "the answer is larger than 10 bytes");
	cal_outcome_release(&errand.outcome);
}

static void
stop_for(enum cal_stop why, struct errand *errand)
{
	struct cal_handler *handler = new_shell("exec sleep 60", false);

	fill(errand);
	start(handler, errand);
	handler->ops->stop(handler, &errand->job, why);
	assert_false(errand->ended);
	handler->ops->stop(handler, &errand->job, CAL_STOP_SHUTDOWN);
	wait_ended(errand);
	handler->ops->free(handler);
}

static void
test_stop(void **state)
{
	struct errand errand;

	(void)state;
	stop_for(CAL_STOP_CANCEL, &errand);
	assert_int_equal(errand.outcome.verdict, CAL_VERDICT_CANCELLED);
	assert_int_equal(errand.outcome.stop, CAL_STOP_CANCEL);
	cal_outcome_release(&errand.outcome);
	stop_for(CAL_STOP_DEADLINE, &errand);
	assert_string_equal(cal_stop_why(errand.outcome.stop), "deadline");
	cal_outcome_release(&errand.outcome);
	stop_for(CAL_STOP_LIMIT, &errand);
	assert_int_equal(errand.outcome.verdict, CAL_VERDICT_FAILURE);
	assert_string_equal(errand.outcome.name, "HandlerTimeout");
	cal_outcome_release(&errand.outcome);
}

static void
test_variables(void **state)
{
	char big[5000];
	struct errand errand;
	const char *text;

	(void)state;
	fill(&errand);
	run("env | grep -v -e PWD -e '^_' -e SHLVL -e CAL_REQUEST | sort",
	    &errand);
	assert_string_equal(cal_buf_text(&errand.outcome.body),
	    "BASE=1\nCAL_METHOD=add one\nCAL_PEER=p1\nCAL_SEQ=7\n"
	    "PATH=/usr/bin:/bin\n");
	cal_outcome_release(&errand.outcome);

	fill(&errand);
	ev_now_update(loop);
	errand.job.key = cal_slice_of("() {\0\n\xc3\xa9%", 9);
	errand.job.user = cal_slice_text("ann");
	errand.job.deadline = ev_now(loop) + 5;
	run("env | grep -e KEY -e USER -e TIMEOUT -e TRUNC | sort", &errand);
	text = cal_buf_text(&errand.outcome.body);
	assert_memory_equal(text, "CAL_KEY=() {%00%0A%C3%A9%25\n"
	    "CAL_TIMEOUT_MS=", 43);
	assert_in_range(atoi(text + 43), 4900, 5000);
	assert_non_null(strstr(text, "\nCAL_USER=ann\n"));
	assert_null(strstr(text, "TRUNC"));
	cal_outcome_release(&errand.outcome);

	/* Too long as it is, and too long once it is encoded. */
	memset(big, '\n', sizeof(big));
	fill(&errand);
	errand.job.key = cal_slice_of(big, 5000);
	errand.job.user = cal_slice_of(big, 1366);
	errand.job.method = cal_slice_of(big, 1365);
	run("env | grep -c -e CAL_KEY -e CAL_USER; echo ${#CAL_METHOD};"
	    " echo $CAL_TRUNCATED", &errand);
	assert_string_equal(cal_buf_text(&errand.outcome.body),
	    "0\n4095\n1\n");
	cal_outcome_release(&errand.outcome);
}

static bool
has(char *const *env, const char *entry)
{
	for (; *env != NULL; env++)
		if (strcmp(*env, entry) == 0)
			return true;
	return false;
}

static void
test_base_environment(void **state)
{
	static const char *const bad[] = { "", ",", "A,", ",A", "A,,B", "A B",
	    "1A", "A=1", "*,A", "A%" };
	struct cal_err err;
	char **env;
	size_t i;

	(void)state;
	(void)setenv("LC_TIME", "C", 1);
	(void)setenv("TZ", "UTC", 1);
	(void)setenv("MINE", "1", 1);
	(void)setenv("YOURS", "2", 1);
	(void)setenv("REDISCLI_AUTH", "x", 1);
	(void)setenv("NOTIFY_SOCKET", "x", 1);
	(void)setenv("CREDENTIALS_DIRECTORY", "x", 1);
	(void)setenv("CAL_IDENTITY", "x", 1);
	assert_int_equal(cal_command_env(&env, NULL, &err), CAL_OK);
	assert_true(has(env, "LC_TIME=C") && has(env, "TZ=UTC"));
	assert_false(has(env, "MINE=1"));
	cal_command_env_free(env);
	assert_int_equal(cal_command_env(&env, "X,MINE,CAL_IDENTITY", &err),
	    CAL_OK);
	assert_true(has(env, "MINE=1"));
	assert_false(has(env, "YOURS=2") || has(env, "CAL_IDENTITY=x"));
	cal_command_env_free(env);
	assert_int_equal(cal_command_env(&env, "*", &err), CAL_OK);
	assert_true(has(env, "MINE=1") && has(env, "YOURS=2"));
	assert_false(has(env, "REDISCLI_AUTH=x") ||
	    has(env, "NOTIFY_SOCKET=x") || has(env, "CAL_IDENTITY=x") ||
	    has(env, "CREDENTIALS_DIRECTORY=x"));
	cal_command_env_free(env);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cal_command_env(&env, bad[i], &err),
		    CAL_EUSAGE);
	cal_command_env_free(NULL);
}

/* What locating a file of these bytes says. */
static void
locate(const char *bytes, size_t len, mode_t mode, int code, const char *words)
{
	char path[64], *found;
	struct cal_err err;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(cal_io_write_all(fd, bytes, len), 0);
	(void)fchmod(fd, mode);
	cal_io_close(&fd);
	assert_int_equal(cal_command_locate(&found, path, &err), code);
	if (words != NULL)
		assert_non_null(strstr(err.text, words));
	free(found);
	/* By PATH it is the same. */
	(void)setenv("PATH", folder, 1);
	assert_int_equal(cal_command_locate(&found, "file", &err), code);
	if (code == CAL_OK)
		assert_string_equal(found, path);
	(void)setenv("PATH", "/usr/bin:/bin", 1);
	free(found);
	(void)unlink(path);
}

static void
test_locate(void **state)
{
	char *found;
	struct cal_err err;

	(void)state;
	(void)setenv("PATH", "/no/such:/usr/bin:/bin", 1);
	assert_int_equal(cal_command_locate(&found, "sh", &err), CAL_OK);
	assert_string_equal(found, "/usr/bin/sh");
	free(found);
	assert_int_equal(cal_command_locate(&found, "no-such", &err),
	    CAL_ENOCMD);
	assert_int_equal(cal_command_locate(&found, "/no/such", &err),
	    CAL_ENOCMD);
	assert_int_equal(cal_command_locate(&found, "", &err), CAL_ENOCMD);
	assert_int_equal(cal_command_locate(&found, "/tmp", &err),
	    CAL_ENOEXEC);
	assert_int_equal(cal_command_locate(&found, "/dev/null", &err),
	    CAL_ENOEXEC);
	locate("#!/bin/sh\n", 10, 0755, CAL_OK, NULL);
	locate("#! /bin/sh -e\n", 14, 0755, CAL_OK, NULL);
	locate("#!/bin/sh\n", 10, 0644, CAL_ENOEXEC, "Permission denied");
	locate("#!/no/such\n", 11, 0755, CAL_ENOEXEC, "interpreter");
	locate("#!/bin/sh\r\n", 11, 0755, CAL_ENOEXEC, "interpreter");
	locate("#!/etc/passwd\n", 14, 0755, CAL_ENOEXEC, "interpreter");
	locate("#!\n", 3, 0755, CAL_ENOEXEC, "names nothing");
	locate("echo hello\n", 11, 0755, CAL_ENOEXEC, "has no #! line");
	locate("#", 1, 0755, CAL_ENOEXEC, "has no #! line");
	locate("", 0, 0755, CAL_ENOEXEC, "is empty");
	locate("\177ELF", 4, 0755, CAL_OK, NULL);
	locate("PK\0\3", 4, 0755, CAL_OK, NULL);
}

static void
test_start_fails(void **state)
{
	char path[64], *argv[] = { path, NULL };
	const char *const env[] = { NULL };
	struct cal_command_conf conf = { .reaper = reaper, .argv = argv,
	    .env = env, .loop = loop };
	struct cal_handler *handler;
	struct errand errand;
	struct cal_err err;
	int fd;

	(void)state;
	if (under_valgrind())
		return;
	(void)snprintf(path, sizeof(path), "%s/gone", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	assert_int_equal(cal_io_write_all(fd, "#!/bin/sh\n", 10), 0);
	cal_io_close(&fd);
	assert_int_equal(cal_command_new(&handler, &conf, &err), CAL_OK);
	(void)unlink(path);
	fill(&errand);
	assert_int_equal(handler->ops->start(handler, &errand.job, &err),
	    CAL_ENOCMD);
	assert_false(errand.ended);
	handler->ops->free(handler);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_long_traceback),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_base_environment),
		cmocka_unit_test(test_locate),
		cmocka_unit_test(test_start_fails),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
