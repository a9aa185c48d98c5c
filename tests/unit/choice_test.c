/* Unit tests of cli/choice. */
#include "cli/choice.h"
#include "unit.h"

static void
test_choices(void **state)
{
	struct cal_choice choices[] = {
		{ "-a", false }, { "-b", false }, { "WORD", false },
	};
	struct cal_err err;

	(void)state;
	assert_null(CAL_CHOICE_FIRST(choices));
	assert_int_equal(CAL_CHOICE_CHECK(choices, &err), CAL_OK);
	choices[2].given = true;
	assert_string_equal(CAL_CHOICE_FIRST(choices), "WORD");
	assert_int_equal(CAL_CHOICE_CHECK(choices, &err), CAL_OK);
	choices[0].given = true;
	assert_string_equal(CAL_CHOICE_FIRST(choices), "-a");
	assert_int_equal(CAL_CHOICE_CHECK(choices, &err), CAL_EUSAGE);
	assert_string_equal(err.text, "-a and WORD exclude each other");
	choices[1].given = true;
	assert_int_equal(CAL_CHOICE_CHECK(choices, &err), CAL_EUSAGE);
	assert_string_equal(err.text, "-a and -b exclude each other");
	assert_int_equal(cal_choice_check(choices, 0, &err), CAL_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
