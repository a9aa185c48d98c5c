/*
 * Unit tests of exec/worker: the ways to an end, and what then becomes of the
 * questions that it has.
 */
#include "workers.h"

#include <fcntl.h>

#include "base/io.h"

enum { PIPE = 65536 };          /* bytes that one holds */

/* Until it can write no more for now. */
static void
let_write(struct side *side)
{
	settle();
	assert_false(side->ended);
}

/*
 * The first len bytes go into the pipe of one that reads nothing.  Whoever may
 * have been seen died, the others come back, from the last to the first.
 */
static void
check_split(size_t len, const char *told, const char *died)
{
	static uint8_t body[PIPE + 8];
	struct side side;

	memset(body, 'x', sizeof(body));
	side_start(&side, &cal_dialect_lines, "exec sleep 60");
	(void)side_ask(&side, cal_slice_of(body, len));
	(void)side_ask_text(&side, "");
	(void)side_ask_text(&side, "2");
	let_write(&side);
	cal_worker_kill(side.worker);
	assert_int_equal(cal_worker_load(side.worker), SIZE_MAX);
	WAIT_FOR(side.ended);
	for (; *died != '\0'; died++)
		assert_failed(&side.questions[*died - '0'], "WorkerDied",
		    "the worker ended: SIGKILL");
	side_expect_end(&side, told, "SIGKILL", false);
}

static void
test_splits(void **state)
{
	(void)state;
	check_split(PIPE + 1, "2 unheard, 1 unheard, 0 answered", "0");
	check_split(PIPE, "2 unheard, 1 unheard, 0 answered", "0");
	check_split(PIPE - 1, "2 unheard, 1 unheard, 0 answered", "0");
	check_split(PIPE - 2, "2 unheard, 1 answered, 0 answered", "01");
	check_split(PIPE - 3, "2 answered, 1 answered, 0 answered", "012");
	check_split(1, "2 answered, 1 answered, 0 answered", "012");
}

/* It was dead before anything was written, which nobody had noticed. */
static void
test_all_unheard(void **state)
{
	struct side side;
	siginfo_t info;
	pid_t pid;

	(void)state;
	side_start(&side, &cal_dialect_jsonrpc, "exec sleep 60");
	pid = cal_worker_pid(side.worker);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT),
	    0);
	(void)side_ask_text(&side, "0");
	(void)side_ask_text(&side, "1");
	(void)side_ask_text(&side, "2");
	side_drop(&side, &side.questions[1], CAL_STOP_CANCEL);
	WAIT_FOR(side.ended);
	assert_cancelled(&side.questions[1], CAL_STOP_CANCEL);
	side_expect_end(&side, "2 unheard, 1 answered, 0 unheard", "SIGKILL",
	    false);
}

/* What it said counts, however it ended. */
static void
test_last_words(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines,
	    "read a; read b; echo 0; echo 1; printf half; exit 3");
	(void)side_ask_text(&side, "");
	(void)side_ask_text(&side, "");
	(void)side_ask_text(&side, "");
	WAIT_FOR(side.ended);
	assert_result(&side.questions[0], "0");
	assert_result(&side.questions[1], "1");
	assert_failed(&side.questions[2], "WorkerDied",
	    "the worker ended: exit status 3");
	side_expect_end(&side, "0 answered, 1 answered, 2 answered",
	    "exit status 3", true);
	side_start(&side, &cal_dialect_lines, "kill -SEGV $$");
	side_expect_end(&side, "", "SIGSEGV", false);
}

/* Says something that is no answer: it is ended, and heard no more. */
static void
check_garbage(const struct cal_dialect *dialect, const char *script,
    const char *why)
{
	char words[CAL_WORKER_WHY + 20];
	struct side side;

	side_start(&side, dialect, script);
	(void)side_ask(&side, BYTES("0"));
	(void)side_ask(&side, BYTES("1"));
	WAIT_FOR(side.ended);
	(void)snprintf(words, sizeof(words), "the worker ended: %s", why);
	assert_failed(&side.questions[1], "WorkerDied", words);
	assert_failed(&side.questions[0], "WorkerDied", words);
	side_expect_end(&side, "1 answered, 0 answered", why, false);
}

