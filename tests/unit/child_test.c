/* Unit tests of exec/child, with real processes. */
#include "children.h"

static void
test_echo(void **state)
{
	struct result result;

	(void)state;
	run_shell(&result, "cat; echo $0 >&2", cal_slice_text("hello"));
	assert_int_equal(result.end.status, 0);
	assert_false(result.end.overflow || result.end.stopped);
	assert_string_equal(cal_buf_text(&result.end.output), "hello");
	assert_string_equal(cal_buf_text(&result.end.tail), "sh\n");
	release(&result);
	run_shell(&result, "cat; echo end", cal_slice_of(NULL, 0));
	assert_string_equal(cal_buf_text(&result.end.output), "end\n");
	release(&result);
}

/* Both ways at the same time, more than any pipe holds. */
static void
test_large(void **state)
{
	struct cal_buf big = { 0 };
	struct result result;
	uint32_t i;

	(void)state;
	for (i = 0; i < 10 << 18; i++)
		cal_buf_put(&big, &i, sizeof(i));
	run_shell(&result, "exec cat", cal_buf_view(&big));
	assert_int_equal(result.end.status, 0);
	assert_true(cal_slice_same(cal_buf_view(&result.end.output),
	    cal_buf_view(&big)));
	release(&result);
	/* Nobody reads it: the exit status counts. */
	run_shell(&result, "exit 7", cal_buf_view(&big));
	assert_int_equal(WEXITSTATUS(result.end.status), 7);
	release(&result);
	run_shell(&result, "exec <&-; kill -SEGV $$", cal_buf_view(&big));
	assert_int_equal(WTERMSIG(result.end.status), SIGSEGV);
	release(&result);
	cal_buf_release(&big);
}

static void
test_closed_early(void **state)
{
	struct result result;

	(void)state;
	run_shell(&result, "echo a; exec >&- 2>&-; sleep 0.2; exit 3",
	    cal_slice_of(NULL, 0));
	assert_int_equal(WEXITSTATUS(result.end.status), 3);
	assert_string_equal(cal_buf_text(&result.end.output), "a\n");
	release(&result);
}

static void
test_overflow(void **state)
{
	struct result result;

	(void)state;
	run_shell(&result, "exec yes", cal_slice_of(NULL, 0));
	assert_true(result.end.overflow);
	assert_false(result.end.stopped);
	assert_int_equal(result.end.output.len, 0);
	release(&result);
	run_shell(&result, "head -c 16777216 /dev/zero",
	    cal_slice_of(NULL, 0));
	assert_false(result.end.overflow);
	assert_int_equal(result.end.output.len, 16 << 20);
	release(&result);
	run_shell(&result, "head -c 16777217 /dev/zero",
	    cal_slice_of(NULL, 0));
	assert_true(result.end.overflow);
	release(&result);
}

static void
test_tail(void **state)
{
	struct result result;

	(void)state;
	run_shell(&result, "seq 100000 >&2; printf end >&2",
	    cal_slice_of(NULL, 0));
	assert_int_equal(result.end.tail.len, 1000);
	assert_true(result.end.tail_cut);
	assert_string_equal(cal_buf_text(&result.end.tail) + 983,
	    "\n99999\n100000\nend");
	release(&result);
}

static void
test_stop(void **state)
{
	struct result result;

	(void)state;
	start_ready(&result, "echo >$READY; sleep 60", 0.1);
	stop(&result);
	WAIT_FOR(result.done);
	assert_true(result.end.stopped);
	assert_int_equal(WTERMSIG(result.end.status), SIGTERM);
	release(&result);
	/* Deaf to TERM. */
	start_ready(&result,
	    "trap '' TERM; echo >$READY; while :; do sleep 1; done", 0.1);
	stop(&result);
	WAIT_FOR(result.done);
	assert_int_equal(WTERMSIG(result.end.status), SIGKILL);
	release(&result);
	/* Halted. */
	start_ready(&result, "echo >$READY; kill -STOP $$; sleep 60", 0.1);
	stop(&result);
	WAIT_FOR(result.done);
	assert_int_equal(WTERMSIG(result.end.status), SIGTERM);
	release(&result);
	/* It has something to say before it goes. */
	start_ready(&result,
	    "trap 'echo bye; exit 4' TERM; echo >$READY; sleep 60 & wait", 0.1);
	stop(&result);
	WAIT_FOR(result.done);
	assert_int_equal(WEXITSTATUS(result.end.status), 4);
	assert_string_equal(cal_buf_text(&result.end.output), "bye\n");
	release(&result);
}

/* A second stop does not wait for kill_after. */
static void
test_hurry(void **state)
{
	struct result result;

	(void)state;
	start_ready(&result,
	    "trap '' TERM; echo >$READY; while :; do sleep 1; done", 1000);
	stop(&result);
	stop(&result);
	WAIT_FOR(result.done);
	assert_int_equal(WTERMSIG(result.end.status), SIGKILL);
	release(&result);
}

/* A hundred at a time, again and again: all end, nothing stays open. */
static void
test_many(void **state)
{
	enum { AT_ONCE = 50, ROUNDS = 4 };
	static struct result results[AT_ONCE];
	size_t before = count_descriptors();
	int round, i;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < AT_ONCE; i++)
			start_shell(&results[i], "exec cat",
			    cal_slice_text("hello"), 0.1);
		for (i = 0; i < AT_ONCE; i++) {
			WAIT_FOR(results[i].done);
			assert_int_equal(results[i].end.output.len, 5);
			release(&results[i]);
		}
	}
	assert_int_equal(count_descriptors(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_closed_early),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, open_children, close_commands);
}
