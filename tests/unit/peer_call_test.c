/*
 * Unit tests of rpc/call: which answers belong to a call, when calls leave,
 * and every way in which they end without an answer.
 */
#include "peer_end.h"

enum { MIB = 1 << 20 };

/* A client of a server that is in the hands of the test. */
struct pair {
	struct end client;
	struct raw_side server;
};

static void
pair_open(struct pair *pair)
{
	memset(&pair->client, 0, sizeof(pair->client));
	raw_open(&pair->server, "c", true);
	end_open(&pair->client, "c", false);
	settle();
	raw_clear(&pair->server);
}

static void
pair_close(struct pair *pair)
{
	end_close(&pair->client);
	raw_close(&pair->server);
}

/* Answers the request that came as number i, as the test changed it. */
static void
answer(struct raw_side *server, struct cal_rpcmsg *msg, const char *body)
{
	msg->type = CAL_RPC_RESULT;
	msg->body = cal_slice_text(body);
	msg->has_max = msg->has_dl = false;
	raw_send_msg(server, msg);
	settle();
}

static void
test_answer_is_matched(void **state)
{
	struct pair pair;
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
	struct pair pair;
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
	struct pair pair;
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
	struct pair pair = { .client.conf.max_body = 10 };
	struct errand errand;
	struct cal_rpcmsg msg;
	int zip;

	(void)state;
	for (zip = 0; zip < 2; zip++) {
		memset(&pair, 0, sizeof(pair));
		pair.client.conf.max_body = 10;
		raw_open(&pair.server, "c", true);
		end_open(&pair.client, "c", false);
		settle();
		raw_clear(&pair.server);
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
	struct pair pair;
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
	struct pair pair;
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

/* What waits at a binding peer for somebody who can be called. */
static void
test_unsent(void **state)
{
	struct end end = { .conf.connect_timeout = 0.2 };
	struct raw_side worker;
	struct errand waits, cancelled, short_of_time;
	struct cal_call_conf conf = {
		.method = BYTES("echo"), .timeout = 0.01,
	};

	(void)state;
	end_open(&end, "c", true);
	call(&waits, &end, "echo", "1");
	call(&cancelled, &end, "echo", "1");
	call_with(&short_of_time, &end, &conf);
	cal_call_cancel(cancelled.call);
	assert_false(cancelled.done);
	assert_false(cal_call_sent(waits.call));
	WAIT_FOR(cancelled.done);
	assert_int_equal(cancelled.answer.kind, CAL_ANSWER_UNSENT);
	WAIT_FOR(waits.done);
	assert_int_equal(waits.answer.kind, CAL_ANSWER_UNSENT);
	assert_int_equal(waits.answer.err.code, CAL_EUNAVAIL);
	assert_true(short_of_time.done);
	assert_int_equal(short_of_time.answer.kind, CAL_ANSWER_UNSENT);
	assert_int_equal(short_of_time.answer.err.code, CAL_EUNAVAIL);

	/* The next one has a time of its own to wait. */
	call(&waits, &end, "echo", "1");
	settle();
	assert_false(waits.done);
	WAIT_FOR(waits.done);
	assert_int_equal(waits.answer.err.code, CAL_EUNAVAIL);

	raw_open(&worker, "c", false);
	settle();
	raw_send(&worker, CAL_WORD_PING, BYTES(""), BYTES(""));
	settle();
	call(&waits, &end, "echo", "1");
	settle();
	assert_false(waits.done);
	assert_int_equal(raw_count(&worker, CAL_WORD_UPPER), 1);
	raw_close(&worker);
	settle();
	assert_true(waits.done);
	assert_int_equal(waits.answer.kind, CAL_ANSWER_LOST);

	/* It was there just now: the time to connect begins anew. */
	call(&waits, &end, "echo", "1");
	settle();
	assert_false(waits.done);
	WAIT_FOR(waits.done);
	assert_int_equal(waits.answer.kind, CAL_ANSWER_UNSENT);
	end_close(&end);
}

/* Sent calls are lost with their link; unsent ones wait for the next. */
static void
test_peer_goes_away(void **state)
{
	struct end end = { .conf.connect_timeout = 5 };
	struct raw_side first, second;
	struct errand sent, unsent;
	struct cal_rpcmsg msg;

	(void)state;
	end_open(&end, "c", true);
	raw_open(&first, "c", false);
	settle();
	call(&sent, &end, "echo", "1");
	settle();
	/* It did not show yet that it speaks RPC. */
	assert_int_equal(first.count, 0);
	raw_send(&first, CAL_WORD_PING, BYTES(""), BYTES(""));
	settle();
	assert_int_equal(raw_count(&first, CAL_WORD_UPPER), 1);
	raw_close(&first);
	call(&unsent, &end, "echo", "2");
	settle();
	assert_true(sent.done);
	assert_int_equal(sent.answer.kind, CAL_ANSWER_LOST);
	assert_int_equal(sent.answer.err.code, CAL_EUNKNOWN);
	assert_int_equal(end.gone, 1);
	assert_false(unsent.done);

	raw_open(&second, "c", false);
	settle();
	raw_send(&second, CAL_WORD_PING, BYTES(""), BYTES(""));
	settle();
	assert_int_equal(second.got[0].word, CAL_WORD_PONG);
	assert_int_equal(second.got[1].word, CAL_WORD_PING);
	msg = *raw_read(&second, 2);
	answer(&second, &msg, "two");
	assert_true(unsent.done);
	assert_slice(cal_buf_view(&unsent.body), "two");
	errand_release(&unsent);
	raw_close(&second);
	end_close(&end);
}

/* An answer over another link than the call's own is not its answer. */
static void
test_answer_over_another_link(void **state)
{
	struct end end = { 0 };
	struct raw_side one, other;
	struct errand errand, second;
	struct cal_rpcmsg msg;

	(void)state;
	end_open(&end, "c", true);
	raw_open(&one, "c", false);
	settle();
	raw_send(&one, CAL_WORD_PING, BYTES(""), BYTES(""));
	settle();
	raw_clear(&one);
	call(&errand, &end, "echo", "1");
	settle();
	raw_open(&other, "c", false);
	settle();
	raw_send(&other, CAL_WORD_PING, BYTES(""), BYTES(""));
	settle();
	raw_clear(&other);
	msg = *raw_read(&one, raw_count(&one, CAL_WORD_PING));
	answer(&other, &msg, "stolen");
	assert_false(errand.done);

	/* The next one goes to whoever has the fewest. */
	call(&second, &end, "echo", "2");
	settle();
	assert_int_equal(raw_count(&other, CAL_WORD_UPPER), 1);
	answer(&one, &msg, "mine");
	assert_true(errand.done);
	assert_slice(cal_buf_view(&errand.body), "mine");
	errand_release(&errand);
	raw_close(&one);
	raw_close(&other);
	settle();
	assert_true(second.done);
	end_close(&end);
}

/* {"methods": ["a"], "max_body": 2 MiB} */
static const char HELLO[] =
    "\x82\xa7methods\x91\xa1" "a\xa8max_body\xce\x00\x20\x00\x00";

static void
test_hello_refuses_locally(void **state)
{
	struct pair pair;
	struct errand a, b, large;
	uint8_t *body = cal_calloc(3, MIB);
	struct cal_call_conf conf = {
		.method = BYTES("a"), .body = cal_slice_of(body, 3 * MIB),
	};

	(void)state;
	pair_open(&pair);
	raw_send(&pair.server, CAL_WORD_PONG, BYTES("cal1"), BYTES(HELLO));
	settle();
	assert_int_equal(pair.client.ups, 1);
	call(&a, &pair.client, "a", "1");
	call(&b, &pair.client, "b", "1");
	call_with(&large, &pair.client, &conf);
	settle();
	assert_int_equal(pair.server.count, 1);
	assert_slice(raw_read(&pair.server, 0)->method, "a");
	assert_true(b.done);
	assert_int_equal(b.answer.kind, CAL_ANSWER_ERROR);
	assert_slice(cal_buf_view(&b.error[0]), "MethodNotFound");
	assert_true(b.answer.ours);
	assert_true(large.done);
	assert_int_equal(large.answer.kind, CAL_ANSWER_UNSENT);
	assert_int_equal(large.answer.err.code, CAL_EDATA);
	errand_release(&b);
	pair_close(&pair);
	free(body);
}

static void
test_star_is_any_method(void **state)
{
	struct pair pair;
	struct errand errand;

	(void)state;
	pair_open(&pair);
	raw_send(&pair.server, CAL_WORD_PONG, BYTES("cal1"),
	    BYTES("\x81\xa7methods\x91\xa1*"));
	settle();
	call(&errand, &pair.client, "whatever", "1");
	settle();
	assert_int_equal(pair.server.count, 1);
	assert_false(errand.done);
	pair_close(&pair);
}

/* A body above 1 MiB waits for the hello, and nothing overtakes it. */
static void
test_large_body_waits(void **state)
{
	struct pair pair;
	struct errand large, edge, small;
	uint8_t *body = cal_calloc(1, MIB + 1);
	struct cal_call_conf conf = {
		.method = BYTES("a"), .body = cal_slice_of(body, MIB + 1),
	};
	int plain;

	(void)state;
	for (plain = 0; plain < 2; plain++) {
		pair_open(&pair);
		conf.body.len = MIB;
		call_with(&edge, &pair.client, &conf);
		conf.body.len = MIB + 1;
		call_with(&large, &pair.client, &conf);
		call(&small, &pair.client, "a", "1");
		settle();
		assert_int_equal(pair.server.count, 1);
		assert_true(cal_call_sent(edge.call));
		assert_false(cal_call_sent(large.call));
		assert_false(cal_call_sent(small.call));
		raw_send(&pair.server, CAL_WORD_PONG, BYTES("cal1"),
		    plain == 1 ? BYTES("") : BYTES(HELLO));
		settle();
		assert_int_equal(pair.server.count, 3);
		assert_true(cal_call_sent(large.call));
		assert_true(cal_call_sent(small.call));
		assert_int_equal(raw_read(&pair.server, 1)->body.len, MIB + 1);
		assert_slice(raw_read(&pair.server, 2)->body, "1");
		pair_close(&pair);
	}
	free(body);
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
	struct pair pair;
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
	raw_open(&pair.server, "c", true);
	end_open(&pair.client, "c", false);
	settle();
	raw_clear(&pair.server);
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
		cmocka_unit_test(test_unsent),
		cmocka_unit_test(test_peer_goes_away),
		cmocka_unit_test(test_answer_over_another_link),
		cmocka_unit_test(test_hello_refuses_locally),
		cmocka_unit_test(test_star_is_any_method),
		cmocka_unit_test(test_large_body_waits),
		cmocka_unit_test(test_call_from_answer),
		cmocka_unit_test(test_compressed),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
