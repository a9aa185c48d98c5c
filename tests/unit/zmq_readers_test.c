/*
 * Unit tests of transport/zmq_readers: how many there are, who comes and goes,
 * and what a crowd or a stranger costs.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/io.h"
#include "streams.h"

/* libzmq 4.3.4 breaks its own connection over a prefix of 246 to 255 bytes. */
enum { CROWD = 30, FLOOD = 4000, FITS = 245, TOO_LONG = 256, LONG = 70000 };

static struct stream from, to;
static void *raws[CROWD];
static int plain = -1;                  /* a connection of no socket */

/* After each test, failed or not. */
static int
close_all(void **state)
{
	size_t i;

	(void)state;
	stream_close(&from);
	stream_close(&to);
	for (i = 0; i < CROWD; i++)
		raw_close(&raws[i]);
	cal_io_close(&plain);
	return 0;
}

static void
publish_to(enum cal_pattern pattern)
{
	stream_open(&from, pattern, "tcp://127.0.0.1:*", true);
}

static void
subscribe(size_t i, const char *topic)
{
	assert_int_equal(zmq_setsockopt(raws[i], ZMQ_SUBSCRIBE, topic,
	    strlen(topic)), 0);
}

static void
unsubscribe(size_t i, const char *topic)
{
	assert_int_equal(zmq_setsockopt(raws[i], ZMQ_UNSUBSCRIBE, topic,
	    strlen(topic)), 0);
}

/* A connection that is none of ZeroMQ. */
static int
raw_connect(const struct stream *other)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	char *address = cal_conn_address(other->conn);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
	free(address);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

static void
test_topics(void **state)
{
	(void)state;
	publish_to(CAL_PATTERN_PUBLISH);
	assert_int_equal(stream_readers(&from, ""), 0);
	raws[0] = raw_dial(ZMQ_SUB, &from, "");
	raws[1] = raw_dial(ZMQ_SUB, &from, "ab");
	raws[2] = raw_dial(ZMQ_SUB, &from, "UPP");
	raws[3] = raw_dial(ZMQ_SUB, &from, NULL);       /* nothing yet */
	WAIT_FOR(stream_readers(&from, "UPPER") == 2 &&
	    stream_readers(&from, "abc") == 2);
	assert_int_equal(stream_readers(&from, ""), 2);
	assert_int_equal(stream_readers(&from, "ab"), 2);
	assert_int_equal(stream_readers(&from, "a"), 1);

	/* Another one, and one twice, are no other readers. */
	subscribe(1, "a");
	subscribe(1, "a");
	subscribe(1, "abc");
	WAIT_FOR(stream_readers(&from, "a") == 2);
	assert_int_equal(stream_readers(&from, "abc"), 2);
	unsubscribe(1, "a");
	unsubscribe(1, "ab");
	subscribe(1, "x");
	WAIT_FOR(stream_readers(&from, "x") == 2);
	assert_int_equal(stream_readers(&from, "ab"), 2);
	unsubscribe(1, "a");
	WAIT_FOR(stream_readers(&from, "ab") == 1);
	assert_int_equal(stream_readers(&from, "abc"), 2);
}

static void
test_come_and_go(void **state)
{
	const enum cal_pattern patterns[] = {
		CAL_PATTERN_PUBLISH, CAL_PATTERN_PUSH,
	};
	size_t i, k, round;

	(void)state;
	for (k = 0; k < COUNT(patterns); k++) {
		publish_to(patterns[k]);
		for (round = 0; round < 3; round++) {
			for (i = 0; i < CROWD; i++)
				raws[i] = k == 0 ? raw_dial(ZMQ_SUB, &from,
				    i % 2 == 0 ? "" : "a") :
				    raw_dial(ZMQ_PULL, &from, NULL);
			WAIT_FOR(stream_readers(&from, "a") == CROWD);
			assert_int_equal(stream_readers(&from, "b"), k == 0 ?
			    CROWD / 2 : CROWD);
			for (i = 0; i < CROWD; i += 3)
				raw_close(&raws[i]);
			WAIT_FOR(stream_readers(&from, "a") ==
			    CROWD - CROWD / 3);
			for (i = 0; i < CROWD; i++)
				raw_close(&raws[i]);
			WAIT_FOR(stream_readers(&from, "a") == 0);
		}
		assert_true(from.readers > 0);
		(void)close_all(state);
	}
}

