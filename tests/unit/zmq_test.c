/*
 * Unit tests of transport/zmq: a connecting end, and a server in the hands of
 * the test.  The server is a DEALER, which needs no routing id to speak first.
 */
#include <errno.h>
#include <zmq.h>

#include "loop.h"
#include "transport/zmq.h"

struct end {
	struct cal_conn *conn;
	struct cal_link *link;                  /* NULL: down */
	size_t ups, downs, count;
	size_t pre_count;                       /* of the last message */
};

static void *context, *server;         /* one server at a time */

static void
on_up(void *arg, struct cal_link *link)
{
	struct end *end = arg;

	assert_null(end->link);
	end->link = link;
	end->ups++;
}

static void
on_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	struct end *end = arg;

	assert_ptr_equal(end->link, link);
	assert_in_range(message->pre_count, 0, CAL_MESSAGE_PRE);
	end->count++;
	end->pre_count = message->pre_count;
}

static void
on_down(void *arg, struct cal_link *link)
{
	struct end *end = arg;

	assert_ptr_equal(end->link, link);
	end->link = NULL;
	end->downs++;
}

static const struct cal_conn_events events = {
	.up = on_up, .message = on_message, .down = on_down,
};

/* address: where to listen, and then where it is; 64 bytes. */
static void
listen_at(char *address)
{
	double start = cal_clock_now();
	int linger = 0;
	size_t len = 64;

	server = zmq_socket(context, ZMQ_DEALER);
	assert_non_null(server);
	(void)zmq_setsockopt(server, ZMQ_LINGER, &linger, sizeof(linger));
	/* libzmq lets go of a port some time after the socket was closed. */
	while (zmq_bind(server, address) == -1)
		if (zmq_errno() != EADDRINUSE ||
		    cal_clock_now() - start > DEADLINE)
			fail_msg("no %s: %s", address,
			    zmq_strerror(zmq_errno()));
	assert_int_equal(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, address,
	    &len), 0);
}

static void
hang_up(void)
{
	if (server != NULL)
		(void)zmq_close(server);
	server = NULL;
}

static void
end_open(struct end *end, const char *address)
{
	struct cal_conn_conf conf = {
		.loop = loop, .max_body = 1 << 20, .events = &events,
		.arg = end,
	};
	struct cal_err err;

	memset(end, 0, sizeof(*end));
	assert_int_equal(cal_url_parse(&conf.url, address, false, &err),
	    CAL_OK);
	assert_int_equal(cal_conn_open(&end->conn, &conf, &err), CAL_OK);
}

/* A PING behind other frames, count in all. */
static void
send_ping(size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		assert_int_not_equal(zmq_send(server, i + 3 == count ? "PING" :
		    "", i + 3 == count ? 4 : 0,
		    i + 1 < count ? ZMQ_SNDMORE : 0), -1);
}

static void
test_frames_in_front(void **state)
{
	char address[64] = "tcp://127.0.0.1:*";
	struct end end;
	size_t count, most = CAL_MESSAGE_PRE + 3;

	(void)state;
	listen_at(address);
	end_open(&end, address);
	WAIT_FOR(end.link != NULL);
	for (count = 1; count < 20; count++)
		send_ping(count);
	send_ping(3);
	WAIT_FOR(end.count + end.conn->counts.malformed == 20);
	assert_int_equal(end.count, most - 2 + 1);
	assert_int_equal(end.pre_count, 0);
	send_ping(most);
	WAIT_FOR(end.count == most);
	assert_int_equal(end.pre_count, CAL_MESSAGE_PRE);
	assert_true(cal_conn_close(end.conn, 0));
	hang_up();
}

/*
 * The server went and another came while nobody looked: the link goes down and
 * up, and what is up is a connection that stays.
 */
static void
test_reconnected_meanwhile(void **state)
{
	char address[64] = "tcp://127.0.0.1:*";
	struct cal_frames frames = { .word = CAL_WORD_PING };
	struct end end;
	zmq_pollitem_t item = { .events = ZMQ_POLLIN };

	(void)state;
	listen_at(address);
	end_open(&end, address);
	WAIT_FOR(end.link != NULL);
	settle();
	hang_up();
	/* No turn of the loop until libzmq has come back by itself. */
	listen_at(address);
	send_ping(3);
	item.socket = ((struct cal_zmq_conn *)end.conn)->socket;
	assert_int_equal(zmq_poll(&item, 1, DEADLINE * 1000), 1);

	WAIT_FOR(end.downs == 1);
	WAIT_FOR(end.ups == 2);
	assert_int_equal(cal_conn_send(end.conn, end.link, &frames, NULL),
	    CAL_OK);
	turn_loop();
	item.socket = server;
	assert_int_equal(zmq_poll(&item, 1, DEADLINE * 1000), 1);
	assert_int_equal(end.downs, 1);
	assert_int_equal(end.ups, 2);
	assert_true(cal_conn_close(end.conn, 0));
	hang_up();
}

static int
open_all(void **state)
{
	context = zmq_ctx_new();
	return context == NULL ? -1 : open_loop(state);
}

static int
close_all(void **state)
{
	hang_up();                      /* of a test that failed */
	(void)zmq_ctx_term(context);
	return close_loop(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_in_front),
		cmocka_unit_test(test_reconnected_meanwhile),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
