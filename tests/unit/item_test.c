/*
 * Unit tests of call/item: records taken apart and printed, and that what -J
 * writes is read back the same.
 */
#include "call/item.h"
#include "codec/json.h"
#include "unit.h"

static struct cal_call_options
options_of(enum cal_call_mode mode)
{
	struct cal_call_options options = {
		.mode = mode, .max_body = 1 << 20,
		.delimiter = BYTES("\n"),
	};

	if (mode != CAL_CALL_JSON)
		options.method = "echo";
	assert_int_equal(cal_body_find(&options.body, "json", NULL), CAL_OK);
	return options;
}

static int
read_item(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice record, struct cal_err *err)
{
	struct cal_slice copy = exact(record);
	int rc;

	memset(item, 0, sizeof(*item));
	rc = cal_item_read(item, options, copy, err);
	exact_free(copy);               /* the item has its own */
	return rc;
}

/* The record that is printed for a result of this body. */
static void
print(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice body)
{
	struct cal_answer answer = {
		.kind = CAL_ANSWER_RESULT, .body = body, .seconds = 0.0015,
	};

	cal_item_answered(item, options, &answer);
}

/* In and out and in again: the same method, key and body. */
static void
check_round(struct cal_slice method, struct cal_slice key,
    struct cal_slice body, const char *want)
{
	const struct cal_call_options options = options_of(CAL_CALL_JSON);
	struct cal_item first = { .has_seq = true, .seq = 7 }, second;
	struct cal_err err;

	first.method = method;
	first.key = key;
	print(&first, &options, body);
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
	print(&second, &options, body);
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
	struct cal_call_options options = options_of(CAL_CALL_JSON);
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
	const struct cal_call_options options = options_of(CAL_CALL_JSON);
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

/* A failure keeps its line; -J says it in an object. */
static void
test_failures(void **state)
{
	struct cal_call_options options = options_of(CAL_CALL_PIECES);
	struct cal_item item = { .number = 3 };
	struct cal_answer answer = {
		.kind = CAL_ANSWER_FAILURE,
		.error = { BYTES("Name"), BYTES("re\npr"), BYTES("t1\nt2\n") },
	};
	struct cal_err err = { CAL_EDATA, "bad" };

	(void)state;
	cal_item_answered(&item, &options, &answer);
	assert_slice(cal_buf_view(&item.record), "\n");
	assert_slice(cal_buf_view(&item.words),
	    "line 3: Name: re\\x0apr\nt1\nt2");
	assert_int_equal(item.status, 1);
	cal_item_release(&item);

	options.mode = CAL_CALL_FRAMED;
	memset(&item, 0, sizeof(item));
	cal_item_refused(&item, &options, &err);
	assert_slice(cal_buf_view(&item.record), "\0\0\0\0");
	assert_slice(cal_buf_view(&item.words), "message 0: bad");
	assert_int_equal(item.status, 65);
	cal_item_release(&item);

	options.mode = CAL_CALL_ONE;
	options.exit_remote = true;
	memset(&item, 0, sizeof(item));
	answer.has_status = true;
	answer.status = 7;
	cal_item_answered(&item, &options, &answer);
	assert_int_equal(item.record.len, 0);
	assert_int_equal(item.status, 7);
	cal_item_release(&item);

	options = options_of(CAL_CALL_JSON);
	memset(&item, 0, sizeof(item));
	cal_item_answered(&item, &options, &answer);
	assert_string_equal(cal_buf_text(&item.record), "{\"status\":"
	    "\"failure\",\"error\":{\"name\":\"Name\",\"repr\":\"re\\npr\","
	    "\"traceback\":\"t1\\nt2\\n\"},\"ms\":0.000}\n");
	cal_item_release(&item);
}

/* A result that is no JSON is a broken answer, unless bytes were wanted. */
static void
test_unreadable_result(void **state)
{
	struct cal_call_options options = options_of(CAL_CALL_PIECES);
	struct cal_item item = { .number = 1 };

	(void)state;
	print(&item, &options, BYTES("{"));
	assert_slice(cal_buf_view(&item.record), "\n");
	assert_int_equal(item.status, 76);
	assert_non_null(strstr(cal_buf_text(&item.words), "bad answer"));
	cal_item_release(&item);

	options = options_of(CAL_CALL_ONE);
	options.raw = true;
	memset(&item, 0, sizeof(item));
	print(&item, &options, BYTES("{\xff"));
	assert_slice(cal_buf_view(&item.record), "{\xff");
	assert_int_equal(item.status, 0);
	cal_item_release(&item);
}

static void
check_printed(const struct cal_call_options *options, struct cal_slice body,
    struct cal_slice want)
{
	struct cal_item item = { .key = BYTES("k"), .seq = 5 };

