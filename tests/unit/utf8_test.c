/* Unit tests of base/utf8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static bool
valid(const char *text)
{
	return cal_utf8_valid(cal_slice_text(text));
}

static void
test_good(void **state)
{
	(void)state;
	assert_true(valid(""));
	assert_true(valid("plain ASCII, more than eight bytes of it"));
	assert_true(valid("abcdefg\xc3\xa9h\xe2\x82\xac\xf0\x9f\x98\x80"));
	assert_true(valid("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"));
	assert_true(cal_utf8_valid(cal_slice_of("a\0b", 3)));
}

static void
test_bad(void **state)
{
	static const char *const texts[] = {
		"\x80", "\xbf", "a\xff", "\xc0\x80", "\xc1\xbf", "\xc3",
		"\xc3(", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xe2\x82", "\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xf0\x9f\x98", "12345678\x80", "1234567\xe2\x82\x41",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(valid(texts[i]));
}

/* Every code point comes back, and nothing that is none is written. */
static void
test_all_points(void **state)
{
	struct cal_buf buf = { 0 };
	uint32_t point, found;

	(void)state;
	for (point = 0; point <= 0x10ffff; point++) {
		if (point >= 0xd800 && point <= 0xdfff)
			continue;
		cal_buf_clear(&buf);
		cal_utf8_put(&buf, point);
		assert_int_equal(cal_utf8_next(cal_buf_view(&buf), &found),
		    buf.len);
		assert_int_equal(found, point);
		if (buf.len > 1)
			assert_int_equal(cal_utf8_next(cal_slice_of(buf.ptr,
			    buf.len - 1), &found), 0);
	}
	cal_buf_release(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_all_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
