/* Unit tests of cli/okey: where the ordering key of a message comes from. */
#include "cli/okey.h"
#include "unit.h"

static struct cal_err err;

static void
check(const char *fixed, const char *delimiter, const char *pointer,
    enum cal_shape_mode mode, int want)
{
	const struct cal_okey_options okey = { fixed, delimiter, pointer };
	struct cal_shape shape = { .mode = mode };

	assert_int_equal(cal_body_find(&shape.body, "json", &err), CAL_OK);
	assert_int_equal(cal_okey_check(&okey, &shape, &err), want);
}

static void
test_what_fits(void **state)
{
	const struct cal_okey_options okey = { .pointer = "/a" };
	struct cal_shape shape = { .mode = CAL_SHAPE_PIECES };
	char text[CAL_OKEY_MAX + 2];

	(void)state;
	check(NULL, NULL, NULL, CAL_SHAPE_ONE, CAL_OK);
	check("", NULL, NULL, CAL_SHAPE_JSON, CAL_OK);
	check(NULL, ":", NULL, CAL_SHAPE_PIECES, CAL_OK);
	check(NULL, "", NULL, CAL_SHAPE_PIECES, CAL_EUSAGE);
	check(NULL, ":", NULL, CAL_SHAPE_FRAMED, CAL_EUSAGE);
	check(NULL, NULL, "/a", CAL_SHAPE_ONE, CAL_OK);
	check(NULL, NULL, "a", CAL_SHAPE_ONE, CAL_EUSAGE);
	check("a", ":", NULL, CAL_SHAPE_PIECES, CAL_EUSAGE);
	check("a", NULL, "/a", CAL_SHAPE_PIECES, CAL_EUSAGE);
	memset(text, 'k', sizeof(text));
	text[CAL_OKEY_MAX + 1] = '\0';
	check(text, NULL, NULL, CAL_SHAPE_ONE, CAL_EUSAGE);
	text[CAL_OKEY_MAX] = '\0';
	check(text, NULL, NULL, CAL_SHAPE_ONE, CAL_OK);

	assert_int_equal(cal_body_find(&shape.body, "raw", &err), CAL_OK);
	assert_int_equal(cal_okey_check(&okey, &shape, &err), CAL_EUSAGE);
	assert_string_equal(err.text,
	    "--key-from has no meaning with -s raw");
}

static void
check_cut(const char *text, const char *want_key, const char *want_rest)
{
	const struct cal_okey_options okey = { .delimiter = "::" };
	struct cal_slice copy = exact(cal_slice_text(text));
	struct cal_slice key = { NULL, 0 }, rest = copy;

	cal_okey_cut(&okey, &key, &rest);
	assert_true(cal_slice_is(key, want_key));
	assert_true(cal_slice_is(rest, want_rest));
	exact_free(copy);
}

static void
test_cutting(void **state)
{
	(void)state;
	check_cut("a:b::c::d", "a:b", "c::d");
	check_cut("::c", "", "c");
	check_cut("k::", "k", "");
	check_cut("k:", "", "k:");
	check_cut("", "", "");
}

static int
find(const char *pointer, struct cal_slice body, bool unchecked,
    const char *want)
{
	const struct cal_okey_options okey = { .pointer = pointer };
	struct cal_buf scratch = { .max = 0 };
	struct cal_slice copy = exact(body), key = { NULL, 0 };
	int rc;

	rc = cal_okey_find(&okey, &key, copy, unchecked, &scratch, &err);
	if (rc == CAL_OK)
		assert_true(cal_slice_is(key, want));
	exact_free(copy);
	cal_buf_release(&scratch);
	return rc;
}

static void
test_finding(void **state)
{
	const struct cal_slice body = BYTES("{\"a\":[\"\\u006b\",1.50,true]}");

	(void)state;
	assert_int_equal(find("/a/0", body, false, "k"), CAL_OK);
	assert_int_equal(find("/a/1", body, false, "1.50"), CAL_OK);
	assert_int_equal(find("/a/9", body, true, ""), CAL_OK);
	assert_int_equal(find("/a/2", body, false, ""), CAL_EDATA);
	assert_int_equal(find("", body, false, ""), CAL_EDATA);
	assert_int_equal(find("/a", BYTES("{\"a\":\"\\u"), true, ""),
	    CAL_EDATA);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_cutting),
		cmocka_unit_test(test_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
