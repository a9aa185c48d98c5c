/*
 * Unit test of rpc/call_leave: calls for which there is no room wait while the
 * server lives, and leave by themselves, in order.
 */
#include "codec/mp.h"
#include "codec/rpcmsg.h"
#include "far_side.h"
#include "rpc/call.h"

enum { BODY = 1000, BATCH = 3000, CAPACITY = 100000 };
static const double CONNECT = 0.2;      /* seconds */

/* A caller, and what became of its calls. */
struct caller {
	struct cal_peer *peer;
	size_t ups, started, answers;
	struct cal_call *last;
	struct cal_err err;                     /* of the last answer */
};

static void
on_caller_up(void *arg)
{
	struct caller *caller = arg;

	caller->ups++;
}

static void
on_answer(void *arg, const struct cal_answer *answer)
{
	struct caller *caller = arg;

	assert_int_equal(answer->kind, CAL_ANSWER_UNSENT);
	caller->answers++;
	caller->err = answer->err;
}

static void
caller_open(struct caller *caller, const char *name)
{
	static const struct cal_peer_events events = { .up = on_caller_up };
	struct cal_peer_conf conf = {
		.loop = loop, .url = side_url(name), .max_body = BODY,
		.connect_timeout = CONNECT, .events = &events, .arg = caller,
	};
	struct cal_err err;

	memset(caller, 0, sizeof(*caller));
	assert_int_equal(cal_peer_open(&caller->peer, &conf, &err), CAL_OK);
}

static void
caller_call(struct caller *caller)
{
	static const uint8_t body[BODY];
	struct cal_call_conf conf = {
		.method = cal_slice_text("m"),
		.body = cal_slice_of(body, sizeof(body)),
	};

	cal_call_start(&caller->last, caller->peer, &conf, on_answer, caller);
	caller->started++;
}

/* Answers PING; counts requests, which come in the order of the calls. */
static void
on_server_message(void *arg, struct cal_link *link,
    struct cal_message *message)
{
	struct side *server = arg;
	struct cal_frames pong = { .word = CAL_WORD_PONG };
	struct cal_rpcmsg msg;
	struct cal_mp_reader rd;
	struct cal_mp_value seq;
	struct cal_err err;

	if (message->word == CAL_WORD_PING) {
		assert_int_equal(cal_conn_send(server->conn, link, &pong,
		    NULL), CAL_OK);
		return;
	}
	assert_int_equal(cal_rpcmsg_read_header(&msg, message->header, NULL,
	    &err), CAL_OK);
	assert_int_equal(msg.type, CAL_RPC_FUNCTION);
	cal_mp_reader_init(&rd, msg.id.seq);
	assert_true(cal_mp_read(&rd, &seq));
	assert_int_equal(seq.u, server->got);
	server->got++;
}

static const struct cal_conn_events server_events = {
	.up = on_side_up, .message = on_server_message, .down = on_side_down,
};

/* Whoever calls nobody is given up, and that takes the time to connect. */
static void
let_time_to_connect_pass(void)
{
	struct caller lonely;

	caller_open(&lonely, "nobody");
	caller_call(&lonely);
	WAIT_FOR(lonely.answers == 1);
	assert_non_null(strstr(lonely.err.text, "no connection"));
	(void)cal_peer_close(lonely.peer, 0);
}

static void
test_no_room_is_no_lost_connection(void **state)
{
	struct side server;
	struct caller caller;
	size_t i;

	(void)state;
	side_open(&server, far_loop, true, 10 << 20, &server_events);
	caller_open(&caller, "s");
	WAIT_FOR_BOTH(caller.ups == 1);
	/* libzmq's own threads still make room for a while. */
	do {
		assert_in_range(caller.started, 0, CAPACITY);
		for (i = 0; i < BATCH; i++)
			caller_call(&caller);
		settle();
		let_time_to_connect_pass();
		assert_int_equal(caller.answers, 0);
	} while (cal_call_sent(caller.last));
	WAIT_FOR_BOTH(server.got == caller.started);
	assert_true(cal_call_sent(caller.last));
	assert_int_equal(caller.answers, 0);
	(void)cal_peer_close(caller.peer, 0);
	side_close(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_room_is_no_lost_connection),
	};

	return cmocka_run_group_tests(tests, open_far, close_far);
}
