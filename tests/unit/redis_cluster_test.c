/*
 * Unit tests of transport/redis_moved and of sessions with nodes of a cluster,
 * all of them the one listener.
 */
#include <stdio.h>

#include "redis_false.h"

static int
enter(void **state)
{
	if (false_enter(state) != 0)
		return -1;
	strcpy(end.url.redis.stream, "{s}");
	end.url.redis.cluster = true;
	return 0;
}

static void
move(const char *where)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "-MOVED 7 %s:%u\r\n", where, port);
	say(text);
}

static bool
is_troubled(const char *words)
{
	const char *trouble = cal_redis_session_trouble(end.session);

	return trouble != NULL && strstr(trouble, words) != NULL;
}

static bool
reads(struct cal_url *place, const char *text)
{
	char copy[400];
	redisReply reply = { .type = REDIS_REPLY_ERROR, .str = copy };

	(void)snprintf(copy, sizeof(copy), "%s", text);
	reply.len = strlen(copy);
	return cal_redis_moved(place, &reply, "there");
}

static void
test_moved(void **state)
{
	struct cal_url place;

	(void)state;
	assert_true(reads(&place, "MOVED 3999 127.0.0.1:6381"));
	assert_string_equal(place.host, "127.0.0.1");
	assert_int_equal(place.port, 6381);
	assert_true(reads(&place, "MOVED 3999 ::1:6381"));
	assert_string_equal(place.host, "::1");
	assert_true(reads(&place, "MOVED 3999 a.b:1"));
	assert_string_equal(place.host, "a.b");
	assert_true(reads(&place, "MOVED 3999 :1"));
	assert_string_equal(place.host, "there");
	assert_false(reads(&place, "MOVED "));
	assert_false(reads(&place, "MOVED 1"));
	assert_false(reads(&place, "MOVED 1 "));
	assert_false(reads(&place, "MOVED 1 h"));
	assert_false(reads(&place, "MOVED 1 h:"));
	assert_false(reads(&place, "MOVED 1 h:0"));
	assert_false(reads(&place, "MOVED 1 h:65536"));
	assert_false(reads(&place, "MOVED 1 ?:1"));
	assert_false(reads(&place, "MOVED 1 h:1 x"));
	assert_false(reads(&place, "ASK 1 h:1"));
}

/* It is followed at once, and the place is remembered. */
static void
test_followed(void **state)
{
	double start = cal_clock_now();
	int i;

	(void)state;
	end_open();
	for (i = 0; i < 5; i++) {
		WAIT_FOR(listener_accept());
		move(i % 2 == 0 ? "127.0.0.1" : "");
	}
	WAIT_FOR(listener_accept());
	assert_true(cal_clock_now() - start < 2);
	say(":0\r\n+PONG\r\n");
	WAIT_FOR(end.ups == 1);
	assert_null(cal_redis_session_trouble(end.session));
}

static void
test_bound(void **state)
{
	int i;

	(void)state;
	end_open();
	for (i = 0; i < 6; i++) {
		WAIT_FOR(listener_accept());
		move("127.0.0.1");
	}
	WAIT_FOR(is_troubled("do not agree"));
	assert_false(listener_accept());
	WAIT_FOR(listener_accept());
	say(":1\r\n+PONG\r\n");
	WAIT_FOR(end.ups == 1);
	assert_int_equal(end.refusals, 0);
}

/* A node that is named and does not answer is asked once. */
static void
test_dead_node(void **state)
{
	(void)state;
	end_open();
	WAIT_FOR(listener_accept());
	say("-MOVED 7 127.0.0.1:1\r\n");
	WAIT_FOR(listener_accept());
	say(":1\r\n+PONG\r\n");
	WAIT_FOR(end.ups == 1);
}

/* Whoever sent something may send it again; then the new node is asked. */
static void
test_moves_away(void **state)
{
	(void)state;
	end_open();
	WAIT_FOR(listener_accept());
	say(":1\r\n+PONG\r\n");
	WAIT_FOR(end.ups == 1);
	end_send("SET {s} 1", 0);
	end_send("SET {s} 2", 0);
	settle();
	move("127.0.0.1");
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_LATER);
	assert_int_equal(end.downs, 0);
	say("-ASK 7 127.0.0.1:1\r\n");
	WAIT_FOR(end.downs == 1);
	assert_int_equal(end.answers, 2);
	assert_int_equal(end.lost, 0);
	assert_int_equal(end.kind, CAL_REDIS_LATER);
	WAIT_FOR(listener_accept());
	say("-ASK 7 127.0.0.1:1\r\n");
	WAIT_FOR(is_troubled("moves to another node"));
	WAIT_FOR(listener_accept());
	say(":1\r\n+PONG\r\n");
	WAIT_FOR(end.ups == 2);
}

static void
test_refused(void **state)
{
	(void)state;
	end_open();
	WAIT_FOR(listener_accept());
	say("-NOPERM no EXISTS\r\n+PONG\r\n");
	WAIT_FOR(end.refusals == 1);
	assert_int_equal(end.refusal.code, CAL_EDENIED);
	assert_non_null(strstr(end.refusal.text, "where the stream is: NOP"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(moved), TEST(followed), TEST(bound), TEST(dead_node),
		TEST(moves_away), TEST(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
