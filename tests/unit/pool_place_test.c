/*
 * Unit tests of exec/pool: workers that end, and those that come after them.
 */
#include "pools.h"

/* What it had died with it, and what waits goes to the next, in order. */
static void
test_restart(void **state)
{
	struct cal_handler *handler = new_workers(1, 2);
	struct errand first, died[2], waiting[2];
	double before = cal_clock_now();
	pid_t pid, next;
	size_t i;

	(void)state;
	start(handler, &first, "a");
	pid = pid_of(&first);
	start(handler, &died[0], "die");
	start(handler, &died[1], "b");
	for (i = 0; i < COUNT(waiting); i++)
		start(handler, &waiting[i], "c");
	for (i = 0; i < COUNT(died); i++)
		expect(&died[i], CAL_VERDICT_FAILURE, "WorkerDied",
		    "the worker ended: exit status 3");
	assert_int_equal(deaths, 1);
	assert_int_equal(waiting[0].begun, 0);
	next = pid_of(&waiting[0]);
	assert_int_not_equal(next, pid);
	assert_true(cal_clock_now() - before >= 0.09);
	assert_int_equal(pid_of(&waiting[1]), next);
	assert_true(waiting[0].number < waiting[1].number);
	close_pool(handler);
	assert_int_equal(deaths, 1);
}

/* Nobody read them: they come back in front of those that wait. */
static void
test_unheard(void **state)
{
	const char *env[3];
	char *gate = new_gate(env), *large = cal_calloc(70001, 1);
	struct cal_handler *handler = new_pool("test -e $READY && exec cat;"
	    "exec sleep 60", (struct cal_pool_conf){ .processes = 1,
	    .depth = 3, .command.env = env });
	static const char *const bodies[] = { NULL, "1", "2", "3" };
	struct errand errands[4];
	size_t i;

	(void)state;
	memset(large, 'x', 70000);
	start(handler, &errands[0], large);
	for (i = 1; i < COUNT(errands); i++)
		start(handler, &errands[i], bodies[i]);
	settle();
	open_gate(gate);
	handler->ops->kill(handler, &errands[0].job);
	expect(&errands[0], CAL_VERDICT_FAILURE, "WorkerDied",
	    "the worker ended: SIGKILL");
	for (i = 1; i < COUNT(errands); i++) {
		expect(&errands[i], CAL_VERDICT_RESULT, NULL, bodies[i]);
		assert_int_equal(errands[i].number, i);
		assert_int_equal(errands[i].begun, 1);
	}
	close_pool(handler);
	close_gate(gate, env);
	free(large);
}

/* Twice as long each time, until one was of use. */
static void
test_pauses(void **state)
{
	char *ready = folder_path("ready");
	char *script = cal_asprintf("echo >>%s; test $(wc -l <%s) -lt 3 &&"
	    " exit 1; read a; echo 1; exit 1", ready, ready);
	struct cal_handler *handler = new_pool(script,
	    (struct cal_pool_conf){ .processes = 1, .depth = 1 });
	struct cal_place *place = pool_of(handler)->places;
	struct errand errand;

	(void)state;
	WAIT_FOR(deaths == 1);
	assert_true(place->pause == 0.1);
	assert_true(ev_timer_remaining(loop, &place->restart) > 0);
	WAIT_FOR(deaths == 2);
	assert_true(place->pause == 0.2);
	start(handler, &errand, "a");
	expect(&errand, CAL_VERDICT_RESULT, NULL, "1");
	WAIT_FOR(deaths == 3);
	assert_true(place->pause == 0.1);
	/* While it waits for its next one, there is nothing to end. */
	close_pool(handler);
	assert_int_equal(unlink(ready), 0);
	free(ready);
	free(script);
}

static void
test_longest_pause(void **state)
{
	struct cal_handler *handler = new_workers(1, 1);
	struct cal_place *place = pool_of(handler)->places;

	(void)state;
	place->pause = 8;
	cal_worker_kill(place->worker);
	WAIT_FOR(deaths == 1);
	assert_true(place->pause == 10);
	close_pool(handler);
}

/* The command is there no more: that is no death, but a reason to wait. */
static void
test_gone(void **state)
{
	char *path, *argv[] = { NULL, NULL };
	struct cal_pool_conf conf = { .processes = 1, .depth = 1 };
	struct cal_handler *handler;
	struct cal_place *place;

	(void)state;
	if (under_valgrind())
		return;
	path = argv[0] = folder_path("gone");
	assert_int_equal(symlink("/bin/cat", path), 0);
	handler = new_pool_of(argv, conf);
	place = pool_of(handler)->places;
	assert_int_equal(unlink(path), 0);
	cal_worker_kill(place->worker);
	WAIT_FOR(deaths == 1);
	WAIT_FOR(place->pause == 0.2);
	assert_non_null(strstr(pool_of(handler)->trouble, "No such file"));
	assert_int_equal(deaths, 1);
	assert_int_equal(symlink("/bin/cat", path), 0);
	WAIT_FOR(place->worker != NULL);
	assert_int_equal(unlink(path), 0);
	close_pool(handler);
	free(path);
}

/* None is there, and none will be soon: nobody waits for that. */
static void
test_deserted(void **state)
{
	struct cal_handler *handler = new_workers(1, 1);
	struct cal_place *place = pool_of(handler)->places;
	struct errand died, waiting[2], late;
	struct cal_err err;

	(void)state;
	place->pause = 0.8;
	start(handler, &died, "die");
	start(handler, &waiting[0], "a");
	start(handler, &waiting[1], "b");
	expect(&died, CAL_VERDICT_FAILURE, "WorkerDied",
	    "the worker ended: exit status 3");
	assert_true(waiting[0].ended);
	expect(&waiting[0], CAL_VERDICT_ERROR, "Busy",
	    "no worker is running; the last one ended: exit status 3");
	expect(&waiting[1], CAL_VERDICT_ERROR, "Busy",
	    "no worker is running; the last one ended: exit status 3");
	assert_int_equal(try(handler, &late, "c", &err), CAL_ETEMP);
	assert_string_equal(err.text,
	    "no worker is running; the last one ended: exit status 3");
	/* Soon again: it waits. */
	WAIT_FOR(ev_timer_remaining(loop, &place->restart) <= 1);
	start(handler, &late, "c");
	assert_int_not_equal(pid_of(&late), 0);
	close_pool(handler);
}

/* Another worker is there. */
static void
test_not_deserted(void **state)
{
	struct cal_handler *handler = new_workers(2, 1);
	struct cal_place *places = pool_of(handler)->places;
	struct errand died, errand;

	(void)state;
	places[0].pause = 8;
	start(handler, &died, "die");
	expect(&died, CAL_VERDICT_FAILURE, "WorkerDied",
	    "the worker ended: exit status 3");
	assert_null(places[0].worker);
	start(handler, &errand, "a");
	assert_int_equal(pid_of(&errand), cal_worker_pid(places[1].worker));
	close_pool(handler);
}

/* Those that do not care about the end of their input get TERM, then KILL. */
static void
test_close(void **state)
{
	struct cal_handler *handler = new_pool("echo >&2; trap '' TERM;"
	    "while :; do sleep 1; done",
	    (struct cal_pool_conf){ .processes = 3, .depth = 1 });

	(void)state;
	assert_int_equal(cal_reaper_watched(reaper), 3);
	close_pool(handler);
	assert_int_equal(deaths, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_unheard),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_longest_pause),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_deserted),
		cmocka_unit_test(test_not_deserted),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