	print(&item, options, body);
	assert_true(cal_slice_same(cal_buf_view(&item.record), want));
	cal_item_release(&item);
}

static void
test_shapes(void **state)
{
	struct cal_call_options options = options_of(CAL_CALL_ONE);

	(void)state;
	check_printed(&options, BYTES(" [1,\n2] \n"), BYTES("[1,\n2]\n"));
	check_printed(&options, BYTES("NaN"), BYTES("NaN\n"));
	options.mode = CAL_CALL_PIECES;
	check_printed(&options, BYTES(" [1,\r\n2] "), BYTES("[1,2]\n"));
	options.delimiter = BYTES("\0");
	check_printed(&options, BYTES("[1,\n2]"), BYTES("[1,\n2]\0"));
	options.delimiter = BYTES("--");
	check_printed(&options, BYTES("1"), BYTES("1--"));
	options.mode = CAL_CALL_FRAMED;
	check_printed(&options, BYTES("[1,\n2]"), BYTES("\0\0\0\x06[1,\n2]"));
	options = options_of(CAL_CALL_ONE);
	options.text = true;
	check_printed(&options, BYTES("\"a\\nb\""), BYTES("a\nb\n"));
	check_printed(&options, BYTES("[1]"), BYTES("[1]\n"));
	options = options_of(CAL_CALL_PIECES);
	options.format = "%k %S %s %o%%";
	check_printed(&options, BYTES("12"), BYTES("k 2 12 5%"));
}

static void
check_key(struct cal_call_options *options, struct cal_slice record,
    const char *key, const char *body)
{
	struct cal_item item;
	struct cal_err err;

	assert_int_equal(read_item(&item, options, record, &err), CAL_OK);
	assert_true(cal_slice_is(item.key, key));
	assert_true(cal_slice_is(item.body, body));
	cal_item_release(&item);
}

static void
test_keys(void **state)
{
	struct cal_call_options options = options_of(CAL_CALL_PIECES);
	struct cal_item item;
	struct cal_err err;
	char *large;

	(void)state;
	options.key = "fixed";
	check_key(&options, BYTES("1"), "fixed", "1");
	options.key = NULL;
	options.key_delimiter = "::";
	check_key(&options, BYTES("a:b::{\"c\":\"::\"}"), "a:b",
	    "{\"c\":\"::\"}");
	check_key(&options, BYTES("::1"), "", "1");
	check_key(&options, BYTES("1"), "", "1");
	check_key(&options, BYTES("k::"), "k", "null");
	check_key(&options, BYTES(""), "", "null");
	options.key_delimiter = NULL;
	options.key_pointer = "/a/0";
	check_key(&options, BYTES("{\"a\":[\"\\u006b\"]}"), "k",
	    "{\"a\":[\"\\u006b\"]}");
	check_key(&options, BYTES("{\"a\":[1.50]}"), "1.50",
	    "{\"a\":[1.50]}");
	check_key(&options, BYTES("{\"a\":[]}"), "", "{\"a\":[]}");
	check_key(&options, BYTES("1"), "", "1");
	assert_int_equal(read_item(&item, &options, BYTES("{\"a\":[null]}"),
	    &err), CAL_EDATA);
	cal_item_release(&item);

	options.key_pointer = NULL;
	options.key_delimiter = " ";
	large = cal_calloc(1, 5000);
	memset(large, 'k', 4998);
	large[4998] = ' ';
	large[4999] = '1';
	assert_int_equal(read_item(&item, &options, cal_slice_of(large, 5000),
	    &err), CAL_EDATA);
	cal_item_release(&item);
	free(large);
}

static void
test_bodies(void **state)
{
	struct cal_call_options options = options_of(CAL_CALL_PIECES);
	struct cal_item item;
	struct cal_err err;

	(void)state;
	check_key(&options, BYTES(" 1 \r"), "", "1");
	check_key(&options, BYTES(""), "", "null");
	assert_int_equal(read_item(&item, &options, BYTES("NaN"), &err),
	    CAL_EDATA);
	cal_item_release(&item);
	options.text = true;
	check_key(&options, BYTES("a\"b"), "", "\"a\\\"b\"");
	check_key(&options, BYTES(""), "", "\"\"");
	assert_int_equal(read_item(&item, &options, BYTES("\xff"), &err),
	    CAL_EDATA);
	cal_item_release(&item);
	options.text = false;
	options.raw = true;
	check_key(&options, BYTES("\xff{"), "", "\xff{");
	check_key(&options, BYTES(""), "", "null");
	options.max_body = 3;
	assert_int_equal(read_item(&item, &options, BYTES("1234"), &err),
	    CAL_EDATA);
	cal_item_release(&item);
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
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_unreadable_result),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
