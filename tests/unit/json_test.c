/* Unit tests of codec/json: what is JSON and what is not. */
#include "unit.h"

#include "codec/json.h"

static struct cal_err err;

static int
check(struct cal_slice text, enum cal_json_flavour flavour)
{
	struct cal_slice copy = exact(text);
	int rc;

	err.text[0] = '\0';
	rc = cal_json_check(copy, flavour, &err);
	exact_free(copy);
	return rc;
}

static void
test_good(void **state)
{
	static const char *const texts[] = {
		"null", "true", "false", "0", "-0", "1", "-1", "10", "1.5",
		"1e5", "1E+5", "-1.25e-10", "1e400", "123456789012345678901",
		"\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fc\"",
		"\"\\ud800\"", "\"\\u0000\"", "\"\x7f\"", "\"\xc3\xa9\"",
		"\"12345678\xf0\x9f\x98\x80\"", "[]", "{}", "[ ]", "{ }",
		"[1]", "[1,2]", "[[],{}]", "{\"a\":1}", "{\"\":{\"\":[]}}",
		" \t\r\n1 \t\r\n", "[ 1 , \"a\" , { \"b\" : null } ]",
		"{\"a\":1,\"a\":2}", "[true,false,null]",
		"\"a longer string without anything special in it\"",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		struct cal_slice text = cal_slice_text(texts[i]);

		if (check(text, CAL_JSON_STRICT) != CAL_OK ||
		    check(text, CAL_JSON_PYTHON) != CAL_OK)
			fail_msg("%s: %s", texts[i], err.text);
	}
}

static void
test_bad(void **state)
{
	static const struct {
		struct cal_slice text;
		const char *words;
	} rows[] = {
#define ROW(text, words) \
	{ { (const uint8_t *)(text), sizeof(text) - 1 }, words }
		ROW("", "empty"),
		ROW(" \n\t", "empty"),
		ROW("x", "unexpected 'x' at byte 1"),
		ROW("[1,\nx]", "unexpected 'x' at byte 5"),
		ROW("\x01", "unexpected \\x01 at byte 1"),
		ROW("[\xc3\xa9]", "unexpected \\xc3 at byte 2"),
		ROW("1 2", "unexpected '2' at byte 3"),
		ROW("[] ,", "unexpected ',' at byte 4"),
		ROW("[1,]", "unexpected ']' at byte 4"),
		ROW("[,1]", "unexpected ',' at byte 2"),
		ROW("[1 2]", "unexpected '2' at byte 4"),
		ROW("[1}", "unexpected '}' at byte 3"),
		ROW("{]", "unexpected ']' at byte 2"),
		ROW("{1:2}", "unexpected '1' at byte 2"),
		ROW("{\"a\" 1}", "unexpected '1' at byte 6"),
		ROW("{\"a\":1,}", "unexpected '}' at byte 8"),
		ROW("{\"a\":}", "unexpected '}' at byte 6"),
		ROW("{\"a\"}", "unexpected '}' at byte 5"),
		ROW("{,}", "unexpected ',' at byte 2"),
		ROW("]", "unexpected ']' at byte 1"),
		ROW("'a'", "unexpected ''' at byte 1"),
		ROW("+1", "unexpected '+' at byte 1"),
		ROW(".5", "unexpected '.' at byte 1"),
		ROW("01", "unexpected '1' at byte 2"),
		ROW("-x", "unexpected 'x' at byte 2"),
		ROW("1.x", "unexpected 'x' at byte 3"),
		ROW("1ex", "unexpected 'x' at byte 3"),
		ROW("1e+]", "unexpected ']' at byte 4"),
		ROW("0x10", "unexpected 'x' at byte 2"),
		ROW("trux", "unexpected 'x' at byte 4"),
		ROW("nullx", "unexpected 'x' at byte 5"),
		ROW("True", "unexpected 'T' at byte 1"),
		ROW("1/*c*/", "unexpected '/' at byte 2"),
		ROW("\"\\x\"", "bad escape at byte 3"),
		ROW("\"\\u12g4\"", "bad escape at byte 6"),
		ROW("\"\\u123\"", "bad escape at byte 7"),
		ROW("\"a\nb\"", "control character in a string at byte 3"),
		ROW("\"abcd\0\"", "control character in a string at byte 6"),
		ROW("\"12345678\x1f\"",
		    "control character in a string at byte 10"),
		ROW("\"\xff\"", "not UTF-8 at byte 2"),
		ROW("\"\xc0\x80\"", "not UTF-8 at byte 2"),
		ROW("\"\xed\xa0\x80\"", "not UTF-8 at byte 2"),
		ROW("\"12345678\xc3\"", "not UTF-8 at byte 10"),
		ROW("\"\xe2\x82", "not UTF-8 at byte 2"),
		ROW("\xef\xbb\xbf" "1", "begins with a byte order mark"),
		ROW("\xff\xfe" "1\0",
		    "is UTF-16 or UTF-32, where only UTF-8 is taken"),
		ROW("\xfe\xff\0" "1",
		    "is UTF-16 or UTF-32, where only UTF-8 is taken"),
		ROW("1\0", "is UTF-16 or UTF-32, where only UTF-8 is taken"),
		ROW("\0\0\0" "1",
		    "is UTF-16 or UTF-32, where only UTF-8 is taken"),
	};
	static const char *const cut[] = {
		"[", "{", "\"", "-", "[1", "[1,", "{\"a\"", "{\"a\":",
		"{\"a\":1", "{\"a\":1,", "\"a", "\"\\", "\"\\u", "\"\\u12",
		"1.", "1e", "1e+", "tru", "n", "[[]", "[{}", "[ ", "{ ",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(check(rows[i].text, CAL_JSON_PYTHON),
		    CAL_EDATA);
		assert_memory_equal(err.text, "not JSON: ", 10);
		assert_string_equal(err.text + 10, rows[i].words);
	}
	for (i = 0; i < COUNT(cut); i++) {
		assert_int_equal(check(cal_slice_text(cut[i]),
		    CAL_JSON_STRICT), CAL_EDATA);
		assert_string_equal(err.text, "not JSON: ends too early");
	}
	assert_int_equal(cal_json_check(BYTES("x"), CAL_JSON_STRICT, NULL),
	    CAL_EDATA);
}

