/* Unit tests of base/num. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"

static void
test_whole(void **state)
{
	static const char *const bad[] = {
		"", "-1", "+1", " 1", "1 ", "0x10", "1.0", "99999", "0",
		"18446744073709551616", "99999999999999999999999",
	};
	struct cal_err err;
	uint64_t num;
	size_t i;

	(void)state;
	assert_int_equal(cal_num_whole(&num, "65535", 1, 65535, "port", &err),
	    CAL_OK);
	assert_int_equal(num, 65535);
	assert_int_equal(cal_num_whole(&num, "18446744073709551615", 0,
	    UINT64_MAX, "number", &err), CAL_OK);
	assert_true(num == UINT64_MAX);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cal_num_whole(&num, bad[i], 1, 65535, "port",
		    &err), CAL_EUSAGE);
	(void)cal_num_whole(&num, "99999", 1, 65535, "port", &err);
	assert_string_equal(err.text,
	    "bad port '99999': not a whole number from 1 to 65535");
}

static void
test_bytes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "1", 1 }, { "2k", 2048 }, { "2K", 2048 }, { "3KiB", 3072 },
		{ "10M", 10485760 }, { "1MiB", 1048576 },
		{ "1G", 1073741824 }, { "2GiB", 2147483648 },
	};
	static const char *const bad[] = {
		"", "k", "1kb", "1 k", "1.5M", "-1k", "17179869184G",
		"18446744073709551615k", "0", "9G",
	};
	struct cal_err err;
	uint64_t num;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cal_num_bytes(&num, good[i].text, 1,
		    UINT64_C(8) << 30, "size", &err), CAL_OK);
		assert_true(num == good[i].bytes);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cal_num_bytes(&num, bad[i], 1,
		    UINT64_C(8) << 30, "size", &err), CAL_EUSAGE);
}

static void
test_seconds(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} good[] = {
		{ "0", 0 }, { "5", 5 }, { "0.1", 0.1 }, { ".5", 0.5 },
		{ "1.5s", 1.5 }, { "250ms", 0.25 }, { "2m", 120 },
		{ "1h", 3600 }, { "0.5h", 1800 }, { "3ms", 0.003 },
		{ "0.10000000000000000000000000000001", 0.1 },
		{ "315576000", 315576000 },
	};
	static const char *const bad[] = {
		"", "s", ".", "5.", "-1", "+1", " 1", "1 s", "1e3", "nan",
		"inf", "1d", "1,5", "315576001", "0x1", "1s1",
		"99999999999999999999999999999999999999999999999999999999",
	};
	struct cal_err err;
	double seconds;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cal_num_seconds(&seconds, good[i].text,
		    "timeout", &err), CAL_OK);
		assert_true(seconds == good[i].seconds);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cal_num_seconds(&seconds, bad[i], "timeout",
		    &err), CAL_EUSAGE);
}

static void
test_rate(void **state)
{
	static const struct {
		const char *text;
		double rate;
	} good[] = {
		{ "5", 5 }, { "0.5", 0.5 }, { "100/s", 100 }, { "6/m", 0.1 },
		{ "1800/h", 0.5 }, { "1000000000", 1e9 },
	};
	static const char *const bad[] = {
		"", "0", "0/s", "-1", "5/", "5s", "/s", "5/d", "5 /s",
		"1000000001", "nan", "1e3",
	};
	struct cal_err err;
	double rate;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cal_num_rate(&rate, good[i].text, "rate",
		    &err), CAL_OK);
		assert_true(rate == good[i].rate);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cal_num_rate(&rate, bad[i], "rate", &err),
		    CAL_EUSAGE);
}

/* The other way, up to the last digit that there is room for. */
static void
test_text(void **state)
{
	static const struct {
		uint64_t num;
		const char *text;
	} rows[] = {
		{ 0, "0" }, { 7, "7" }, { 10, "10" }, { 100, "100" },
		{ 4294967296, "4294967296" },
		{ UINT64_MAX - 1, "18446744073709551614" },
		{ UINT64_MAX, "18446744073709551615" },
	};
	char text[CAL_NUM_TEXT];
	uint64_t num;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cal_num_text(text, rows[i].num);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(cal_num_whole(&num, text, 0, UINT64_MAX,
		    "number", NULL), CAL_OK);
		assert_true(num == rows[i].num);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
