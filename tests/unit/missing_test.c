/* Unit tests of sub/missing: what is said at once, and what is summed up. */
#include "intakes.h"
#include "sub/missing.h"

static struct cal_missing missing;

static void
open_missing(void)
{
	listen_to(STDERR_FILENO);
	cal_missing_init(&missing, loop);
	ev_now_update(loop);
}

static void
test_sums(void **state)
{
	(void)state;
	open_missing();
	cal_missing_add(&missing, BYTES("a"), 2);
	cal_missing_add(&missing, BYTES("a"), 1);
	cal_missing_add(&missing, BYTES("a"), 4);
	settle();
	assert_string_equal(heard(2),
	    "cal-sub: missing 2 messages of topic 'a'\n");
	WAIT_FOR(strstr(heard(2), "missing 5") != NULL);
	/* It rests again after that. */
	cal_missing_add(&missing, BYTES("b\n"), UINT64_MAX);
	cal_missing_add(&missing, BYTES("a"), 4);
	settle();
	assert_null(strstr(heard(2), "topic 'b"));
	cal_missing_release(&missing);
	assert_string_equal(heard(2),
	    "cal-sub: missing 2 messages of topic 'a'\n"
	    "cal-sub: missing 5 messages of topic 'a'\n"
	    "cal-sub: missing 18446744073709551615 messages of topic 'b\\x0a' "
	    "and others\n");
}

static void
test_nothing(void **state)
{
	(void)state;
	open_missing();
	cal_missing_add(&missing, BYTES(""), 1);
	cal_missing_release(&missing);
	assert_string_equal(heard(2), "cal-sub: missing 1 message\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_sums, restore),
		cmocka_unit_test_teardown(test_nothing, restore),
	};

	return cmocka_run_group_tests(tests, open_intakes, close_intakes);
}
