/*
 * Unit tests of transport/zmq_zap: what the handler answers, to whatever a
 * peer or libzmq may ask it.  The test asks in libzmq's place.
 */
#include "curve.h"

enum { PARTS_MAX = 300 };

static struct curve_end server, other, client;
static void *asker;

/* A request as libzmq makes it; a test changes a part of it. */
static struct cal_slice parts[PARTS_MAX];

static const char *const names[] = { "alice", "bob" };

static int
open_server(void **state)
{
	int linger = 0, i;

	(void)state;
	cal_keys_make(&client.own);
	curve_allow_one(&server, &client.own, "alice");
	curve_serve(&server, "cal");
	asker = zmq_socket(((struct cal_zmq_conn *)server.conn)->context,
	    ZMQ_DEALER);
	if (asker == NULL || zmq_setsockopt(asker, ZMQ_LINGER, &linger,
	    sizeof(linger)) == -1 ||
	    zmq_connect(asker, "inproc://zeromq.zap.01") == -1)
		return -1;
	parts[0] = BYTES("1.0");
	parts[1] = BYTES("id\0\xff");
	parts[2] = BYTES("cal");
	parts[3] = BYTES("127.0.0.1");
	parts[4] = BYTES("");
	parts[5] = BYTES("CURVE");
	parts[6] = cal_slice_of(client.own.public, CAL_KEY_BYTES);
	for (i = 7; i < PARTS_MAX; i++)
		parts[i] = BYTES("more");
	return 0;
}

static int
close_server(void **state)
{
	(void)state;
	(void)zmq_close(asker);
	curve_release(&client);
	curve_release(&other);
	curve_release(&server);
	return 0;
}

/* Behind the frame that makes it a request. */
static void
ask(size_t count)
{
	size_t i;

	assert_int_equal(zmq_send(asker, "", 0, count > 0 ? ZMQ_SNDMORE : 0),
	    0);
	for (i = 0; i < count; i++)
		assert_int_equal(zmq_send(asker, parts[i].ptr, parts[i].len,
		    i + 1 < count ? ZMQ_SNDMORE : 0), parts[i].len);
}

struct part {
	size_t len;
	char text[256];
};

static void
hear(struct part *part, bool more)
{
	int flag, rc = zmq_recv(asker, part->text, sizeof(part->text) - 1, 0);
	size_t len = sizeof(flag);

	assert_in_range(rc, 0, sizeof(part->text) - 1);
	part->len = (size_t)rc;
	part->text[rc] = '\0';
	assert_int_equal(zmq_getsockopt(asker, ZMQ_RCVMORE, &flag, &len), 0);
	assert_int_equal(flag, more);
}

/* The answer has this status; user has room for one, or is NULL. */
static void
is_answered(const char *status, const char *text, struct part *user)
{
	zmq_pollitem_t item = { .socket = asker, .events = ZMQ_POLLIN };
	struct part part;

	WAIT_FOR(zmq_poll(&item, 1, 0) == 1);
	hear(&part, true);
	assert_int_equal(part.len, 0);
	hear(&part, true);
	assert_string_equal(part.text, "1.0");
	hear(&part, true);              /* of the request */
	hear(&part, true);
	assert_string_equal(part.text, status);
	hear(&part, true);
	assert_string_equal(part.text, text);
	hear(user != NULL ? user : &part, true);
	if (user == NULL)
		assert_int_equal(part.len, 0);
	hear(&part, false);
	assert_int_equal(part.len, 0);
}

static void
is_refused(size_t count)
{
	ask(count);
	is_answered("400", "Access denied", NULL);
}

/* The handler is still as good as it was. */
static void
is_well(void)
{
	struct part user;

	parts[0] = BYTES("1.0");
	parts[2] = BYTES("cal");
	parts[5] = BYTES("CURVE");
	parts[6] = cal_slice_of(client.own.public, CAL_KEY_BYTES);
	ask(7);
	is_answered("200", "OK", &user);
	assert_true(user.len > 0);
}

static void
test_let_in(void **state)
{
	char key[CAL_KEY_TEXT + 1];
	struct part first, second;

	(void)state;
	cal_key_text(key, client.own.public);
	ask(7);
	is_answered("200", "OK", &first);
	ask(7);
	is_answered("200", "OK", &second);
	assert_memory_equal(first.text, key, CAL_KEY_TEXT);
	assert_memory_equal(second.text, key, CAL_KEY_TEXT);
	assert_int_equal(first.text[CAL_KEY_TEXT], '#');
	assert_string_not_equal(first.text, second.text);
}

/* The id of a request comes back as it was. */
static void
test_request_id(void **state)
{
	zmq_pollitem_t item = { .socket = asker, .events = ZMQ_POLLIN };
	struct part part;
	int i;

	(void)state;
	ask(7);
	WAIT_FOR(zmq_poll(&item, 1, 0) == 1);
	for (i = 0; i < 3; i++)
		hear(&part, true);
	assert_slice(cal_slice_of(part.text, part.len), "id\0\xff");
}

static void
test_other_version(void **state)
{
	static const char *const versions[] = { "", "1", "1.00", "2.0" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(versions); i++) {
		parts[0] = cal_slice_text(versions[i]);
		is_refused(7);
	}
	is_well();
}

