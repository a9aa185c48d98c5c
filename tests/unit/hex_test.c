/* Unit tests of base/hex. */
#include "base/hex.h"
#include "unit.h"

static void
test_text(void **state)
{
	char text[9];

	(void)state;
	cal_hex_text(text, BYTES("\x00\x7f\x80\xff"));
	assert_string_equal(text, "007f80ff");
	cal_hex_text(text, cal_slice_of(NULL, 0));
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
