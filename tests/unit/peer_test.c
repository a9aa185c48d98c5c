/*
 * Unit tests of rpc/peer over loop://: both directions on one connection,
 * PING, PONG and the hello, probes, and what makes no sense.
 */
#include "codec/hello.h"
#include "peer_end.h"

/* Whoever bound or connected: both call and both handle. */
static void
test_both_directions(void **state)
{
	struct end server = { 0 }, client = { 0 };
	struct errand there, back;

	(void)state;
	end_open(&server, "p", true);
	end_open(&client, "p", false);
	call(&there, &client, "up", "1");
	call(&back, &server, "down", "2");
	settle();
	assert_int_equal(server.count, 1);
	assert_int_equal(client.count, 1);
	assert_slice(server.reqs[0]->msg.method, "up");
	assert_slice(server.reqs[0]->msg.body, "1");
	assert_slice(client.reqs[0]->msg.method, "down");
	assert_slice(client.reqs[0]->msg.body, "2");
	assert_true(cal_call_sent(there.call));
	assert_true(cal_call_sent(back.call));
	/* Both are number 0: directions do not meet. */
	assert_int_equal(cal_call_seq(there.call), cal_call_seq(back.call));

	end_answer(&server, 0, "one");
	end_answer(&client, 0, "two");
	settle();
	assert_true(there.done);
	assert_true(back.done);
	assert_int_equal(there.answer.kind, CAL_ANSWER_RESULT);
	assert_slice(cal_buf_view(&there.body), "one");
	assert_slice(cal_buf_view(&back.body), "two");
	assert_true(there.answer.ours);
	assert_int_equal(client.ups, 1);
	assert_int_equal(server.ups, 0);
	errand_release(&there);
	errand_release(&back);
	end_close(&client);
	settle();
	assert_int_equal(server.gone, 1);
	end_close(&server);
}

/* A peer that handles nothing says so. */
static void
test_handles_nothing(void **state)
{
	static const struct cal_peer_events none = { .request = NULL };
	struct end server = { .conf.events = &none }, client = { 0 };
	struct errand errand;

	(void)state;
	end_open(&server, "p", true);
	end_open(&client, "p", false);
	call(&errand, &client, "echo", "1");
	settle();
	assert_true(errand.done);
	assert_int_equal(errand.answer.kind, CAL_ANSWER_ERROR);
	assert_slice(cal_buf_view(&errand.error[0]), "MethodNotFound");
	assert_int_equal(end_counts(&server).refused, 1);
	errand_release(&errand);
	end_close(&client);
	end_close(&server);
}

static void
test_pong_echoes(void **state)
{
	struct end server = { 0 };
	struct raw_side client;
	const struct cal_slice pre[] = { BYTES(""), BYTES("x") };
	struct cal_frames frames = {
		.word = CAL_WORD_PING, .header = BYTES("a"),
		.payload = BYTES("b"), .pre = pre, .pre_count = 2,
	};

	(void)state;
	end_open(&server, "p", true);
	raw_open(&client, "p", false);
	settle();
	raw_send(&client, CAL_WORD_PING, BYTES(""), BYTES(""));
	assert_int_equal(cal_conn_send(client.conn, client.link, &frames,
	    NULL), CAL_OK);
	/* The question with a payload is none. */
	raw_send(&client, CAL_WORD_PING, BYTES("cal1"), BYTES("?"));
	settle();
	assert_int_equal(raw_count(&client, CAL_WORD_PONG), 3);
	assert_int_equal(client.got[0].header.len, 0);
	assert_int_equal(client.got[0].payload.len, 0);
	assert_slice(cal_buf_view(&client.got[1].header), "a");
	assert_slice(cal_buf_view(&client.got[1].payload), "b");
	assert_int_equal(client.got[1].pre_count, 2);
	assert_slice(cal_buf_view(&client.got[1].pre), "x");
	assert_slice(cal_buf_view(&client.got[2].header), "cal1");
	assert_slice(cal_buf_view(&client.got[2].payload), "?");
	raw_close(&client);
	end_close(&server);
}

