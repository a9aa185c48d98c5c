/* Unit tests of pub/post: from input records to messages. */
#include "codec/snappy.h"
#include "pub/post.h"
#include "unit.h"

static struct cal_pub_options options;
static struct cal_post post;
static struct cal_err err;

static void
options_set(const char *serializer, enum cal_shape_mode mode)
{
	options = (struct cal_pub_options){
		.shape.mode = mode, .shape.delimiter = BYTES("\n"),
		.max_body = 1 << 20,
	};
	assert_int_equal(cal_body_find(&options.shape.body, serializer, &err),
	    CAL_OK);
}

/* Reads a copy of exactly its size, which is kept until the next. */
static int
read_post(struct cal_slice record)
{
	static struct cal_slice copy;

	exact_free(copy);
	copy = exact(record);
	return cal_post_read(&post, &options, copy, &err);
}

static void
check(struct cal_slice record, struct cal_slice topic, struct cal_slice key,
    struct cal_slice body)
{
	assert_int_equal(read_post(record), CAL_OK);
	assert_true(cal_slice_same(post.topic, topic));
	assert_true(cal_slice_same(post.head.key, key));
	assert_true(cal_slice_same(post.body, body));
	assert_true(post.head.stamp.known || options.keep_time);
	assert_false(post.head.has_seq);
	assert_int_equal(post.head.mid.len, 0);
}

#define NONE BYTES("")

static void
test_lines(void **state)
{
	(void)state;
	options_set("json", CAL_SHAPE_PIECES);
	check(BYTES(" {\"a\": 1.0} \r"), NONE, NONE, BYTES("{\"a\": 1.0}"));
	check(NONE, NONE, NONE, BYTES("null"));
	assert_int_equal(read_post(BYTES("{")), CAL_EDATA);
	assert_int_equal(read_post(BYTES("NaN")), CAL_EDATA);
	options.topic = "t";
	options.key.fixed = "k";
	check(BYTES("1"), BYTES("t"), BYTES("k"), BYTES("1"));
	options.key.fixed = NULL;
	options.key.delimiter = ":";
	check(BYTES("a:1"), BYTES("t"), BYTES("a"), BYTES("1"));
	check(BYTES("1"), BYTES("t"), NONE, BYTES("1"));
	options.key.delimiter = NULL;
	options.key.pointer = "/k";
	check(BYTES("{\"k\":\"\\u0061\"}"), BYTES("t"), BYTES("a"),
	    BYTES("{\"k\":\"\\u0061\"}"));
	check(BYTES("1"), BYTES("t"), NONE, BYTES("1"));
	assert_int_equal(read_post(BYTES("{\"k\":[]}")), CAL_EDATA);
	options.max_body = 3;
	assert_int_equal(read_post(BYTES("1234")), CAL_EDATA);
}

static void
test_other_bodies(void **state)
{
	(void)state;
	options_set("raw", CAL_SHAPE_PIECES);
	check(BYTES(" \xff\0"), NONE, NONE, BYTES(" \xff\0"));
	check(NONE, NONE, NONE, NONE);
	options_set("json", CAL_SHAPE_ONE);
	options.shape.text = true;
	check(BYTES("a\"\n"), NONE, NONE, BYTES("\"a\\\"\\n\""));
	assert_slice(post.text, "a\"\n");
	assert_int_equal(read_post(BYTES("\xff")), CAL_EDATA);
	options_set("json", CAL_SHAPE_ONE);
	options.shape.raw = true;
	check(BYTES(" {\xff"), NONE, NONE, BYTES(" {\xff"));
	check(NONE, NONE, NONE, BYTES("null"));
}

static void
test_compressed(void **state)
{
	struct cal_buf plain = { .max = 0 };

	(void)state;
	options_set("json", CAL_SHAPE_PIECES);
	options.compress = true;
	assert_int_equal(read_post(BYTES("[1,1,1,1]")), CAL_OK);
	assert_int_equal(post.head.flags, CAL_STREAMMSG_SNAPPY);
	assert_slice(post.text, "[1,1,1,1]");
	assert_int_equal(cal_snappy_expand(&plain, post.body, 100, &err),
	    CAL_OK);
	assert_slice(cal_buf_view(&plain), "[1,1,1,1]");
	cal_buf_release(&plain);
	options.compress = false;
	assert_int_equal(read_post(BYTES("1")), CAL_OK);
	assert_int_equal(post.head.flags, 0);
}

