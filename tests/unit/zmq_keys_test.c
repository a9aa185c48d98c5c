/*
 * Unit tests of transport/zmq_keys and zmq_client: who is let in over CURVE,
 * what a client that is not hears.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "curve.h"

enum { ROUNDS = 20 };

static struct curve_end server, alice, bob;
static int listener = -1, accepted = -1;

/* After each test, failed or not. */
static int
close_ends(void **state)
{
	(void)state;
	curve_release(&alice);
	curve_release(&bob);
	curve_release(&server);
	cal_io_close(&accepted);
	cal_io_close(&listener);
	return 0;
}

/* Both have keys; the server knows them by these words. */
static void
allow_both(const char *first, const char *second)
{
	const struct cal_keys *const keys[] = { &alice.own, &bob.own };
	const char *const users[] = { first, second, NULL };

	if (alice.own.secret == NULL)
		cal_keys_make(&alice.own);
	if (bob.own.secret == NULL)
		cal_keys_make(&bob.own);
	curve_allow(&server, keys, users);
}

/* Both are there, alice first, and have sent a message. */
static void
open_both(void)
{
	allow_both("alice", "bob");
	curve_serve(&server, "cal");
	curve_call(&alice, &server);
	WAIT_FOR(alice.ups == 1);
	curve_send(&alice);
	WAIT_FOR(server.seen[0].messages == 1);
	curve_call(&bob, &server);
	WAIT_FOR(bob.ups == 1);
	curve_send(&bob);
	WAIT_FOR(server.seen[1].messages == 1);
}

static void
test_allowed(void **state)
{
	(void)state;
	open_both();
	assert_int_equal(server.ups, 2);
	assert_string_equal(server.seen[0].user, "alice");
	assert_string_equal(server.seen[1].user, "bob");
	assert_false(server.seen[0].barred || server.seen[1].barred);
	assert_int_equal(alice.refusals + bob.refusals, 0);
}

static void
test_every_key(void **state)
{
	(void)state;
	curve_serve(&server, "cal");
	curve_call(&alice, &server);
	WAIT_FOR(alice.ups == 1);
	curve_send(&alice);
	WAIT_FOR(server.seen[0].messages == 1);
	assert_string_equal(server.seen[0].user, "");
	assert_false(server.seen[0].barred);
	assert_null(server.seen[0].link->user);
	cal_conn_recheck(server.conn);
	assert_false(server.seen[0].barred);
}

/* What a user may call is asked of the link. */
static void
test_methods(void **state)
{
	(void)state;
	cal_keys_make(&alice.own);
	curve_allow_one(&server, &alice.own, "alice methods=a,b");
	curve_serve(&server, "cal");
	curve_call(&alice, &server);
	WAIT_FOR(alice.ups == 1);
	curve_send(&alice);
	WAIT_FOR(server.seen[0].messages == 1);
	assert_true(cal_link_may(server.seen[0].link, BYTES("a")));
	assert_false(cal_link_may(server.seen[0].link, BYTES("c")));
	assert_true(cal_link_may(alice.seen[0].link, BYTES("c")));
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

/* Something that is no ZeroMQ listens there, and the client knows it. */
static void
listen_here(char *address, size_t size)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	assert_int_not_equal(listener, -1);
	assert_int_equal(bind(listener, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(listener, 16), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&in, &len),
	    0);
	(void)snprintf(address, size, "tcp://127.0.0.1:%u", ntohs(in.sin_port));
}

static bool
accept_one(void)
{
	cal_io_close(&accepted);
	accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return accepted != -1;
}

/* Whoever is silent may speak later. */
static void
test_silence(void **state)
{
	char address[64];
	int i;

	(void)state;
	listen_here(address, sizeof(address));
	cal_keys_make(&bob.own);
	for (i = 0; i < 2; i++) {
		if (i == 0)
			curve_dial(&alice, address, bob.own.public);
		else
			curve_open(&alice, address, false, false);
		WAIT_FOR(accept_one());
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
		WAIT_FOR(accept_one());
		assert_int_equal(send(accepted, banners[i].text,
		    banners[i].len, MSG_NOSIGNAL), banners[i].len);
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
		listen_here(address, sizeof(address));
		curve_open(&alice, address, false, false);
		hang_up_on(i, 6);
		WAIT_FOR(cal_conn_trouble(alice.conn) != NULL);
		assert_int_equal(alice.refusals, 0);
		assert_int_equal(alice.ups, 0);
		curve_release(&alice);
		cal_io_close(&listener);
	}
}

