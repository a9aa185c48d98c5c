/* Unit tests of codec/hello; its golden vectors are in extensions_test. */
#include "unit.h"

#include "codec/hello.h"
#include "codec/mp.h"

static void
test_lists(void **state)
{
	struct cal_slice two = BYTES("\x92\xa4" "echo\xa3" "add");

	(void)state;
	assert_true(cal_hello_lists(two, BYTES("echo")));
	assert_true(cal_hello_lists(two, BYTES("add")));
	assert_false(cal_hello_lists(two, BYTES("ad")));
	assert_false(cal_hello_lists(BYTES("\x90"), BYTES("echo")));
	assert_true(cal_hello_lists(BYTES("\x92\xa1" "a\xa1*"),
	    BYTES("echo")));
	assert_true(cal_hello_lists(cal_slice_of(NULL, 0), BYTES("echo")));
}

static void
test_too_long(void **state)
{
	struct cal_hello hello = { .max_body = 0 }, back;
	struct cal_buf out = { 0 };
	struct cal_err err;
	char *text = cal_calloc(1, CAL_HELLO_MAX);

	(void)state;
	memset(text, 'x', CAL_HELLO_MAX);
	hello.version = cal_slice_of(text, CAL_HELLO_MAX - 12);
	cal_hello_write(&hello, &out);
	assert_int_equal(out.len, CAL_HELLO_MAX);
	assert_int_equal(cal_hello_read(&back, cal_buf_view(&out), NULL),
	    CAL_OK);
	cal_buf_clear(&out);
	hello.version.len++;
	cal_hello_write(&hello, &out);
	assert_int_equal(cal_hello_read(&back, cal_buf_view(&out), &err),
	    CAL_EPROTO);
	assert_string_equal(err.text, "PONG is larger than 65536 bytes");
	cal_buf_release(&out);
	free(text);
}

/* What a peer says of itself does nothing to a terminal. */
static void
test_json(void **state)
{
	struct cal_hello hello = {
		.version = BYTES("1\x1b[31m\xc2\x9b"),
		.methods = BYTES("\x92\xa1*\xa4\xe2\x80\xae\""),
		.max_body = UINT64_MAX,
	};
	struct cal_buf out = { 0 };

	(void)state;
	cal_hello_put_json(&out, &hello);
	assert_slice(cal_buf_view(&out),
	    "{\"version\": \"1\\u001b[31m\\u009b\", "
	    "\"methods\": [\"*\", \"\\u202e\\\"\"], "
	    "\"max_body\": 18446744073709551615}");
	cal_buf_clear(&out);
	hello = (struct cal_hello){ .max_body = 0 };
	cal_hello_put_json(&out, &hello);
	assert_slice(cal_buf_view(&out), "{}");
	cal_buf_release(&out);
}

static void
test_cut(void **state)
{
	struct cal_hello hello = {
		.version = BYTES("1.0"), .order = BYTES("key"),
		.serializer = BYTES("json"), .max_body = 1 << 20,
		.methods = BYTES("\x92\xa4" "echo\xa3" "add"),
		.ext = BYTES("\x91\xa2" "dl"),
	};
	struct cal_buf out = { 0 };
	struct cal_hello back;
	uint64_t seed = 17;
	size_t i;

	(void)state;
	cal_hello_write(&hello, &out);
	for (i = 0; i < 20000 + out.len; i++) {
		struct cal_slice copy = exact(cal_slice_of(out.ptr,
		    i < out.len ? i : out.len));

		if (i >= out.len)
			((uint8_t *)(uintptr_t)copy.ptr)[next_random(&seed) %
			    copy.len] = (uint8_t)next_random(&seed);
		if (cal_hello_read(&back, copy, NULL) == CAL_OK) {
			assert_true(i >= out.len);
			cal_hello_lists(back.methods, BYTES("nobody"));
		}
		exact_free(copy);
	}
	cal_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