static void
test_objects(void **state)
{
	(void)state;
	options_set("json", CAL_SHAPE_JSON);
	options.topic = "default";
	check(BYTES("{\"ts\":1,\"body\": [1, 2] ,\"id\":3,\"topic\":\"a\","
	    "\"seq\":4,\"key\":\"b\"}"), BYTES("a"), BYTES("b"),
	    BYTES("[1, 2]"));
	check(BYTES("{}"), BYTES("default"), NONE, BYTES("null"));
	check(BYTES("{\"topic\":\"\",\"topic_b65\":1,\"body\":1}"), NONE,
	    NONE, BYTES("1"));
	check(BYTES("{\"topic_b64\":\"/w==\",\"key_b64\":\"AP8=\"}"),
	    BYTES("\xff"), BYTES("\0\xff"), BYTES("null"));
	options.key.fixed = "fixed";
	check(BYTES("{\"key\":\"b\"}"), BYTES("default"), BYTES("fixed"),
	    BYTES("null"));
	options.key.fixed = NULL;
	options.key.pointer = "/k";
	check(BYTES("{\"key\":\"b\",\"body\":{\"k\":1}}"), BYTES("default"),
	    BYTES("1"), BYTES("{\"k\":1}"));
	/* {"k":"x"} and a newline: the key is found in wire bytes, too. */
	check(BYTES("{\"body_b64\":\"eyJrIjoieCJ9Cg==\"}"),
	    BYTES("default"), BYTES("x"), BYTES("{\"k\":\"x\"}\n"));
}

/* Wire bytes stay what they are, if a reader takes them. */
static void
test_wire_bytes(void **state)
{
	(void)state;
	options_set("json", CAL_SHAPE_JSON);
	check(BYTES("{\"body_b64\":\"IDEg\"}"), NONE, NONE, BYTES(" 1 "));
	check(BYTES("{\"body_b64\":\"TmFO\"}"), NONE, NONE, BYTES("NaN"));
	assert_int_equal(read_post(BYTES("{\"body_b64\":\"ew==\"}")),
	    CAL_EDATA);
	assert_int_equal(read_post(BYTES("{\"body_b64\":\"\"}")), CAL_EDATA);
	options_set("raw", CAL_SHAPE_JSON);
	check(BYTES("{\"body_b64\":\"ew==\"}"), NONE, NONE, BYTES("{"));
	check(BYTES("{\"body_b64\":\"\"}"), NONE, NONE, NONE);
	check(BYTES("{\"body\":[1, 2]}"), NONE, NONE, BYTES("[1, 2]"));
}

static void
check_time(struct cal_slice record, const char *want)
{
	struct cal_buf text = { .max = 0 };

	assert_int_equal(read_post(record), CAL_OK);
	cal_stamp_put(&text, &post.head.stamp);
	assert_string_equal(cal_buf_text(&text), want);
	cal_buf_release(&text);
}

static void
test_times(void **state)
{
	struct cal_stamp before = cal_stamp_now(), now;

	(void)state;
	options_set("json", CAL_SHAPE_JSON);
	options.keep_time = true;
	check_time(BYTES("{\"ts\":\"2026-01-15T15:43:01.123456Z\"}"),
	    "2026-01-15T15:43:01.123456Z");
	check_time(BYTES("{\"ts\":\"-\"}"), "-");
	assert_int_equal(read_post(BYTES("{\"ts\":\"yesterday\"}")),
	    CAL_EDATA);
	assert_non_null(strstr(err.text, "'ts'"));
	assert_int_equal(read_post(BYTES("{\"ts\":1}")), CAL_EDATA);
	/* Without one it is now. */
	assert_int_equal(read_post(BYTES("{}")), CAL_OK);
	now = cal_stamp_now();
	assert_true(post.head.stamp.us >= before.us &&
	    post.head.stamp.us <= now.us);
	/* And it is now where it is not to be kept. */
	options.keep_time = false;
	assert_int_equal(read_post(BYTES("{\"ts\":\"2000-01-01T00:00:00Z\"}")),
	    CAL_OK);
	assert_true(post.head.stamp.us >= now.us);
}

static void
check_long(const char *name, size_t max)
{
	struct cal_buf line = { .max = 0 };
	size_t len;
	int i;

	for (i = 0; i < 2; i++) {
		cal_buf_clear(&line);
		cal_buf_printf(&line, "{\"%s\":\"", name);
		for (len = 0; len < max + (size_t)i; len++)
			cal_buf_put_byte(&line, 'x');
		cal_buf_put_text(&line, "\"}");
		assert_int_equal(read_post(cal_buf_view(&line)),
		    i == 0 ? CAL_OK : CAL_EDATA);
	}
	cal_buf_release(&line);
}

static void
test_long_names(void **state)
{
	(void)state;
	options_set("json", CAL_SHAPE_JSON);
	check_long("topic", CAL_STREAMMSG_TOPIC_MAX);
	check_long("key", CAL_STREAMMSG_KEY_MAX);
}

static int
tear_down(void **state)
{
	(void)state;
	cal_post_release(&post);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_other_bodies),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_wire_bytes),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
