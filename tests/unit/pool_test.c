/*
 * Unit tests of exec/pool: which worker gets what, and jobs that wait.  How
 * workers come and go is in pool_place_test.c.
 */
#include "pools.h"

/* One hangs: the others are for the other worker, as long as it has fewer. */
static void
test_least_loaded(void **state)
{
	const char *env[3];
	char *gate = new_gate(env);
	struct cal_handler *handler = new_pool(SCRIPT, (struct cal_pool_conf){
	    .processes = 2, .depth = 3, .command.env = env });
	struct errand hangs, quick[3];
	pid_t pid, other;
	size_t i;

	(void)state;
	start(handler, &hangs, "hang");
	start(handler, &quick[0], "a");
	other = pid_of(&quick[0]);
	for (i = 0; i < 2; i++)
		start(handler, &quick[i], "b");
	assert_int_equal(quick[0].begun, 1);
	assert_int_equal(pid_of(&quick[0]), other);
	start(handler, &quick[2], "c");
	open_gate(gate);
	pid = pid_of(&hangs);
	assert_int_not_equal(pid, other);
	assert_int_equal(pid_of(&quick[1]), pid);
	assert_int_equal(pid_of(&quick[2]), other);
	assert_int_equal(deaths, 0);
	close_pool(handler);
	close_gate(gate, env);
}

/* More than fit: they wait, and are handed out in their order. */
static void
test_waiting(void **state)
{
	struct cal_handler *handler = new_workers(1, 2);
	struct errand errands[6];
	pid_t pid;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(errands); i++)
		start(handler, &errands[i], "a");
	assert_int_equal(errands[0].begun, 1);
	pid = pid_of(&errands[0]);
	for (i = 1; i < COUNT(errands); i++) {
		assert_int_equal(pid_of(&errands[i]), pid);
		assert_int_equal(errands[i].number, i);
		assert_int_equal(errands[i].begun, 1);
	}
	close_pool(handler);
}

/* A job that no worker has: it ends from the loop; the first reason counts. */
static void
test_stop_waiting(void **state)
{
	const char *env[3];
	char *gate = new_gate(env);
	struct cal_handler *handler = new_pool(SCRIPT, (struct cal_pool_conf){
	    .processes = 1, .depth = 1, .command.env = env });
	struct errand hangs, stopped[2], last;

	(void)state;
	start(handler, &hangs, "hang");
	start(handler, &stopped[0], "a");
	start(handler, &stopped[1], "b");
	start(handler, &last, "c");
	handler->ops->stop(handler, &stopped[0].job, CAL_STOP_DEADLINE);
	handler->ops->stop(handler, &stopped[0].job, CAL_STOP_LIMIT);
	handler->ops->stop(handler, &stopped[1].job, CAL_STOP_LIMIT);
	handler->ops->kill(handler, &stopped[1].job);
	assert_false(stopped[0].ended || stopped[1].ended);
	settle();
	assert_true(stopped[0].ended);
	assert_int_equal(stopped[0].outcome.verdict, CAL_VERDICT_CANCELLED);
	assert_int_equal(stopped[0].outcome.stop, CAL_STOP_DEADLINE);
	assert_int_equal(stopped[0].begun, 0);
	cal_outcome_release(&stopped[0].outcome);
	expect(&stopped[1], CAL_VERDICT_FAILURE, "HandlerTimeout",
	    "it ran out of time");
	assert_false(hangs.ended || last.ended);
	open_gate(gate);
	assert_int_equal(pid_of(&hangs), pid_of(&last));
	assert_int_equal(deaths, 0);
	close_pool(handler);
	close_gate(gate, env);
}

