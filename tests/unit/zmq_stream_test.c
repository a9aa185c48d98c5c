/*
 * Unit tests of the ZeroMQ transport's streams: each pattern, whoever binds,
 * between two ends of ours and with a socket of libzmq at the other side.
 */
#include "listener.h"
#include "streams.h"

static const enum cal_pattern pairs[][2] = {
	{ CAL_PATTERN_PUBLISH, CAL_PATTERN_SUBSCRIBE },
	{ CAL_PATTERN_PUSH, CAL_PATTERN_PULL },
};

static struct stream from, to, to2;
static void *raw;
static char folder[] = "/tmp/cal-stream-XXXXXX";

/* After each test, failed or not. */
static int
close_all(void **state)
{
	(void)state;
	stream_close(&from);
	stream_close(&to);
	stream_close(&to2);
	raw_close(&raw);
	return 0;
}

static const char *
ipc_address(void)
{
	static char address[64];

	(void)snprintf(address, sizeof(address), "ipc://%s/s", folder);
	return address;
}

/* The publishing end of a pair and the reading one, which sees the other. */
static void
open_pair(const enum cal_pattern *pair, const char *address, bool from_binds)
{
	if (from_binds) {
		stream_open(&from, pair[0], address, true);
		stream_dial(&to, pair[1], &from);
	} else {
		stream_open(&to, pair[1], address, true);
		stream_dial(&from, pair[0], &to);
	}
	WAIT_FOR(stream_readers(&from, "t") == 1);
}

static void
goes_through(const enum cal_pattern *pair, const char *address,
    bool from_binds)
{
	open_pair(pair, address, from_binds);
	PUBLISH(&from, "", "1");
	PUBLISH(&from, "topic", "two");
	PUBLISH(&from, "", "");
	WAIT_FOR(to.count == 3);
	assert_got(&to, "|h|1 topic|h|two |h| ");
	assert_int_equal(to.ups, 1);
	assert_int_equal(to.downs + to.refusals, 0);
	assert_int_equal(from.refusals, 0);
	assert_true(from.readers > 0);
	assert_int_equal(from.count, 0);
	(void)close_all(NULL);
}

static void
test_both_ways(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(pairs); i++) {
		goes_through(pairs[i / 2], "tcp://127.0.0.1:*", i % 2 == 0);
		goes_through(pairs[i / 2], ipc_address(), i % 2 == 0);
	}
}

/* What is on the wire, for readers that are not ours. */
static void
test_raw_readers(void **state)
{
	(void)state;
	stream_open(&from, CAL_PATTERN_PUBLISH, "tcp://127.0.0.1:*", true);
	raw = raw_dial(ZMQ_SUB, &from, "a");
	WAIT_FOR(stream_readers(&from, "a") == 1);
	PUBLISH(&from, "b", "1");
	PUBLISH(&from, "", "2");
	PUBLISH(&from, "ab", "3");
	assert_string_equal(raw_recv(raw, DEADLINE * 1000), "ab|UPPER|h|3");
	assert_null(raw_recv(raw, 0));
	(void)close_all(state);

	stream_open(&from, CAL_PATTERN_PUSH, "tcp://127.0.0.1:*", true);
	raw = raw_dial(ZMQ_PULL, &from, NULL);
	WAIT_FOR(stream_readers(&from, "") == 1);
	PUBLISH(&from, "", "1");
	PUBLISH(&from, "t", "2");
	assert_string_equal(raw_recv(raw, DEADLINE * 1000), "UPPER|h|1");
	assert_string_equal(raw_recv(raw, DEADLINE * 1000), "t|UPPER|h|2");
}

static void
test_raw_publishers(void **state)
{
	const struct cal_slice topics[] = { BYTES("a"), BYTES("UPPER") };
	char address[64] = "tcp://127.0.0.1:*";
	size_t i;

	(void)state;
	to.topics = topics;
	to.topics_count = COUNT(topics);
	raw = raw_socket(ZMQ_XPUB);
	raw_set(raw, ZMQ_XPUB_VERBOSER, 1);
	raw_listen(raw, address);
	stream_open(&to, CAL_PATTERN_SUBSCRIBE, address, false);
	for (i = 0; i < COUNT(topics); i++)
		assert_non_null(raw_recv(raw, DEADLINE * 1000));
	raw_send(raw, "b", "1");
	raw_send(raw, "ab", "2");
	raw_send(raw, "", "3");
	WAIT_FOR(to.count == 2);
	assert_got(&to, "ab|h|2 |h|3 ");
	(void)close_all(state);

	raw = raw_socket(ZMQ_PUSH);
	(void)snprintf(address, sizeof(address), "tcp://127.0.0.1:*");
	raw_listen(raw, address);
	stream_open(&to, CAL_PATTERN_PULL, address, false);
	raw_send(raw, "", "1");
	raw_send(raw, "t", "2");
	WAIT_FOR(to.count == 2);
	assert_got(&to, "|h|1 t|h|2 ");
}

/* Prefixes of every length arrive, or what begins them. */
static void
test_long_topics(void **state)
{
	static const size_t lens[] = { 244, 245, 246, 250, 255, 256, 1000 };
	static char text[1001];
	struct cal_slice topic;
	size_t i;

	(void)state;
	memset(text, 't', sizeof(text) - 1);
	stream_open(&from, CAL_PATTERN_PUBLISH, "tcp://127.0.0.1:*", true);
	to.topics = &topic;
	to.topics_count = 1;
	for (i = 0; i < COUNT(lens); i++) {
		topic = cal_slice_of(text, lens[i]);
		stream_dial(&to, CAL_PATTERN_SUBSCRIBE, &from);
		WAIT_FOR(to.ups == 1);
		do {
			PUBLISH(&from, text, "x");
			turn_loop();
		} while (to.count == 0 && to.downs == 0);
		assert_int_equal(to.downs, 0);
		(void)cal_conn_close(to.conn, 0);
		to.conn = NULL;
	}
}

