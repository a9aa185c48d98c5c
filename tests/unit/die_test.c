/* Unit tests of cli/die: exit statuses, and which of two counts. */
#include "cli/die.h"
#include "unit.h"

static void
test_worse(void **state)
{
	static const int order[] = {
		70, 74, 71, 78, 77, 76, 68, 69, 124, 75, 65, 3, 4, 1, 0,
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(order); i++)
		for (k = 0; k < COUNT(order); k++)
			assert_int_equal(cal_exit_worse(order[i],
			    order[k]), order[i < k ? i : k]);
	/* What is not in the table never becomes success. */
	assert_int_equal(cal_exit_worse(0, 255), 255);
	assert_int_equal(cal_exit_worse(17, 0), 17);
}

static void
test_errors(void **state)
{
	(void)state;
	assert_int_equal(cal_exit_error(BYTES("TooLarge")), 65);
	assert_int_equal(cal_exit_error(BYTES("Busy")), 75);
	assert_int_equal(cal_exit_error(BYTES("Forbidden")), 77);
	assert_int_equal(cal_exit_error(BYTES("BadRequest")), 3);
	assert_int_equal(cal_exit_error(BYTES("")), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worse),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
