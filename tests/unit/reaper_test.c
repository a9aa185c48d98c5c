/*
 * Unit tests of exec/reaper and kin: nothing of a child stays behind, wherever
 * it fled to.
 */
#include "children.h"
#include "exec/kin.h"

/* A daemon that holds the pipes keeps nobody waiting, and is counted. */
static void
test_left_behind(void **state)
{
	uint64_t before = cal_reaper_left_behind(reaper);
	struct result result;
	pid_t pid;

	(void)state;
	run_shell(&result, "sleep 60 & echo $!", cal_slice_of(NULL, 0));
	assert_int_equal(result.end.status, 0);
	pid = (pid_t)atoi(cal_buf_text(&result.end.output));
	assert_true(pid > 0);
	assert_false(is_gone(pid));
	assert_true(cal_reaper_left_behind(reaper) == before + 1);
	release(&result);
	cal_reaper_sweep(reaper);
	assert_true(is_gone(pid));
	/* A daemon that writes for ever is no reason to read for ever. */
	run_shell(&result, "yes & echo", cal_slice_of(NULL, 0));
	assert_int_equal(result.end.status, 0);
	release(&result);
	cal_reaper_sweep(reaper);
}

/* Nothing of a stopped child survives, wherever it fled to. */
static void
test_escaped(void **state)
{
	uint64_t before = cal_reaper_left_behind(reaper);
	struct result result, other;
	char *rest;
	pid_t pids[3], kept;
	int i;

	(void)state;
	run_shell(&other, "setsid sleep 60 >&- 2>&- & echo $!",
	    cal_slice_of(NULL, 0));
	kept = (pid_t)atoi(cal_buf_text(&other.end.output));
	release(&other);
	start_ready(&result, "trap '' TERM\n"
	    "sleep 60 & echo $!\n"
	    "setsid sleep 60 & echo $!\n"
	    "setsid sh -c 'echo $$; echo >$READY; sleep 60; :' &\n"
	    "wait", 0.1);
	stop(&result);
	WAIT_FOR(result.done);
	rest = strdup(cal_buf_text(&result.end.output));
	for (i = 0; i < 3; i++) {
		pids[i] = (pid_t)atoi(rest);
		assert_true(pids[i] > 0);
		WAIT_FOR(is_gone(pids[i]));
		memmove(rest, strchr(rest, '\n') + 1,
		    strlen(strchr(rest, '\n')));
	}
	free(rest);
	assert_true(cal_reaper_left_behind(reaper) <= before + 1);
	/* That of another request is not touched. */
	assert_false(is_gone(kept));
	cal_reaper_sweep(reaper);
	assert_true(is_gone(kept));
	release(&result);
}

static void
test_kin(void **state)
{
	struct cal_buf pids = { 0 }, env = { 0 };
	struct result result;
	pid_t pid;

	(void)state;
	start_ready(&result, "echo $$ >$READY; sleep 60", 0.1);
	cal_kin_list(&pids);
	assert_int_equal(pids.len, sizeof(pid));
	memcpy(&pid, pids.ptr, sizeof(pid));
	cal_kin_environ(&env, pid);
	assert_true(env.len > 0);
	assert_memory_equal(env.ptr, "CAL_REQUEST=", 12);
	assert_true(cal_kin_has(&env, (const char *)env.ptr));
	assert_false(cal_kin_has(&env, "CAL_REQUEST="));
	cal_kin_environ(&env, 0);
	assert_int_equal(env.len, 0);
	cal_child_kill(result.child);
	WAIT_FOR(result.done);
	release(&result);
	cal_buf_release(&pids);
	cal_buf_release(&env);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_kin),
	};

	return cmocka_run_group_tests(tests, open_children, close_commands);
}
