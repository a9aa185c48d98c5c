/*
 * Unit tests of serve/service: which requests run and which wait, what
 * happens to them when their caller leaves, and the ways to an end.
 */
#include "server.h"

/* One key: one after the other; no key, or another: at the same time. */
static void
test_order_of_keys(void **state)
{
	struct server server = { .conf.text = true };
	struct errand first, second, other, keyless;

	(void)state;
	server_open(&server);
	server_call_wait(&first, &server, "k");
	server_call(&second, &server, "cat", "\"2\"", "k");
	server_call(&other, &server, "cat", "\"3\"", "l");
	server_call(&keyless, &server, "cat", "\"4\"", "");
	WAIT_FOR(other.done && keyless.done);
	assert_false(first.done);
	assert_false(second.done);
	server_open_gate(&server);
	WAIT_FOR(second.done);
	assert_true(first.done);
	assert_slice(cal_buf_view(&second.body), "\"2\"");
	errand_release(&first);
	errand_release(&second);
	errand_release(&other);
	errand_release(&keyless);
	server_close(&server);
}

static void
test_no_room(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1,
	    .conf.max_queue = 1 };
	struct errand running, waiting, refused;

	(void)state;
	server_open(&server);
	server_call_wait(&running, &server, "");
	call(&waiting, &server.client, "cat", "1");
	call(&refused, &server.client, "cat", "2");
	settle();
	assert_true(refused.done);
	assert_int_equal(refused.answer.kind, CAL_ANSWER_ERROR);
	assert_slice(cal_buf_view(&refused.error[0]), "Busy");
	assert_false(waiting.done);
	server_open_gate(&server);
	WAIT_FOR(running.done && waiting.done);
	assert_int_equal(waiting.answer.kind, CAL_ANSWER_RESULT);
	errand_release(&running);
	errand_release(&waiting);
	errand_release(&refused);
	server_close(&server);
}

/* Drains with a log of all requests, which goes nowhere. */
static void
end_loudly(struct server *server)
{
	const struct cal_log_conf loud = {
		.program = "unit test", .level = CAL_LOG_INFO,
	}, quiet = { .program = "unit test", .level = CAL_LOG_FAILURE };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);

	assert_int_equal(dup2(null, STDERR_FILENO), STDERR_FILENO);
	cal_log_setup(&loud);
	cal_service_drain(server->service, -1);
	settle();
	assert_int_equal(server->dones, 0);
	server_open_gate(server);
	server_end(server);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	cal_log_setup(&quiet);
	cal_io_close(&null);
	cal_io_close(&kept);
}

/*
 * The caller leaves: what waits is dropped, what runs ends in vain, and is
 * said with all that is known of it.
 */
static void
test_caller_leaves(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1 };
	struct errand running, waiting;

	(void)state;
	server_open(&server);
	server_call_wait(&running, &server, "k");
	server_call(&waiting, &server, "cat", "1", "k");
	settle();
	end_close(&server.client);
	settle();
	end_loudly(&server);
	assert_false(running.done);
	assert_false(waiting.done);
	server_close(&server);
}

/* Draining: what runs may end, everything else is Busy. */
static void
test_drain(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1 };
	struct errand running, waiting, late;

	(void)state;
	server_open(&server);
	server_call_wait(&running, &server, "");
	call(&waiting, &server.client, "cat", "1");
	settle();
	cal_service_drain(server.service, -1);
	assert_int_equal(server.dones, 0);
	call(&late, &server.client, "cat", "2");
	settle();
	assert_true(waiting.done && late.done);
	assert_slice(cal_buf_view(&waiting.error[0]), "Busy");
	assert_slice(cal_buf_view(&late.error[1]), "shutting down");
	assert_int_equal(server.dones, 0);
	server_open_gate(&server);
	WAIT_FOR(running.done);
	assert_int_equal(running.answer.kind, CAL_ANSWER_RESULT);
	assert_false(cal_service_cut_short(server.service));
	server_end(&server);
	errand_release(&running);
	errand_release(&waiting);
	errand_release(&late);
	server_close(&server);
}

static void
test_grace_is_over(void **state)
{
	struct server server = { .conf.text = true };
	struct errand running;

	(void)state;
	server_open(&server);
	server_call_wait(&running, &server, "");
	settle();
	ev_now_update(loop);
	cal_service_drain(server.service, 0.02);
	WAIT_FOR(server.dones > 0);
	assert_true(cal_service_cut_short(server.service));
	settle();
	assert_true(running.done);
	assert_int_equal(running.answer.kind, CAL_ANSWER_CANCELLED);
	assert_slice(cal_buf_view(&running.why), "shutdown");
	errand_release(&running);
	server_end(&server);
	server_close(&server);
}

static void
test_count(void **state)
{
	struct server server = { .conf.count = 2 };
	struct errand errands[3];
	size_t i;

	(void)state;
	server_open(&server);
	for (i = 0; i < COUNT(errands); i++)
		call(&errands[i], &server.client, "cat", "1");
	WAIT_FOR(server.dones > 0);
	settle();
	for (i = 0; i < COUNT(errands); i++) {
		assert_true(errands[i].done);
		assert_int_equal(errands[i].answer.kind, i < 2 ?
		    CAL_ANSWER_RESULT : CAL_ANSWER_ERROR);
		errand_release(&errands[i]);
	}
	server_end(&server);
	server_close(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_keys),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_grace_is_over),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
