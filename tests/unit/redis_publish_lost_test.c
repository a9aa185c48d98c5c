/*
 * Unit tests of transport/redis_publish: what becomes of messages when the
 * connection ends before the answer, and when replicas have to have them.
 */
#include "redis_publishing.h"

static void
test_lost(void **state)
{
	(void)state;
	begin_warm();
	PUT("1");
	PUT("2");
	PUT("3");
	take("1-1");
	assert_open(0, 2);
	PUT("4");
	PUT("5");
	PUT("6");
	session_lose();
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_EUNKNOWN);
	assert_stored("1-1 ");
	assert_open(1, 4);
}

/* A connection that ends while nothing is on its way costs nothing. */
static void
test_lost_idle(void **state)
{
	(void)state;
	begin_warm();
	session_lose();
	PUT("1");
	assert_said("");
	session_connect();
	assert_said("XADD s * hdr h msg 1\n");
	take("1-1");
	assert_stored("1-1 ");
	assert_int_equal(owner.ends, 0);
}

/* All on their way go again, in order, one first; so often and not more. */
static void
test_retry(void **state)
{
	(void)state;
	redis.retries = 2;
	begin_warm();
	PUT("1");
	PUT("2");
	PUT("3");
	session.said.len = 0;
	session_lose();
	assert_open(1, 2);
	session_connect();
	assert_said("XADD s * hdr h msg 1\n");
	take("2-1");
	assert_said("XADD s * hdr h msg 2\nXADD s * hdr h msg 3\n");
	session_lose();
	assert_int_equal(owner.ends, 0);
	session_connect();
	assert_said("XADD s * hdr h msg 2\n");
	session_lose();
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_EUNKNOWN);
	assert_stored("2-1 ");
	assert_open(0, 2);
}

/* Whether a first attempt did it is not known, whatever the second one says. */
static void
test_retry_refused(void **state)
{
	(void)state;
	redis.retries = 1;
	begin_warm();
	PUT("1");
	session_lose();
	session_connect();
	refuse("NOPERM this user has no permissions");
	assert_int_equal(owner.end.code, CAL_EDENIED);
	assert_open(0, 1);
}

/* One message is on its way, and so many replicas are to have it. */
static void
put_for_replicas(unsigned count)
{
	redis.replicas = count;
	redis.replicas_ms = 50;
	begin();
	session_connect();
	PUT("1");
}

static void
test_replicas(void **state)
{
	(void)state;
	put_for_replicas(2);
	PUT("2");
	settle();
	assert_said("XADD s * hdr h msg 1\nWAIT 2 50\n");
	take("1-1");
	assert_said("");
	assert_stored("");
	assert_false(left());
	session_answer_number(3);
	assert_stored("1-1 ");
	settle();
	assert_said("XADD s * hdr h msg 2\nWAIT 2 50\n");
	take("1-2");
	PUT("3");
	session_answer_number(1);
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_ETEMP);
	assert_string_equal(owner.end.text, "within 50 ms 1 of 2 replicas "
	    "had the last 1 message, which Redis has");
	assert_stored("");
	assert_open(1, 0);
}

/* What was refused is not what replicas are asked for. */
static void
test_replicas_refused(void **state)
{
	(void)state;
	redis.pause = 0.01;
	put_for_replicas(1);
	settle();
	refuse("NOREPLICAS Not enough good replicas to write.");
	session_answer_number(0);
	assert_int_equal(owner.ends, 0);
	session.said.len = 0;
	WAIT_FOR(session.said.len > 0);
	settle();
	assert_said("XADD s * hdr h msg 1\nWAIT 1 50\n");
	take("1-1");
	session_answer_number(1);
	assert_stored("1-1 ");
}

/* Its answers came, but not that of the replicas. */
static void
test_replicas_lost(void **state)
{
	(void)state;
	put_for_replicas(1);
	settle();
	take("1-1");
	session_lose();
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_EUNKNOWN);
	assert_open(0, 1);
	assert_stored("");
}

/* Replicas are asked even if Redis is quicker than we. */
static void
test_replicas_quick(void **state)
{
	(void)state;
	put_for_replicas(1);
	take("1-1");
	settle();
	assert_said("XADD s * hdr h msg 1\nWAIT 1 50\n");
	session_answer_number(1);
	assert_stored("1-1 ");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_lost),
		TEST(test_lost_idle),
		TEST(test_retry),
		TEST(test_retry_refused),
		TEST(test_replicas),
		TEST(test_replicas_refused),
		TEST(test_replicas_lost),
		TEST(test_replicas_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
