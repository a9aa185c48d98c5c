/* Unit tests of cli/die: which of two exit statuses counts. */
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
