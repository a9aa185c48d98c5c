/* Unit tests of base/err. */
#include "unit.h"

#include <errno.h>

static void
test_fail(void **state)
{
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_fail(&err, CAL_EDATA, "bad %d", 5), CAL_EDATA);
	assert_int_equal(err.code, CAL_EDATA);
	assert_string_equal(err.text, "bad 5");
	assert_int_equal(cal_fail(NULL, CAL_EIO, "x"), CAL_EIO);
}

static void
test_errno(void **state)
{
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_fail_errno(&err, CAL_ENOINPUT, ENOENT,
	    "cannot open '%s'", "f"), CAL_ENOINPUT);
	assert_string_equal(err.text,
	    "cannot open 'f': No such file or directory");
	assert_int_equal(cal_fail_errno(NULL, CAL_EOS, EIO, "x"), CAL_EOS);
}

static void
test_prefix(void **state)
{
	struct cal_err err;

	(void)state;
	cal_fail(&err, CAL_EDATA, "bad");
	cal_err_prefix(&err, "line %d", 3);
	assert_string_equal(err.text, "line 3: bad");
	assert_int_equal(err.code, CAL_EDATA);
	cal_fail(&err, CAL_EPROTO, "peer: %s", err.text);
	assert_string_equal(err.text, "peer: line 3: bad");
	cal_err_prefix(NULL, "x");
}

static void
test_long(void **state)
{
	char text[2 * CAL_ERR_TEXT];
	struct cal_err err;
	size_t len;

	(void)state;
	for (len = CAL_ERR_TEXT - 8; len < CAL_ERR_TEXT + 8; len++) {
		memset(text, 'x', sizeof(text));
		text[len] = '\0';
		cal_fail_errno(&err, CAL_EIO, ENOENT, "%s", text);
		assert_in_range(strlen(err.text), CAL_ERR_TEXT - 3,
		    CAL_ERR_TEXT - 1);
		cal_err_prefix(&err, "%s", text);
		assert_in_range(strlen(err.text), CAL_ERR_TEXT - 3,
		    CAL_ERR_TEXT - 1);
		cal_fail(&err, CAL_EIO, "bad");
		cal_err_prefix(&err, "%s", text);
		assert_in_range(strlen(err.text), CAL_ERR_TEXT - 3,
		    CAL_ERR_TEXT - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
