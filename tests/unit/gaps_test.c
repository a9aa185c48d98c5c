/* Unit tests of stream/gaps. */
#include "stream/gaps.h"
#include "unit.h"

static uint64_t
note(struct cal_gaps *gaps, uint32_t source, const char *topic, uint64_t seq)
{
	return cal_gaps_note(gaps, source, cal_slice_text(topic), seq);
}

static void
test_one_counter(void **state)
{
	struct cal_gaps *gaps = cal_gaps_new(10);

	(void)state;
	assert_int_equal(note(gaps, 0, "", 57), 0);
	assert_int_equal(note(gaps, 0, "", 58), 0);
	assert_int_equal(note(gaps, 0, "", 60), 1);
	assert_int_equal(note(gaps, 0, "", 100), 39);
	assert_int_equal(note(gaps, 0, "", 101), 0);
	cal_gaps_free(gaps);
	cal_gaps_free(NULL);
}

/* A lower number is a new beginning, and so is the same one again. */
static void
test_anew(void **state)
{
	struct cal_gaps *gaps = cal_gaps_new(10);

	(void)state;
	assert_int_equal(note(gaps, 0, "t", 9), 0);
	assert_int_equal(note(gaps, 0, "t", 3), 0);
	assert_int_equal(note(gaps, 0, "t", 4), 0);
	assert_int_equal(note(gaps, 0, "t", 4), 0);
	assert_int_equal(note(gaps, 0, "t", 6), 1);
	assert_int_equal(note(gaps, 0, "t", UINT64_MAX), UINT64_MAX - 7);
	assert_int_equal(note(gaps, 0, "t", 0), 0);
	assert_int_equal(note(gaps, 0, "t", 2), 1);
	cal_gaps_free(gaps);
}

static void
test_topics_and_sources(void **state)
{
	struct cal_gaps *gaps = cal_gaps_new(10);

	(void)state;
	assert_int_equal(note(gaps, 0, "a", 1), 0);
	assert_int_equal(note(gaps, 0, "b", 5), 0);
	assert_int_equal(note(gaps, 1, "a", 9), 0);
	assert_int_equal(note(gaps, 0, "", 7), 0);
	assert_int_equal(note(gaps, 0, "a", 3), 1);
	assert_int_equal(note(gaps, 0, "b", 6), 0);
	assert_int_equal(note(gaps, 1, "a", 12), 2);
	assert_int_equal(note(gaps, 0, "", 8), 0);
	cal_gaps_free(gaps);
}

/* Names from the network cannot make it grow without end. */
static void
test_too_many(void **state)
{
	struct cal_gaps *gaps = cal_gaps_new(2);

	(void)state;
	assert_int_equal(note(gaps, 0, "a", 1), 0);
	assert_int_equal(note(gaps, 0, "b", 1), 0);
	assert_int_equal(note(gaps, 0, "c", 1), 0);
	assert_int_equal(note(gaps, 0, "c", 9), 0);
	assert_int_equal(note(gaps, 0, "a", 3), 1);
	assert_int_equal(note(gaps, 0, "b", 4), 2);
	cal_gaps_free(gaps);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_counter),
		cmocka_unit_test(test_anew),
		cmocka_unit_test(test_topics_and_sources),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
