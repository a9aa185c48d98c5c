/* Unit tests of cli/format: every token and escape, and what is none. */
#include "cli/format.h"
#include "unit.h"

static const struct cal_format_values values = {
	.body = { (const uint8_t *)"{\"a\":1}", 7 },
	.key = { (const uint8_t *)"k", 1 },
	.topic = { (const uint8_t *)"t/1", 3 },
	.time = { (const uint8_t *)"1700000000123", 13 },
	.id = { (const uint8_t *)"7", 1 },
};

static void
check(const char *format, struct cal_slice want)
{
	struct cal_buf out = { .max = 0 };
	struct cal_err err;

	assert_int_equal(cal_format_check(format, &err), CAL_OK);
	cal_format_put(&out, format, &values);
	assert_int_equal(out.len, want.len);
	if (want.len > 0)
		assert_memory_equal(out.ptr, want.ptr, want.len);
	cal_buf_release(&out);
}

static void
test_tokens(void **state)
{
	(void)state;
	check("", BYTES(""));
	check("plain", BYTES("plain"));
	check("%s", BYTES("{\"a\":1}"));
	check("%S", BYTES("7"));
	check("%k", BYTES("k"));
	check("%t", BYTES("t/1"));
	check("%T", BYTES("1700000000123"));
	check("%o", BYTES("7"));
	check("%%", BYTES("%"));
	check("%%s", BYTES("%s"));
	check("%k=%s (%S)\\n", BYTES("k={\"a\":1} (7)\n"));
}

static void
test_escapes(void **state)
{
	(void)state;
	check("\\n\\r\\t\\0\\\\", BYTES("\n\r\t\0\\"));
	check("\\x41\\x00\\xfF", BYTES("A\0\xff"));
	check("\\x411", BYTES("A1"));
	check("\\\\n", BYTES("\\n"));
}

/* Values are data: what looks like a token in them is none. */
static void
test_values_are_data(void **state)
{
	const struct cal_format_values sly = {
		.body = BYTES("%k\\n\0%"), .key = BYTES("%s"),
	};
	struct cal_buf out = { .max = 0 };

	(void)state;
	cal_format_put(&out, "%s|%k|%t|", &sly);
	assert_slice(cal_buf_view(&out), "%k\\n\0%|%s||");
	cal_buf_release(&out);
}

static void
test_unknown(void **state)
{
	static const char *const bad[] = {
		"%", "%x", "a%", "%5s", "%-s", "\\", "\\q", "\\x", "\\x4",
		"\\xg0", "\\x4g", "%s\\", "%\n",
	};
	struct cal_err err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(cal_format_check(bad[i], &err), CAL_EUSAGE);
		assert_non_null(strstr(err.text, "bad format"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_values_are_data),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
