/* Unit tests of sub/print: records of messages, and of what commands wrote. */
#include "sub/print.h"
#include "unit.h"

static struct cal_shape shape;
static struct cal_printer printer = { .shape = &shape };
static struct cal_streammsg head;
static struct cal_sub_about about = { .head = &head };
static struct cal_err err;

static const uint8_t mid[CAL_STREAMMSG_MID] = { 0x0f, 0xa0, 1 };
#define MID "0fa00100000000000000000000000000"

/* Settles what was set in wanted. */
static void
set_shape(struct cal_shape wanted)
{
	shape = wanted;
	if (shape.serializer == NULL)
		shape.serializer = "json";
	assert_int_equal(cal_shape_settle(&shape, &err), CAL_OK);
	head = (struct cal_streammsg){ .has_seq = false };
	about = (struct cal_sub_about){ .head = &head };
}

#define SHAPE(...) set_shape((struct cal_shape){ __VA_ARGS__ })

static struct cal_slice
message(struct cal_slice body)
{
	struct cal_slice record;

	assert_int_equal(cal_printer_message(&printer, &record, &about, body,
	    &err), CAL_OK);
	return record;
}

static int
unreadable(struct cal_slice body)
{
	struct cal_slice record;
	int rc = cal_printer_message(&printer, &record, &about, body, &err);

	assert_int_equal(record.len, 0);
	return rc;
}

static struct cal_slice
output(struct cal_slice text)
{
	return cal_printer_output(&printer, &about, text);
}

static void
test_lines(void **state)
{
	(void)state;
	SHAPE(.lines = true);
	assert_slice(message(BYTES(" {\"a\":\r\n0.10} ")), "{\"a\":0.10}\n");
	assert_slice(message(BYTES("NaN")), "NaN\n");
	assert_int_equal(unreadable(BYTES("")), CAL_EPROTO);
	assert_int_equal(err.code, CAL_EPROTO);
	assert_int_equal(unreadable(BYTES("{")), CAL_EPROTO);
	SHAPE(.lines = true, .text = true);
	assert_slice(message(BYTES("\"a\\nb\"")), "a\nb\n");
	assert_slice(message(BYTES("[\n1]")), "[\n1]\n");
}

static void
test_other_shapes(void **state)
{
	(void)state;
	SHAPE(.null = true);
	assert_slice(message(BYTES("[\n1]")), "[\n1]\0");
	SHAPE(.delimiter_text = "--");
	assert_slice(message(BYTES("1")), "1--");
	SHAPE(.framed = true);
	assert_slice(message(BYTES(" 1")), "\0\0\0\0011");
	SHAPE(.framed = true, .serializer = "raw");
	assert_slice(message(BYTES(" \0\n")), "\0\0\0\003 \0\n");
	SHAPE(.raw = true);
	assert_slice(message(BYTES(" {\xff")), " {\xff");
}

static void
test_objects(void **state)
{
	(void)state;
	SHAPE(.json = true);
	assert_slice(message(BYTES("1")), "{\"ts\":\"-\",\"body\":1}\n");
	about.id = BYTES(MID);
	head.has_seq = true;
	head.seq = UINT64_MAX;
	head.stamp.known = true;
	head.stamp.us = 1500000;
	about.topic = BYTES("a/\"b");
	about.key = BYTES("\xff");
	assert_slice(message(BYTES("{\"a\": 1.0}")), "{\"id\":\"" MID "\","
	    "\"seq\":18446744073709551615,"
	    "\"ts\":\"1970-01-01T00:00:01.500000Z\",\"topic\":\"a/\\\"b\","
	    "\"key_b64\":\"/w==\",\"body\":{\"a\": 1.0}}\n");
	about.topic = BYTES("\x80");
	about.key = BYTES("k");
	about.id.len = 0;
	head.has_seq = false;
	head.stamp.known = false;
	/* What would not come back as it was stands in base64. */
	assert_slice(message(BYTES(" 1")), "{\"ts\":\"-\","
	    "\"topic_b64\":\"gA==\",\"key\":\"k\",\"body_b64\":\"IDE=\"}\n");
	assert_int_equal(unreadable(BYTES("{")), CAL_EPROTO);
	SHAPE(.json = true, .serializer = "raw");
	assert_slice(message(BYTES("{")),
	    "{\"ts\":\"-\",\"body_b64\":\"ew==\"}\n");
	assert_slice(message(BYTES("")),
	    "{\"ts\":\"-\",\"body_b64\":\"\"}\n");
}

static void
test_format(void **state)
{
	(void)state;
	SHAPE(.format = "%t|%k|%T|%o|%S|%s\\n");
	assert_slice(message(BYTES(" [1] ")), "||-||3|[1]\n");
	about.topic = BYTES("t");
	about.key = BYTES("k");
	head.stamp.known = true;
	head.stamp.us = 1234999;
	head.has_seq = true;
	head.seq = 7;
	assert_slice(message(BYTES("1")), "t|k|1234|7|1|1\n");
	about.id = BYTES(MID);
	head.stamp.us = -1;
	assert_slice(message(BYTES("1")), "t|k|-1|" MID "|1|1\n");
	head.stamp.us = -1000;
	assert_slice(message(BYTES("1")), "t|k|-1|" MID "|1|1\n");
	assert_slice(output(BYTES("a\nb\n")), "t|k|-1|" MID "|3|a\nb\n");
}

/* A command may say anything. */
static void
test_output(void **state)
{
	(void)state;
	SHAPE(.lines = true);
	assert_slice(output(BYTES("a\nb\n")), "a\nb\n");
	assert_slice(output(BYTES("a\nb")), "a\nb\n");
	assert_slice(output(BYTES("[1,\n2]\n\n")), "[1,\n2]\n\n");
	assert_int_equal(output(BYTES("")).len, 0);
	assert_int_equal(output(BYTES("\n")).len, 0);
	SHAPE(.null = true);
	assert_slice(output(BYTES("a\n")), "a\0");
	SHAPE(.framed = true);
	assert_slice(output(BYTES("a\n")), "\0\0\0\001a");
	SHAPE(.raw = true);
	assert_slice(output(BYTES("a\n")), "a\n");
	SHAPE(.json = true);
	about.topic = BYTES("t");
	assert_slice(output(BYTES("[1]\n")),
	    "{\"ts\":\"-\",\"topic\":\"t\",\"body\":[1]}\n");
	assert_slice(output(BYTES("no JSON")),
	    "{\"ts\":\"-\",\"topic\":\"t\",\"body_b64\":\"bm8gSlNPTg==\"}\n");
	assert_int_equal(output(BYTES("")).len, 0);
}

static void
test_id(void **state)
{
	struct cal_message message = { .pre_count = 0 };
	struct cal_delivery delivery = { .message = &message };
	char text[CAL_SUB_ID_TEXT];

	(void)state;
	cal_sub_id_text(text, &delivery);
	assert_string_equal(text, "");
	delivery.head.mid = cal_slice_of(mid, sizeof(mid));
	cal_sub_id_text(text, &delivery);
	assert_string_equal(text, MID);
	message.id = BYTES("18446744073709551615-18446744073709551615");
	cal_sub_id_text(text, &delivery);
	assert_string_equal(text, "18446744073709551615-18446744073709551615");
}

static int
release(void **state)
{
	(void)state;
	cal_printer_release(&printer);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_other_shapes),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_id),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
