/*
 * Unit tests of the descriptors that are kept for the pipes of processes, with
 * a limit that leaves 12 of 48 in reserve.
 */
#include <fcntl.h>

#include "base/io.h"
#include "children.h"

enum { HARD = 48, KEPT = 36, GIVEN = 46 };

static int taken[HARD];
static size_t count;

/* All there are for everybody; or those of the reserve too. */
static void
take_descriptors(bool reserve)
{
	int fd;

	if (reserve)
		cal_reaper_reserve(reaper, true);
	while ((fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) != -1)
		taken[count++] = fd;
	assert_int_equal(errno, EMFILE);
	assert_int_equal(taken[count - 1], (reserve ? HARD : KEPT) - 1);
	cal_reaper_reserve(reaper, false);
}

static void
give_descriptors(size_t n)
{
	while (n-- > 0 && count > 0)
		cal_io_close(&taken[--count]);
}

static int
give_all(void **state)
{
	(void)state;
	give_descriptors(count);
	return 0;
}

static void
expect_limit(rlim_t wanted)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, wanted);
	assert_int_equal(limit.rlim_max, HARD);
}

static void
expect_output(const char *script, const char *wanted)
{
	struct result result;

	run_shell(&result, script, cal_slice_text("x"));
	assert_string_equal(cal_buf_text(&result.end.output), wanted);
	release(&result);
	expect_limit(KEPT);
}

static void
test_limits(void **state)
{
	(void)state;
	expect_limit(KEPT);
	cal_reaper_reserve(reaper, true);
	expect_limit(HARD);
	cal_reaper_reserve(reaper, false);
	expect_output("ulimit -Sn; ulimit -Hn", "46\n48\n");
}

/*
 * When the others have none left, processes still start, one after another,
 * and their limit is the one that we were given.
 */
static void
test_reserve(void **state)
{
	size_t before;
	int i;

	(void)state;
	take_descriptors(false);
	before = count;
	for (i = 0; i < 20; i++)
		expect_output("cat", "x");
	expect_output("until [ $(ulimit -Sn) = 46 ]; do :; done; ulimit -Hn",
	    "48\n");
	/* None of it went to anybody else. */
	take_descriptors(false);
	assert_int_equal(count, before);
}

/* With room for no pipe, for one and for two. */
static void
test_nothing_left(void **state)
{
	char word[] = "true", *argv[] = { word, NULL };
	struct result result;
	struct cal_err err;
	int room;

	(void)state;
	take_descriptors(true);
	for (room = 0; room < 6; room++) {
		assert_int_equal(start_argv(&result, "/bin/true", argv,
		    cal_slice_text("x"), 0.1, &err), CAL_ETEMP);
		assert_null(result.child);
		expect_limit(KEPT);
		give_descriptors(1);
	}
	expect_output("cat", "x");
}

static int
open_limited(void **state)
{
	const struct rlimit limit = { GIVEN, HARD };

	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	return open_commands(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test_teardown(test_reserve, give_all),
		cmocka_unit_test_teardown(test_nothing_left, give_all),
	};

	/* Valgrind has limits of its own. */
	if (under_valgrind())
		return 0;
	return cmocka_run_group_tests(tests, open_limited, close_commands);
}
