/* Unit tests of base/clean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clean.h"
#include "base/utf8.h"

static void
expect(const char *text, bool lines, const char *wanted)
{
	struct cal_buf out = { 0 };

	cal_clean_text(&out, cal_slice_text(text), lines);
	assert_string_equal(cal_buf_text(&out), wanted);
	cal_buf_release(&out);
}

static void
test_text(void **state)
{
	(void)state;
	expect("", false, "");
	expect("as it is: \xc3\xa9 \xe2\x82\xac \\ %", false,
	    "as it is: \xc3\xa9 \xe2\x82\xac \\ %");
	expect("\x1b[31mred\x07", false, "\\x1b[31mred\\x07");
	expect("a\r\nb\tc\x7f", false, "a\\x0d\\x0ab\\x09c\\x7f");
	expect("a\r\nb\tc\x7f", true, "a\\x0d\nb\tc\\x7f");
	expect("\xc2\x9b" "31m", false, "\\u{9b}31m");
	expect("x\xe2\x80\xaey\xe2\x81\xa6z", false, "x\\u{202e}y\\u{2066}z");
	expect("\xd8\x9c\xe2\x80\xa8", false, "\\u{61c}\\u{2028}");
	expect("\xff\xc3(\x80", false, "\\xff\\xc3(\\x80");
}

/* Whatever comes in: valid, without controls, bounded, and then stable. */
static void
test_any_bytes(void **state)
{
	struct cal_buf in = { 0 }, out = { 0 }, again = { 0 };
	unsigned int seed = 1, round;
	size_t i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		cal_buf_clear(&in);
		cal_buf_clear(&out);
		cal_buf_clear(&again);
		for (i = 0; i < 40; i++) {
			seed = seed * 1103515245 + 12345;
			cal_buf_put_byte(&in, (uint8_t)(seed >> 16));
		}
		cal_clean_text(&out, cal_buf_view(&in), false);
		assert_true(cal_utf8_valid(cal_buf_view(&out)));
		assert_true(out.len <= 4 * in.len);
		for (i = 0; i < out.len; i++)
			assert_true(out.ptr[i] >= 0x20);
		cal_clean_text(&again, cal_buf_view(&out), false);
		assert_true(cal_slice_same(cal_buf_view(&again),
		    cal_buf_view(&out)));
	}
	cal_buf_release(&in);
	cal_buf_release(&out);
	cal_buf_release(&again);
}

static void
test_percent(void **state)
{
	struct cal_buf out = { 0 };

	(void)state;
	cal_clean_percent(&out, cal_slice_of("a b%\n\xc3\xa9\0~\x7f", 10));
	assert_string_equal(cal_buf_text(&out), "a b%25%0A%C3%A9%00~%7F");
	cal_buf_clear(&out);
	cal_clean_percent(&out, cal_slice_of(NULL, 0));
	assert_int_equal(out.len, 0);
	cal_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
