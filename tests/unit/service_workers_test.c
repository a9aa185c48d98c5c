/*
 * Unit tests of serve/service and serve/task with workers behind the methods:
 * slots of each method, time that runs from the beginning, cancelled requests
 * that keep their place, and what a worker answers for with its life.
 */
#include "server.h"

#include "serve/task.h"

/* Until the gate is there that the body names. */
#define HANG "while ! test -e \"$a\"; do sleep 0.01; done; echo $$"

/* Adds NAME=SCRIPT to the methods of a server that is to be opened. */
static void
serve(struct server *server, size_t processes, size_t depth,
    const char *const *specs)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	struct cal_methods_conf conf = {
		.command = {
			.reaper = reaper, .env = env, .kill_after = 0.1,
			.loop = loop,
		},
		.dialect = &cal_dialect_lines, .processes = processes,
		.depth = depth, .max_answer = 1 << 20,
	};
	struct cal_err err;

	server->methods = cal_methods_new(&conf);
	for (; *specs != NULL; specs++)
		assert_int_equal(cal_methods_add_shell(server->methods,
		    *specs, &err), CAL_OK);
	server_open(server);
}

static const char *const plain[] = {
	"wait=while read -r a; do " HANG "; done",
	"quick=exec cat",
	/* Waits only if it is asked something that looks like a file. */
	"some=while read -r a; do case $a in /*) " HANG ";; *) echo $a;;"
	" esac; done",
	"big=while read -r a; do printf '%60000s\\n'; done",
	NULL,
};

static void
close_workers(struct server *server)
{
	server_close(server);
	WAIT_FOR(cal_reaper_watched(reaper) == 0);
	settle();
}

static void
call_some(struct errand *errand, struct server *server, bool hang,
    const char *key)
{
	server_call(errand, server, "some", hang ?
	    cal_buf_text(&server->wait_body) : "\"quick\"", key);
}

static struct cal_task *
first_task(struct server *server)
{
	return TAILQ_FIRST(&server->service->tasks);
}

static void
check(struct errand *errand, enum cal_answer_kind kind, const char *want)
{
	WAIT_FOR(errand->done);
	assert_int_equal(errand->answer.kind, kind);
	assert_string_equal(cal_buf_text(kind == CAL_ANSWER_RESULT ?
	    &errand->body : kind == CAL_ANSWER_CANCELLED ? &errand->why :
	    &errand->error[0]), want);
	errand_release(errand);
}

/* One that is full holds up no other, whatever -j says. */
static void
test_slots(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1 };
	struct errand hanging[3], quick;
	size_t i;

	(void)state;
	serve(&server, 2, 1, plain);
	for (i = 0; i < COUNT(hanging); i++)
		server_call_wait(&hanging[i], &server, "");
	server_call(&quick, &server, "quick", "\"a\"", "");
	check(&quick, CAL_ANSWER_RESULT, "\"a\"");
	assert_int_equal(cal_order_running(server.service->order), 2);
	assert_int_equal(cal_order_waiting(server.service->order), 1);
	server_open_gate(&server);
	for (i = 0; i < COUNT(hanging); i++) {
		WAIT_FOR(hanging[i].done);
		errand_release(&hanging[i]);
	}
	close_workers(&server);
}

/* A request behind another in its worker has all its time. */
static void
test_time_from_beginning(void **state)
{
	struct server server = { .conf.text = true, .conf.timeout = 60 };
	struct errand first, second;
	struct cal_task *task;

	(void)state;
	serve(&server, 1, 2, plain);
	call_some(&first, &server, true, "");
	call_some(&second, &server, true, "");
	WAIT_FOR(cal_order_running(server.service->order) == 2);
	task = first_task(&server);
	assert_true(task->limit > 0);
	assert_true(ev_is_active(&task->timer));
	assert_true(task->job.deadline == task->limit);
	task = TAILQ_NEXT(task, next);
	assert_int_equal(task->turn.state, CAL_TURN_RUNNING);
	assert_true(task->limit == 0);
	assert_false(ev_is_active(&task->timer));
	assert_true(task->bytes > 0);
	server_open_gate(&server);
	WAIT_FOR(first.done && second.done);
	assert_int_equal(server.service->waiting_bytes, 0);
	errand_release(&first);
	errand_release(&second);
	close_workers(&server);
}

