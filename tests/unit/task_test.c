/*
 * Unit tests of serve/task: what becomes of one request, by real commands
 * behind a service on loop://.
 */
#include "server.h"

static void
check_answer(struct server *server, const char *method, const char *body,
    enum cal_answer_kind kind, const char *want)
{
	struct errand errand;

	server_call(&errand, server, method, body, "k%");
	WAIT_FOR(errand.done);
	assert_int_equal(errand.answer.kind, kind);
	if (!cal_slice_is(cal_buf_view(kind == CAL_ANSWER_RESULT ?
	    &errand.body : &errand.error[0]), want))
		fail_msg("'%s' answers '%s'", method, cal_buf_text(kind ==
		    CAL_ANSWER_RESULT ? &errand.body : &errand.error[0]));
	errand_release(&errand);
}

static void
test_answers(void **state)
{
	struct server server = { .conf.max_body = 1024 };

	(void)state;
	server_open(&server);
	check_answer(&server, "cat", "[1, 2]", CAL_ANSWER_RESULT, "[1, 2]");
	check_answer(&server, "cat", " 1 ", CAL_ANSWER_RESULT, "1");
	check_answer(&server, "space", "1", CAL_ANSWER_RESULT, "[1, 2]");
	check_answer(&server, "none", "1", CAL_ANSWER_RESULT, "null");
	check_answer(&server, "env", "1", CAL_ANSWER_RESULT,
	    "[\"env\",\"k%25\"]");
	check_answer(&server, "fail", "1", CAL_ANSWER_FAILURE, "HandlerExit");
	check_answer(&server, "bad", "1", CAL_ANSWER_FAILURE, "BadOutput");
	check_answer(&server, "big", "1", CAL_ANSWER_ERROR, "TooLarge");
	check_answer(&server, "cat", "{", CAL_ANSWER_ERROR, "BadRequest");
	check_answer(&server, "nope", "1", CAL_ANSWER_ERROR,
	    "MethodNotFound");
	server_close(&server);
}

static void
test_text(void **state)
{
	struct server server = { .conf.text = true };

	(void)state;
	server_open(&server);
	check_answer(&server, "cat", "\"a\\\"\\n\\n\"", CAL_ANSWER_RESULT,
	    "\"a\\\"\\n\"");
	check_answer(&server, "none", "1", CAL_ANSWER_RESULT, "\"\"");
	check_answer(&server, "bad", "1", CAL_ANSWER_RESULT, "\"{\"");
	server_close(&server);
}

static void
test_cancel_waiting_and_running(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1 };
	struct errand running, waiting;

	(void)state;
	server_open(&server);
	server_call_wait(&running, &server, "");
	call(&waiting, &server.client, "cat", "1");
	settle();
	cal_call_cancel(waiting.call);
	WAIT_FOR(waiting.done);
	assert_int_equal(waiting.answer.kind, CAL_ANSWER_CANCELLED);
	assert_slice(cal_buf_view(&waiting.why), "caller");
	assert_false(running.done);
	cal_call_cancel(running.call);
	cal_call_cancel(running.call);
	WAIT_FOR(running.done);
	assert_int_equal(running.answer.kind, CAL_ANSWER_CANCELLED);
	errand_release(&waiting);
	errand_release(&running);
	server_close(&server);
}

static void
test_timeout(void **state)
{
	struct server server = { .conf.timeout = 0.1, .conf.text = true };
	struct errand errand;

	(void)state;
	server_open(&server);
	server_call_wait(&errand, &server, "");
	WAIT_FOR(errand.done);
	assert_int_equal(errand.answer.kind, CAL_ANSWER_FAILURE);
	assert_slice(cal_buf_view(&errand.error[0]), "HandlerTimeout");
	errand_release(&errand);
	server_close(&server);
}

/* The caller's own limit, which comes first; and one that is over. */
static void
test_deadline(void **state)
{
	struct server server = { .conf.timeout = 0.1, .conf.text = true };
	struct raw_side raw;
	struct cal_rpcmsg msg = {
		.type = CAL_RPC_FUNCTION, .has_dl = true, .dl = 50,
		.id = { BYTES("\xa4wait"), BYTES("\xc4\x00"), BYTES("\x01") },
	};

	(void)state;
	server_open(&server);
	msg.body = cal_buf_view(&server.wait_body);
	raw_open(&raw, "s", false);
	settle();
	raw_send_msg(&raw, &msg);
	WAIT_FOR(raw.count > 0);
	assert_int_equal(raw_read(&raw, 0)->type, CAL_RPC_CANCELLED);
	assert_slice(raw_read(&raw, 0)->why, "deadline");
	msg.dl = 0;
	raw_send_msg(&raw, &msg);
	settle();
	assert_int_equal(raw.count, 2);
	assert_int_equal(raw_read(&raw, 1)->type, CAL_RPC_CANCELLED);
	raw_close(&raw);
	server_close(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_cancel_waiting_and_running),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_deadline),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