/* Its descriptor is the next one's while the publisher looks elsewhere. */
static void
test_descriptor_again(void **state)
{
	int i;

	(void)state;
	publish_to(CAL_PATTERN_PUBLISH);
	for (i = 0; i < 50; i++) {
		raws[0] = raw_dial(ZMQ_SUB, &from, "a");
		WAIT_FOR(stream_readers(&from, "a") == 1);
		raw_close(&raws[0]);
		/* libzmq alone lets the next one in. */
		raws[0] = raw_dial(ZMQ_SUB, &from, "b");
		(void)zmq_poll(NULL, 0, i % 5);
		WAIT_FOR(stream_readers(&from, "b") == 1 &&
		    stream_readers(&from, "a") == 0);
		raw_close(&raws[0]);
		WAIT_FOR(stream_readers(&from, "b") == 0);
	}
}

/* A socket of another kind, and what is no ZeroMQ at all, are no readers. */
static void
test_strangers(void **state)
{
	double start;
	int round, fd;

	(void)state;
	publish_to(CAL_PATTERN_PUSH);
	raws[0] = raw_dial(ZMQ_PULL, &from, NULL);
	raws[1] = raw_dial(ZMQ_PULL, &from, NULL);
	WAIT_FOR(stream_readers(&from, "") == 2);
	for (round = 0; round < 10; round++) {
		start = cal_clock_now();
		raws[2] = raw_dial(ZMQ_SUB, &from, "");
		fd = raw_connect(&from);
		assert_int_equal(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
		(void)close(fd);
		raw_close(&raws[2]);
		raws[3] = raw_dial(ZMQ_PULL, &from, NULL);
		WAIT_FOR(stream_readers(&from, "") == 3);
		raw_close(&raws[3]);
		WAIT_FOR(stream_readers(&from, "") == 2);
		/* Time alone does not put it right. */
		assert_true(cal_clock_now() - start <
		    CAL_ZMQ_HANDSHAKE_MS / 1000.0);
	}
	raw_close(&raws[0]);
	WAIT_FOR(stream_readers(&from, "") == 1);
}

static size_t
kept_bytes(void)
{
	const struct cal_zmq_conn *zc =
	    (const struct cal_zmq_conn *)from.conn;
	const struct cal_zmq_reader *reader;
	size_t bytes = 0;

	TAILQ_FOREACH(reader, &zc->readers, in_readers)
		bytes += reader->prefixes.cap;
	return bytes;
}

/* Row B09: subscriptions without end do not make us grow. */
static void
test_flood(void **state)
{
	char topic[TOO_LONG + 1];
	int i;

	(void)state;
	publish_to(CAL_PATTERN_PUBLISH);
	raws[0] = raw_dial(ZMQ_SUB, &from, "first");
	raw_set(raws[0], ZMQ_SNDHWM, 0);
	WAIT_FOR(stream_readers(&from, "first") == 1);
	for (i = 0; i < FLOOD; i++) {
		(void)snprintf(topic, sizeof(topic), "%0*d", i % 2 == 0 ?
		    FITS : TOO_LONG, i);
		subscribe(0, topic);
	}
	subscribe(0, "last");
	WAIT_FOR(stream_readers(&from, "last") == 1);   /* who knows */
	assert_in_range(kept_bytes(), 1, 2 * CAL_CONN_PREFIXES *
	    (CAL_CONN_PREFIX + 1));
	raws[1] = raw_dial(ZMQ_SUB, &from, "first");
	WAIT_FOR(stream_readers(&from, "first") == 2);
	settle();
	PUBLISH(&from, "last", "1");
	assert_string_equal(raw_recv(raws[0], DEADLINE * 1000),
	    "last|UPPER|h|1");
	raw_close(&raws[0]);
	WAIT_FOR(stream_readers(&from, "first") == 1 && kept_bytes() < 1000);
}

static double
connected_since(void)
{
	const struct cal_zmq_conn *zc =
	    (const struct cal_zmq_conn *)from.conn;

	return TAILQ_EMPTY(&zc->readers) ? 0 :
	    TAILQ_FIRST(&zc->readers)->since;
}

/* Who asks for too much, or says anything else, loses his connection. */
static void
test_cut_off(void **state)
{
	char topic[FITS + 1];
	double before;
	int i;

	(void)state;
	publish_to(CAL_PATTERN_PUBLISH);
	raws[0] = raw_dial(ZMQ_XSUB, &from, NULL);
	raw_set(raws[0], ZMQ_SNDHWM, 0);
	WAIT_FOR(connected_since() > 0);
	before = connected_since();
	assert_int_equal(zmq_send(raws[0], "\2hello", 6, 0), 6);
	WAIT_FOR(connected_since() > before);
	before = connected_since();
	for (i = 0; i <= CAL_CONN_ASKED / FITS; i++) {
		(void)snprintf(topic, sizeof(topic), "\1%0*d", FITS - 1, i);
		assert_int_equal(zmq_send(raws[0], topic, FITS, 0), FITS);
	}
	WAIT_FOR(connected_since() > before);
	raw_close(&raws[0]);
	WAIT_FOR(connected_since() == 0);
}

/* One prefix as long as no topic is costs its connection. */
static void
test_long_prefix(void **state)
{
	char *topic = malloc(LONG);

	(void)state;
	assert_non_null(topic);
	memset(topic, 'x', LONG);
	publish_to(CAL_PATTERN_PUBLISH);
	raws[0] = raw_dial(ZMQ_SUB, &from, "a");
	WAIT_FOR(stream_readers(&from, "a") == 1);
	assert_int_equal(zmq_setsockopt(raws[0], ZMQ_SUBSCRIBE, topic, LONG),
	    0);
	WAIT_FOR(stream_readers(&from, "a") == 0);
	free(topic);
}

/* The end of what never began is nothing. */
static void
test_ends(void **state)
{
	(void)state;
	publish_to(CAL_PATTERN_PUBLISH);
	raws[0] = raw_dial(ZMQ_XSUB, &from, NULL);
	assert_int_equal(zmq_send(raws[0], "\0b", 2, 0), 2);
	assert_int_equal(zmq_send(raws[0], "\1b", 2, 0), 2);
	WAIT_FOR(stream_readers(&from, "b") == 1);
	assert_int_equal(zmq_send(raws[0], "\0b", 2, 0), 2);
	WAIT_FOR(stream_readers(&from, "b") == 0);
}

/* What was not heard of a handshake, its age tells. */
static void
test_old(void **state)
{
	struct cal_zmq_conn *zc;
	struct cal_zmq_reader *reader;

	(void)state;
	publish_to(CAL_PATTERN_PUSH);
	zc = (struct cal_zmq_conn *)from.conn;
	raws[0] = raw_dial(ZMQ_PULL, &from, NULL);
	raws[1] = raw_dial(ZMQ_PULL, &from, NULL);
	WAIT_FOR(stream_readers(&from, "") == 2);
	TAILQ_FOREACH(reader, &zc->readers, in_readers)
		reader->since -= 2 * CAL_ZMQ_HANDSHAKE_MS / 1000.0;
	plain = raw_connect(&from);            /* shakes no hands */
	WAIT_FOR(cal_map_count(zc->by_fd) == 3);
	assert_int_equal(stream_readers(&from, ""), 2);
	raw_close(&raws[0]);
	WAIT_FOR(cal_map_count(zc->by_fd) == 2);
	assert_int_equal(stream_readers(&from, ""), 1);
	zc->shaken = 0;
	assert_int_equal(stream_readers(&from, ""), 1);
}

/* Whoever dials out has a reader once it was told what that wants. */
static void
test_dialled(void **state)
{
	const struct cal_slice topic = BYTES("a");
	int i;

	(void)state;
	to.topics = &topic;
	to.topics_count = 1;
	stream_open(&to, CAL_PATTERN_SUBSCRIBE, "tcp://127.0.0.1:*", true);
	stream_dial(&from, CAL_PATTERN_PUBLISH, &to);
	WAIT_FOR(stream_readers(&from, "a") == 1);
	assert_int_equal(stream_readers(&from, "b"), 0);
	stream_close(&to);
	WAIT_FOR(stream_readers(&from, "a") == 0);
	assert_int_equal(from.downs, 1);
	/* Nothing is kept for it, or for whoever listens there next. */
	for (i = 0; i < 10 * CAL_CONN_AHEAD; i++)
		WAIT_FOR(stream_publish(&from, "a", "1", false,
		    NULL) == CAL_OK);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, close_all)
	const struct CMUnitTest tests[] = {
		TEST(topics), TEST(come_and_go), TEST(descriptor_again),
		TEST(strangers), TEST(flood), TEST(cut_off), TEST(long_prefix),
		TEST(ends), TEST(old), TEST(dialled),
	};

	return cmocka_run_group_tests(tests, open_streams, close_streams);
}