static void
test_second_begins(void **state)
{
	struct server server = { .conf.text = true, .conf.timeout = 60 };
	struct errand first, second;

	(void)state;
	serve(&server, 1, 2, plain);
	call_some(&first, &server, false, "");
	call_some(&second, &server, true, "");
	check(&first, CAL_ANSWER_RESULT, "\"quick\"");
	assert_true(first_task(&server)->limit > 0);
	assert_true(ev_is_active(&first_task(&server)->timer));
	/* What is in a worker is counted until it has ended. */
	assert_true(first_task(&server)->bytes > 0);
	server_open_gate(&server);
	WAIT_FOR(second.done);
	assert_int_equal(server.service->waiting_bytes, 0);
	errand_release(&second);
	close_workers(&server);
}

/* Whoever is late is ended, and takes others in it along. */
static void
test_late(void **state)
{
	struct server server = { .conf.text = true, .conf.timeout = 0.1 };
	struct errand late, with, after;

	(void)state;
	serve(&server, 1, 2, plain);
	call_some(&late, &server, true, "");
	call_some(&with, &server, false, "");
	call_some(&after, &server, false, "");
	check(&late, CAL_ANSWER_FAILURE, "HandlerTimeout");
	check(&with, CAL_ANSWER_FAILURE, "WorkerDied");
	check(&after, CAL_ANSWER_RESULT, "\"quick\"");
	assert_true(cal_methods_deaths(server.methods) == 1);
	close_workers(&server);
}

/* It is worked on until it is answered: so nothing may overtake it. */
static void
test_cancelled_keeps_place(void **state)
{
	struct server server = { .conf.text = true };
	struct errand cancelled, same_key, other_key, no_slot;

	(void)state;
	serve(&server, 2, 1, plain);
	call_some(&cancelled, &server, true, "k");
	call_some(&same_key, &server, false, "k");
	call_some(&other_key, &server, true, "l");
	call_some(&no_slot, &server, false, "m");
	settle();
	cal_call_cancel(cancelled.call);
	settle();
	assert_int_equal(cal_order_running(server.service->order), 2);
	assert_int_equal(cal_order_waiting(server.service->order), 2);
	assert_int_equal(first_task(&server)->stop, CAL_STOP_CANCEL);
	assert_false(same_key.done || no_slot.done || cancelled.done);
	server_open_gate(&server);
	check(&cancelled, CAL_ANSWER_CANCELLED, "caller");
	check(&same_key, CAL_ANSWER_RESULT, "\"quick\"");
	check(&no_slot, CAL_ANSWER_RESULT, "\"quick\"");
	WAIT_FOR(other_key.done);
	errand_release(&other_key);
	assert_true(cal_methods_deaths(server.methods) == 0);
	close_workers(&server);
}

/* Our own limit still ends what nobody waits for. */
static void
test_limit_of_cancelled(void **state)
{
	struct server server = { .conf.text = true, .conf.timeout = 0.2 };
	struct errand cancelled, after;

	(void)state;
	serve(&server, 1, 1, plain);
	call_some(&cancelled, &server, true, "");
	settle();
	cal_call_cancel(cancelled.call);
	call_some(&after, &server, false, "");
	check(&cancelled, CAL_ANSWER_CANCELLED, "caller");
	check(&after, CAL_ANSWER_RESULT, "\"quick\"");
	assert_true(cal_methods_deaths(server.methods) == 1);
	close_workers(&server);
}

/* The same after its caller's deadline, which came first. */
static void
test_limit_after_deadline(void **state)
{
	struct server server = { .conf.text = true, .conf.timeout = 0.2 };
	struct raw_side raw;
	struct cal_rpcmsg msg = {
		.type = CAL_RPC_FUNCTION, .has_dl = true, .dl = 20,
		.id = { BYTES("\xa4some"), BYTES("\xc4\x00"), BYTES("\x01") },
	};

	(void)state;
	serve(&server, 1, 1, plain);
	msg.body = cal_buf_view(&server.wait_body);
	raw_open(&raw, "s", false);
	settle();
	raw_send_msg(&raw, &msg);
	WAIT_FOR(raw.count > 0);
	assert_int_equal(raw_read(&raw, 0)->type, CAL_RPC_CANCELLED);
	assert_slice(raw_read(&raw, 0)->why, "deadline");
	WAIT_FOR(cal_methods_deaths(server.methods) == 1);
	raw_close(&raw);
	close_workers(&server);
}

