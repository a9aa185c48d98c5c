/*
 * Unit tests of rpc/call: which answers belong to a call, what they say, and
 * how the caller ends it.
 */
#include "pair.h"

static void
test_answer_is_matched(void **state)
{
	struct pair pair = { 0 };
	struct errand errand;
	struct cal_rpcmsg msg;
	struct cal_rpcmsg_id id;

	(void)state;
	pair_open(&pair);
	call(&errand, &pair.client, "echo", "1");
	settle();
	assert_int_equal(pair.server.count, 1);
	msg = *raw_read(&pair.server, 0);
	id = msg.id;
	assert_int_equal(msg.type, CAL_RPC_FUNCTION);
	assert_slice(msg.method, "echo");
	assert_slice(msg.id.okey, "\xc4\x00");
	assert_int_equal(msg.cid.len, CAL_RPCMSG_CID);
	assert_true(msg.has_max);
	assert_false(msg.has_dl);

	/* The key of another kind: str "" and nil for bin "". */
	msg.id.okey = BYTES("\xa0");
	answer(&pair.server, &msg, "wrong");
	msg.id.okey = BYTES("\xc0");
	answer(&pair.server, &msg, "wrong");
	msg.id.okey = id.okey;
	msg.id.meth = BYTES("\xa4" "echO");
	answer(&pair.server, &msg, "wrong");
	msg.id.meth = BYTES("\xa5" "echo2");
	answer(&pair.server, &msg, "wrong");
	msg.id.meth = id.meth;
	msg.id.seq = BYTES("\xcc\x00");         /* not the shortest form */
	answer(&pair.server, &msg, "wrong");
	msg.id.seq = BYTES("\x01");
	answer(&pair.server, &msg, "wrong");
	msg.id.seq = BYTES("\xcf\x00\x00\x00\x01\x00\x00\x00\x00");
	answer(&pair.server, &msg, "wrong");
	msg.id.seq = BYTES("\xa1" "0");
	answer(&pair.server, &msg, "wrong");
	msg.id.seq = id.seq;
	msg.cid = BYTES("0123456789abcdef");
	answer(&pair.server, &msg, "wrong");
	assert_false(errand.done);
	assert_int_equal(end_counts(&pair.client).unexpected, 9);

	/* Without a cid, as a plain server answers. */
	msg.cid = BYTES("");
	answer(&pair.server, &msg, "right");
	assert_true(errand.done);
	assert_slice(cal_buf_view(&errand.body), "right");
	assert_false(errand.answer.ours);
	answer(&pair.server, &msg, "again");
	assert_int_equal(end_counts(&pair.client).unexpected, 10);
	errand_release(&errand);
	pair_close(&pair);
}

static void
test_kinds_of_answers(void **state)
{
	static const struct {
		enum cal_rpc_type type;
		enum cal_answer_kind kind;
	} rows[] = {
		{ CAL_RPC_RESULT, CAL_ANSWER_RESULT },
		{ CAL_RPC_FAILURE, CAL_ANSWER_FAILURE },
		{ CAL_RPC_ERROR, CAL_ANSWER_ERROR },
		{ CAL_RPC_CANCELLED, CAL_ANSWER_CANCELLED },
	};
	struct pair pair = { 0 };
	struct errand errand;
	struct cal_rpcmsg msg;
	size_t i;

	(void)state;
	pair_open(&pair);
	for (i = 0; i < COUNT(rows); i++) {
		call(&errand, &pair.client, "echo", "1");
		settle();
		msg = *raw_read(&pair.server, 0);
		msg.has_max = false;
		msg.type = rows[i].type;
		msg.error[0] = BYTES("Name");
		msg.error[1] = BYTES("repr");
		msg.error[2] = BYTES("traceback");
		if (msg.type == CAL_RPC_CANCELLED)
			msg.why = BYTES("shutdown");
		msg.has_st = msg.type == CAL_RPC_FAILURE;
		msg.st = -11;
		raw_send_msg(&pair.server, &msg);
		settle();
		assert_true(errand.done);
		assert_int_equal(errand.answer.kind, rows[i].kind);
		if (msg.type == CAL_RPC_FAILURE || msg.type == CAL_RPC_ERROR) {
			assert_slice(cal_buf_view(&errand.error[0]), "Name");
			assert_slice(cal_buf_view(&errand.error[2]),
			    "traceback");
		}
		assert_int_equal(errand.answer.has_status, msg.has_st);
		if (msg.has_st)
			assert_int_equal(errand.answer.status, -11);
		if (msg.type == CAL_RPC_CANCELLED)
			assert_slice(cal_buf_view(&errand.why), "shutdown");
		errand_release(&errand);
		raw_clear(&pair.server);
	}
	pair_close(&pair);
}

/* An answer that is found but not to be read ends its call, and only it. */
static void
test_unreadable_answer(void **state)
{
	struct pair pair = { 0 };
	struct errand bad, good;
	struct cal_rpcmsg msg;
	struct cal_buf header = { .max = 0 }, payload = { .max = 0 };

	(void)state;
	pair_open(&pair);
	call(&bad, &pair.client, "echo", "1");
	call(&good, &pair.client, "echo", "2");
	settle();
	msg = *raw_read(&pair.server, 0);
	msg.type = CAL_RPC_RESULT;
	msg.has_max = false;
	cal_rpcmsg_write(&msg, &header, &payload);
	raw_send(&pair.server, CAL_WORD_UPPER, cal_buf_view(&header),
	    BYTES("\x81\xa4" "body"));
	settle();
	assert_true(bad.done);
	assert_int_equal(bad.answer.kind, CAL_ANSWER_UNREADABLE);
	assert_int_equal(bad.answer.err.code, CAL_EPROTO);
	assert_false(good.done);
	msg = *raw_read(&pair.server, 1);
	answer(&pair.server, &msg, "ok");
	assert_true(good.done);
	cal_buf_release(&header);
	cal_buf_release(&payload);
	errand_release(&bad);
	errand_release(&good);
	pair_close(&pair);
}

