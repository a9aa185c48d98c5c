/*
 * Unit tests of transport/redis_reader: replies of all kinds, and those of
 * somebody who means no good.
 */
#include <hiredis/hiredis.h>

#include "transport/redis_socket.h"
#include "unit.h"

enum { MAX = 64 << 10, ROUNDS = 20000 };

static struct cal_redis_reader reader;

static int
enter(void **state)
{
	(void)state;
	cal_redis_reader_init(&reader, MAX);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	cal_redis_reader_release(&reader);
	return 0;
}

static void
feed(const char *text)
{
	cal_redis_reader_feed(&reader, text, strlen(text));
}

static redisReply *
next(void)
{
	struct cal_err err;
	redisReply *reply;

	if (cal_redis_reader_next(&reader, &reply, &err) != CAL_OK)
		fail_msg("%s", err.text);
	return reply;
}

/* No reply, in these words, and never again one. */
static void
is_refused(const char *words)
{
	struct cal_err err;
	redisReply *reply;
	int i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(cal_redis_reader_next(&reader, &reply, &err),
		    CAL_EPROTO);
		assert_null(reply);
		if (strstr(err.text, words) == NULL)
			fail_msg("'%s' is not in '%s'", words, err.text);
		feed("+OK\r\n");
	}
}

static void
test_kinds(void **state)
{
	redisReply *reply;

	(void)state;
	feed("*5\r\n$3\r\na\0b\r\n:-7\r\n$-1\r\n*-1\r\n*0\r\n");
	assert_null(next());
	cal_redis_reader_release(&reader);
	cal_redis_reader_init(&reader, MAX);
	feed("*4\r\n$1\r\na\r\n:-7\r\n$-1\r\n*0\r\n+OK\r\n-ERR no\r\n");
	reply = next();
	assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
	assert_int_equal(reply->elements, 4);
	assert_int_equal(reply->element[1]->integer, -7);
	assert_int_equal(reply->element[2]->type, REDIS_REPLY_NIL);
	freeReplyObject(reply);
	reply = next();
	assert_int_equal(reply->type, REDIS_REPLY_STATUS);
	freeReplyObject(reply);
	reply = next();
	assert_int_equal(reply->type, REDIS_REPLY_ERROR);
	assert_string_equal(reply->str, "ERR no");
	freeReplyObject(reply);
	assert_null(next());
}

/* The limit is one of each reply, not of all together. */
static void
test_many(void **state)
{
	redisReply *reply;
	char text[1024];
	int i;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (i = 0; i < 1000; i++) {
		feed("*1\r\n$1024\r\n");
		cal_redis_reader_feed(&reader, text, sizeof(text));
		assert_null(next());
		feed("\r\n");
		reply = next();
		assert_non_null(reply);
		assert_int_equal(reply->element[0]->len, 1024);
		freeReplyObject(reply);
	}
}

static void
test_depth(void **state)
{
	redisReply *reply;
	int i;

	(void)state;
	for (i = 0; i < 7; i++)
		feed("*1\r\n");
	feed(":1\r\n");
	reply = next();
	assert_non_null(reply);
	freeReplyObject(reply);
	for (i = 0; i < 9; i++)
		feed("*1\r\n");
	is_refused("nested");
}

static void
test_elements(void **state)
{
	(void)state;
	feed("*1000000000\r\n");
	is_refused("an array in it is too large");
}

static void
test_negative(void **state)
{
	(void)state;
	feed("*-2\r\n");
	is_refused("no Redis");
}

static void
test_more_than_a_number(void **state)
{
	(void)state;
	feed("*99999999999999999999\r\n");
	is_refused("no Redis");
}

/* Arrays of arrays, none of them too large. */
static void
test_sum(void **state)
{
	int i;

	(void)state;
	feed("*4000\r\n");
	for (i = 0; i < 3; i++)
		feed("*4000\r\n");
	is_refused("it is too large");
}

/* Small ones by the thousand. */
static void
test_nils(void **state)
{
	int i;

	(void)state;
	feed("*4000\r\n");
	for (i = 0; i < 4000; i++)
		feed("$-1\r\n");
	is_refused("it is too large");
}

/* It says how long it will be, and that is enough. */
static void
test_long_string(void **state)
{
	(void)state;
	feed("$4294967296\r\n");
	is_refused("it is too large");
}

static void
test_longest_string(void **state)
{
	(void)state;
	feed("*2\r\n:1\r\n$18446744073709551615\r\n");
	is_refused("no Redis");
}

static void
test_endless_line(void **state)
{
	char text[1000];
	int i;

	(void)state;
	cal_redis_reader_release(&reader);
	cal_redis_reader_init(&reader, 64 << 20);
	memset(text, '\r', sizeof(text));
	feed("+");
	for (i = 0; i < 60; i++) {
		cal_redis_reader_feed(&reader, text, sizeof(text));
		assert_null(next());
	}
	for (i = 0; i < 10; i++)
		cal_redis_reader_feed(&reader, text, sizeof(text));
	is_refused("it is too large");
}

static void
test_garbage(void **state)
{
	(void)state;
	feed("HTTP/1.1 400 Bad Request\r\n");
	is_refused("what answers is no Redis: Protocol error, got \"H\"");
}

static void
test_control_character(void **state)
{
	(void)state;
	feed("\033[2J");
	is_refused("\"\\x1b\"");
}

/* Whatever comes, in whatever pieces, is a reply or an end. */
static void
test_anything(void **state)
{
	static const char *const words[] = { "*", "$", "+", "-", ":", "\r\n",
	    "0", "1", "2", "7", "-1", "9999", "abc", "\r", "\n", "\033",
	    "*2\r\n", "$3\r\nabc\r\n", ":12\r\n", "$-1\r\n", "*1048577" };
	struct cal_err err;
	redisReply *reply;
	uint64_t seed = 1;
	int i, rc = CAL_OK;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		feed(words[next_random(&seed) % COUNT(words)]);
		if (next_random(&seed) % 4 == 0)
			continue;
		while ((rc = cal_redis_reader_next(&reader, &reply, &err)) ==
		    CAL_OK && reply != NULL)
			freeReplyObject(reply);
		if (rc == CAL_OK)
			continue;
		assert_int_equal(rc, CAL_EPROTO);
		cal_redis_reader_release(&reader);
		cal_redis_reader_init(&reader, MAX);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kinds), TEST(many), TEST(depth), TEST(elements),
		TEST(negative), TEST(more_than_a_number), TEST(sum),
		TEST(nils), TEST(long_string), TEST(longest_string),
		TEST(endless_line), TEST(garbage), TEST(control_character),
		TEST(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
