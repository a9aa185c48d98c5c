/* Unit tests of pub/numbers. */
#include "pub/numbers.h"
#include "unit.h"

static uint64_t
next(struct cal_numbers *numbers, const char *topic)
{
	uint64_t number;

	assert_int_equal(cal_numbers_next(numbers, cal_slice_text(topic),
	    &number, NULL), CAL_OK);
	return number;
}

static void
test_topics(void **state)
{
	struct cal_numbers *numbers = cal_numbers_new();

	(void)state;
	assert_int_equal(next(numbers, ""), 1);
	assert_int_equal(next(numbers, "a"), 1);
	assert_int_equal(next(numbers, ""), 2);
	assert_int_equal(next(numbers, "a"), 2);
	assert_int_equal(next(numbers, "ab"), 1);
	assert_int_equal(next(numbers, "a"), 3);
	cal_numbers_free(numbers);
	cal_numbers_free(NULL);
}

static void
test_too_many(void **state)
{
	struct cal_numbers *numbers = cal_numbers_new();
	struct cal_err err;
	uint64_t number;
	char topic[16];
	int i;

	(void)state;
	for (i = 0; i < CAL_NUMBERS_TOPICS; i++) {
		(void)snprintf(topic, sizeof(topic), "%d", i);
		assert_int_equal(next(numbers, topic), 1);
	}
	assert_int_equal(cal_numbers_next(numbers, BYTES("x"), &number, &err),
	    CAL_EDATA);
	assert_string_equal(err.text, "more than 100000 topics with --seq");
	assert_int_equal(next(numbers, "7"), 2);
	cal_numbers_free(numbers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_topics),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
