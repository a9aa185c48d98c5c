/*
 * Unit tests of transport/zmq_keys: whose a message is, and what becomes of
 * those who are there when the list is another one.
 */
#include "curve.h"

static struct curve_end server, alice, bob;

/* After each test, failed or not. */
static int
close_ends(void **state)
{
	(void)state;
	curve_release(&alice);
	curve_release(&bob);
	curve_release(&server);
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

/* Answers that wait for him as well are not for him any more. */
static void
test_removed_with_a_queue(void **state)
{
	static uint8_t body[1000];
	struct curve_seen *b = &server.seen[1];
	struct cal_frames frames = {
		.payload = { body, sizeof(body) },
	};
	struct cal_zmq_link *zl;
	size_t sent, waiting;

	(void)state;
	open_both();
	zl = (struct cal_zmq_link *)b->link;
	for (sent = 0; zl->queue_count == 0; sent++) {
		assert_in_range(sent, 0, CAL_CONN_QUEUE);
		assert_int_equal(cal_conn_send(server.conn, b->link, &frames,
		    NULL), CAL_OK);
	}
	waiting = zl->queue_count;
	curve_allow_one(&server, &alice.own, "alice");
	cal_conn_recheck(server.conn);
	assert_true(b->barred);
	assert_int_equal(zl->queue_count, 0);
	assert_int_equal(server.conn->counts.undeliverable, waiting);
	assert_true(cal_conn_idle(server.conn));
	WAIT_FOR(bob.seen[0].messages == sent - waiting);

	/* A refusal still reaches him. */
	assert_int_equal(cal_conn_send(server.conn, b->link, &frames, NULL),
	    CAL_OK);
	WAIT_FOR(bob.seen[0].messages == sent - waiting + 1);
	assert_int_equal(server.conn->counts.undeliverable, waiting);
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
		TEST(allowed), TEST(every_key), TEST(methods), TEST(recheck),
		TEST(removed_with_a_queue), TEST(removed_comes_again),
		TEST(nothing_to_recheck), TEST(two_connections_of_a_key),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