/* One that a worker has: that is ended, and there will be another. */
static void
test_stop_running(void **state)
{
	const char *env[3];
	char *gate = new_gate(env);
	struct cal_handler *handler = new_pool(SCRIPT, (struct cal_pool_conf){
	    .processes = 2, .depth = 1, .command.env = env });
	struct errand late, killed;

	(void)state;
	start(handler, &late, "hang");
	start(handler, &killed, "hang");
	settle();
	handler->ops->stop(handler, &late.job, CAL_STOP_LIMIT);
	handler->ops->stop(handler, &killed.job, CAL_STOP_SHUTDOWN);
	handler->ops->kill(handler, &killed.job);
	expect(&late, CAL_VERDICT_FAILURE, "HandlerTimeout",
	    "it ran out of time");
	WAIT_FOR(killed.ended);
	assert_int_equal(killed.outcome.verdict, CAL_VERDICT_CANCELLED);
	assert_int_equal(killed.outcome.stop, CAL_STOP_SHUTDOWN);
	cal_outcome_release(&killed.outcome);
	WAIT_FOR(deaths > 0);
	/* Whoever was told to end has no successor, and is no death. */
	WAIT_FOR(pool_of(handler)->places[0].worker != NULL);
	assert_null(pool_of(handler)->places[1].worker);
	assert_false(ev_is_active(&pool_of(handler)->places[1].restart));
	assert_int_equal(deaths, 1);
	open_gate(gate);
	close_pool(handler);
	close_gate(gate, env);
}

static void
test_not_said(void **state)
{
	struct cal_handler *handler = new_workers(1, 1);
	struct errand first, bad;
	struct cal_err err;

	(void)state;
	assert_int_equal(try(handler, &bad, "a\nb", &err), CAL_EDATA);
	assert_null(bad.job.work);
	start(handler, &first, "a");
	start(handler, &bad, "a\nb");
	assert_int_not_equal(pid_of(&first), 0);
	expect(&bad, CAL_VERDICT_ERROR, "BadRequest",
	    "the body is more than one line");
	close_pool(handler);
}

static void
check_traceback(bool kept)
{
	struct cal_handler *handler = new_pool("read a; printf '{"
	    "\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":"
	    "\"m\",\"data\":{\"traceback\":\"t\"}}}\\n'; cat",
	    (struct cal_pool_conf){ .processes = 1, .depth = 100,
	    .dialect = &cal_dialect_jsonrpc,
	    .command.no_traceback = !kept });
	struct errand errand;

	start(handler, &errand, "a");
	WAIT_FOR(errand.ended);
	assert_string_equal(cal_buf_text(&errand.outcome.traceback),
	    kept ? "t" : "");
	expect(&errand, CAL_VERDICT_FAILURE, "JsonRpcError", "m");
	close_pool(handler);
}

static void
test_traceback(void **state)
{
	(void)state;
	check_traceback(true);
	check_traceback(false);
}

static void
test_environment(void **state)
{
	struct cal_handler *handler = new_workers(1, 1);
	struct errand errand;

	(void)state;
	start(handler, &errand, "env");
	expect(&errand, CAL_VERDICT_RESULT, NULL, "m-none-1");
	close_pool(handler);
	handler = new_pool("while read -r a; do echo ${CAL_METHOD-any}; done",
	    (struct cal_pool_conf){ .processes = 1, .depth = 1 });
	start(handler, &errand, "env");
	expect(&errand, CAL_VERDICT_RESULT, NULL, "any");
	close_pool(handler);
}

static void
test_no_command(void **state)
{
	static const char *const env[] = { NULL };
	char gone[] = "/no/such", plain[] = "/etc/passwd";
	char *argv[] = { gone, NULL };
	struct cal_pool_conf conf = { .command = { .reaper = reaper,
	    .argv = argv, .env = env, .loop = loop },
	    .dialect = &cal_dialect_lines, .processes = 1, .depth = 1 };
	struct cal_handler *handler;
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_pool_new(&handler, &conf, &err), CAL_ENOCMD);
	assert_null(handler);
	argv[0] = plain;
	assert_int_equal(cal_pool_new(&handler, &conf, &err), CAL_ENOEXEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least_loaded),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_stop_waiting),
		cmocka_unit_test(test_stop_running),
		cmocka_unit_test(test_not_said),
		cmocka_unit_test(test_traceback),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_no_command),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
