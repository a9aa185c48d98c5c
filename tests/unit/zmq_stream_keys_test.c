/*
 * Unit tests of streams with keys: who is refused, in which words, and what
 * becomes of a user who is removed.
 */
#include "curve.h"
#include "streams.h"

/* Whoever binds is server; only keys and lists of these ends are used. */
static struct curve_end server, alice, bob;
static struct stream at_server, at_alice, at_bob;
static void *other;
static char folder[] = "/tmp/cal-stream-keys-XXXXXX";

static const struct {
	enum cal_pattern dials, binds;
} sides[] = {
	{ CAL_PATTERN_SUBSCRIBE, CAL_PATTERN_PUBLISH },
	{ CAL_PATTERN_PULL, CAL_PATTERN_PUSH },
	{ CAL_PATTERN_PUBLISH, CAL_PATTERN_SUBSCRIBE },
	{ CAL_PATTERN_PUSH, CAL_PATTERN_PULL },
};

/* After each test, failed or not. */
static int
close_all(void **state)
{
	(void)state;
	stream_close(&at_alice);
	stream_close(&at_bob);
	stream_close(&at_server);
	raw_close(&other);
	curve_release(&alice);
	curve_release(&bob);
	curve_release(&server);
	return 0;
}

static void
make_keys(void)
{
	cal_keys_make(&server.own);
	cal_keys_make(&alice.own);
	cal_keys_make(&bob.own);
	alice.keys = (struct cal_conn_keys){
		.own = &alice.own, .server = server.own.public,
	};
	bob.keys = (struct cal_conn_keys){
		.own = &bob.own, .server = server.own.public,
	};
	at_alice.keys = &alice.keys;
	at_bob.keys = &bob.keys;
}

static void
allow_both(void)
{
	const struct cal_keys *const keys[] = { &alice.own, &bob.own };
	const char *const users[] = { "alice", "bob", NULL };

	curve_allow(&server, keys, users);
}

/* Lets in whoever is in the list that it has; none: everybody. */
static void
bind_server(enum cal_pattern pattern, const char *address)
{
	server.keys = (struct cal_conn_keys){
		.own = &server.own, .allow = server.allow, .domain = "cal",
	};
	at_server.keys = &server.keys;
	stream_open(&at_server, pattern, address, true);
}

static void
is_refused(struct stream *stream, const char *words)
{
	WAIT_FOR(stream->refusals > 0);
	settle();
	assert_int_equal(stream->refusals, 1);
	assert_null(((struct cal_zmq_conn *)stream->conn)->socket);
	assert_int_equal(stream->refusal.code, CAL_EDENIED);
	if (strstr(stream->refusal.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, stream->refusal.text);
}

static void
test_refusals(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sides); i++) {
		make_keys();
		curve_allow_one(&server, &bob.own, "bob");
		bind_server(sides[i].binds, "tcp://127.0.0.1:*");
		stream_dial(&at_alice, sides[i].dials, &at_server);
		is_refused(&at_alice, "does not know its key");
		assert_int_equal(stream_publish(&at_alice, "", "1", false,
		    NULL), CAL_EAGAIN);
		stream_close(&at_alice);

		alice.keys.server = bob.own.public;
		at_alice.keys = &alice.keys;
		stream_dial(&at_alice, sides[i].dials, &at_server);
		is_refused(&at_alice, "key is not the one that was given");
		stream_close(&at_alice);

		stream_dial(&at_alice, sides[i].dials, &at_server);
		is_refused(&at_alice, "encryption mismatch: the server takes "
		    "CURVE only");
		stream_close(&at_alice);
		stream_close(&at_server);

		at_alice.keys = &alice.keys;
		stream_open(&at_server, sides[i].binds, "tcp://127.0.0.1:*",
		    true);
		stream_dial(&at_alice, sides[i].dials, &at_server);
		is_refused(&at_alice, "encryption mismatch: the server does "
		    "not encrypt");
		(void)close_all(state);
	}
}

/* Until somebody has got it. */
static void
publish(struct stream *stream, const char *body)
{
	WAIT_FOR(stream_publish(stream, "", body, false, NULL) == CAL_OK);
}

/* Two read; one of them is removed. */
static void
remove_reader(size_t side, const char *address)
{
	char *before, *after;
	size_t count;

	make_keys();
	allow_both();
	bind_server(sides[side].binds, address);
	before = cal_conn_address(at_server.conn);
	at_alice.quiet = at_bob.quiet = true;
	stream_dial(&at_alice, sides[side].dials, &at_server);
	stream_dial(&at_bob, sides[side].dials, &at_server);
	WAIT_FOR(stream_readers(&at_server, "") == 2);
	publish(&at_server, "1");
	publish(&at_server, "2");
	/* Each gets both, or one each. */
	count = sides[side].binds == CAL_PATTERN_PUBLISH ? 2 : 1;
	WAIT_FOR(at_alice.count == count && at_bob.count == count);

	curve_allow_one(&server, &alice.own, "alice");
	cal_conn_recheck(at_server.conn);
	assert_int_equal(stream_readers(&at_server, ""), 0);
	assert_int_equal(stream_publish(&at_server, "", "3", false, NULL),
	    CAL_EAGAIN);
	is_refused(&at_bob, "does not know its key");
	WAIT_FOR(stream_readers(&at_server, "") == 1);
	assert_true(at_server.rooms > 0);
	at_alice.count = 0;
	publish(&at_server, "4");
	WAIT_FOR(at_alice.count == 1);
	assert_int_equal(at_alice.ups, 2);
	assert_int_equal(at_bob.count, count);
	after = cal_conn_address(at_server.conn);
	assert_string_equal(before, after);
	free(before);
	free(after);
	(void)close_all(NULL);
}

