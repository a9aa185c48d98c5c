/*
 * Unit tests of call/item with -J: what is accepted, and that what is written
 * is read back the same.
 */
#include "codec/json.h"
#include "item.h"

/* In and out and in again: the same method, key and body. */
static void
check_round(struct cal_slice method, struct cal_slice key,
    struct cal_slice body, const char *want)
{
	const struct cal_call_options options = options_of(CAL_SHAPE_JSON);
	struct cal_item first = { .has_seq = true, .seq = 7 }, second;
	struct cal_err err;

	first.method = method;
	first.key = key;
	print_result(&first, &options, body);
	assert_int_equal(first.status, 0);
	if (want != NULL)
		assert_string_equal(cal_buf_text(&first.record), want);
	assert_int_equal(first.record.ptr[first.record.len - 1], '\n');
	assert_ptr_equal(memchr(first.record.ptr, '\n', first.record.len),
	    first.record.ptr + first.record.len - 1);
	assert_int_equal(read_item(&second, &options,
	    cal_slice_of(first.record.ptr, first.record.len - 1), &err),
	    CAL_OK);
	assert_true(cal_slice_same(second.method, method));
	assert_true(cal_slice_same(second.key, key));
	assert_true(cal_slice_same(second.body, body));

	/* And what is printed of it is the same line. */
	second.has_seq = true;
	second.seq = 7;
	print_result(&second, &options, body);
	assert_true(cal_slice_same(cal_buf_view(&first.record),
	    cal_buf_view(&second.record)));
	cal_item_release(&first);
	cal_item_release(&second);
}

static void
test_json_round_trip(void **state)
{
	const struct cal_slice no_key = { NULL, 0 };
	static const char *const bodies[] = {
		"null", "0.1", "1e400", "12345678901234567890123", "\"\"",
		"\"\\ud800\"", "\"\\u0000\"", "[1, 2 ,3]",
		"{\"b\":1,\"a\":1,\"b\":2}", "\"\xc3\xa9\"", "{ }",
		"\"\\n\"",
	};
	size_t i;

	(void)state;
	check_round(BYTES("echo"), BYTES("k"), BYTES("{\"a\": 1.0}"),
	    "{\"method\":\"echo\",\"key\":\"k\",\"seq\":7,\"status\":"
	    "\"result\",\"body\":{\"a\": 1.0},\"ms\":1.500}\n");
	check_round(BYTES("echo"), no_key, BYTES("1"),
	    "{\"method\":\"echo\",\"seq\":7,\"status\":\"result\","
	    "\"body\":1,\"ms\":1.500}\n");
	for (i = 0; i < COUNT(bodies); i++)
		check_round(BYTES("echo"), no_key, cal_slice_text(bodies[i]),
		    NULL);
}

/* Newlines between tokens: not on our line, but byte for byte. */
static void
test_json_newlines(void **state)
{
	const struct cal_slice no_key = { NULL, 0 };

	(void)state;
	check_round(BYTES("echo"), no_key, BYTES("[1,\n2]"),
	    "{\"method\":\"echo\",\"seq\":7,\"status\":\"result\","
	    "\"body_b64\":\"WzEsCjJd\",\"ms\":1.500}\n");
	check_round(BYTES("echo"), no_key, BYTES("{\r\n}"), NULL);
}

static void
test_json_keys(void **state)
{
	const struct cal_slice body = BYTES("1");
	char every[256];
	size_t i;

	(void)state;
	check_round(BYTES("echo"), BYTES("\xff\x00\x80"), body,
	    "{\"method\":\"echo\",\"key_b64\":\"/wCA\",\"seq\":7,"
	    "\"status\":\"result\",\"body\":1,\"ms\":1.500}\n");
	check_round(BYTES("echo"), BYTES("a\0b\"\\\n\x7f\xc2\x85"), body,
	    NULL);
	check_round(BYTES("\xe2\x80\xae" "evil\x1b[31m"), BYTES("k"), body,
	    NULL);
	for (i = 0; i < sizeof(every); i++)
		every[i] = (char)i;
	check_round(BYTES("echo"), cal_slice_of(every, 128), body, NULL);
	check_round(BYTES("echo"), cal_slice_of(every, 256), body, NULL);
}

static void
test_json_input(void **state)
{
	struct cal_call_options options = options_of(CAL_SHAPE_JSON);
	struct cal_item item;
	struct cal_err err;

	(void)state;
	assert_int_equal(read_item(&item, &options, BYTES(" { \"x\":[1], "
	    "\"body\" : [1, 2] , \"meth\\u006fd\":\"a\\u00e9\",\"key\":"
	    "\"\\u006b\",\"seq\":9,\"status\":\"error\"} \r"), &err), CAL_OK);
	assert_slice(item.method, "a\xc3\xa9");
	assert_slice(item.key, "k");
	assert_slice(item.body, "[1, 2]");
	cal_item_release(&item);

	/* No body, and a default method. */
	options.method = "default";
	assert_int_equal(read_item(&item, &options, BYTES("{}"), &err),
	    CAL_OK);
	assert_slice(item.method, "default");
	assert_slice(item.body, "null");
	assert_int_equal(item.key.len, 0);
	cal_item_release(&item);
	assert_int_equal(read_item(&item, &options, BYTES("{\"body_b64\":"
	    "\"IDEg\",\"method\":\"m\",\"key_b64\":\"aw==\"}"), &err), CAL_OK);
	assert_slice(item.method, "m");
	assert_slice(item.key, "k");
	assert_slice(item.body, "1");
	cal_item_release(&item);
}

static void
test_bad_json_input(void **state)
{
	static const char *const bad[] = {
		"", "1", "[]", "{", "{}", "{\"method\":\"\"}",
		"{\"method\":1}", "{\"method\":\"m\",\"method\":\"m\"}",
		"{\"method\":\"m\",\"key\":1}",
		"{\"method\":\"m\",\"key\":\"a\",\"key_b64\":\"YQ==\"}",
		"{\"method\":\"m\",\"body\":1,\"body_b64\":\"MQ==\"}",
		"{\"method\":\"m\",\"body_b64\":\"MQ=\"}",
		"{\"method\":\"m\",\"body_b64\":1}",
		"{\"method\":\"m\",\"key_b64\":\"!\"}",
		/* What is inside is no JSON: "{" */
		"{\"method\":\"m\",\"body_b64\":\"ew==\"}",
	};
	const struct cal_call_options options = options_of(CAL_SHAPE_JSON);
	struct cal_item item;
	struct cal_err err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		if (read_item(&item, &options, cal_slice_text(bad[i]),
		    &err) != CAL_EDATA)
			fail_msg("accepted: %s", bad[i]);
		cal_item_refused(&item, &options, &err);
		assert_int_equal(item.status, 65);
		assert_non_null(strstr(cal_buf_text(&item.record),
		    "\"status\":\"error\",\"error\":{\"name\":\"BadInput\""));
		assert_int_equal(item.words.len, 0);
		/* It is one line of JSON. */
		assert_int_equal(cal_json_check(cal_buf_view(&item.record),
		    CAL_JSON_STRICT, &err), CAL_OK);
		cal_item_release(&item);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_round_trip),
		cmocka_unit_test(test_json_newlines),
		cmocka_unit_test(test_json_keys),
		cmocka_unit_test(test_json_input),
		cmocka_unit_test(test_bad_json_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
