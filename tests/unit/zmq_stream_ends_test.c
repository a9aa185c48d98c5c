/*
 * Unit tests of what becomes of a stream over ZeroMQ when one end rests, goes
 * away or comes back.
 */
#include "folder.h"
#include "listener.h"
#include "streams.h"

enum { SOME = 50, MANY = 5000 };

static const struct {
	enum cal_pattern publishes, reads;
} kinds[] = {
	{ CAL_PATTERN_PUBLISH, CAL_PATTERN_SUBSCRIBE },
	{ CAL_PATTERN_PUSH, CAL_PATTERN_PULL },
};

static struct stream from, to;
static void *raw;

/* After each test, failed or not. */
static int
close_all(void **state)
{
	(void)state;
	stream_close(&from);
	stream_close(&to);
	raw_close(&raw);
	listener_close();
	return 0;
}

/* Kind i / 2, bound by the end that publishes if i is even. */
static void
open_pair(size_t i)
{
	to.quiet = true;
	if (i % 2 == 0) {
		stream_open(&from, kinds[i / 2].publishes,
		    "tcp://127.0.0.1:*", true);
		stream_dial(&to, kinds[i / 2].reads, &from);
	} else {
		stream_open(&to, kinds[i / 2].reads, "tcp://127.0.0.1:*",
		    true);
		stream_dial(&from, kinds[i / 2].publishes, &to);
	}
	WAIT_FOR(stream_readers(&from, "") == 1);
}

static void
publish(size_t count)
{
	while (count-- > 0)
		WAIT_FOR(stream_publish(&from, "", "x", false,
		    NULL) == CAL_OK);
}

static void
test_pause(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(kinds); i++) {
		open_pair(i);
		cal_conn_pause(to.conn, true);
		publish(SOME);
		settle();
		assert_int_equal(to.count, 0);
		cal_conn_pause(to.conn, true);
		cal_conn_pause(to.conn, false);
		assert_int_equal(to.count, 0);  /* from the loop only */
		WAIT_FOR(to.count == SOME);
		(void)close_all(state);
	}
}

/* Of every connection: is the other side looked for? */
static bool
all_look(bool on)
{
	const struct cal_zmq_conn *zc = (const struct cal_zmq_conn *)to.conn;
	const struct cal_zmq_reader *peer;
	int value = -1;
	socklen_t len = sizeof(value);

	TAILQ_FOREACH(peer, &zc->readers, in_readers) {
		assert_int_equal(getsockopt(peer->fd, SOL_SOCKET,
		    SO_KEEPALIVE, &value, &len), 0);
		if (value != on)
			return false;
	}
	return value != -1;
}

/*
 * A publisher that has left answers no more, and what he sent would be lost:
 * nobody looks for him while that may still be unread.
 */
static void
test_rest_looks_for_nobody(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(kinds); i++) {
		open_pair(i);
		WAIT_FOR(all_look(true));
		cal_conn_pause(to.conn, true);
		assert_true(all_look(false));
		cal_conn_pause(to.conn, false);
		assert_true(all_look(true));
		if (i % 2 == 0) {
			(void)close_all(state);
			continue;
		}
		/* Whoever comes meanwhile is not looked for, either. */
		cal_conn_pause(to.conn, true);
		(void)cal_conn_close(from.conn, 0);
		from.conn = NULL;
		WAIT_FOR(TAILQ_EMPTY(&((struct cal_zmq_conn *)
		    to.conn)->readers));
		stream_dial(&from, kinds[i / 2].publishes, &to);
		WAIT_FOR(all_look(false));
		cal_conn_pause(to.conn, false);
		assert_true(all_look(true));
		(void)close_all(state);
	}
}

/* The message in whose event it is said is the last. */
static void
test_pause_in_event(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(kinds); i++) {
		to.pause_after = 10;
		open_pair(i);
		publish(SOME);
		WAIT_FOR(to.count == 10);
		settle();
		assert_int_equal(to.count, 10);
		cal_conn_pause(to.conn, false);
		WAIT_FOR(to.count == SOME);
		(void)close_all(state);
	}
}

/* The publisher leaves while the reader rests: all that it sent is there. */
static void
test_pause_through_an_end(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(kinds); i++) {
		open_pair(i);
		cal_conn_pause(to.conn, true);
		publish(SOME);
		assert_true(cal_conn_close(from.conn, DEADLINE));
		from.conn = NULL;
		if (i % 2 == 0)
			WAIT_FOR(to.downs == 1);
		settle();
		assert_int_equal(to.count, 0);
		cal_conn_pause(to.conn, false);
		WAIT_FOR(to.count == SOME);
		assert_int_equal(to.conn->counts.malformed, 0);
		(void)close_all(state);
	}
}

