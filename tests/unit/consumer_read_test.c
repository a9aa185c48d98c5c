/* Unit tests of stream/consumer_read: frames, and what is handed up of them. */
#include "codec/snappy.h"
#include "stream/consumer_parts.h"
#include "unit.h"

static struct cal_buf expanded;
static struct cal_delivery delivery;
static struct cal_err err;

/* The library's header of 2026-01-15T15:43:01.123456Z. */
#define PLAIN "\x91\xc4\x09\xeb\xf5\x03\x9f\x58\x23\xc4\x81\x00"

/* No time, counter 7, no id, key "k", flags 1: compressed. */
#define ZIPPED "\x95\xc0\x07\xc0\xa1k\x01"

static int
read_message(struct cal_message *message, const struct cal_slice *topics,
    size_t count)
{
	const struct cal_consumer_conf conf = { .topics = topics,
	    .topics_count = count, .max_body = 1000 };

	cal_buf_clear(&expanded);
	return cal_delivery_read(&delivery, message, &conf, &expanded, &err);
}

static void
test_plain(void **state)
{
	struct cal_message message = { .word = CAL_WORD_UPPER,
	    .header = BYTES(PLAIN), .payload = BYTES("body") };

	(void)state;
	assert_int_equal(read_message(&message, NULL, 0), CAL_OK);
	assert_int_equal(delivery.topic.len, 0);
	assert_ptr_equal(delivery.body.ptr, message.payload.ptr);
	assert_slice(delivery.body, "body");
	assert_null(delivery.expanded);
	assert_ptr_equal(delivery.message, &message);
	assert_true(delivery.head.stamp.known);
	assert_false(delivery.head.has_seq);
	assert_true(delivery.head.stamp.us ==
	    INT64_C(1768491781) * 1000000 + 123456);
}

static void
test_topic(void **state)
{
	const struct cal_slice wanted[] = { BYTES("b"), BYTES("a/") };
	struct cal_message message = { .word = CAL_WORD_UPPER,
	    .header = BYTES(PLAIN), .payload = BYTES(""),
	    .pre = { BYTES("a/x") }, .pre_count = 1 };

	(void)state;
	assert_int_equal(read_message(&message, NULL, 0), CAL_OK);
	assert_slice(delivery.topic, "a/x");
	assert_int_equal(read_message(&message, wanted, 2), CAL_OK);
	assert_slice(delivery.topic, "a/x");
	message.pre[0] = BYTES("a/");
	assert_int_equal(read_message(&message, wanted, 2), CAL_OK);
	message.pre[0] = BYTES("a");
	assert_int_equal(read_message(&message, wanted, 2), CAL_EPROTO);
	assert_string_equal(err.text, "nobody asked for its topic");
	message.pre[0] = BYTES("");
	assert_int_equal(read_message(&message, wanted, 2), CAL_EPROTO);
	assert_int_equal(read_message(&message, NULL, 0), CAL_OK);
}

/*
 * SUB lets it through, since its first frame begins so; the empty prefix is one
 * of everything.
 */
static void
test_upper_is_no_topic(void **state)
{
	const struct cal_slice upper = BYTES("UPPER"), all = BYTES("");
	struct cal_message message = { .word = CAL_WORD_UPPER,
	    .header = BYTES(PLAIN), .payload = BYTES("body") };

	(void)state;
	assert_int_equal(read_message(&message, &upper, 1), CAL_EPROTO);
	assert_int_equal(read_message(&message, &all, 1), CAL_OK);
	message.pre[0] = BYTES("UPPERMOST");
	message.pre_count = 1;
	assert_int_equal(read_message(&message, &upper, 1), CAL_OK);
	assert_slice(delivery.topic, "UPPERMOST");
}

static void
test_compressed(void **state)
{
	struct cal_message message = { .word = CAL_WORD_UPPER,
	    .header = BYTES(ZIPPED) };
	struct cal_buf block = { .max = 0 };

	(void)state;
	cal_snappy_compress(&block, BYTES("aaaaaaaaaaaaaaaaaaaaaaaa"));
	message.payload = cal_buf_view(&block);
	assert_int_equal(read_message(&message, NULL, 0), CAL_OK);
	assert_slice(delivery.body, "aaaaaaaaaaaaaaaaaaaaaaaa");
	assert_ptr_equal(delivery.expanded, &expanded);
	assert_false(delivery.head.stamp.known);
	assert_true(delivery.head.has_seq);
	assert_int_equal(delivery.head.seq, 7);
	assert_slice(delivery.head.key, "k");
	message.payload.len--;
	assert_int_equal(read_message(&message, NULL, 0), CAL_EPROTO);
	message.payload = BYTES("");
	assert_int_not_equal(read_message(&message, NULL, 0), CAL_OK);
	cal_buf_release(&block);
}

/* What it says of its size is believed, before anything is allocated. */
static void
test_too_large(void **state)
{
	struct cal_message message = { .word = CAL_WORD_UPPER,
	    .header = BYTES(ZIPPED), .payload = BYTES("\xff\xff\xff\xff\x0f") };
	char body[1001];

	(void)state;
	memset(body, '1', sizeof(body));
	assert_int_equal(read_message(&message, NULL, 0), CAL_EDATA);
	assert_in_range(expanded.cap, 0, 1024);
	message.header = BYTES(PLAIN);
	message.payload = cal_slice_of(body, 1000);
	assert_int_equal(read_message(&message, NULL, 0), CAL_OK);
	message.payload = cal_slice_of(body, 1001);
	assert_int_equal(read_message(&message, NULL, 0), CAL_EDATA);
	assert_string_equal(err.text, "its body is larger than 1000 bytes");
}

static void
test_no_stream(void **state)
{
	char name[CAL_STREAMMSG_TOPIC_MAX + 1];
	struct cal_message message = { .word = CAL_WORD_PING,
	    .header = BYTES(PLAIN), .payload = BYTES("") };

	(void)state;
	memset(name, 't', sizeof(name));
	assert_int_equal(read_message(&message, NULL, 0), CAL_EPROTO);
	message.word = CAL_WORD_UPPER;
	message.pre[0] = message.pre[1] = BYTES("a");
	message.pre_count = 2;
	assert_int_equal(read_message(&message, NULL, 0), CAL_EPROTO);
	message.pre_count = 1;
	message.pre[0] = cal_slice_of(name, sizeof(name));
	assert_int_equal(read_message(&message, NULL, 0), CAL_EPROTO);
	message.pre[0].len--;
	assert_int_equal(read_message(&message, NULL, 0), CAL_OK);
	message.header = BYTES("\x80");
	assert_int_equal(read_message(&message, NULL, 0), CAL_EPROTO);
}

static int
release(void **state)
{
	(void)state;
	cal_buf_release(&expanded);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_topic),
		cmocka_unit_test(test_upper_is_no_topic),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_no_stream),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
