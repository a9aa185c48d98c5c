/* Unit tests of codec/body. */
#include "unit.h"

#include "codec/body.h"

static const struct cal_body *json;
static struct cal_buf scratch;
static struct cal_err err;
static struct cal_slice got;

static int
to_wire(struct cal_slice text, bool raw_text)
{
	return json->to_wire(&got, text, raw_text, &scratch, &err);
}

static int
to_text(struct cal_slice wire, bool raw_text)
{
	return json->to_text(&got, wire, raw_text, &scratch, &err);
}

static void
test_find(void **state)
{
	const struct cal_body *body;

	(void)state;
	assert_int_equal(cal_body_find(&body, "json", &err), CAL_OK);
	assert_string_equal(body->name, "json");
	assert_int_equal(cal_body_find(&body, "yaml", &err), CAL_EUSAGE);
	assert_null(body);
	assert_string_equal(err.text,
	    "unknown serializer 'yaml' (known: json, raw)");
	assert_int_equal(cal_body_find(&body, "jso", &err), CAL_EUSAGE);
	assert_int_equal(cal_body_find(&body, "jsonx", &err), CAL_EUSAGE);
	assert_int_equal(cal_body_find(&body, "", &err), CAL_EUSAGE);
}

static void
test_to_wire(void **state)
{
	struct cal_slice text = BYTES(" {\"b\":0.10, \"a\":1}\n");

	(void)state;
	assert_int_equal(to_wire(text, false), CAL_OK);
	assert_slice(got, "{\"b\":0.10, \"a\":1}");
	assert_ptr_equal(got.ptr, text.ptr + 1);
	assert_int_equal(to_wire(cal_slice_of(NULL, 0), false), CAL_OK);
	assert_slice(got, "null");
	assert_int_equal(to_wire(BYTES(" \n"), false), CAL_OK);
	assert_slice(got, "null");
	assert_int_equal(to_wire(BYTES("\n\nx"), false), CAL_EDATA);
	assert_string_equal(err.text, "not JSON: unexpected 'x' at byte 3");
	assert_int_equal(to_wire(BYTES("[NaN]"), false), CAL_EDATA);
	assert_string_equal(err.text,
	    "not JSON: NaN and Infinity are not allowed at byte 2");
	assert_int_equal(got.len, 0);
}

static void
test_to_wire_raw(void **state)
{
	(void)state;
	assert_int_equal(to_wire(BYTES(" say \"hi\"\n"), true), CAL_OK);
	assert_slice(got, "\" say \\\"hi\\\"\\n\"");
	assert_int_equal(to_wire(cal_slice_of(NULL, 0), true), CAL_OK);
	assert_slice(got, "\"\"");
	assert_int_equal(to_wire(BYTES("ab\xff"), true), CAL_EDATA);
	assert_string_equal(err.text, "not UTF-8 at byte 3");
}

static void
test_to_text(void **state)
{
	struct cal_slice wire = BYTES(" [NaN, Infinity] ");

	(void)state;
	assert_int_equal(to_text(wire, false), CAL_OK);
	assert_slice(got, "[NaN, Infinity]");
	assert_ptr_equal(got.ptr, wire.ptr + 1);
	assert_int_equal(to_text(BYTES("\"a\\n\""), false), CAL_OK);
	assert_slice(got, "\"a\\n\"");
	assert_int_equal(to_text(BYTES("\"a\\n\\u00fc\""), true), CAL_OK);
	assert_slice(got, "a\n\xc3\xbc");
	assert_int_equal(to_text(BYTES(" [\"a\"]"), true), CAL_OK);
	assert_slice(got, "[\"a\"]");
	assert_int_equal(to_text(BYTES("\"\""), true), CAL_OK);
	assert_int_equal(got.len, 0);
	assert_int_equal(to_text(BYTES(""), false), CAL_EDATA);
	assert_string_equal(err.text, "not JSON: empty");
	assert_int_equal(to_text(BYTES("[\0" "1\0]\0"), false), CAL_EDATA);
	assert_string_equal(err.text,
	    "not JSON: is UTF-16 or UTF-32, where only UTF-8 is taken");
	assert_int_equal(to_text(BYTES("\"\xfc\""), true), CAL_EDATA);
	assert_string_equal(err.text, "not JSON: not UTF-8 at byte 2");
}

/* Bytes pass as they are; nothing is 0 bytes. */
static void
test_raw(void **state)
{
	const struct cal_slice bytes = BYTES(" \xff\0\n");
	const struct cal_body *raw;

	(void)state;
	assert_int_equal(cal_body_find(&raw, "raw", &err), CAL_OK);
	assert_string_equal(raw->name, "raw");
	assert_false(raw->takes_raw_text);
	assert_false(raw->json);
	assert_true(json->json);
	assert_int_equal(raw->to_wire(&got, bytes, false, &scratch, &err),
	    CAL_OK);
	assert_ptr_equal(got.ptr, bytes.ptr);
	assert_int_equal(got.len, bytes.len);
	assert_int_equal(raw->to_text(&got, bytes, false, &scratch, &err),
	    CAL_OK);
	assert_ptr_equal(got.ptr, bytes.ptr);
	assert_int_equal(got.len, bytes.len);
	assert_int_equal(raw->to_wire(&got, cal_slice_of(NULL, 0), false,
	    &scratch, &err), CAL_OK);
	assert_int_equal(got.len, 0);
}

static int
set_up(void **state)
{
	(void)state;
	return cal_body_find(&json, "json", &err);
}

static int
tear_down(void **state)
{
	(void)state;
	cal_buf_release(&scratch);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_to_wire),
		cmocka_unit_test(test_to_wire_raw),
		cmocka_unit_test(test_to_text),
		cmocka_unit_test(test_raw),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
