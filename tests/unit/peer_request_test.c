/*
 * Unit tests of rpc/request: what is handed up, found by CANCEL, answered
 * once, and what becomes of it when its caller leaves.
 */
#include "peer_end.h"

static const struct cal_rpcmsg_id echo_5 = {
	BYTES_OF("\xa4" "echo"), BYTES_OF("\xc4\x00"), BYTES_OF("\x05"),
};

struct pair {
	struct end server;
	struct raw_side client;
};

static void
pair_open(struct pair *pair)
{
	end_open(&pair->server, "r", true);
	raw_open(&pair->client, "r", false);
	settle();
}

static void
pair_close(struct pair *pair)
{
	raw_close(&pair->client);
	settle();
	end_close(&pair->server);
}

static void
send_type(struct pair *pair, enum cal_rpc_type type,
    const struct cal_rpcmsg_id *id, const char *body)
{
	struct cal_rpcmsg msg = { .type = type, .id = *id };

	msg.body = cal_slice_text(body);
	raw_send_msg(&pair->client, &msg);
}

/* Everything that identifies it comes back byte for byte. */
static void
test_echo_of_id(void **state)
{
	static const struct cal_rpcmsg_id ids[] = {
		{ BYTES_OF("\xa4" "echo"), BYTES_OF("\xc4\x00"),
		    BYTES_OF("\x05") },
		{ BYTES_OF("\xd9\x04" "echo"), BYTES_OF("\xa1k"),
		    BYTES_OF("\xcf\x00\x00\x00\x00\x00\x00\x00\x05") },
		{ BYTES_OF("\xa4" "echo"), BYTES_OF("\xc0"),
		    BYTES_OF("\xa1x") },
		{ BYTES_OF("\xa4" "echo"), BYTES_OF("\x92\x01\x02"),
		    BYTES_OF("\xff") },
	};
	struct pair pair = { .server.count = 0 };
	struct cal_rpcmsg msg = { .type = CAL_RPC_FUNCTION };
	struct cal_rpcmsg *got;
	size_t i;

	(void)state;
	pair_open(&pair);
	for (i = 0; i < COUNT(ids); i++) {
		msg.id = ids[i];
		msg.body = BYTES("1");
		msg.cid = BYTES("0123456789abcdef");
		raw_send_msg(&pair.client, &msg);
		settle();
		assert_int_equal(pair.server.count, i + 1);
		assert_slice(pair.server.reqs[i]->msg.method, "echo");
		end_answer(&pair.server, i, "2");
		settle();
		got = raw_read(&pair.client, i);
		assert_int_equal(got->type, CAL_RPC_RESULT);
		assert_true(cal_slice_same(got->id.meth, ids[i].meth));
		assert_true(cal_slice_same(got->id.okey, ids[i].okey));
		assert_true(cal_slice_same(got->id.seq, ids[i].seq));
		assert_slice(got->cid, "0123456789abcdef");
		assert_slice(got->body, "2");
	}
	pair_close(&pair);
}

/* A caller's mistake that the library allows. */
static void
test_duplicates_are_both_answered(void **state)
{
	struct pair pair = { .server.count = 0 };

	(void)state;
	pair_open(&pair);
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "1");
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "2");
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "3");
	settle();
	assert_int_equal(pair.server.count, 3);
	send_type(&pair, CAL_RPC_CANCEL, &echo_5, "");
	settle();
	assert_int_equal(pair.server.cancels, 3);

	/* The one in the middle goes first. */
	end_answer(&pair.server, 1, "two");
	settle();
	send_type(&pair, CAL_RPC_CANCEL, &echo_5, "");
	settle();
	assert_int_equal(pair.server.cancels, 3);       /* each only once */
	end_answer(&pair.server, 2, "three");
	end_answer(&pair.server, 0, "one");
	settle();
	assert_int_equal(pair.client.count, 3);
	assert_slice(raw_read(&pair.client, 0)->body, "two");
	assert_slice(raw_read(&pair.client, 1)->body, "three");
	assert_slice(raw_read(&pair.client, 2)->body, "one");
	send_type(&pair, CAL_RPC_CANCEL, &echo_5, "");
	settle();
	assert_int_equal(pair.server.cancels, 3);
	assert_int_equal(end_counts(&pair.server).unexpected, 2);
	pair_close(&pair);
}