static void
test_flavours(void **state)
{
	static const char *const texts[] = {
		"NaN", "Infinity", "-Infinity", "[NaN, -Infinity]",
		"{\"a\":NaN}",
	};
	static const char *const never[] = {
		"nan", "-NaN", "Inf", "+Infinity", "Infinityx", "NaN1",
		"-Infinit", "{NaN:1}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		struct cal_slice text = cal_slice_text(texts[i]);

		assert_int_equal(check(text, CAL_JSON_PYTHON), CAL_OK);
		assert_int_equal(check(text, CAL_JSON_STRICT), CAL_EDATA);
		assert_non_null(strstr(err.text,
		    "NaN and Infinity are not allowed at byte "));
	}
	for (i = 0; i < COUNT(never); i++)
		assert_int_equal(check(cal_slice_text(never[i]),
		    CAL_JSON_PYTHON), CAL_EDATA);
}

static int
check_nested(const char *open, const char *close, size_t depth,
    enum cal_json_flavour flavour)
{
	struct cal_buf buf = { 0 };
	size_t i;
	int rc;

	for (i = 0; i < depth; i++)
		cal_buf_put_text(&buf, open);
	cal_buf_put_text(&buf, "1");
	for (i = 0; i < depth; i++)
		cal_buf_put_text(&buf, close);
	rc = check(cal_buf_view(&buf), flavour);
	cal_buf_release(&buf);
	return rc;
}

static int
check_strict(const char *open, const char *close, size_t depth)
{
	return check_nested(open, close, depth, CAL_JSON_STRICT);
}

static void
test_depth(void **state)
{
	(void)state;
	assert_int_equal(check_strict("[", "]", CAL_JSON_DEPTH), CAL_OK);
	assert_int_equal(check_strict("{\"a\":", "}", CAL_JSON_DEPTH),
	    CAL_OK);
	assert_int_equal(check_strict("[{\"a\":", "}]", CAL_JSON_DEPTH / 2),
	    CAL_OK);
	assert_int_equal(check_strict("[", "]", CAL_JSON_DEPTH + 1),
	    CAL_EDATA);
	assert_string_equal(err.text,
	    "not JSON: nested too deep at byte 2049");
	assert_int_equal(check_strict("[", "]", 100000), CAL_EDATA);
	assert_int_equal(check_strict("[{\"a\":", "]}", 40), CAL_EDATA);
}

