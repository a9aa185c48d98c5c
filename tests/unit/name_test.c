/* Unit tests of base/name. */
#include "unit.h"

#include "base/name.h"

static void
test_bytes(void **state)
{
	uint8_t text[2] = { 'a' };
	int byte;

	(void)state;
	for (byte = 0; byte < 256; byte++) {
		bool word = byte != 0 && strchr("abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", byte) != NULL;

		text[1] = (uint8_t)byte;
		assert_int_equal(cal_name_is(cal_slice_of(text + 1, 1), "@-",
		    2), word);
		assert_int_equal(cal_name_is(cal_slice_of(text, 2), "@-", 2),
		    word || byte == '@' || byte == '-');
		assert_int_equal(cal_name_is(cal_slice_of(text, 2), "", 2),
		    word);
	}
}

static void
test_lengths(void **state)
{
	char name[CAL_NAME_METHOD + 1];

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_false(cal_name_is(cal_slice_of(NULL, 0), "", 3));
	assert_true(cal_name_is(BYTES("abc"), "", 3));
	assert_false(cal_name_is(BYTES("abcd"), "", 3));
	assert_true(cal_name_is_method(cal_slice_of(name, CAL_NAME_METHOD)));
	assert_false(cal_name_is_method(cal_slice_of(name, sizeof(name))));
}

static void
test_methods(void **state)
{
	(void)state;
	assert_true(cal_name_is_method(BYTES("a.b:c-d_E9")));
	assert_false(cal_name_is_method(BYTES("")));
	assert_false(cal_name_is_method(BYTES("*")));
	assert_false(cal_name_is_method(BYTES("-a")));
	assert_false(cal_name_is_method(BYTES("a@b")));
	assert_false(cal_name_is_method(BYTES("a\0b")));
	assert_false(cal_name_is_method(BYTES("\xc3\xa9")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
