/* Unit tests of call/item: records taken apart and printed. */
#include "item.h"

/* A failure keeps its line; -J says it in an object. */
static void
test_failures(void **state)
{
	struct cal_call_options options = options_of(CAL_SHAPE_PIECES);
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

	options.shape.mode = CAL_SHAPE_FRAMED;
	memset(&item, 0, sizeof(item));
	cal_item_refused(&item, &options, &err);
	assert_slice(cal_buf_view(&item.record), "\0\0\0\0");
	assert_slice(cal_buf_view(&item.words), "message 0: bad");
	assert_int_equal(item.status, 65);
	cal_item_release(&item);

	options.shape.mode = CAL_SHAPE_ONE;
	options.exit_remote = true;
	memset(&item, 0, sizeof(item));
	answer.has_status = true;
	answer.status = 7;
	cal_item_answered(&item, &options, &answer);
	assert_int_equal(item.record.len, 0);
	assert_int_equal(item.status, 7);
	cal_item_release(&item);

	options = options_of(CAL_SHAPE_JSON);
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
	struct cal_call_options options = options_of(CAL_SHAPE_PIECES);
	struct cal_item item = { .number = 1 };

	(void)state;
	print_result(&item, &options, BYTES("{"));
	assert_slice(cal_buf_view(&item.record), "\n");
	assert_int_equal(item.status, 76);
	assert_non_null(strstr(cal_buf_text(&item.words), "bad answer"));
	cal_item_release(&item);

	options = options_of(CAL_SHAPE_ONE);
	options.shape.raw = true;
	memset(&item, 0, sizeof(item));
	print_result(&item, &options, BYTES("{\xff"));
	assert_slice(cal_buf_view(&item.record), "{\xff");
	assert_int_equal(item.status, 0);
	cal_item_release(&item);
}

static void
check_printed(const struct cal_call_options *options, struct cal_slice body,
    struct cal_slice want)
{
	struct cal_item item = { .key = BYTES("k"), .seq = 5 };

	print_result(&item, options, body);
	assert_true(cal_slice_same(cal_buf_view(&item.record), want));
	cal_item_release(&item);
}

static void
test_shapes(void **state)
{
	struct cal_call_options options = options_of(CAL_SHAPE_ONE);

	(void)state;
	check_printed(&options, BYTES(" [1,\n2] \n"), BYTES("[1,\n2]\n"));
	check_printed(&options, BYTES("NaN"), BYTES("NaN\n"));
	options.shape.mode = CAL_SHAPE_PIECES;
	check_printed(&options, BYTES(" [1,\r\n2] "), BYTES("[1,2]\n"));
	options.shape.delimiter = BYTES("\0");
	check_printed(&options, BYTES("[1,\n2]"), BYTES("[1,\n2]\0"));
	options.shape.delimiter = BYTES("--");
	check_printed(&options, BYTES("1"), BYTES("1--"));
	options.shape.mode = CAL_SHAPE_FRAMED;
	check_printed(&options, BYTES("[1,\n2]"), BYTES("\0\0\0\x06[1,\n2]"));
	options = options_of(CAL_SHAPE_ONE);
	options.shape.text = true;
	check_printed(&options, BYTES("\"a\\nb\""), BYTES("a\nb\n"));
	check_printed(&options, BYTES("[1]"), BYTES("[1]\n"));
	options = options_of(CAL_SHAPE_PIECES);
	options.shape.format = "%k %S %s %o%%";
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
	struct cal_call_options options = options_of(CAL_SHAPE_PIECES);
	struct cal_item item;
	struct cal_err err;
	char *large;

	(void)state;
	options.key.fixed = "fixed";
	check_key(&options, BYTES("1"), "fixed", "1");
	options.key.fixed = NULL;
	options.key.delimiter = "::";
	check_key(&options, BYTES("a:b::{\"c\":\"::\"}"), "a:b",
	    "{\"c\":\"::\"}");
	check_key(&options, BYTES("::1"), "", "1");
	check_key(&options, BYTES("1"), "", "1");
	check_key(&options, BYTES("k::"), "k", "null");
	check_key(&options, BYTES(""), "", "null");
	options.key.delimiter = NULL;
	options.key.pointer = "/a/0";
	check_key(&options, BYTES("{\"a\":[\"\\u006b\"]}"), "k",
	    "{\"a\":[\"\\u006b\"]}");
	check_key(&options, BYTES("{\"a\":[1.50]}"), "1.50",
	    "{\"a\":[1.50]}");
	check_key(&options, BYTES("{\"a\":[]}"), "", "{\"a\":[]}");
	check_key(&options, BYTES("1"), "", "1");
	assert_int_equal(read_item(&item, &options, BYTES("{\"a\":[null]}"),
	    &err), CAL_EDATA);
	cal_item_release(&item);

	options.key.pointer = NULL;
	options.key.delimiter = " ";
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
	struct cal_call_options options = options_of(CAL_SHAPE_PIECES);
	struct cal_item item;
	struct cal_err err;

	(void)state;
	check_key(&options, BYTES(" 1 \r"), "", "1");
	check_key(&options, BYTES(""), "", "null");
	assert_int_equal(read_item(&item, &options, BYTES("NaN"), &err),
	    CAL_EDATA);
	cal_item_release(&item);
	options.shape.text = true;
	check_key(&options, BYTES("a\"b"), "", "\"a\\\"b\"");
	check_key(&options, BYTES(""), "", "\"\"");
	assert_int_equal(read_item(&item, &options, BYTES("\xff"), &err),
	    CAL_EDATA);
	cal_item_release(&item);
	options.shape.text = false;
	options.shape.raw = true;
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
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_unreadable_result),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