static void
test_other_domain(void **state)
{
	static const char *const domains[] = { "", "ca", "call", "CAL", "*" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(domains); i++) {
		parts[2] = cal_slice_text(domains[i]);
		is_refused(7);
	}
	parts[2] = BYTES("cal\0");
	is_refused(7);
	is_well();
}

static void
test_other_mechanism(void **state)
{
	(void)state;
	parts[5] = BYTES("NULL");
	is_refused(6);
	is_refused(7);
	parts[5] = BYTES("PLAIN");
	parts[6] = BYTES("user");
	parts[7] = BYTES("password");
	is_refused(8);
	parts[5] = BYTES("curve");
	is_refused(7);
	is_well();
}

static void
test_other_key(void **state)
{
	static const uint8_t zeros[CAL_KEY_BYTES];
	uint8_t near[CAL_KEY_BYTES];

	(void)state;
	parts[6] = cal_slice_of(zeros, sizeof(zeros));
	is_refused(7);
	memcpy(near, client.own.public, sizeof(near));
	near[CAL_KEY_BYTES - 1] ^= 1;
	parts[6] = cal_slice_of(near, sizeof(near));
	is_refused(7);
	is_well();
}

static void
test_length_of_key(void **state)
{
	uint8_t key[CAL_KEY_BYTES + 1] = { 0 };
	char text[CAL_KEY_TEXT + 1];

	(void)state;
	memcpy(key, client.own.public, CAL_KEY_BYTES);
	parts[6] = cal_slice_of(key, CAL_KEY_BYTES - 1);
	is_refused(7);
	parts[6] = cal_slice_of(key, CAL_KEY_BYTES + 1);
	is_refused(7);
	cal_key_text(text, client.own.public);
	parts[6] = cal_slice_text(text);
	is_refused(7);
	parts[6] = BYTES("");
	is_refused(7);
	is_well();
}

static void
test_count_of_parts(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 6, 8, 9, PARTS_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(counts); i++)
		/* An empty request is one part, empty. */
		if (counts[i] > 0)
			is_refused(counts[i]);
	is_well();
}

/* What is cut is not what it begins with. */
static void
test_large_parts(void **state)
{
	static char large[100000];
	size_t i, before;

	(void)state;
	memset(large, 'x', sizeof(large));
	memcpy(large, "1.0", 4);
	for (i = 0; i < 9; i++) {
		struct cal_slice was = parts[i];

		before = i < 7 ? 7 : i + 1;
		/* An id comes back, as far as it was kept. */
		if (i != 1) {
			parts[i] = cal_slice_of(large, sizeof(large));
			is_refused(before);
		}
		parts[i] = was;
	}
	is_well();
}

/* More at once than a turn of the loop answers. */
static void
test_many(void **state)
{
	struct part user;
	int i;

	(void)state;
	for (i = 0; i < 300; i++)
		ask(7);
	for (i = 0; i < 300; i++)
		is_answered("200", "OK", &user);
}

/* Each domain has a list of its own, until its server leaves. */
static void
test_two_domains(void **state)
{
	struct part user;

	(void)state;
	cal_keys_make(&other.own);
	curve_allow_one(&other, &other.own, names[1]);
	parts[2] = BYTES("second");
	is_refused(7);
	cal_keys_release(&other.own);
	curve_serve(&other, "second");
	is_refused(7);
	curve_allow_one(&other, &client.own, names[1]);
	ask(7);
	is_answered("200", "OK", &user);
	curve_release(&other);
	is_refused(7);
	is_well();
}

/* Two lists of one domain: which of them would hold? */
static void
test_two_lists(void **state)
{
	struct cal_conn_keys keys = { .own = &server.own, .domain = "cal" };
	struct cal_conn_conf conf = {
		.loop = loop, .bind = true, .max_body = 1 << 20,
		.keys = &keys,
	};
	struct cal_conn *second;
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_url_parse(&conf.url, "tcp://127.0.0.1:*", true,
	    &err), CAL_OK);
	assert_int_equal(cal_conn_open(&second, &conf, &err), CAL_EBUG);
	keys.allow = server.allow;
	assert_int_equal(cal_conn_open(&second, &conf, &err), CAL_OK);
	assert_true(cal_conn_close(second, 0));
	is_well();
}

/* Should nobody answer, nobody is let in. */
static void
test_no_handler(void **state)
{
	(void)state;
	cal_zmq_zap_leave((struct cal_zmq_conn *)server.conn);
	curve_call(&client, &server);
	WAIT_FOR(((struct cal_zmq_conn *)client.conn)->failures > 0 ||
	    client.refusals > 0 || cal_conn_trouble(client.conn) != NULL);
	settle();
	assert_int_equal(client.ups, 0);
	assert_int_equal(server.ups, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, open_server, \
    close_server)
	const struct CMUnitTest tests[] = {
		TEST(let_in), TEST(request_id), TEST(other_version),
		TEST(other_domain), TEST(other_mechanism), TEST(other_key),
		TEST(length_of_key), TEST(count_of_parts), TEST(large_parts),
		TEST(many), TEST(two_domains), TEST(two_lists),
		TEST(no_handler),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