/* CANCEL finds what has the same bytes, over the same link. */
static void
test_cancel_by_identity(void **state)
{
	struct pair pair = { .server.count = 0 };
	struct raw_side other;
	struct cal_rpcmsg_id id = echo_5;
	struct cal_rpcmsg msg = { .type = CAL_RPC_CANCEL, .id = echo_5 };

	(void)state;
	pair_open(&pair);
	raw_open(&other, "r", false);
	settle();
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "1");
	settle();
	id.okey = BYTES("\xa0");
	send_type(&pair, CAL_RPC_CANCEL, &id, "");
	raw_send_msg(&other, &msg);
	settle();
	assert_int_equal(pair.server.cancels, 0);
	assert_int_equal(end_counts(&pair.server).unexpected, 2);
	send_type(&pair, CAL_RPC_CANCEL, &echo_5, "");
	settle();
	assert_int_equal(pair.server.cancels, 1);
	assert_ptr_equal(pair.server.cancelled[0], pair.server.reqs[0]);
	raw_close(&other);
	pair_close(&pair);
}

static void
test_kinds_of_outcomes(void **state)
{
	struct pair pair = { .server.count = 0 };
	struct cal_outcome outcome;
	struct cal_rpcmsg *got;
	size_t i;

	(void)state;
	pair_open(&pair);
	for (i = 0; i < 3; i++)
		send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "1");
	settle();
	memset(&outcome, 0, sizeof(outcome));
	cal_outcome_refuse(&outcome, CAL_VERDICT_FAILURE, "HandlerExit",
	    "exit status %d", 3);
	cal_buf_put_text(&outcome.traceback, "words");
	outcome.has_status = true;
	outcome.status = 3;
	assert_true(cal_request_answer(pair.server.reqs[0], &outcome));
	memset(&outcome, 0, sizeof(outcome));
	cal_outcome_refuse(&outcome, CAL_VERDICT_ERROR, "Busy", "no room");
	assert_true(cal_request_answer(pair.server.reqs[1], &outcome));
	memset(&outcome, 0, sizeof(outcome));
	outcome.verdict = CAL_VERDICT_CANCELLED;
	outcome.stop = CAL_STOP_SHUTDOWN;
	assert_true(cal_request_answer(pair.server.reqs[2], &outcome));
	memset(pair.server.reqs, 0, sizeof(pair.server.reqs));
	settle();

	got = raw_read(&pair.client, 0);
	assert_int_equal(got->type, CAL_RPC_FAILURE);
	assert_slice(got->error[0], "HandlerExit");
	assert_slice(got->error[1], "exit status 3");
	assert_slice(got->error[2], "words");
	assert_true(got->has_st);
	assert_int_equal(got->st, 3);
	got = raw_read(&pair.client, 1);
	assert_int_equal(got->type, CAL_RPC_ERROR);
	assert_slice(got->error[0], "Busy");
	assert_false(got->has_st);
	got = raw_read(&pair.client, 2);
	assert_int_equal(got->type, CAL_RPC_CANCELLED);
	assert_slice(got->why, "shutdown");
	pair_close(&pair);
}

/* The caller leaves: its requests stay, and are answered in vain. */
static void
test_orphans(void **state)
{
	struct pair pair = { .server.count = 0 };
	struct cal_outcome outcome = { .verdict = CAL_VERDICT_RESULT };

	(void)state;
	pair_open(&pair);
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "1");
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "2");
	settle();
	assert_non_null(pair.server.reqs[0]->caller);
	raw_close(&pair.client);
	settle();
	assert_int_equal(pair.server.gone, 1);
	assert_null(pair.server.reqs[0]->caller);
	assert_null(pair.server.reqs[1]->caller);
	/* What they show is there as long as they are. */
	assert_slice(pair.server.reqs[0]->msg.body, "1");
	assert_slice(pair.server.reqs[1]->msg.method, "echo");
	cal_buf_put_text(&outcome.body, "in vain");
	assert_false(cal_request_answer(pair.server.reqs[0], &outcome));
	cal_request_drop(pair.server.reqs[1]);
	memset(pair.server.reqs, 0, sizeof(pair.server.reqs));
	assert_int_equal(end_counts(&pair.server).undeliverable, 1);
	end_close(&pair.server);
}