/* Frames that are none of a stream cost nothing but themselves. */
static void
test_malformed(void **state)
{
	char *address;

	(void)state;
	stream_open(&to, CAL_PATTERN_PULL, "tcp://127.0.0.1:*", true);
	address = cal_conn_address(to.conn);
	raw = raw_socket(ZMQ_PUSH);
	assert_int_equal(zmq_connect(raw, address), 0);
	free(address);
	assert_int_equal(zmq_send(raw, "UPPER", 5, 0), 5);
	assert_int_equal(zmq_send(raw, "upper", 5, ZMQ_SNDMORE), 5);
	assert_int_equal(zmq_send(raw, "", 0, ZMQ_SNDMORE), 0);
	assert_int_equal(zmq_send(raw, "", 0, 0), 0);
	raw_send(raw, "", "1");
	WAIT_FOR(to.count == 1);
	assert_int_equal(to.conn->counts.malformed, 2);
	assert_int_equal(to.ups, 1);
}

/* Each to one of them, and to all of them their share. */
static void
test_shares(void **state)
{
	int i;

	(void)state;
	stream_open(&from, CAL_PATTERN_PUSH, "tcp://127.0.0.1:*", true);
	to.quiet = to2.quiet = true;
	stream_dial(&to, CAL_PATTERN_PULL, &from);
	stream_dial(&to2, CAL_PATTERN_PULL, &from);
	WAIT_FOR(stream_readers(&from, "") == 2);
	for (i = 0; i < 20; i++)
		PUBLISH(&from, "", "x");
	WAIT_FOR(to.count + to2.count == 20);
	assert_int_equal(to.count, 10);
}

/* Many publish to one that is bound. */
static void
test_many_publishers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(pairs); i++) {
		stream_open(&to, pairs[i][1], "tcp://127.0.0.1:*", true);
		stream_dial(&from, pairs[i][0], &to);
		stream_dial(&to2, pairs[i][0], &to);
		WAIT_FOR(stream_readers(&from, "") == 1 &&
		    stream_readers(&to2, "") == 1);
		PUBLISH(&from, "", "1");
		PUBLISH(&to2, "", "2");
		WAIT_FOR(to.count == 2);
		assert_int_equal(to.ups, 1);
		(void)close_all(state);
	}
}

/* Nothing is kept for nobody, and it is said when somebody comes. */
static void
test_push_to_nobody(void **state)
{
	(void)state;
	stream_open(&from, CAL_PATTERN_PUSH, "tcp://127.0.0.1:*", true);
	assert_int_equal(stream_publish(&from, "", "1", false, NULL),
	    CAL_EAGAIN);
	settle();
	assert_int_equal(from.rooms, 0);
	stream_dial(&to, CAL_PATTERN_PULL, &from);
	WAIT_FOR(from.rooms == 1);
	PUBLISH(&from, "", "2");
	WAIT_FOR(to.count == 1);
	assert_got(&to, "|h|2 ");
}

static void
test_dialled_push_to_nobody(void **state)
{
	char address[64];

	(void)state;
	(void)snprintf(address, sizeof(address), "tcp://127.0.0.1:%u",
	    listener_free_port());
	stream_open(&from, CAL_PATTERN_PUSH, address, false);
	assert_int_equal(stream_publish(&from, "", "1", false, NULL),
	    CAL_EAGAIN);
	raw = raw_socket(ZMQ_PULL);
	raw_listen(raw, address);
	WAIT_FOR(from.rooms > 0 && stream_readers(&from, "") == 1);
	PUBLISH(&from, "", "2");
	assert_string_equal(raw_recv(raw, DEADLINE * 1000), "UPPER|h|2");
	raw_close(&raw);
	WAIT_FOR(from.downs == 1);
	assert_int_equal(stream_readers(&from, ""), 0);
	assert_int_equal(stream_publish(&from, "", "3", false, NULL),
	    CAL_EAGAIN);
}

/* What nobody subscribed to goes nowhere, at once. */
static void
test_publish_to_nobody(void **state)
{
	int i;

	(void)state;
	stream_open(&from, CAL_PATTERN_PUBLISH, "tcp://127.0.0.1:*", true);
	for (i = 0; i < 1000; i++)
		PUBLISH(&from, "", "x");
}

static void
test_loopback_refuses(void **state)
{
	struct cal_conn_conf conf = {
		.loop = loop, .bind = true, .pattern = CAL_PATTERN_PULL,
		.url = { .scheme = CAL_LOOPBACK, .path = "x" },
	};
	struct cal_conn *conn;
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_conn_open(&conn, &conf, &err), CAL_EUSAGE);
	assert_null(conn);
}

static int
open_folder(void **state)
{
	return mkdtemp(folder) == NULL ? -1 : open_streams(state);
}

static int
close_folder(void **state)
{
	(void)close_streams(state);
	return rmdir(folder);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, close_all)
	const struct CMUnitTest tests[] = {
		TEST(both_ways), TEST(raw_readers), TEST(raw_publishers),
		TEST(long_topics), TEST(malformed), TEST(shares), TEST(many_publishers),
		TEST(push_to_nobody), TEST(dialled_push_to_nobody),
		TEST(publish_to_nobody), TEST(loopback_refuses),
	};

	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
