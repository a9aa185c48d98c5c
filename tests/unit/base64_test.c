/* Unit tests of codec/base64. */
#include "unit.h"

#include "codec/base64.h"

static void
test_vectors(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" },
	};
	struct cal_buf out = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		cal_base64_put(&out, cal_slice_text(rows[i][0]));
		assert_string_equal(cal_buf_text(&out), rows[i][1]);
		cal_buf_clear(&out);
		assert_int_equal(cal_base64_read(&out,
		    cal_slice_text(rows[i][1]), NULL), CAL_OK);
		assert_string_equal(cal_buf_text(&out), rows[i][0]);
		cal_buf_clear(&out);
	}
	cal_buf_release(&out);
}

static void
test_refused(void **state)
{
	static const char *const texts[] = {
		"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zh==",
		"Zm9=", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_", "Zm9\x80",
		"Z=9v", "=m9v", "Zm=v", "Zm9vZm=v",
	};
	struct cal_buf out = { 0 };
	struct cal_err err;
	size_t i;

	(void)state;
	cal_buf_put_text(&out, "kept");
	for (i = 0; i < COUNT(texts); i++) {
		struct cal_slice copy = exact(cal_slice_text(texts[i]));

		assert_int_equal(cal_base64_read(&out, copy, &err),
		    CAL_EDATA);
		assert_slice(cal_buf_view(&out), "kept");
		exact_free(copy);
	}
	assert_string_equal(err.text, "not base64 at byte 5");
	cal_buf_release(&out);
}

static void
test_round_trip(void **state)
{
	struct cal_buf in = { 0 }, text = { 0 }, back = { 0 };
	uint64_t seed = 9;
	int len, i;

	(void)state;
	for (len = 0; len < 200; len++) {
		struct cal_slice copy;

		cal_buf_clear(&in);
		cal_buf_clear(&text);
		cal_buf_clear(&back);
		for (i = 0; i < len; i++)
			cal_buf_put_byte(&in, (uint8_t)next_random(&seed));
		copy = exact(cal_buf_view(&in));
		cal_base64_put(&text, copy);
		exact_free(copy);
		copy = exact(cal_buf_view(&text));
		assert_int_equal(cal_base64_read(&back, copy, NULL), CAL_OK);
		exact_free(copy);
		assert_true(cal_slice_same(cal_buf_view(&in),
		    cal_buf_view(&back)));
	}
	cal_buf_release(&in);
	cal_buf_release(&text);
	cal_buf_release(&back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