static void
test_garbage(void **state)
{
	static const char *const good =
	    "printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":0}\\n' ";
	char *unknown = cal_asprintf("read a; read b; %s 3; %s 1; cat", good,
	    good);

	(void)state;
	check_garbage(&cal_dialect_lines,
	    "read a; read b; echo garbage; echo 1; exec cat",
	    "it said what is no answer");
	check_garbage(&cal_dialect_lines, "read a; read b;"
	    "head -c 4456449 /dev/zero; echo; exec cat",
	    "it said what is no answer");
	check_garbage(&cal_dialect_framed,
	    "head -c 10 >/dev/null; printf '\\1\\0\\0\\0'; exec cat",
	    "it said what is no answer");
	check_garbage(&cal_dialect_jsonrpc, unknown,
	    "it answered what it was not asked");
	check_garbage(&cal_dialect_jsonrpc,
	    "read a; read b; echo '[1]'; exec cat",
	    "it said what is no answer");
	check_garbage(&cal_dialect_jsonrpc, "read a; exec cat",
	    "it said what is no answer");
	free(unknown);
}

/* Also when it has answered before; and unasked. */
static void
test_unasked(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines, "echo 0; exec cat");
	side_expect_end(&side, "", "it answered what it was not asked",
	    false);
	side_start(&side, &cal_dialect_lines, "read a; echo 0; echo 1; cat");
	(void)side_ask_text(&side, "");
	WAIT_FOR(side.ended);
	assert_result(&side.questions[0], "0");
	side_expect_end(&side, "0 answered",
	    "it answered what it was not asked", true);
}

/*
 * Asked, but it cannot know that: it would answer something else.  Had it read
 * the question before we looked, nobody could tell.
 */
static void
test_not_read(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines, "read a; echo 0; echo 1;"
	    "exec sleep 60");
	(void)side_ask_text(&side, "a");
	(void)side_ask_text(&side, "a");
	WAIT_FOR(side.ended);
	assert_result(&side.questions[0], "0");
	assert_failed(&side.questions[1], "WorkerDied",
	    "the worker ended: it answered what it had not read yet");
	side_expect_end(&side, "0 answered, 1 answered",
	    "it answered what it had not read yet", true);
}

/* That is noticed when there is something to write. */
static void
test_no_input(void **state)
{
	struct side side;

	(void)state;
	side_start_ready(&side, &cal_dialect_lines,
	    "exec <&-; echo >$READY; exec sleep 60");
	(void)side_ask_text(&side, "0");
	WAIT_FOR(cal_worker_load(side.worker) == SIZE_MAX);
	assert_false(side.ended);
	side_expect_end(&side, "0 unheard",
	    "it closed its input or output", false);
}

static void
test_no_output(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines,
	    "read a; echo 0; exec >&-; exec sleep 60");
	(void)side_ask_text(&side, "");
	(void)side_ask_text(&side, "");
	WAIT_FOR(cal_worker_load(side.worker) == SIZE_MAX);
	assert_true(side.questions[0].done);
	assert_false(side.questions[1].done);
	WAIT_FOR(side.ended);
	assert_failed(&side.questions[1], "WorkerDied",
	    "the worker ended: it closed its input or output");
	side_expect_end(&side, "0 answered, 1 answered",
	    "it closed its input or output", true);
}

/* It may end by itself then; and nobody needs a stderr. */
static void
test_closed_and_over(void **state)
{
	struct side side;

	(void)state;
	side_start_ready(&side, &cal_dialect_lines,
	    "exec 2>&-; echo >$READY; read a; echo 0; exec >&-; read b;"
	    "exit 4");
	WAIT_FOR(side.worker->process.errs == -1);
	(void)side_ask_text(&side, "");
	WAIT_FOR(cal_worker_load(side.worker) == SIZE_MAX);
	cal_worker_leave(side.worker);
	side_expect_end(&side, "0 answered", "exit status 4", true);
}

static void
test_limit(void **state)
{
	struct side side;
	struct question *late;

	(void)state;
	side_start(&side, &cal_dialect_lines, "read a; echo 0; exec sleep 60");
	late = side_ask_text(&side, "");
	WAIT_FOR(late->done);
	late = side_ask_text(&side, "");
	(void)side_ask_text(&side, "");
	let_write(&side);
	side_drop(&side, late, CAL_STOP_LIMIT);
	assert_int_equal(cal_worker_load(side.worker), SIZE_MAX);
	WAIT_FOR(side.ended);
	assert_failed(late, "HandlerTimeout", "it ran out of time");
	assert_failed(&side.questions[2], "WorkerDied",
	    "the worker ended: it was late with an answer");
	side_expect_end(&side, "0 answered, 2 answered, 1 answered",
	    "it was late with an answer", true);
}

