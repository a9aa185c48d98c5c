/* Unit tests of exec/command: one job by one command, and its outcomes. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/utf8.h"
#include "commands.h"
#include "exec/command.h"

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
}

enum said { FAILURES, NOTHING, EVERYTHING };    /* of stderr: what is kept */

static struct cal_handler *
new_shell(const char *script, enum said said)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "BASE=1",
	    NULL };
	char sh[] = "sh", c[] = "-c", *text = cal_strdup(script);
	char *argv[] = { sh, c, text, NULL };
	struct cal_command_conf conf = { .reaper = reaper, .argv = argv,
	    .env = env, .kill_after = 0.1, .loop = loop,
	    .no_traceback = said == NOTHING,
	    .keep_words = said == EVERYTHING };
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
	struct cal_handler *handler = new_shell(script, FAILURES);

	start(handler, errand);
	WAIT_FOR(errand->ended);
	handler->ops->free(handler);
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

	handler = new_shell("echo secret >&2; exit 1", NOTHING);
	fill(&errand);
	start(handler, &errand);
	WAIT_FOR(errand.ended);
	assert_int_equal(errand.outcome.traceback.len, 0);
	cal_outcome_release(&errand.outcome);
	handler->ops->free(handler);
}

/* A stream's consumer is told of it, however the command ended. */
static void
test_words_are_kept(void **state)
{
	struct cal_handler *handler = new_shell("printf 'a\\033b\\n' >&2; cat",
	    EVERYTHING);
	struct errand errand;

	(void)state;
	fill(&errand);
	start(handler, &errand);
	WAIT_FOR(errand.ended);
	assert_int_equal(errand.outcome.verdict, CAL_VERDICT_RESULT);
	assert_string_equal(cal_buf_text(&errand.outcome.body), "body");
	assert_string_equal(cal_buf_text(&errand.outcome.traceback),
	    "a\\x1bb\n");
	cal_outcome_release(&errand.outcome);
	fill(&errand);
	errand.job.max_answer = 3;
	start(handler, &errand);
	WAIT_FOR(errand.ended);
	assert_string_equal(errand.outcome.name, "TooLarge");
	assert_string_equal(cal_buf_text(&errand.outcome.traceback),
	    "a\\x1bb\n");
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
	struct cal_handler *handler = new_shell("exec sleep 60", FAILURES);

	fill(errand);
	start(handler, errand);
	handler->ops->stop(handler, &errand->job, why);
	assert_false(errand->ended);
	handler->ops->stop(handler, &errand->job, CAL_STOP_SHUTDOWN);
	WAIT_FOR(errand->ended);
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

/* A stream's message: nobody called, so there is no method and no peer. */
static void
test_message_variables(void **state)
{
	static const char sorted[] = "env | grep CAL_ | grep -v -e REQUEST | "
	    "sort";
	struct errand errand;

	(void)state;
	fill(&errand);
	errand.job.method = errand.job.seq = errand.job.peer =
	    (struct cal_slice){ NULL, 0 };
	run(sorted, &errand);
	assert_string_equal(cal_buf_text(&errand.outcome.body), "");
	cal_outcome_release(&errand.outcome);

	fill(&errand);
	errand.job.method = errand.job.peer = (struct cal_slice){ NULL, 0 };
	errand.job.topic = BYTES("a\n\xff");
	errand.job.stamp = BYTES("2026-01-15T15:43:01.123456Z");
	errand.job.id = BYTES("00ff");
	run(sorted, &errand);
	assert_string_equal(cal_buf_text(&errand.outcome.body), "CAL_ID=00ff\n"
	    "CAL_SEQ=7\nCAL_TOPIC=a%0A%FF\n"
	    "CAL_TS=2026-01-15T15:43:01.123456Z\n");
	cal_outcome_release(&errand.outcome);
}

/* An empty name is one. */
static void
test_empty_method(void **state)
{
	struct errand errand;

	(void)state;
	fill(&errand);
	errand.job.method = errand.job.seq = BYTES("");
	run("env | grep -e CAL_METHOD -e CAL_SEQ -e CAL_PEER | sort", &errand);
	assert_string_equal(cal_buf_text(&errand.outcome.body),
	    "CAL_METHOD=\nCAL_PEER=p1\nCAL_SEQ=\n");
	cal_outcome_release(&errand.outcome);
}

static void
test_start_fails(void **state)
{
	char *path, *argv[] = { NULL, NULL };
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
	path = argv[0] = folder_path("gone");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	assert_int_equal(cal_io_write_all(fd, "#!/bin/sh\n", 10), 0);
	cal_io_close(&fd);
	assert_int_equal(cal_command_new(&handler, &conf, &err), CAL_OK);
	(void)unlink(path);
	free(path);
	fill(&errand);
	assert_int_equal(handler->ops->start(handler, &errand.job, &err),
	    CAL_ENOCMD);
	assert_false(errand.ended);
	handler->ops->free(handler);
}

/* Words of its own, up to the NULL, none too. */
static void
test_argv_copy(void **state)
{
	char one[] = "one", two[] = "", *argv[] = { one, two, NULL, one };
	char **copy = cal_argv_copy(argv);

	(void)state;
	memset(one, 'x', 3);
	assert_string_equal(copy[0], "one");
	assert_string_equal(copy[1], "");
	assert_ptr_not_equal(copy[1], two);
	assert_null(copy[2]);
	cal_argv_free(copy);
	copy = cal_argv_copy(argv + 2);
	assert_null(copy[0]);
	cal_argv_free(copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_words_are_kept),
		cmocka_unit_test(test_long_traceback),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_message_variables),
		cmocka_unit_test(test_empty_method),
		cmocka_unit_test(test_start_fails),
		cmocka_unit_test(test_argv_copy),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