/* An answer above max_body is told apart from a broken one. */
static void
test_large_answer(void **state)
{
	struct errand errand;
	struct cal_rpcmsg msg;
	int zip;

	(void)state;
	for (zip = 0; zip < 2; zip++) {
		struct pair pair = { .client.conf.max_body = 10 };

		pair_open(&pair);
		call(&errand, &pair.client, "echo", "1");
		settle();
		msg = *raw_read(&pair.server, 0);
		assert_int_equal(msg.max, 10);
		msg.zip = zip == 1;
		answer(&pair.server, &msg, "a text that is longer than this "
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		assert_true(errand.done);
		assert_int_equal(errand.answer.kind, CAL_ANSWER_UNREADABLE);
		assert_int_equal(errand.answer.err.code, CAL_EDATA);
		errand_release(&errand);
		pair_close(&pair);
	}
}

static void
test_timeout_sends_cancel(void **state)
{
	struct pair pair = { 0 };
	struct errand errand;
	struct cal_call_conf conf = {
		.method = BYTES("echo"), .key = BYTES("k"),
		.body = BYTES("1"), .timeout = 0.05,
	};
	struct cal_rpcmsg *request, *cancel;

	(void)state;
	pair_open(&pair);
	call_with(&errand, &pair.client, &conf);
	settle();
	request = raw_read(&pair.server, 0);
	assert_true(request->has_dl);
	assert_in_range(request->dl, 1, 50);
	assert_slice(request->id.okey, "\xa1" "k");
	WAIT_FOR(errand.done);
	assert_int_equal(errand.answer.kind, CAL_ANSWER_TIMEOUT);
	assert_int_equal(errand.answer.err.code, CAL_EUNKNOWN);
	assert_true(errand.answer.seconds >= 0.04);
	settle();
	assert_int_equal(pair.server.count, 2);
	cancel = raw_read(&pair.server, 1);
	assert_int_equal(cancel->type, CAL_RPC_CANCEL);
	assert_true(cal_slice_same(cancel->id.seq, request->id.seq));
	assert_true(cal_slice_same(cancel->id.okey, request->id.okey));
	assert_true(cal_slice_same(cancel->cid, request->cid));

	/* The late answer is nobody's. */
	answer(&pair.server, request, "late");
	assert_int_equal(end_counts(&pair.client).unexpected, 1);
	errand_release(&errand);
	pair_close(&pair);
}

static void
test_cancel(void **state)
{
	struct pair pair = { 0 };
	struct errand errand, forgotten;
	struct cal_rpcmsg msg;

	(void)state;
	pair_open(&pair);
	call(&errand, &pair.client, "echo", "1");
	call(&forgotten, &pair.client, "echo", "2");
	settle();
	assert_int_equal(cal_call_seq(errand.call), 0);
	assert_int_equal(cal_call_seq(forgotten.call), 1);
	cal_call_cancel(errand.call);
	cal_call_free(forgotten.call);
	cal_call_free(NULL);
	settle();
	assert_int_equal(raw_read(&pair.server, 2)->type, CAL_RPC_CANCEL);
	assert_false(errand.done);

	/* The server may not care, as the library's does not. */
	msg = *raw_read(&pair.server, 0);
	answer(&pair.server, &msg, "done");
	assert_true(errand.done);
	assert_int_equal(errand.answer.kind, CAL_ANSWER_RESULT);
	msg = *raw_read(&pair.server, 1);
	answer(&pair.server, &msg, "for nobody");
	assert_false(forgotten.done);
	errand_release(&errand);
	pair_close(&pair);
}

/* A call may be made from inside an answer. */
static void
on_answer_call(void *arg, const struct cal_answer *got)
{
	struct pair *pair = arg;
	static struct errand next;

	assert_int_equal(got->kind, CAL_ANSWER_RESULT);
	call(&next, &pair->client, "next", "1");
}

static void
test_call_from_answer(void **state)
{
	struct pair pair = { 0 };
	struct cal_call *first;
	struct cal_call_conf conf = { .method = BYTES("first") };
	struct cal_rpcmsg msg;

	(void)state;
	pair_open(&pair);
	cal_call_start(&first, pair.client.peer, &conf, on_answer_call,
	    &pair);
	settle();
	msg = *raw_read(&pair.server, 0);
	answer(&pair.server, &msg, "1");
	settle();
	assert_slice(raw_read(&pair.server, 1)->method, "next");
	assert_slice(raw_read(&pair.server, 1)->id.seq, "\x01");
	pair_close(&pair);
}

/* Compressed both ways, as the wire allows. */
static void
test_compressed(void **state)
{
	struct pair pair = { .client.conf.compress = true };
	struct errand errand;
	struct cal_rpcmsg msg;

	(void)state;
	pair_open(&pair);
	call(&errand, &pair.client, "echo", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	settle();
	msg = *raw_read(&pair.server, 0);
	assert_true(msg.zip);
	assert_slice(msg.body, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	answer(&pair.server, &msg, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	assert_slice(cal_buf_view(&errand.body),
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	errand_release(&errand);
	pair_close(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_is_matched),
		cmocka_unit_test(test_kinds_of_answers),
		cmocka_unit_test(test_unreadable_answer),
		cmocka_unit_test(test_large_answer),
		cmocka_unit_test(test_timeout_sends_cancel),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_call_from_answer),
		cmocka_unit_test(test_compressed),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
