/*
 * Unit tests of transport/zmq_behind: a reader that takes nothing, and what it
 * misses, to the message.
 */
#include "streams.h"

enum { BODY = 1000, MANY = 20000, PATIENCE_MS = 100 };

static struct stream from, quick;
static void *slow;                      /* takes a message when we say so */
static size_t sent, missed;
static char body[BODY + 1];

/* After each test, failed or not. */
static int
close_all(void **state)
{
	(void)state;
	stream_close(&from);
	stream_close(&quick);
	raw_close(&slow);
	sent = missed = 0;
	return 0;
}

static void
open_all(const char *topic)
{
	memset(body, 'b', BODY);
	stream_open(&from, CAL_PATTERN_PUBLISH, "tcp://127.0.0.1:*", true);
	slow = raw_dial(ZMQ_SUB, &from, topic);
	raw_set(slow, ZMQ_RCVHWM, 10);
	WAIT_FOR(stream_readers(&from, topic) == 1);
}

static void
open_quick(void)
{
	quick.quiet = true;
	stream_dial(&quick, CAL_PATTERN_SUBSCRIBE, &from);
	WAIT_FOR(stream_readers(&from, "a") == 2);
}

/* As a publisher with patience: whoever takes nothing for a while is left. */
static void
publish(const char *topic)
{
	double start = cal_clock_now();
	bool force = false, miss = false;

	while (stream_publish(&from, topic, body, force, &miss) != CAL_OK) {
		turn_loop();
		force = cal_clock_now() - start > PATIENCE_MS / 1000.0;
		assert_true(cal_clock_now() - start < DEADLINE);
	}
	sent++;
	missed += miss;
}

/* What the slow one has by now, up to count, or all of it. */
static size_t
take(size_t count)
{
	size_t got = 0;

	while (got < count && raw_recv_one(slow, 200))
		got++;
	return got;
}

static void
test_counts_what_one_missed(void **state)
{
	size_t got, before;

	(void)state;
	open_all("a");
	while (sent < MANY)
		publish("a");
	assert_in_range(missed, 1, sent);
	before = missed;
	got = take(sent);
	assert_int_equal(got + missed, sent);
	/* It takes again, and misses nothing. */
	publish("a");
	publish("a");
	assert_int_equal(missed, before);
	assert_int_equal(take(2), 2);
}

/* Now it takes a little, now it does not. */
static void
test_counts_through_changes(void **state)
{
	size_t got = 0, i;

	(void)state;
	open_all("a");
	for (i = 0; i < 20; i++) {
		while (sent < (i + 1) * MANY / 10)
			publish("a");
		got += take(MANY / 20 + i);
	}
	got += take(sent);
	assert_in_range(missed, 1, sent);
	assert_int_equal(got + missed, sent);
}

static void
test_others_miss_nothing(void **state)
{
	(void)state;
	open_all("a");
	open_quick();
	while (sent < MANY)
		publish("a");
	WAIT_FOR(quick.count == sent);
	assert_in_range(missed, 1, sent);
	assert_int_equal(take(sent) + missed, sent);
}

/* What it did not ask for it does not miss. */
static void
test_other_topics(void **state)
{
	size_t before;

	(void)state;
	open_all("a");
	open_quick();
	while (missed == 0)
		publish("a");
	before = missed;
	publish("b");
	publish("");
	assert_int_equal(missed, before);
	publish("ab");
	assert_int_equal(missed, before + 1);
}

static void
test_leaves(void **state)
{
	size_t before;

	(void)state;
	open_all("a");
	open_quick();
	while (missed == 0)
		publish("a");
	raw_close(&slow);
	WAIT_FOR(stream_readers(&from, "a") == 1);
	before = missed;
	publish("a");
	assert_int_equal(missed, before);
	WAIT_FOR(quick.count == sent);
}

/* Without force everybody waits. */
static void
test_no_force(void **state)
{
	double until = cal_clock_now() + 3 * PATIENCE_MS / 1000.0;
	bool miss = false;
	size_t count = 0;

	(void)state;
	open_all("a");
	do {
		while (stream_publish(&from, "a", body, false,
		    &miss) == CAL_OK)
			count++;
		turn_loop();
	} while (cal_clock_now() < until);
	assert_in_range(count, CAL_CONN_AHEAD, 100 * MANY);
	assert_int_equal(take(count + 1), count);
	WAIT_FOR(from.rooms > 0);
	assert_int_equal(stream_publish(&from, "a", body, false, &miss),
	    CAL_OK);
	assert_false(miss);
	assert_int_equal(take(1), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, close_all)
	const struct CMUnitTest tests[] = {
		TEST(counts_what_one_missed), TEST(counts_through_changes),
		TEST(others_miss_nothing), TEST(other_topics), TEST(leaves),
		TEST(no_force),
	};

	return cmocka_run_group_tests(tests, open_streams, close_streams);
}
