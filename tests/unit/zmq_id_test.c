/*
 * Unit tests of transport/zmq_link with keys: what a routing id says of whose
 * a message is, which is nothing, and whose an answer is.
 */
#include <errno.h>

#include "curve.h"

enum { UNSEEDED = 0x6b8b4567 };         /* what rand begins with */

/* As if libzmq had made it up. */
#define GUESSED BYTES("\0same")

static struct curve_end server, alice, bob;
static void *raw[2];

/* After each test, failed or not. */
static int
close_ends(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(raw); i++) {
		if (raw[i] != NULL)
			(void)zmq_close(raw[i]);
		raw[i] = NULL;
	}
	curve_release(&alice);
	curve_release(&bob);
	curve_release(&server);
	return 0;
}

static struct cal_zmq_conn *
server_conn(void)
{
	return (struct cal_zmq_conn *)server.conn;
}

static void
open_server(void)
{
	const struct cal_keys *const keys[] = { &alice.own, &bob.own };
	const char *const users[] = { "alice", "bob", NULL };

	cal_keys_make(&alice.own);
	cal_keys_make(&bob.own);
	curve_allow(&server, keys, users);
	curve_serve(&server, "cal");
}

/* A client of alice or bob that chose id, and has sent a PING. */
static void
open_raw(size_t i, struct cal_slice id)
{
	raw[i] = curve_raw(server_conn()->context, &server,
	    i == 0 ? &alice.own : &bob.own, id);
	curve_raw_ping(raw[i]);
}

static void
close_raw(size_t i)
{
	assert_int_equal(zmq_close(raw[i]), 0);
	raw[i] = NULL;
}

/* The loop turns while the raw client waits for something that may come. */
static void
expect_nothing(size_t i)
{
	zmq_pollitem_t item = { .socket = raw[i], .events = ZMQ_POLLIN };
	int turns;

	for (turns = 0; turns < 20; turns++) {
		turn_loop();
		assert_int_equal(zmq_poll(&item, 1, 0), 0);
	}
}

/*
 * Until the ROUTER has no peer of that routing id; the loop does not turn.  It
 * lets go of one only when it looks for messages and finds his end.
 */
static void
wait_until_unknown(struct cal_slice id)
{
	zmq_pollitem_t item = { .socket = server_conn()->socket,
	    .events = ZMQ_POLLIN };
	double start = cal_clock_now();
	int rc;

	do {
		assert_int_equal(zmq_poll(&item, 1, 10), 0);
		rc = zmq_send(item.socket, id.ptr, id.len, ZMQ_DONTWAIT |
		    ZMQ_SNDMORE);
		if (rc != -1)
			(void)zmq_send(item.socket, "", 0, ZMQ_DONTWAIT);
		assert_true(cal_clock_now() - start < DEADLINE);
	} while (rc != -1 || errno == EAGAIN);
	assert_int_equal(errno, EHOSTUNREACH);
	(void)zmq_poll(&item, 1, 10);
}

/*
 * Whoever takes over a routing id that he has guessed, before anybody tells
 * that the other has left, is not taken for him.
 */
static void
test_taken_over(void **state)
{
	struct cal_zmq_conn *zc;

	(void)state;
	open_server();
	zc = server_conn();
	open_raw(0, GUESSED);
	WAIT_FOR(server.seen[0].messages == 1);
	assert_string_equal(server.seen[0].user, "alice");

	ev_clear_pending(loop, &zc->monitor_io);
	ev_io_stop(loop, &zc->monitor_io);
	close_raw(0);
	wait_until_unknown(GUESSED);
	open_raw(1, GUESSED);
	WAIT_FOR(server.seen[1].messages == 1);
	assert_null(server.seen[0].link);
	assert_int_equal(server.seen[0].messages, 1);
	assert_string_equal(server.seen[1].user, "bob");

	/* The end of the first connection, told late, is not the second's. */
	ev_io_start(loop, &zc->monitor_io);
	ev_feed_event(loop, &zc->monitor_io, EV_READ);
	curve_raw_ping(raw[1]);
	WAIT_FOR(server.seen[1].messages == 2);
	assert_int_equal(server.ups, 2);
}

/* Not one byte of theirs, or for them, passes; others are served. */
static void
test_chosen(void **state)
{
	const struct cal_slice ids[] = {
		BYTES("a"), BYTES("alice"), BYTES("\0abc"), BYTES("\0abcde"),
		BYTES("0x6b8b4567"),
	};
	size_t i;

	(void)state;
	open_server();
	for (i = 0; i < COUNT(ids); i++) {
		open_raw(0, ids[i]);
		WAIT_FOR(server.conn->counts.malformed == i + 1);
		expect_nothing(0);
		close_raw(0);
	}
	assert_int_equal(server.ups, 0);
	assert_true(TAILQ_EMPTY(&server_conn()->links));
	curve_call(&alice, &server);
	WAIT_FOR(alice.ups == 1);
	curve_send(&alice);
	WAIT_FOR(server.seen[0].messages == 1);
}

/* The routing id of a peer that chose none, in a new context. */
static uint32_t
made_up_id(void)
{
	struct cal_zmq_link *zl;
	uint32_t id;

	open_server();
	curve_call(&alice, &server);
	WAIT_FOR(alice.ups == 1);
	curve_send(&alice);
	WAIT_FOR(server.seen[0].messages == 1);
	zl = (struct cal_zmq_link *)server.seen[0].link;
	assert_int_equal(zl->id_len, 5);
	assert_int_equal(zl->id[0], 0);
	memcpy(&id, zl->id + 1, sizeof(id));
	assert_int_equal(close_ends(NULL), 0);
	return ntohl(id);
}

static void
test_made_up(void **state)
{
	uint32_t first, second;

	(void)state;
	first = made_up_id();
	second = made_up_id();
	assert_int_not_equal(first, second);
	assert_int_not_equal(first, UNSEEDED);
	assert_int_not_equal(second, UNSEEDED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_taken_over, close_ends),
		cmocka_unit_test_teardown(test_chosen, close_ends),
		cmocka_unit_test_teardown(test_made_up, close_ends),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
