/* Unit tests of transport/redis_trail: what was gone before it was read. */
#include "redis_said.h"
#include "transport/redis_trail.h"

static struct cal_redis_trail trail;

static int
enter(void **state)
{
	(void)state;
	trail = (struct cal_redis_trail){ .counted = false };
	return 0;
}

static void
go(const char *text, size_t count)
{
	struct cal_redis_id id;

	assert_true(cal_redis_id_read(&id, cal_slice_text(text)));
	cal_redis_trail_go(&trail, &id, count);
}

static uint64_t
check_text(const char *text)
{
	redisReply *reply = redis_said(text);
	uint64_t gone = cal_redis_trail_check(&trail, reply);

	freeReplyObject(reply);
	return gone;
}

/* As XINFO STREAM has it; what else it says does not matter. */
static uint64_t
check(int length, int added, const char *first, const char *last)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "*10\r\n$6\r\nlength\r\n:%d\r\n"
	    "$6\r\ngroups\r\n:3\r\n$17\r\nlast-generated-id\r\n$%zu\r\n%s\r\n"
	    "$13\r\nentries-added\r\n:%d\r\n"
	    "$23\r\nrecorded-first-entry-id\r\n$%zu\r\n%s\r\n", length,
	    strlen(last), last, added, strlen(first), first);
	return check_text(text);
}

/* What was before the beginning is nobody's business. */
static void
test_beginning(void **state)
{
	(void)state;
	assert_int_equal(check(5, 100, "96-0", "100-0"), 0);
	go("100-0", 5);
	assert_int_equal(check(5, 100, "96-0", "100-0"), 0);
	assert_int_equal(check(5, 102, "98-0", "102-0"), 0);
}

static void
test_trimmed(void **state)
{
	(void)state;
	go("10-0", 0);
	assert_int_equal(check(10, 10, "1-0", "10-0"), 0);
	/* 11 to 20 are added, and only 18 to 20 are there. */
	assert_int_equal(check(3, 20, "18-0", "20-0"), 7);
	assert_int_equal(check(3, 20, "18-0", "20-0"), 0);
	go("20-0", 3);
	/* 21 to 25 are added, and nothing is there. */
	assert_int_equal(check(0, 25, "0-0", "25-0"), 5);
	go("26-0", 1);
	assert_int_equal(check(1, 26, "26-0", "26-0"), 0);
}

/* Deleted from the middle: it shows when all is read. */
static void
test_deleted(void **state)
{
	(void)state;
	assert_int_equal(check(10, 10, "1-0", "10-0"), 0);
	go("4-0", 4);
	assert_int_equal(check(8, 10, "1-0", "10-0"), 0);
	go("10-0", 4);
	assert_int_equal(check(8, 10, "1-0", "10-0"), 2);
	assert_int_equal(check(8, 10, "1-0", "10-0"), 0);
}

/* From the middle on the count begins when the end is reached. */
static void
test_middle(void **state)
{
	(void)state;
	go("5-0", 0);
	assert_int_equal(check(8, 10, "3-0", "10-0"), 0);
	assert_false(trail.counted);
	go("10-0", 5);
	assert_int_equal(check(8, 10, "3-0", "10-0"), 0);
	assert_int_equal(check(1, 15, "15-0", "15-0"), 4);
}

/* Another stream by the same name has nothing that is behind us. */
static void
test_another(void **state)
{
	(void)state;
	assert_int_equal(check(10, 10, "1-0", "10-0"), 0);
	go("10-0", 10);
	assert_int_equal(check(2, 2, "11-0", "12-0"), 0);
	go("12-0", 2);
	assert_int_equal(check(1, 4, "14-0", "14-0"), 1);
}

/* Where there was no stream all that is added is behind us. */
static void
test_none(void **state)
{
	(void)state;
	cal_redis_trail_clear(&trail);
	assert_int_equal(check(2, 10, "9-0", "10-0"), 8);
	go("10-0", 2);
	cal_redis_trail_clear(&trail);
	assert_int_equal(check(1, 3, "13-0", "13-0"), 2);
}

static void
test_garbage(void **state)
{
	static const char *const texts[] = {
		"*0\r\n", "*-1\r\n", ":1\r\n", "*1\r\n$6\r\nlength\r\n",
		"*2\r\n$6\r\nlength\r\n:1\r\n", "*2\r\n:1\r\n:1\r\n",
		"*2\r\n$6\r\nlength\r\n:-1\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		assert_int_equal(check_text(texts[i]), 0);
	assert_int_equal(check(10, 5, "1-0", "10-0"), 0);
	assert_int_equal(check(1, 1, "x", "10-0"), 0);
	assert_false(trail.counted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_beginning, enter),
		cmocka_unit_test_setup(test_trimmed, enter),
		cmocka_unit_test_setup(test_deleted, enter),
		cmocka_unit_test_setup(test_middle, enter),
		cmocka_unit_test_setup(test_another, enter),
		cmocka_unit_test_setup(test_none, enter),
		cmocka_unit_test_setup(test_garbage, enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