/* The caller left, but nobody was told yet. */
static void
test_answer_before_gone(void **state)
{
	struct pair pair = { .server.count = 0 };
	struct cal_outcome outcome = { .verdict = CAL_VERDICT_RESULT };

	(void)state;
	pair_open(&pair);
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "1");
	settle();
	raw_close(&pair.client);
	assert_false(cal_request_answer(pair.server.reqs[0], &outcome));
	pair.server.reqs[0] = NULL;
	assert_int_equal(end_counts(&pair.server).undeliverable, 1);
	settle();
	assert_int_equal(pair.server.gone, 1);
	end_close(&pair.server);
}

/* Closing with requests that were not answered. */
static void
test_close_orphans(void **state)
{
	struct pair pair = { .server.count = 0 };

	(void)state;
	pair_open(&pair);
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "1");
	settle();
	end_answer(&pair.server, 0, "1");
	assert_true(cal_peer_close(pair.server.peer, 0));
	assert_int_equal(pair.server.gone, 1);
	settle();
	/* An answer that was sent before the end arrives before it. */
	assert_int_equal(pair.client.count, 1);
	assert_int_equal(pair.client.downs, 1);
	raw_close(&pair.client);
}

/* Refused with a reason whenever the header can be read. */
static void
test_bad_requests(void **state)
{
	struct pair pair = { .server.conf.max_body = 4 };
	struct cal_rpcmsg msg = { .type = CAL_RPC_FUNCTION, .id = echo_5 };
	struct cal_buf header = { .max = 0 }, payload = { .max = 0 };
	static const char *const names[] = {
		"BadRequest", "TooLarge", "BadRequest", "BadRequest",
		"TooLarge",
	};
	size_t i;

	(void)state;
	pair_open(&pair);
	cal_rpcmsg_write(&msg, &header, &payload);
	raw_send(&pair.client, CAL_WORD_UPPER, cal_buf_view(&header),
	    BYTES(""));
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "12345");
	msg.type = 9;
	raw_send_msg(&pair.client, &msg);
	/* It says that it is compressed. */
	msg.type = CAL_RPC_FUNCTION;
	msg.zip = true;
	cal_buf_clear(&header);
	cal_buf_clear(&payload);
	cal_rpcmsg_write(&msg, &header, &payload);
	raw_send(&pair.client, CAL_WORD_UPPER, cal_buf_view(&header),
	    BYTES("\x05\xff\xff"));
	raw_send(&pair.client, CAL_WORD_UPPER, cal_buf_view(&header),
	    BYTES("\xff\xff\xff\xff\x0f" "abc"));
	settle();
	assert_int_equal(pair.server.count, 0);
	assert_int_equal(pair.client.count, COUNT(names));
	for (i = 0; i < COUNT(names); i++) {
		assert_int_equal(raw_read(&pair.client, i)->type,
		    CAL_RPC_ERROR);
		assert_true(cal_slice_is(pair.client.got[i].msg.error[0],
		    names[i]));
		assert_slice(pair.client.got[i].msg.id.seq, "\x05");
	}
	assert_int_equal(end_counts(&pair.server).refused, COUNT(names));
	assert_int_equal(end_counts(&pair.server).requests, COUNT(names));

	/* And it goes on. */
	send_type(&pair, CAL_RPC_FUNCTION, &echo_5, "1234");
	settle();
	assert_int_equal(pair.server.count, 1);
	cal_buf_release(&header);
	cal_buf_release(&payload);
	pair_close(&pair);
}

static void
test_max_answer(void **state)
{
	struct pair pair = { .server.conf.max_body = 1000 };
	struct cal_rpcmsg msg = { .type = CAL_RPC_FUNCTION, .id = echo_5,
	    .has_max = true };

	(void)state;
	pair_open(&pair);
	msg.max = 10;
	raw_send_msg(&pair.client, &msg);
	msg.max = 1 << 20;
	raw_send_msg(&pair.client, &msg);
	settle();
	assert_int_equal(pair.server.reqs[0]->max_answer, 10);
	assert_int_equal(pair.server.reqs[1]->max_answer, 1000);
	pair_close(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_of_id),
		cmocka_unit_test(test_duplicates_are_both_answered),
		cmocka_unit_test(test_cancel_by_identity),
		cmocka_unit_test(test_kinds_of_outcomes),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_answer_before_gone),
		cmocka_unit_test(test_close_orphans),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_max_answer),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