static void
test_large_ping_is_dropped(void **state)
{
	struct end server = { 0 };
	struct raw_side client;
	uint8_t bytes[1025] = { 0 };

	(void)state;
	end_open(&server, "p", true);
	raw_open(&client, "p", false);
	settle();
	raw_send(&client, CAL_WORD_PING, cal_slice_of(bytes, 1024),
	    BYTES(""));
	raw_send(&client, CAL_WORD_PING, cal_slice_of(bytes, 1025),
	    BYTES(""));
	raw_send(&client, CAL_WORD_PING, cal_slice_of(bytes, 1000),
	    cal_slice_of(bytes, 25));
	settle();
	assert_int_equal(raw_count(&client, CAL_WORD_PONG), 1);
	assert_int_equal(client.got[0].header.len, 1024);
	assert_int_equal(end_counts(&server).malformed, 2);
	raw_close(&client);
	end_close(&server);
}

static void
test_hello(void **state)
{
	struct end server = { .conf.order = "key", .conf.serializer = "json",
	    .conf.max_body = 12345, .methods = BYTES("\x92\xa1" "a\xa1" "b") };
	struct raw_side client;
	struct cal_hello hello;
	struct cal_err err;

	(void)state;
	end_open(&server, "p", true);
	raw_open(&client, "p", false);
	settle();
	raw_send(&client, CAL_WORD_PING, BYTES("cal1"), BYTES(""));
	settle();
	assert_int_equal(raw_count(&client, CAL_WORD_PONG), 1);
	assert_slice(cal_buf_view(&client.got[0].header), "cal1");
	assert_int_equal(cal_hello_read(&hello,
	    cal_buf_view(&client.got[0].payload), &err), CAL_OK);
	assert_slice(hello.order, "key");
	assert_slice(hello.serializer, "json");
	assert_int_equal(hello.max_body, 12345);
	assert_true(cal_hello_lists(hello.methods, BYTES("a")));
	assert_false(cal_hello_lists(hello.methods, BYTES("c")));
	assert_true(cal_hello_lists(hello.ext, BYTES("cid")));
	raw_close(&client);
	end_close(&server);
}

/* Nothing of this stops a peer, or is answered. */
static void
test_nonsense(void **state)
{
	struct end server = { 0 };
	struct raw_side client;
	const struct cal_rpcmsg_id id = {
		BYTES("\xa1" "m"), BYTES("\xc4\x00"), BYTES("\x07"),
	};
	const enum cal_rpc_type types[] = {
		CAL_RPC_NULL, CAL_RPC_RESULT, CAL_RPC_FAILURE, CAL_RPC_ERROR,
		CAL_RPC_CANCEL, CAL_RPC_CANCELLED,
	};
	struct cal_rpcmsg msg = { .id = id };
	size_t i;

	(void)state;
	end_open(&server, "p", true);
	raw_open(&client, "p", false);
	settle();
	raw_send(&client, CAL_WORD_UPPER, BYTES(""), BYTES(""));
	raw_send(&client, CAL_WORD_UPPER, BYTES("\x80"), BYTES("\x80"));
	raw_send(&client, CAL_WORD_UPPER, BYTES("\xc1"), BYTES("x"));
	raw_send(&client, CAL_WORD_PONG, BYTES("?"), BYTES("?"));
	raw_send(&client, CAL_WORD_PONG, BYTES("cal1"), BYTES("\xc1"));
	settle();
	assert_int_equal(end_counts(&server).malformed, 3);
	for (i = 0; i < COUNT(types); i++) {
		msg.type = types[i];
		raw_send_msg(&client, &msg);
	}
	settle();
	assert_int_equal(end_counts(&server).unexpected, COUNT(types));
	assert_int_equal(client.count, 0);
	assert_int_equal(server.count, 0);

	raw_send(&client, CAL_WORD_PING, BYTES(""), BYTES(""));
	settle();
	assert_int_equal(raw_count(&client, CAL_WORD_PONG), 1);
	raw_close(&client);
	end_close(&server);
}

struct probe {
	bool done, said;
	double seconds;
	enum cal_code code;
};

static void
on_probe(void *arg, double seconds, const struct cal_hello *hello,
    const struct cal_err *err)
{
	struct probe *probe = arg;

	assert_false(probe->done);
	probe->done = true;
	probe->said = hello != NULL;
	probe->seconds = seconds;
	probe->code = err == NULL ? CAL_OK : err->code;
}

