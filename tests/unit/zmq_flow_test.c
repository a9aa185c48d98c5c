/*
 * Unit tests of the flow of streams over ZeroMQ: nothing is lost, whoever is
 * slower; nobody waits for a hint that never comes, nor turns the loop for
 * nothing; readers that take a rest; what leaves when an end closes.
 */
#include <sys/resource.h>

#include "streams.h"

enum { MILLION = 1000000, FEW = 20000, IDLE_MS = 500, IDLE_TURNS = 40 };

static struct stream from, to;
static void *raw;
static uint32_t sent;
static int prepared;

/* After each test, failed or not. */
static int
close_all(void **state)
{
	(void)state;
	stream_close(&from);
	stream_close(&to);
	raw_close(&raw);
	sent = 0;
	return 0;
}

static void
open_pair(bool push, bool from_binds)
{
	enum cal_pattern one = push ? CAL_PATTERN_PUSH : CAL_PATTERN_PUBLISH;
	enum cal_pattern other = push ? CAL_PATTERN_PULL :
	    CAL_PATTERN_SUBSCRIBE;

	if (from_binds) {
		stream_open(&from, one, "tcp://127.0.0.1:*", true);
		stream_dial(&to, other, &from);
	} else {
		stream_open(&to, other, "tcp://127.0.0.1:*", true);
		stream_dial(&from, one, &to);
	}
	WAIT_FOR(stream_readers(&from, "") == 1);
}

/* The header is the message's number. */
static int
publish_number(void)
{
	struct cal_frames frames = {
		.word = CAL_WORD_UPPER,
		.header = cal_slice_of(&sent, sizeof(sent)),
	};
	bool missed = false;
	int rc = cal_conn_publish(from.conn, &frames, false, &missed);

	assert_false(missed);
	if (rc == CAL_OK)
		sent++;
	return rc;
}

/* Until it is full, or so many were sent. */
static void
publish_up_to(uint32_t count)
{
	size_t rooms = from.rooms;

	while (sent < count && publish_number() == CAL_OK)
		;
	assert_int_equal(from.rooms, rooms);    /* never from inside */
}

/* As its owner does: when there is room, and not before. */
static void
publish_all(uint32_t count, bool push, bool from_binds)
{
	size_t rooms, turns = 0;

	open_pair(push, from_binds);
	to.quiet = true;
	while (sent < count) {
		rooms = from.rooms;
		publish_up_to(count);
		WAIT_FOR(turns++ < 10 * count && (sent == count ||
		    from.rooms > rooms));
	}
	WAIT_FOR(to.count == count);
	assert_int_equal(to.conn->counts.malformed, 0);
	(void)close_all(NULL);
}

static void
test_all_patterns(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		publish_all(FEW, i % 2, i / 2);
}

static bool
readable(void)
{
	zmq_pollitem_t item = { .socket = raw, .events = ZMQ_POLLIN };

	return zmq_poll(&item, 1, 0) == 1;
}

/* A reader that reads now and then; each number comes once, in order. */
static void
read_slowly(bool push, uint32_t count)
{
	uint32_t got = 0, number;
	size_t rooms = 0, bursts = 0;

	stream_open(&from, push ? CAL_PATTERN_PUSH : CAL_PATTERN_PUBLISH,
	    "tcp://127.0.0.1:*", true);
	raw = raw_dial(push ? ZMQ_PULL : ZMQ_SUB, &from, push ? NULL : "");
	raw_set(raw, ZMQ_RCVHWM, 100);
	/* Should a hint be lost, no timer makes up for it. */
	((struct cal_zmq_conn *)from.conn)->retry.repeat = 10 * DEADLINE;
	WAIT_FOR(stream_readers(&from, "") == 1);
	while (got < count) {
		if (sent < count && (bursts == 0 || from.rooms > rooms)) {
			rooms = from.rooms;
			publish_up_to(count);
			bursts++;
		}
		while (zmq_recv(raw, NULL, 0, ZMQ_DONTWAIT) != -1) {
			assert_int_equal(zmq_recv(raw, &number,
			    sizeof(number), 0), sizeof(number));
			assert_int_equal(number, got);
			assert_int_equal(zmq_recv(raw, NULL, 0, 0), 0);
			got++;
		}
		ev_run(loop, EVRUN_NOWAIT);
		if (sent < count && from.rooms == rooms)
			WAIT_FOR(from.rooms > rooms || readable());
	}
	assert_int_equal(sent, count);
	(void)close_all(NULL);
}

static void
test_slow_reader(void **state)
{
	uint32_t count = under_valgrind() ? FEW : MILLION;

	(void)state;
	read_slowly(true, count);
	read_slowly(false, count);
}

static void
on_prepare(struct ev_loop *l, ev_prepare *prepare, int revents)
{
	(void)l;
	(void)prepare;
	(void)revents;
	prepared++;
}

static void
on_over(struct ev_loop *l, ev_timer *timer, int revents)
{
	(void)timer;
	(void)revents;
	ev_break(l, EVBREAK_ALL);
}

/* How often the loop turns of itself in a while in which nothing happens. */
static int
count_turns(void)
{
	ev_prepare prepare;
	ev_timer over;

	settle();
	ev_prepare_init(&prepare, on_prepare);
	ev_timer_init(&over, on_over, IDLE_MS / 1000.0, 0);
	ev_now_update(loop);
	prepared = 0;
	ev_prepare_start(loop, &prepare);
	ev_timer_start(loop, &over);
	ev_run(loop, 0);
	ev_prepare_stop(loop, &prepare);
	return prepared;
}

/* Idle, full, and with a reader that rests: none turns the loop. */
static void
test_no_busy_loop(void **state)
{
	double start;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		open_pair(i % 2, i / 2);
		to.quiet = true;
		publish_up_to(10);
		WAIT_FOR(to.count == 10);
		assert_in_range(count_turns(), 0, IDLE_TURNS);
		cal_conn_pause(to.conn, true);
		/* Until nothing has come out of it for a while. */
		for (start = cal_clock_now(); cal_clock_now() - start < 0.2; )
			if (publish_number() == CAL_OK)
				start = cal_clock_now();
			else
				turn_loop();
		assert_in_range(count_turns(), 0, IDLE_TURNS);
		assert_int_equal(to.count, 10);
		cal_conn_pause(to.conn, false);
		WAIT_FOR(to.count == sent);
		(void)close_all(state);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, close_all)
	const struct CMUnitTest tests[] = {
		TEST(all_patterns), TEST(slow_reader), TEST(no_busy_loop),
	};

	return cmocka_run_group_tests(tests, open_streams, close_streams);
}