/* The first reason counts; whoever never answered is told why. */
static void
test_limit_after_cancel(void **state)
{
	struct side side;
	struct question *late;

	(void)state;
	side_start(&side, &cal_dialect_lines,
	    "trap '' TERM; echo >&2; while :; do sleep 1; done");
	late = side_ask_text(&side, "");
	side_drop(&side, late, CAL_STOP_CANCEL);
	side_drop(&side, late, CAL_STOP_LIMIT);
	side_drop(&side, late, CAL_STOP_SHUTDOWN);
	WAIT_FOR(side.ended);
	assert_cancelled(late, CAL_STOP_CANCEL);
	side_expect_end(&side, "0 answered", "it was late with an answer, "
	    "and never gave any; does it write each one at once", false);
}

static void
test_shutdown(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines, "exec sleep 60");
	(void)side_ask_text(&side, "");
	(void)side_ask_text(&side, "");
	let_write(&side);
	side_drop(&side, &side.questions[1], CAL_STOP_SHUTDOWN);
	side_drop(&side, &side.questions[0], CAL_STOP_SHUTDOWN);
	WAIT_FOR(side.ended);
	assert_cancelled(&side.questions[0], CAL_STOP_SHUTDOWN);
	assert_cancelled(&side.questions[1], CAL_STOP_SHUTDOWN);
	side_expect_end(&side, "1 answered, 0 answered", "shutdown", false);
}

/* Its input ends; TERM comes a second later. */
static void
test_leave(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines, "exec sleep 60");
	cal_worker_leave(side.worker);
	cal_worker_leave(side.worker);
	side_expect_end(&side, "", "it closed its input or output", false);
	side_start(&side, &cal_dialect_lines, "trap '' TERM; sleep 60 & wait");
	cal_worker_leave(side.worker);
	cal_worker_kill(side.worker);
	side_expect_end(&side, "", "SIGKILL", false);
}

static void
test_start_fails(void **state)
{
	struct side side;
	struct cal_err err;

	(void)state;
	if (under_valgrind())
		return;
	assert_int_equal(side_try(&side, &cal_dialect_lines, "/no/such", "",
	    &err), CAL_ENOCMD);
	assert_null(side.worker);
	assert_int_equal(side_try(&side, &cal_dialect_jsonrpc, "/etc/passwd",
	    "", &err), CAL_ENOEXEC);
}

/* stderr goes to the log behind the name and the number. */
static void
test_chatter(void **state)
{
	const struct cal_log_conf loud = { .program = "p",
	    .level = CAL_LOG_WARNING };
	const struct cal_log_conf quiet = { .program = "p",
	    .level = CAL_LOG_FAILURE };
	int fds[2], true_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	struct cal_buf said = { 0 }, wanted = { 0 };
	struct side side;

	(void)state;
	assert_int_equal(cal_io_pipe(fds, 0, NULL), CAL_OK);
	assert_int_not_equal(dup2(fds[1], STDERR_FILENO), -1);
	cal_log_setup(&loud);
	side_start(&side, &cal_dialect_lines,
	    "printf 'a\\033b\\nlast' >&2; echo no answer; exec cat");
	cal_buf_printf(&wanted, "test[%d]", (int)cal_worker_pid(side.worker));
	side_expect_end(&side, "", "it answered what it was not asked",
	    false);
	(void)dup2(true_stderr, STDERR_FILENO);
	cal_log_setup(&quiet);
	(void)cal_io_read(fds[0], &said, PIPE);
	assert_non_null(strstr(cal_buf_text(&said), cal_buf_text(&wanted)));
	assert_non_null(strstr(cal_buf_text(&said), "]: a\\x1bb\n"));
	assert_non_null(strstr(cal_buf_text(&said),
	    "] said 'no answer': it answered what it was not asked\n"));
	assert_non_null(strstr(cal_buf_text(&said), "]: last\n"));
	cal_buf_release(&said);
	cal_buf_release(&wanted);
	cal_io_close(&fds[0]);
	cal_io_close(&fds[1]);
	cal_io_close(&true_stderr);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_all_unheard),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_unasked),
		cmocka_unit_test(test_not_read),
		cmocka_unit_test(test_no_input),
		cmocka_unit_test(test_no_output),
		cmocka_unit_test(test_closed_and_over),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_after_cancel),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_start_fails),
		cmocka_unit_test(test_chatter),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