/* Behind this a client of libzmq hangs up, and never tries again. */
static void
break_protocol(const char *address)
{
	static const char ready[] = "\4\7\5READY\0";
	uint8_t greeting[64] = { 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3 };
	char heard[512];

	memcpy(greeting + 12, "NULL", 4);
	WAIT_FOR(listener_open_at((unsigned)atoi(strrchr(address, ':') + 1)));
	WAIT_FOR(listener_accept());
	listener_say(greeting, sizeof(greeting));
	listener_say(ready, sizeof(ready) - 1);
	WAIT_FOR(recv(accepted, heard, sizeof(heard), 0) == 0);
	listener_close();
}

/* … also where libzmq gives the connection up, and we dial again. */
static void
test_pause_through_garbage(void **state)
{
	char address[64] = "tcp://127.0.0.1:*";
	struct cal_zmq_conn *zc;
	double start;
	void *socket;

	(void)state;
	raw = raw_socket(ZMQ_PUSH);
	raw_listen(raw, address);
	to.quiet = true;
	stream_open(&to, CAL_PATTERN_PULL, address, false);
	WAIT_FOR(to.ups == 1);
	zc = (struct cal_zmq_conn *)to.conn;
	socket = zc->socket;
	cal_conn_pause(to.conn, true);
	raw_send(raw, "", "1");
	raw_send(raw, "", "2");
	WAIT_FOR((cal_zmq_events(zc) & ZMQ_POLLIN) != 0);
	raw_close(&raw);
	WAIT_FOR(to.downs == 1);
	break_protocol(address);
	/* Longer than it takes to dial again. */
	for (start = cal_clock_now(); cal_clock_now() - start < 0.3; )
		turn_loop();
	assert_ptr_equal(zc->socket, socket);
	assert_int_equal(to.count, 0);
	cal_conn_pause(to.conn, false);
	WAIT_FOR(to.count == 2);
	raw = raw_socket(ZMQ_PUSH);
	raw_listen(raw, address);
	WAIT_FOR(to.ups == 2);
	raw_send(raw, "", "3");
	WAIT_FOR(to.count == 3);
}

/* Whoever dials finds the next who listens at the same address. */
static void
test_listener_comes_again(void **state)
{
	char *text, address[64];
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(kinds); i++) {
		struct stream *binds = i % 2 == 0 ? &from : &to;
		struct stream *dials = i % 2 == 0 ? &to : &from;
		enum cal_pattern pattern = i % 2 == 0 ?
		    kinds[i / 2].publishes : kinds[i / 2].reads;
		int round;

		open_pair(i);
		for (round = 1; round < 4; round++) {
			to.count = 0;
			publish(1);
			WAIT_FOR(to.count == 1);
			text = cal_conn_address(binds->conn);
			(void)snprintf(address, sizeof(address), "%s", text);
			free(text);
			(void)cal_conn_close(binds->conn, 0);
			WAIT_FOR(dials->downs == (size_t)round);
			WAIT_FOR(stream_try(binds, pattern, address,
			    true) == CAL_OK);
			WAIT_FOR(dials->ups == (size_t)round + 1);
			WAIT_FOR(stream_readers(&from, "") == 1);
		}
		assert_int_equal(from.refusals + to.refusals, 0);
		(void)close_all(state);
	}
}

/* What a PUSH that dialled holds is for whoever listens there next. */
static void
test_push_keeps(void **state)
{
	char address[64] = "tcp://127.0.0.1:*";
	static char body[10000];
	double start;
	int i;

	(void)state;
	memset(body, 'b', sizeof(body) - 1);
	raw = raw_socket(ZMQ_PULL);
	raw_set(raw, ZMQ_RCVHWM, 1);
	raw_listen(raw, address);
	stream_open(&from, CAL_PATTERN_PUSH, address, false);
	WAIT_FOR(from.ups == 1);
	for (start = cal_clock_now(); cal_clock_now() - start < 0.3; ) {
		while (stream_publish(&from, "", body, false,
		    NULL) == CAL_OK)
			start = cal_clock_now();
		turn_loop();
	}
	raw_close(&raw);
	WAIT_FOR(from.downs == 1);
	raw = raw_socket(ZMQ_PULL);
	raw_listen(raw, address);
	WAIT_FOR(from.ups == 2);
	publish(1);
	for (i = 0; i < CAL_CONN_AHEAD / 2; i++)
		assert_true(raw_recv_one(raw, DEADLINE * 1000));
}

