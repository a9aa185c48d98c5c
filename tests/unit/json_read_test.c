/* Unit tests of codec/json: reading inside a value, and strings. */
#include "unit.h"

#include "codec/json.h"

static void
test_trim(void **state)
{
	(void)state;
	assert_slice(cal_json_trim(BYTES(" \t\r\n1 2 \n")), "1 2");
	assert_slice(cal_json_trim(BYTES(" \t\r\n")), "");
	assert_slice(cal_json_trim(BYTES("\v1\f")), "\v1\f");
	assert_int_equal(cal_json_trim(cal_slice_of(NULL, 0)).len, 0);
}

static void
test_kind(void **state)
{
	(void)state;
	assert_int_equal(cal_json_kind(BYTES("null")), CAL_JSON_NULL);
	assert_int_equal(cal_json_kind(BYTES("true")), CAL_JSON_BOOL);
	assert_int_equal(cal_json_kind(BYTES("false")), CAL_JSON_BOOL);
	assert_int_equal(cal_json_kind(BYTES("-1")), CAL_JSON_NUMBER);
	assert_int_equal(cal_json_kind(BYTES("NaN")), CAL_JSON_NUMBER);
	assert_int_equal(cal_json_kind(BYTES("\"\"")), CAL_JSON_STRING);
	assert_int_equal(cal_json_kind(BYTES("[]")), CAL_JSON_ARRAY);
	assert_int_equal(cal_json_kind(BYTES("{}")), CAL_JSON_OBJECT);
}

/* "name=value;" for each member. */
static const char *
list(struct cal_buf *out, const char *text)
{
	struct cal_json_cursor cursor;

	cal_buf_clear(out);
	cal_json_enter(&cursor, cal_slice_text(text));
	while (cal_json_next(&cursor)) {
		cal_buf_put(out, cursor.name.ptr, cursor.name.len);
		cal_buf_put_byte(out, '=');
		cal_buf_put(out, cursor.value.ptr, cursor.value.len);
		cal_buf_put_byte(out, ';');
	}
	assert_false(cal_json_next(&cursor));
	assert_int_equal(cursor.value.len, 0);
	return cal_buf_text(out);
}

static void
test_cursor(void **state)
{
	struct cal_buf out = { 0 };

	(void)state;
	assert_string_equal(list(&out, "[]"), "");
	assert_string_equal(list(&out, "{}"), "");
	assert_string_equal(list(&out, "[ ]"), "");
	assert_string_equal(list(&out, "1"), "");
	assert_string_equal(list(&out, "\"[1]\""), "");
	assert_string_equal(list(&out, "null"), "");
	assert_string_equal(list(&out, "[1,\"a\" , [2,\"]\"],{\"b\":\"}\"}]"),
	    "=1;=\"a\";=[2,\"]\"];={\"b\":\"}\"};");
	assert_string_equal(list(&out,
	    "{ \"a\" : 1 ,\"b\":[{\"c\":[]}],\n\"\":\"x\" }"),
	    "\"a\"=1;\"b\"=[{\"c\":[]}];\"\"=\"x\";");
	assert_string_equal(list(&out, "[\"a\\\\\",\"\\\"\",\"\\\\\\\"]\"]"),
	    "=\"a\\\\\";=\"\\\"\";=\"\\\\\\\"]\";");
	assert_string_equal(list(&out, "[true,-1e5,null,NaN]"),
	    "=true;=-1e5;=null;=NaN;");
	cal_buf_release(&out);
}

static void
test_find(void **state)
{
	static const char text[] =
	    "{\"a\":[1,{\"b\":\"x\"}],\"m~n\":2,\"c/d\":3,\"\":4,"
	    "\"\\u00fc\":5,\"two\":6,\"two\":7,\"0\":8,\"s\":\"[1]\"}";
	static const char *const rows[][2] = {
		{ "", text }, { "/a", "[1,{\"b\":\"x\"}]" }, { "/a/0", "1" },
		{ "/a/1/b", "\"x\"" }, { "/m~0n", "2" }, { "/c~1d", "3" },
		{ "/", "4" }, { "/\xc3\xbc", "5" }, { "/two", "7" },
		{ "/0", "8" }, { "/a/2", NULL }, { "/a/-", NULL },
		{ "/a/00", NULL }, { "/a/01", NULL }, { "/a/", NULL },
		{ "/a/0x", NULL }, { "/a/1/c", NULL }, { "/b", NULL },
		{ "/a/0/x", NULL }, { "/s/0", NULL }, { "/a/9999999999", NULL },
	};
	struct cal_slice found;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		bool there = cal_json_find(BYTES(text), rows[i][0], &found);

		assert_int_equal(there, rows[i][1] != NULL);
		if (there)
			assert_true(cal_slice_is(found, rows[i][1]));
	}
}

static void
test_pointer_check(void **state)
{
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_json_pointer_check("", NULL), CAL_OK);
	assert_int_equal(cal_json_pointer_check("/", NULL), CAL_OK);
	assert_int_equal(cal_json_pointer_check("/a~0b/~1", NULL), CAL_OK);
	assert_int_equal(cal_json_pointer_check("a", &err), CAL_EUSAGE);
	assert_string_equal(err.text,
	    "bad JSON pointer 'a': it does not begin with '/'");
	assert_int_equal(cal_json_pointer_check("/~2", &err), CAL_EUSAGE);
	assert_int_equal(cal_json_pointer_check("/~", &err), CAL_EUSAGE);
	assert_string_equal(err.text,
	    "bad JSON pointer '/~': '~' without 0 or 1");
}