static void
test_removed_reader(void **state)
{
	char address[64];
	size_t i;

	(void)state;
	(void)snprintf(address, sizeof(address), "ipc://%s/s", folder);
	for (i = 0; i < 2; i++) {
		remove_reader(i, "tcp://127.0.0.1:*");
		remove_reader(i, address);
	}
}

/* Nobody is cut off because of somebody new, or of one who never came. */
static void
test_nobody_removed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		make_keys();
		allow_both();
		bind_server(sides[i].binds, "tcp://127.0.0.1:*");
		stream_dial(&at_alice, sides[i].dials, &at_server);
		WAIT_FOR(stream_readers(&at_server, "") == 1);
		curve_allow_one(&server, &alice.own, "alice");
		cal_conn_recheck(at_server.conn);
		allow_both();
		cal_conn_recheck(at_server.conn);
		assert_int_equal(stream_readers(&at_server, ""), 1);
		PUBLISH(&at_server, "", "1");
		WAIT_FOR(at_alice.count == 1);
		assert_int_equal(at_alice.ups, 1);
		assert_int_equal(at_alice.downs, 0);
		(void)close_all(state);
	}
}

/* Whoever lets everybody in removes nobody. */
static void
test_everybody(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sides); i++) {
		make_keys();
		bind_server(sides[i].binds, "tcp://127.0.0.1:*");
		stream_dial(&at_alice, sides[i].dials, &at_server);
		WAIT_FOR(at_alice.ups == 1);
		cal_conn_recheck(at_server.conn);
		cal_conn_recheck(at_alice.conn);
		settle();
		assert_int_equal(at_alice.downs, 0);
		(void)close_all(state);
	}
}

/* Two publish; what comes from the one who was removed goes nowhere. */
static void
test_removed_publisher(void **state)
{
	size_t i;

	(void)state;
	for (i = 2; i < COUNT(sides); i++) {
		make_keys();
		allow_both();
		bind_server(sides[i].binds, "tcp://127.0.0.1:*");
		stream_dial(&at_alice, sides[i].dials, &at_server);
		stream_dial(&at_bob, sides[i].dials, &at_server);
		WAIT_FOR(stream_readers(&at_alice, "") == 1 &&
		    stream_readers(&at_bob, "") == 1);
		PUBLISH(&at_alice, "", "a1");
		WAIT_FOR(at_server.count == 1);
		PUBLISH(&at_bob, "", "b1");
		WAIT_FOR(at_server.count == 2);

		curve_allow_one(&server, &alice.own, "alice");
		cal_conn_recheck(at_server.conn);
		PUBLISH(&at_bob, "", "b2");
		WAIT_FOR(at_server.conn->counts.malformed == 1);
		PUBLISH(&at_alice, "", "a2");
		WAIT_FOR(at_server.count == 3);
		PUBLISH(&at_bob, "", "b3");
		WAIT_FOR(at_server.conn->counts.malformed == 2);

		allow_both();
		cal_conn_recheck(at_server.conn);
		PUBLISH(&at_bob, "", "b4");
		WAIT_FOR(at_server.count == 4);
		assert_got(&at_server, "|h|a1 |h|b1 |h|a2 |h|b4 ");
		assert_int_equal(at_alice.downs + at_bob.downs, 0);
		(void)close_all(state);
	}
}

/* Others at the address meanwhile: it is tried until they leave. */
static void
test_address_is_taken(void **state)
{
	char *text, address[64];

	(void)state;
	make_keys();
	allow_both();
	bind_server(CAL_PATTERN_PUBLISH, "tcp://127.0.0.1:*");
	stream_dial(&at_bob, CAL_PATTERN_SUBSCRIBE, &at_server);
	WAIT_FOR(stream_readers(&at_server, "") == 1);
	curve_allow_one(&server, &alice.own, "alice");
	cal_conn_recheck(at_server.conn);
	text = cal_conn_address(at_server.conn);
	(void)snprintf(address, sizeof(address), "%s", text);
	free(text);
	other = raw_socket(ZMQ_PULL);
	raw_listen(other, address);
	assert_int_equal(stream_publish(&at_server, "", "1", false, NULL),
	    CAL_EAGAIN);
	WAIT_FOR(((struct cal_zmq_conn *)at_server.conn)->attempts > 2);
	assert_int_equal(at_server.rooms, 0);
	raw_close(&other);
	/* Before, she might still meet the other, who does not encrypt. */
	WAIT_FOR(at_server.rooms > 0);
	stream_dial(&at_alice, CAL_PATTERN_SUBSCRIBE, &at_server);
	WAIT_FOR(stream_readers(&at_server, "") == 1);
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
		TEST(refusals), TEST(removed_reader), TEST(nobody_removed),
		TEST(everybody), TEST(removed_publisher),
		TEST(address_is_taken),
	};

	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
