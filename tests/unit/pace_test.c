/* Unit tests of pub/pace: averages, intervals, and what a stall costs. */
#include "pub/pace.h"
#include "unit.h"

/* Sends whenever it may, looking every step seconds; how many until end. */
static size_t
run(struct cal_pace *pace, double start, double end, double step)
{
	size_t count = 0;
	double now;

	for (now = start; now < end; now += step)
		while (cal_pace_wait(pace, now) == 0 && count < 100000) {
			cal_pace_step(pace, now);
			count++;
		}
	return count;
}

static bool
near(size_t got, size_t want)
{
	return got + 2 >= want && got <= want + 2;
}

static void
test_rate(void **state)
{
	struct cal_pace pace;

	(void)state;
	cal_pace_init(&pace, 0, 0);
	assert_int_equal(run(&pace, 0, 0.001, 1), 100000);
	cal_pace_init(&pace, 100, 0);
	assert_true(near(run(&pace, 50, 60, 0.003), 1000));
	/* Faster than the clock is looked at. */
	cal_pace_init(&pace, 5000, 0);
	assert_true(near(run(&pace, 50, 51, 0.01), 5000));
	cal_pace_init(&pace, 0.5, 0);
	assert_int_equal(run(&pace, 0, 10.5, 0.01), 6);
}

/* A moment is made up for, a stall is not. */
static void
test_stall(void **state)
{
	struct cal_pace pace;

	(void)state;
	cal_pace_init(&pace, 1000, 0);
	assert_int_equal(run(&pace, 7, 7.0005, 1), 1);
	assert_true(near(run(&pace, 7.04, 7.0405, 1), 40));
	assert_int_equal(run(&pace, 100, 100.0005, 1), 1);
}

static void
test_interval(void **state)
{
	struct cal_pace pace;

	(void)state;
	cal_pace_init(&pace, 0, 2);
	assert_true(cal_pace_wait(&pace, 10) == 0);
	cal_pace_step(&pace, 10);
	assert_true(cal_pace_wait(&pace, 10.5) == 1.5);
	/* A little late: the next one is not. */
	cal_pace_step(&pace, 12.25);
	assert_true(cal_pace_wait(&pace, 12.25) == 1.75);
	/* What was missed is not made up for. */
	cal_pace_step(&pace, 100);
	assert_true(cal_pace_wait(&pace, 100) == 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