/* With keys it looks like a key that does not match: nothing tells them apart. */
static void
test_hang_up_with_keys(void **state)
{
	char address[64];
	double start = cal_clock_now();

	(void)state;
	listen_here(address, sizeof(address));
	cal_keys_make(&bob.own);
	curve_dial(&alice, address, bob.own.public);
	while (alice.refusals == 0) {
		assert_true(cal_clock_now() - start < DEADLINE);
		(void)accept_one();
		turn_loop();
	}
	is_refused(&alice, 1, "no CURVE server is there");
	assert_true(cal_clock_now() - start >= 1);
}

static void
test_recheck(void **state)
{
	struct curve_seen *a = &server.seen[0], *b = &server.seen[1];
	char text[] = "bob methods=m";

	(void)state;
	open_both();
	curve_allow_one(&server, &alice.own, "alice");
	assert_false(b->barred);
	cal_conn_recheck(server.conn);
	assert_true(b->barred);
	assert_int_equal(b->changed, 1);
	assert_string_equal(b->user, "");
	assert_false(a->barred);
	assert_string_equal(a->user, "alice");
	assert_non_null(a->link->user);

	/* He stays outside, whatever he sends, and is not a new link. */
	curve_send(&bob);
	WAIT_FOR(b->messages == 2);
	assert_true(b->barred);
	assert_false(cal_link_may(b->link, BYTES("m")));
	assert_int_equal(server.ups, 2);

	allow_both("carol", text);
	cal_conn_recheck(server.conn);
	assert_false(b->barred);
	assert_string_equal(b->user, "bob");
	assert_true(cal_link_may(b->link, BYTES("m")));
	assert_false(cal_link_may(b->link, BYTES("n")));
	assert_false(a->barred);
	assert_string_equal(a->user, "carol");
	assert_int_equal(b->changed, 2);
	assert_in_range(a->changed, 1, 2);
}

/* Who comes after the list was read meets the new one. */
static void
test_removed_comes_again(void **state)
{
	(void)state;
	open_both();
	curve_allow_one(&server, &alice.own, "alice");
	cal_conn_recheck(server.conn);
	(void)cal_conn_close(bob.conn, 0);
	bob.conn = NULL;
	WAIT_FOR(server.seen[1].link == NULL);
	memset(bob.seen, 0, sizeof(bob.seen));
	bob.ups = 0;
	curve_call(&bob, &server);
	WAIT_FOR(bob.refusals == 1);
	assert_int_equal(bob.ups, 0);
	assert_int_equal(server.ups, 2);
}

/* A connecting end, or one without keys, has nobody to look up. */
static void
test_nothing_to_recheck(void **state)
{
	(void)state;
	open_both();
	cal_conn_recheck(alice.conn);
	assert_int_equal(alice.seen[0].changed, 0);
	assert_false(alice.seen[0].link->barred);
}

static void
test_two_connections_of_a_key(void **state)
{
	(void)state;
	cal_keys_make(&alice.own);
	curve_allow_one(&server, &alice.own, "alice");
	curve_serve(&server, "cal");
	curve_call(&alice, &server);
	cal_keys_make(&bob.own);
	memcpy(bob.own.public, alice.own.public, CAL_KEY_BYTES);
	memcpy(bob.own.secret, alice.own.secret, CAL_KEY_BYTES);
	curve_call(&bob, &server);
	WAIT_FOR(alice.ups == 1 && bob.ups == 1);
	curve_send(&alice);
	curve_send(&bob);
	WAIT_FOR(server.ups == 2);
	assert_string_equal(server.seen[0].user, "alice");
	assert_string_equal(server.seen[1].user, "alice");
	assert_memory_equal(server.seen[0].id, server.seen[1].id,
	    CAL_KEY_TEXT);
	assert_string_not_equal(server.seen[0].id, server.seen[1].id);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, close_ends)
	const struct CMUnitTest tests[] = {
		TEST(allowed), TEST(every_key), TEST(methods), TEST(other_key),
		TEST(wrong_server_key), TEST(stolen_public_key), TEST(no_key),
		TEST(server_without_keys), TEST(ipc), TEST(silence),
		TEST(garbage), TEST(hang_up_with_keys), TEST(recheck),
		TEST(removed_comes_again), TEST(nothing_to_recheck),
		TEST(two_connections_of_a_key),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
