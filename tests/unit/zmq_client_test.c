/*
 * Unit tests of transport/zmq_client: what a client hears that is not let in,
 * and what is no refusal.
 */
#include "curve.h"
#include "listener.h"

enum { ROUNDS = 20 };

static struct curve_end server, alice, bob;

/* After each test, failed or not. */
static int
close_ends(void **state)
{
	(void)state;
	curve_release(&alice);
	curve_release(&bob);
	curve_release(&server);
	listener_close();
	return 0;
}

/* Refused once, in these words, before so many seconds have gone. */
static void
is_refused(struct curve_end *client, double seconds, const char *words)
{
	double start = cal_clock_now();

	WAIT_FOR(client->refusals > 0);
	assert_true(cal_clock_now() - start < seconds);
	settle();
	assert_int_equal(client->refusals, 1);
	/* There is nothing left that could come up. */
	assert_null(((struct cal_zmq_conn *)client->conn)->socket);
	assert_int_equal(client->refusal.code, CAL_EDENIED);
	if (strstr(client->refusal.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, client->refusal.text);
	assert_int_equal(client->ups, 0);
	assert_int_equal(server.ups, 0);
}

static void
test_other_key(void **state)
{
	(void)state;
	cal_keys_make(&bob.own);
	curve_allow_one(&server, &bob.own, "bob");
	curve_serve(&server, "cal");
	curve_call(&alice, &server);
	is_refused(&alice, 2, "does not know its key");
}

static void
test_wrong_server_key(void **state)
{
	char *address;

	(void)state;
	cal_keys_make(&bob.own);
	curve_serve(&server, "cal");
	address = cal_conn_address(server.conn);
	curve_dial(&alice, address, bob.own.public);
	free(address);
	is_refused(&alice, 3, "the server's key is not the one that was given");
}

/* An allowed public key without its secret is nobody's. */
static void
test_stolen_public_key(void **state)
{
	(void)state;
	cal_keys_make(&bob.own);
	curve_allow_one(&server, &bob.own, "bob");
	curve_serve(&server, "cal");
	cal_keys_make(&alice.own);
	memcpy(alice.own.public, bob.own.public, CAL_KEY_BYTES);
	curve_call(&alice, &server);
	is_refused(&alice, 3, "the server's key is not the one that was given");
}

/*
 * libzmq tells of it in one round of many, and in another order each time; so
 * it is looked at often.
 */
static void
test_no_key(void **state)
{
	char *address;
	int i;

	(void)state;
	curve_serve(&server, "cal");
	address = cal_conn_address(server.conn);
	for (i = 0; i < ROUNDS; i++) {
		curve_open(&alice, address, false, false);
		is_refused(&alice, 3, "encryption mismatch: the server takes "
		    "CURVE only");
		curve_release(&alice);
	}
	free(address);
}

static void
test_server_without_keys(void **state)
{
	char *address;
	int i;

	(void)state;
	curve_open(&server, "tcp://127.0.0.1:*", true, false);
	address = cal_conn_address(server.conn);
	cal_keys_make(&bob.own);
	for (i = 0; i < ROUNDS; i++) {
		curve_dial(&alice, address, bob.own.public);
		is_refused(&alice, 3, "encryption mismatch: the server does "
		    "not encrypt");
		curve_release(&alice);
	}
	free(address);
}

/* Neither over a Unix socket. */
static void
test_ipc(void **state)
{
	char folder[] = "/tmp/cal-keys-XXXXXX", address[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(address, sizeof(address), "ipc://%s/s", folder);
	curve_open(&server, address, true, false);
	cal_keys_make(&bob.own);
	curve_dial(&alice, address, bob.own.public);
	is_refused(&alice, 3, "encryption mismatch: the server does not "
	    "encrypt");
	curve_release(&server);
	assert_int_equal(rmdir(folder), 0);
}

/* Something that is no ZeroMQ listens there. */
static void
listen_at(char *address, size_t size)
{
	(void)snprintf(address, size, "tcp://127.0.0.1:%u", listener_open());
}

/* Whoever is silent may speak later. */
static void
test_silence(void **state)
{
	char address[64];
	int i;

	(void)state;
	listen_at(address, sizeof(address));
	cal_keys_make(&bob.own);
	for (i = 0; i < 2; i++) {
		if (i == 0)
			curve_dial(&alice, address, bob.own.public);
		else
			curve_open(&alice, address, false, false);
		WAIT_FOR(listener_accept());
		WAIT_FOR(cal_conn_trouble(alice.conn) != NULL &&
		    strstr(cal_conn_trouble(alice.conn), "handshake") != NULL);
		assert_int_equal(alice.refusals, 0);
		assert_int_equal(alice.ups, 0);
		curve_release(&alice);
	}
}

/* Other services, and what speaks ZMTP until it is asked for its mechanism. */
static const struct {
	const char *text;
	size_t len;
} banners[] = {
	{ "", 0 },
	{ "SSH-2.0-OpenSSH_9.2\r\n", 21 },
	{ "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 47 },
	{ "\xff\0\0\0\0\0\0\0\1\x7f\3", 11 },
	{ "\xff\0\0\0\0\0\0\0\1\x7f\1\5", 12 },
	{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 14 },
};

static void
hang_up_on(size_t i, int count)
{
	while (count-- > 0) {
		WAIT_FOR(listener_accept());
		listener_say(banners[i].text, banners[i].len);
	}
	cal_io_close(&accepted);
}

/* Without keys none of that is a refusal, however often it is tried. */
static void
test_garbage(void **state)
{
	char address[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(banners); i++) {
		listen_at(address, sizeof(address));
		curve_open(&alice, address, false, false);
		hang_up_on(i, 6);
		WAIT_FOR(cal_conn_trouble(alice.conn) != NULL);
		assert_int_equal(alice.refusals, 0);
		assert_int_equal(alice.ups, 0);
		curve_release(&alice);
		listener_close();
	}
}

/* What breaks the protocol, behind the greeting of either mechanism. */
static const struct {
	bool keys;
	char mechanism[20], command[12];
	size_t len;
} broken[] = {
	{ false, "NULL", "\4\7\5READY\0", 9 },
	{ true, "CURVE", "\4\12\7WELCOME", 10 },
};

static void
break_protocol(size_t i)
{
	uint8_t greeting[64] = { 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3 };
	char heard[512];

	memcpy(greeting + 12, broken[i].mechanism,
	    sizeof(broken[i].mechanism));
	WAIT_FOR(listener_accept());
	listener_say(greeting, sizeof(greeting));
	listener_say(broken[i].command, broken[i].len);
	/* It is the client that hangs up. */
	WAIT_FOR(recv(accepted, heard, sizeof(heard), 0) == 0);
}

/* libzmq never tries again after that, but the next one may be better. */
static void
test_broken_handshake(void **state)
{
	char address[64];
	size_t i;
	int round;

	(void)state;
	cal_keys_make(&bob.own);
	for (i = 0; i < COUNT(broken); i++) {
		listen_at(address, sizeof(address));
		if (broken[i].keys)
			curve_dial(&alice, address, bob.own.public);
		else
			curve_open(&alice, address, false, false);
		for (round = 0; round < 4; round++)
			break_protocol(i);
		assert_int_equal(alice.refusals, 0);
		assert_int_equal(alice.ups, 0);
		assert_non_null(strstr(cal_conn_trouble(alice.conn),
		    "does not finish the handshake"));
		curve_release(&alice);
		listener_close();
	}
}

/* With keys it looks like a key that does not match. */
static void
test_hang_up_with_keys(void **state)
{
	char address[64];
	double start = cal_clock_now();

	(void)state;
	listen_at(address, sizeof(address));
	cal_keys_make(&bob.own);
	curve_dial(&alice, address, bob.own.public);
	while (alice.refusals == 0) {
		assert_true(cal_clock_now() - start < DEADLINE);
		(void)listener_accept();
		turn_loop();
	}
	is_refused(&alice, 1, "no CURVE server is there");
	assert_true(cal_clock_now() - start >= 1);
}

/*
 * libzmq gives a connection up for ever when it hears what it cannot read;
 * whoever listens there next is found all the same.
 */
static void
test_later(void **state)
{
	char address[64];
	size_t i;

	(void)state;
	for (i = 1; i < 2 * COUNT(banners); i++) {
		bool encrypt = i < COUNT(banners);

		listen_at(address, sizeof(address));
		cal_keys_make(&server.own);
		server.keys = (struct cal_conn_keys){
			.own = &server.own, .domain = "cal",
		};
		if (encrypt)
			curve_dial(&alice, address, server.own.public);
		else
			curve_open(&alice, address, false, false);
		hang_up_on(i % COUNT(banners), 1);
		listener_close();
		curve_open(&server, address, true, encrypt);
		WAIT_FOR(alice.ups > 0);
		assert_int_equal(alice.refusals, 0);
		curve_release(&alice);
		curve_release(&server);
	}
}

/* It takes any HELLO, and cannot make the WELCOME that belongs to it. */
static void
test_impostor(void **state)
{
	static const char welcome[2 + 168] = "\4\xa8\7WELCOME";
	static const char greeting[64] =
	    "\xff\0\0\0\0\0\0\0\1\x7f\3\1CURVE";
	char address[64];
	uint8_t hello[64 + 2 + 200];
	size_t len = 0;
	ssize_t n;

	(void)state;
	listen_at(address, sizeof(address));
	cal_keys_make(&bob.own);
	curve_dial(&alice, address, bob.own.public);
	WAIT_FOR(listener_accept());
	listener_say(greeting, sizeof(greeting));
	while (len < sizeof(hello)) {
		WAIT_FOR((n = read(accepted, hello + len,
		    sizeof(hello) - len)) > 0);
		len += (size_t)n;
	}
	listener_say(welcome, sizeof(welcome));
	is_refused(&alice, 1, "the server's key is not the one that was given");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, close_ends)
	const struct CMUnitTest tests[] = {
		TEST(other_key), TEST(wrong_server_key),
		TEST(stolen_public_key), TEST(no_key),
		TEST(server_without_keys), TEST(ipc), TEST(silence),
		TEST(garbage), TEST(broken_handshake),
		TEST(hang_up_with_keys), TEST(later), TEST(impostor),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
