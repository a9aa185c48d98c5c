/*
 * Unit tests of transport/redis_session with a real Redis: who is let in, and
 * what is said to who is not.
 */
#include "redis_true.h"

static void
is_refused(enum cal_code code, const char *words)
{
	end_open();
	WAIT_FOR(end.refusals == 1);
	settle();
	assert_int_equal(end.refusals, 1);
	assert_int_equal(end.ups, 0);
	assert_int_equal(end.refusal.code, code);
	if (strstr(end.refusal.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, end.refusal.text);
	assert_null(strstr(end.refusal.text, "sesame"));
	assert_string_equal(cal_redis_session_trouble(end.session),
	    end.refusal.text);
}

static const char *const with_password[] = {
	"--requirepass", "sesame", NULL,
};

static void
test_password(void **state)
{
	(void)state;
	redis_start(with_password);
	strcpy(end.url.redis.password, "sesame");
	end.url.redis.db = 3;
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("SET where three", 0);
	WAIT_FOR(end.answers == 1);
	freeReplyObject(redis_do("AUTH sesame"));
	assert_int_equal(redis_number("EXISTS where"), 0);
	freeReplyObject(redis_do("SELECT 3"));
	assert_int_equal(redis_number("EXISTS where"), 1);
}

static void
test_no_password(void **state)
{
	(void)state;
	redis_start(with_password);
	is_refused(CAL_EDENIED, "NOAUTH");
}

static void
test_wrong_password(void **state)
{
	(void)state;
	redis_start(with_password);
	strcpy(end.url.redis.password, "sesame, open");
	is_refused(CAL_EDENIED, "does not take this password");
}

static void
test_needless_password(void **state)
{
	(void)state;
	redis_start(NULL);
	strcpy(end.url.redis.password, "sesame");
	is_refused(CAL_EDENIED, "has no password");
}

static const char *const with_user[] = {
	"--user", "ali", "on", ">sesame", "~*", "+xadd", NULL,
};

/* A user who may do one thing only, and that is not PING. */
static void
test_user(void **state)
{
	(void)state;
	redis_start(with_user);
	strcpy(end.url.redis.user, "ali");
	strcpy(end.url.redis.password, "sesame");
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("XADD s * a b", 0);
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_OK);
	end_send("XLEN s", 0);
	WAIT_FOR(end.answers == 2);
	assert_int_equal(end.kind, CAL_REDIS_REFUSED);
}

static void
test_wrong_user(void **state)
{
	(void)state;
	redis_start(with_user);
	strcpy(end.url.redis.user, "baba");
	strcpy(end.url.redis.password, "sesame");
	is_refused(CAL_EDENIED, "user and password");
}

static void
test_user_may_not_select(void **state)
{
	(void)state;
	redis_start(with_user);
	strcpy(end.url.redis.user, "ali");
	strcpy(end.url.redis.password, "sesame");
	end.url.redis.db = 1;
	is_refused(CAL_EDENIED, "cannot select database 1: NOPERM");
}

static void
test_no_such_database(void **state)
{
	(void)state;
	redis_start(NULL);
	end.url.redis.db = 16;
	is_refused(CAL_ECONFIG, "cannot select database 16: ERR DB index");
}

/* The password changes while we are out. */
static void
test_refused_later(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	freeReplyObject(redis_do("CONFIG SET requirepass sesame"));
	end_send("BLPOP nothing 0", 60000);
	settle();
	(void)redis_number("CLIENT KILL TYPE normal SKIPME yes");
	WAIT_FOR(end.refusals == 1);
	assert_int_equal(end.downs, 1);
	assert_int_equal(end.lost, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(password), TEST(no_password), TEST(wrong_password),
		TEST(needless_password), TEST(user), TEST(wrong_user),
		TEST(user_may_not_select), TEST(no_such_database),
		TEST(refused_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