static void
test_probe_ours(void **state)
{
	struct end server = { 0 }, client = { 0 };
	struct probe probe = { 0 };

	(void)state;
	end_open(&server, "p", true);
	end_open(&client, "p", false);
	cal_peer_probe(client.peer, 5, on_probe, &probe);
	assert_false(probe.done);
	settle();
	assert_true(probe.done);
	assert_true(probe.said);
	assert_int_equal(probe.code, CAL_OK);
	assert_true(probe.seconds >= 0);

	/* And again, over the connection that is there. */
	memset(&probe, 0, sizeof(probe));
	cal_peer_probe(client.peer, 5, on_probe, &probe);
	settle();
	assert_true(probe.done);
	end_close(&client);
	end_close(&server);
}

/* What a probe says of a server that gives answer, or nothing. */
static struct probe
probe_raw(bool pong, struct cal_slice header, struct cal_slice payload)
{
	struct end client = { 0 };
	struct raw_side server;
	struct probe probe = { 0 };

	raw_open(&server, "p", true);
	end_open(&client, "p", false);
	ev_now_update(loop);
	cal_peer_probe(client.peer, 0.05, on_probe, &probe);
	settle();
	assert_int_equal(server.got[0].word, CAL_WORD_PING);
	if (header.ptr != NULL)
		raw_send(&server, pong ? CAL_WORD_PONG : CAL_WORD_UPPER,
		    header, payload);
	WAIT_FOR(probe.done);
	end_close(&client);
	raw_close(&server);
	return probe;
}

static void
test_probe_others(void **state)
{
	const struct cal_slice nothing = { NULL, 0 };
	struct probe probe;

	(void)state;
	probe = probe_raw(true, BYTES("cal1"), BYTES(""));
	assert_int_equal(probe.code, CAL_OK);
	assert_false(probe.said);
	probe = probe_raw(true, BYTES("cal1"), BYTES("\x80"));
	assert_int_equal(probe.code, CAL_OK);
	assert_true(probe.said);
	probe = probe_raw(true, BYTES("cal1"), BYTES("\xc1"));
	assert_int_equal(probe.code, CAL_EPROTO);
	probe = probe_raw(false, BYTES("\xc1"), BYTES("x"));
	assert_int_equal(probe.code, CAL_EPROTO);
	probe = probe_raw(true, nothing, nothing);
	assert_int_equal(probe.code, CAL_EUNAVAIL);
}

/* A bad second hello changes nothing of the first. */
static void
test_bad_hello_after_good(void **state)
{
	struct end client = { 0 };
	struct raw_side server;
	struct errand known, unknown;
	struct cal_buf large = { .max = 0 };
	size_t i;

	(void)state;
	raw_open(&server, "p", true);
	end_open(&client, "p", false);
	settle();
	/* {"methods": ["a"]} */
	raw_send(&server, CAL_WORD_PONG, BYTES("cal1"),
	    BYTES("\x81\xa7methods\x91\xa1" "a"));
	settle();
	for (i = 0; i < 8000; i++)
		cal_buf_put_byte(&large, 0xc1);
	raw_send(&server, CAL_WORD_PONG, BYTES("cal1"), cal_buf_view(&large));
	settle();
	raw_clear(&server);
	call(&known, &client, "a", "1");
	call(&unknown, &client, "b", "1");
	settle();
	assert_int_equal(raw_count(&server, CAL_WORD_UPPER), 1);
	assert_false(known.done);
	assert_true(unknown.done);
	assert_int_equal(unknown.answer.kind, CAL_ANSWER_ERROR);
	cal_buf_release(&large);
	errand_release(&unknown);
	end_close(&client);
	raw_close(&server);
}

static void
test_open_fails(void **state)
{
	struct cal_peer_conf conf = { .loop = loop, .events = &end_events };
	struct cal_peer *peer;
	struct cal_err err;

	(void)state;
	conf.url.scheme = CAL_LOOPBACK;
	(void)snprintf(conf.url.path, sizeof(conf.url.path), "nobody");
	assert_int_equal(cal_peer_open(&peer, &conf, &err), CAL_EUNAVAIL);
	assert_null(peer);
	assert_true(cal_peer_close(NULL, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_handles_nothing),
		cmocka_unit_test(test_pong_echoes),
		cmocka_unit_test(test_large_ping_is_dropped),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_probe_ours),
		cmocka_unit_test(test_probe_others),
		cmocka_unit_test(test_bad_hello_after_good),
		cmocka_unit_test(test_open_fails),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