/* Whoever listens finds the next who dials. */
static void
test_dialler_comes_again(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(kinds); i++) {
		struct stream *binds = i % 2 == 0 ? &from : &to;
		struct stream *dials = i % 2 == 0 ? &to : &from;
		enum cal_pattern pattern = i % 2 == 0 ? kinds[i / 2].reads :
		    kinds[i / 2].publishes;
		int round;

		open_pair(i);
		for (round = 1; round < 4; round++) {
			to.count = 0;
			publish(1);
			WAIT_FOR(to.count == 1);
			(void)cal_conn_close(dials->conn, 0);
			if (i % 2 == 0)
				WAIT_FOR(stream_readers(&from, "") == 0);
			stream_dial(dials, pattern, binds);
			WAIT_FOR(stream_readers(&from, "") == 1);
		}
		(void)close_all(state);
	}
}

/* A reader that dialled in vain is there as soon as somebody listens. */
static void
test_nobody_yet(void **state)
{
	char address[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(kinds); i++) {
		(void)snprintf(address, sizeof(address), "tcp://127.0.0.1:%u",
		    listener_free_port());
		to.quiet = true;
		stream_open(&to, kinds[i].reads, address, false);
		WAIT_FOR(cal_conn_trouble(to.conn) != NULL &&
		    strcmp(cal_conn_trouble(to.conn),
		    "nobody listens there") == 0);
		WAIT_FOR(stream_try(&from, kinds[i].publishes, address,
		    true) == CAL_OK);
		WAIT_FOR(to.ups == 1);
		assert_null(cal_conn_trouble(to.conn));
		WAIT_FOR(stream_readers(&from, "") == 1);
		publish(1);
		WAIT_FOR(to.count == 1);
		(void)close_all(state);
	}
}

/* What was taken leaves, though the end that took it closes at once. */
static void
test_close_delivers(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < 2 * COUNT(kinds); i++) {
		open_pair(i);
		for (n = 0; n < MANY; n++)
			if (stream_publish(&from, "", "x", false,
			    NULL) != CAL_OK)
				break;
		assert_in_range(n, CAL_CONN_AHEAD, MANY);
		assert_true(cal_conn_close(from.conn, DEADLINE));
		from.conn = NULL;
		WAIT_FOR(to.count == n);
		(void)close_all(state);
	}
}

/* It says when it did not. */
static void
test_close_in_vain(void **state)
{
	static char body[10000];
	size_t i, rooms;
	double start;

	(void)state;
	memset(body, 'b', sizeof(body) - 1);
	for (i = 0; i < COUNT(kinds); i++) {
		stream_open(&from, kinds[i].publishes, "tcp://127.0.0.1:*",
		    true);
		raw = raw_dial(i == 0 ? ZMQ_SUB : ZMQ_PULL, &from,
		    i == 0 ? "" : NULL);
		raw_set(raw, ZMQ_RCVHWM, 1);
		WAIT_FOR(stream_readers(&from, "") == 1);
		start = cal_clock_now();
		while (cal_clock_now() - start < 0.5) {
			rooms = from.rooms;
			while (stream_publish(&from, "", body, false,
			    NULL) == CAL_OK)
				start = cal_clock_now();
			turn_loop();
			assert_true(from.rooms <= rooms + 2);
		}
		start = cal_clock_now();
		assert_false(cal_conn_close(from.conn, 0.2));
		assert_true(cal_clock_now() - start < DEADLINE);
		from.conn = NULL;
		(void)close_all(state);
	}
}

/* What a reader at rest has not got is seen, and that he takes it. */
static void
check_left(const char *address)
{
	uint64_t progress, before;
	char *large = cal_calloc(1, 100001);

	memset(large, 'x', 100000);
	to.quiet = true;
	stream_open(&from, CAL_PATTERN_PUSH, address, true);
	stream_dial(&to, CAL_PATTERN_PULL, &from);
	WAIT_FOR(stream_readers(&from, "") == 1);
	WAIT_FOR(cal_conn_left(from.conn, &before));
	cal_conn_pause(to.conn, true);
	while (stream_publish(&from, "", large, false, NULL) == CAL_OK)
		turn_loop();
	assert_false(cal_conn_left(from.conn, &before));
	cal_conn_pause(to.conn, false);
	WAIT_FOR(cal_conn_left(from.conn, &progress));
	assert_true(progress != before);
	free(large);
}

static void
test_left(void **state)
{
	check_left("tcp://127.0.0.1:*");
	(void)close_all(state);
	assert_int_equal(folder_enter(state), 0);
	check_left("ipc://left");
	(void)close_all(state);
	assert_int_equal(folder_leave(state), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, close_all)
	const struct CMUnitTest tests[] = {
		TEST(pause), TEST(rest_looks_for_nobody),
		TEST(pause_in_event), TEST(pause_through_an_end),
		TEST(pause_through_garbage), TEST(listener_comes_again),
		TEST(push_keeps), TEST(dialler_comes_again), TEST(nobody_yet),
		TEST(close_delivers), TEST(close_in_vain), TEST(left),
	};

	return cmocka_run_group_tests(tests, open_streams, close_streams);
}