static void
test_string_is(void **state)
{
	(void)state;
	assert_true(cal_json_string_is(BYTES("\"abc\""), "abc"));
	assert_false(cal_json_string_is(BYTES("\"abc\""), "ab"));
	assert_true(cal_json_string_is(BYTES("\"a\\u0062c\""), "abc"));
	assert_true(cal_json_string_is(BYTES("\"\\ud83d\\ude00\""),
	    "\xf0\x9f\x98\x80"));
	assert_false(cal_json_string_is(BYTES("\"a\\u0000b\""), "a"));
	assert_false(cal_json_string_is(BYTES("1"), ""));
	assert_false(cal_json_string_is(cal_slice_of(NULL, 0), ""));
	assert_true(cal_json_string_is(BYTES("\"\""), ""));
}

static void
test_unquote(void **state)
{
	struct cal_buf out = { 0 };

	(void)state;
	cal_json_unquote(&out, BYTES("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\""));
	assert_slice(cal_buf_view(&out), "a\"\\/\b\f\n\r\tz");
	cal_buf_clear(&out);
	cal_json_unquote(&out,
	    BYTES("\"\\u0041\\u0000\\u00fC\\uD83D\\ude00\""));
	assert_slice(cal_buf_view(&out), "A\0\xc3\xbc\xf0\x9f\x98\x80");
	cal_buf_clear(&out);
	cal_json_unquote(&out,
	    BYTES("\"\\ud800\\ud83d\\ude00\\udc00x\\udbff\""));
	assert_slice(cal_buf_view(&out), "\xef\xbf\xbd\xf0\x9f\x98\x80"
	    "\xef\xbf\xbdx\xef\xbf\xbd");
	cal_buf_clear(&out);
	cal_json_unquote(&out, BYTES("\"\\ud83d\\u0041\""));
	assert_slice(cal_buf_view(&out), "\xef\xbf\xbd" "A");
	cal_buf_release(&out);
}

static void
test_quote(void **state)
{
	struct cal_buf out = { 0 };
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_json_quote(&out, BYTES("a\"\\\b\f\n\r\t\x01\0\x7f"
	    "\xc3\xa9/"), &err), CAL_OK);
	assert_slice(cal_buf_view(&out),
	    "\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000\x7f\xc3\xa9/\"");
	assert_int_equal(cal_json_quote(&out, BYTES("ab\xff"), &err),
	    CAL_EDATA);
	assert_string_equal(err.text, "not UTF-8 at byte 3");
	assert_int_equal(out.ptr[out.len - 1], '"');
	cal_buf_clear(&out);
	assert_int_equal(cal_json_quote(&out, cal_slice_of(NULL, 0), NULL),
	    CAL_OK);
	assert_slice(cal_buf_view(&out), "\"\"");
	cal_buf_clear(&out);
	cal_json_quote_lossy(&out, BYTES("a\xff\x1b\xc2\x9b\x7f"
	    "\xe2\x80\xae\xc3\xa9\""));
	assert_slice(cal_buf_view(&out), "\"a\xef\xbf\xbd\\u001b\\u009b\\u007f"
	    "\\u202e\xc3\xa9\\\"\"");
	cal_buf_release(&out);
}

/* Any bytes that are UTF-8 come back from their string. */
static void
test_round_trip(void **state)
{
	struct cal_buf text = { 0 }, string = { 0 }, back = { 0 };
	uint64_t seed = 3;
	int round, i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		cal_buf_clear(&text);
		cal_buf_clear(&string);
		cal_buf_clear(&back);
		for (i = 0; i < round % 40; i++)
			cal_buf_put_byte(&text, next_random(&seed) % 128);
		assert_int_equal(cal_json_quote(&string, cal_buf_view(&text),
		    NULL), CAL_OK);
		assert_int_equal(cal_json_check(cal_buf_view(&string),
		    CAL_JSON_STRICT, NULL), CAL_OK);
		assert_false(cal_json_has_newline(cal_buf_view(&string)));
		cal_json_unquote(&back, cal_buf_view(&string));
		assert_true(cal_slice_same(cal_buf_view(&text),
		    cal_buf_view(&back)));
		cal_buf_clear(&back);
		cal_json_quote_lossy(&back, cal_buf_view(&text));
		assert_int_equal(cal_json_check(cal_buf_view(&back),
		    CAL_JSON_STRICT, NULL), CAL_OK);
	}
	cal_buf_release(&text);
	cal_buf_release(&string);
	cal_buf_release(&back);
}

static void
test_lines(void **state)
{
	struct cal_buf out = { 0 };

	(void)state;
	assert_false(cal_json_has_newline(BYTES("[1, \"\\n\"]")));
	assert_true(cal_json_has_newline(BYTES("[1,\n2]")));
	assert_true(cal_json_has_newline(BYTES("[1,\r2]")));
	assert_false(cal_json_has_newline(cal_slice_of(NULL, 0)));
	cal_json_put_line(&out, BYTES("[1, 2]"));
	cal_json_put_line(&out, BYTES("{\r\n  \"a\": \"\\n\",\n  \"b\": 2\n}"));
	assert_slice(cal_buf_view(&out),
	    "[1, 2]{  \"a\": \"\\n\",  \"b\": 2}");
	cal_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_kind),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_pointer_check),
		cmocka_unit_test(test_string_is),
		cmocka_unit_test(test_unquote),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
