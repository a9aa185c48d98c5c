/*
 * Unit tests of the ZeroMQ transport's queues: what libzmq does not take waits
 * and leaves later, by itself, in order, within limits.
 */
#include "far_side.h"
#include "transport/zmq.h"

enum { BODY = 1000, PLENTY = 10 << 20, CAPACITY = 100000,
    MORE = 10000 };                 /* than a connection takes */

static struct side near, far;

/* As a server that answers (near binds), or as a caller that asks. */
static void
open_both(bool near_binds, size_t max_body)
{
	if (near_binds)
		side_open(&near, loop, true, max_body, &side_events);
	side_open(&far, far_loop, !near_binds, PLENTY, &side_events);
	if (!near_binds)
		side_open(&near, loop, false, max_body, &side_events);
	/* Who binds hears of the other by its first message. */
	WAIT_FOR_BOTH((near_binds ? &far : &near)->link != NULL);
	assert_int_equal(side_send(near_binds ? &far : &near, 0), CAL_OK);
	WAIT_FOR_BOTH(near.link != NULL && far.link != NULL);
	WAIT_FOR_BOTH((near_binds ? &near : &far)->got == 1);
}

/* After each test, failed or not: its address is free again. */
static int
close_both(void **state)
{
	(void)state;
	side_close(&near);
	side_close(&far);
	return 0;
}

static size_t
waiting(void)
{
	return ((struct cal_zmq_link *)near.link)->queue_count;
}

/* Sends until something waits and goes on waiting. */
static void
block(void)
{
	do {
		assert_in_range(near.sent, 0, CAPACITY);
		assert_int_equal(side_send(&near, BODY), CAL_OK);
		if (!cal_conn_idle(near.conn))
			settle();
	} while (cal_conn_idle(near.conn));
	assert_true(waiting() > 0);
}

/*
 * libzmq tells once that there is room again, and any call may swallow that:
 * here the test does.
 */
static void
swallow_hint(void)
{
	struct cal_zmq_conn *zc = (struct cal_zmq_conn *)near.conn;
	int events = 0;
	size_t len = sizeof(events);

	assert_int_equal(zmq_getsockopt(zc->socket, ZMQ_EVENTS, &events, &len),
	    0);
	assert_true((events & ZMQ_POLLOUT) != 0);
}

static void
leaves_by_itself(bool near_binds)
{
	open_both(near_binds, PLENTY);
	block();
	WAIT_FOR_FAR(far.got == near.sent - waiting());
	swallow_hint();
	assert_true(waiting() > 0);
	/* There is room, but others are first.  This tells nobody. */
	assert_int_equal(side_send(&near, BODY), CAL_OK);
	ev_clear_pending(loop, &((struct cal_zmq_conn *)near.conn)->io);
	WAIT_FOR_BOTH(far.got == near.sent);
	assert_true(cal_conn_idle(near.conn));
	assert_int_equal(near.conn->counts.undeliverable, 0);
}

static void
test_answers_leave_by_themselves(void **state)
{
	(void)state;
	leaves_by_itself(true);
}

static void
test_requests_leave_by_themselves(void **state)
{
	(void)state;
	leaves_by_itself(false);
}

/* Sends until it is refused: so many of them wait. */
static size_t
fill(void)
{
	uint64_t before = near.conn->counts.undeliverable;
	int rc;

	block();
	do
		rc = side_send(&near, BODY);
	while (rc == CAL_OK && near.sent < CAPACITY);
	assert_int_equal(rc, CAL_EAGAIN);
	assert_int_equal(near.conn->counts.undeliverable, before + 1);
	return waiting();
}

/* A queue that was full is empty again once all has left. */
static void
test_full(void **state)
{
	size_t count;

	(void)state;
	open_both(true, BODY);
	count = fill();
	assert_in_range(count, 1, 4);
	WAIT_FOR_BOTH(far.got == near.sent);
	assert_true(cal_conn_idle(near.conn));
	assert_int_equal(fill(), count);
	WAIT_FOR_BOTH(far.got == near.sent);
}

/* However much has come, others have their turn in between. */
static void
test_others_have_their_turn(void **state)
{
	size_t before;
	int i;

	(void)state;
	open_both(true, PLENTY);
	for (i = 0; i < 3 * CAL_ZMQ_BUDGET; i++)
		assert_int_equal(side_send(&far, 1), CAL_OK);
	WAIT_FOR_FAR(cal_conn_idle(far.conn));
	while (near.got < far.sent) {
		before = near.got;
		ev_run(loop, EVRUN_NOWAIT);
		assert_in_range(near.got - before, 0, 2 * CAL_ZMQ_BUDGET);
	}
}

/* What waits for somebody who leaves is counted, and waits no more. */
static void
test_reader_leaves(void **state)
{
	size_t count, i;

	(void)state;
	open_both(true, PLENTY);
	block();
	for (i = 0; i < MORE; i++)
		assert_int_equal(side_send(&near, BODY), CAL_OK);
	count = waiting();
	side_close(&far);
	WAIT_FOR(near.link == NULL);
	assert_true(cal_conn_idle(near.conn));
	assert_in_range(near.conn->counts.undeliverable, 1, count);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_answers_leave_by_themselves, close_both),
		cmocka_unit_test_teardown(test_requests_leave_by_themselves, close_both),
		cmocka_unit_test_teardown(test_full, close_both),
		cmocka_unit_test_teardown(test_others_have_their_turn,
		    close_both),
		cmocka_unit_test_teardown(test_reader_leaves, close_both),
	};

	return cmocka_run_group_tests(tests, open_far, close_far);
}