/* What stands around a value has a level of its own, and no other rules. */
static void
test_wrapped(void **state)
{
	static const struct {
		enum cal_json_flavour flavour;
		size_t depth;
	} rows[] = {
		{ CAL_JSON_STRICT, CAL_JSON_DEPTH },
		{ CAL_JSON_PYTHON, CAL_JSON_DEPTH },
		{ CAL_JSON_WRAPPED, CAL_JSON_DEPTH + 1 },
		{ CAL_JSON_PYTHON_WRAPPED, CAL_JSON_DEPTH + 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(check_nested("[", "]", rows[i].depth,
		    rows[i].flavour), CAL_OK);
		assert_int_equal(check_nested("{\"a\":", "}", rows[i].depth,
		    rows[i].flavour), CAL_OK);
		assert_int_equal(check_nested("[", "]", rows[i].depth + 1,
		    rows[i].flavour), CAL_EDATA);
	}
	assert_int_equal(check(BYTES("[NaN]"), CAL_JSON_WRAPPED), CAL_EDATA);
	assert_int_equal(check(BYTES("[NaN]"), CAL_JSON_PYTHON_WRAPPED),
	    CAL_OK);
}

/* Each byte at each place of a string, whichever way it is looked at. */
static void
test_string_bytes(void **state)
{
	char text[26];
	size_t place;
	int byte;

	(void)state;
	for (byte = 0; byte < 256; byte++)
		for (place = 1; place < sizeof(text) - 1; place++) {
			bool plain = byte >= 0x20 && byte < 0x80 &&
			    byte != '"' && byte != '\\';

			memset(text, 'x', sizeof(text));
			text[0] = text[sizeof(text) - 1] = '"';
			text[place] = (char)byte;
			assert_int_equal(check(cal_slice_of(text,
			    sizeof(text)), CAL_JSON_STRICT),
			    plain ? CAL_OK : CAL_EDATA);
		}
}

static const char sample[] =
    " {\"a\" : [1, -2.5e+3, \"t\\u00fc\\\"x\", null, true, false, {}],\r\n"
    " \"b\\n\": {\"c\": [[], [\"\xc3\xa9\xf0\x9f\x98\x80 and more\"]]}} ";

/* Every beginning is refused, and nothing behind it is looked at. */
static void
test_cut(void **state)
{
	size_t len;

	(void)state;
	assert_int_equal(check(BYTES(sample), CAL_JSON_STRICT), CAL_OK);
	for (len = 0; len < sizeof(sample) - 2; len++)
		assert_int_equal(check(cal_slice_of(sample, len),
		    CAL_JSON_STRICT), CAL_EDATA);
}

/* What passes the check can be read to its last value. */
static void
walk(struct cal_slice value, struct cal_buf *out)
{
	struct cal_json_cursor cursor;

	cal_json_enter(&cursor, value);
	while (cal_json_next(&cursor)) {
		assert_true(cursor.value.len > 0);
		assert_int_equal(cal_json_check(cursor.value,
		    CAL_JSON_PYTHON, NULL), CAL_OK);
		cal_buf_clear(out);
		if (cursor.name.len > 0)
			cal_json_unquote(out, cursor.name);
		if (cal_json_kind(cursor.value) == CAL_JSON_STRING)
			cal_json_unquote(out, cursor.value);
		walk(cursor.value, out);
	}
}

static void
test_mutations(void **state)
{
	static const char spice[] = "\"\\{}[],:0e.-u\n\xc3\xa9 tN";
	struct cal_buf text = { 0 }, out = { 0 };
	uint64_t seed = 7;
	int round, i, good = 0;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct cal_slice copy;

		cal_buf_clear(&text);
		cal_buf_put(&text, sample, sizeof(sample) - 1);
		for (i = 0; i < 1 + round % 3; i++)
			text.ptr[next_random(&seed) % text.len] =
			    (uint8_t)spice[next_random(&seed) %
			    (sizeof(spice) - 1)];
		copy = exact(cal_buf_view(&text));
		if (cal_json_check(copy, CAL_JSON_PYTHON, NULL) == CAL_OK) {
			walk(cal_json_trim(copy), &out);
			good++;
		}
		exact_free(copy);
	}
	assert_true(good > 1000);
	cal_buf_release(&text);
	cal_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_flavours),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_string_bytes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