/* Draining is over when nobody waits for anything any more. */
static void
test_drain(void **state)
{
	struct server server = { .conf.text = true };
	struct errand wanted, cancelled;

	(void)state;
	serve(&server, 2, 1, plain);
	call_some(&cancelled, &server, true, "");
	call_some(&wanted, &server, true, "");
	settle();
	cal_call_cancel(cancelled.call);
	settle();
	assert_int_equal(server.service->wanted, 1);
	cal_service_drain(server.service, -1);
	settle();
	assert_int_equal(server.dones, 0);
	assert_false(wanted.done || cancelled.done);
	cal_call_cancel(wanted.call);
	WAIT_FOR(server.dones > 0);
	assert_false(cal_service_cut_short(server.service));
	settle();
	check(&wanted, CAL_ANSWER_CANCELLED, "caller");
	check(&cancelled, CAL_ANSWER_CANCELLED, "caller");
	server_end(&server);
	close_workers(&server);
}

enum { BIG_CALLS = 100 };

/* What is held back for one has a limit; then nothing more starts. */
static void
test_held_back(void **state)
{
	static struct errand big[BIG_CALLS];
	struct server server = { .conf.text = true, .conf.max_body = 65536,
	    .conf.order = CAL_ORDER_REPLY, .conf.max_queue = 2 * BIG_CALLS };
	struct errand first;
	size_t i;

	(void)state;
	serve(&server, 1, 1, plain);
	server_call_wait(&first, &server, "k");
	for (i = 0; i < BIG_CALLS; i++)
		server_call(&big[i], &server, "big", "\"\"", "k");
	WAIT_FOR(server.service->held_bytes >= CAL_SERVICE_HELD);
	settle();
	assert_in_range(server.service->held_bytes, CAL_SERVICE_HELD,
	    CAL_SERVICE_HELD + 4 * 65536);
	assert_int_equal(cal_order_running(server.service->order), 1);
	assert_true(cal_order_waiting(server.service->order) > 0);
	assert_false(first.done || big[0].done);
	server_open_gate(&server);
	WAIT_FOR(big[BIG_CALLS - 1].done);
	assert_true(first.done);
	for (i = 0; i < BIG_CALLS; i++) {
		assert_true(big[i].done);
		assert_int_equal(big[i].body.len, 60002);
		errand_release(&big[i]);
	}
	errand_release(&first);
	assert_int_equal(server.service->held_bytes, 0);
	close_workers(&server);
}

/*
 * NaN is a value, only none that goes out.  What is no value at all means that
 * nobody knows what the next line is an answer to.
 */
static void
test_garbage(void **state)
{
	static const char *const specs[] = {
		"nan=while read -r a; do case $a in 1) echo NaN;; 2) echo;;"
		" 3) echo '[-Infinity]';; *) echo '{';; esac; done", NULL,
	};
	struct server server = { .conf.max_body = 65536 };
	struct errand errand;

	(void)state;
	serve(&server, 1, 1, specs);
	server_call(&errand, &server, "nan", "1", "");
	check(&errand, CAL_ANSWER_FAILURE, "BadOutput");
	server_call(&errand, &server, "nan", "2", "");
	check(&errand, CAL_ANSWER_RESULT, "null");
	server_call(&errand, &server, "nan", "3", "");
	check(&errand, CAL_ANSWER_FAILURE, "BadOutput");
	assert_true(cal_methods_deaths(server.methods) == 0);
	server_call(&errand, &server, "nan", "4", "");
	check(&errand, CAL_ANSWER_FAILURE, "WorkerDied");
	WAIT_FOR(cal_methods_deaths(server.methods) == 1);
	server_call(&errand, &server, "nan", "2", "");
	check(&errand, CAL_ANSWER_RESULT, "null");
	close_workers(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_time_from_beginning),
		cmocka_unit_test(test_second_begins),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_cancelled_keeps_place),
		cmocka_unit_test(test_limit_of_cancelled),
		cmocka_unit_test(test_limit_after_deadline),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_held_back),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
