/* Unit tests of codec/streammsg. */
#include "unit.h"

#include "codec/mp.h"
#include "codec/streammsg.h"

#define TIME "\xc4\x09\xeb\xf5\x03\x9f\x58\x23\xc4\x81\x00"
#define MID "0123456789abcdef"

static const int64_t time_us = INT64_C(1768491781123456);

static struct cal_streammsg msg;

static int
read_bytes(struct cal_slice bytes, struct cal_err *err)
{
	static struct cal_slice copy;
	int rc;

	exact_free(copy);               /* msg points into the one before */
	copy = exact(bytes);
	rc = cal_streammsg_read(&msg, copy, err);
	if (bytes.len == 0) {
		exact_free(copy);
		copy = cal_slice_of(NULL, 0);
	}
	return rc;
}

/* The last copy. */
static int
let_go(void **state)
{
	(void)state;
	(void)read_bytes(cal_slice_of(NULL, 0), NULL);
	return 0;
}

static void
assert_nothing_but_time(void)
{
	assert_true(msg.stamp.known);
	assert_true(msg.stamp.us == time_us);
	assert_false(msg.has_seq);
	assert_int_equal(msg.seq, 0);
	assert_int_equal(msg.mid.len, 0);
	assert_int_equal(msg.key.len, 0);
	assert_int_equal(msg.flags, 0);
}

static void
assert_written(const char *bytes, size_t len)
{
	struct cal_buf out = { 0 };

	cal_buf_put_text(&out, "in front");
	cal_streammsg_write(&msg, &out);
	assert_int_equal(out.len, 8 + len);
	assert_memory_equal(out.ptr + 8, bytes, len);
	cal_buf_release(&out);
}

static void
test_plain(void **state)
{
	(void)state;
	assert_int_equal(read_bytes(BYTES("\x91" TIME), NULL), CAL_OK);
	assert_nothing_but_time();
	assert_written("\x91" TIME, 12);
}

static void
test_all(void **state)
{
	static const char bytes[] = "\x95" TIME "\x05\xc4\x10" MID
	    "\xa2ka\x01";

	(void)state;
	assert_int_equal(read_bytes(BYTES(bytes), NULL), CAL_OK);
	assert_true(msg.stamp.us == time_us);
	assert_true(msg.has_seq);
	assert_int_equal(msg.seq, 5);
	assert_slice(msg.mid, MID);
	assert_slice(msg.key, "ka");
	assert_int_equal(msg.flags, CAL_STREAMMSG_SNAPPY);
	assert_written(bytes, sizeof(bytes) - 1);
}

/* What comes behind a nil is read, and nils at the end are left out. */
static void
test_nils(void **state)
{
	(void)state;
	assert_int_equal(read_bytes(BYTES("\x95" TIME "\xc0\xc0\xc0\xc0"),
	    NULL), CAL_OK);
	assert_nothing_but_time();
	assert_written("\x91" TIME, 12);
	assert_int_equal(read_bytes(BYTES("\x95" TIME "\xc0\xc0\xc0\x01"),
	    NULL), CAL_OK);
	assert_int_equal(msg.flags, 1);
	assert_written("\x95" TIME "\xc0\xc0\xc0\x01", 16);
	assert_int_equal(read_bytes(BYTES("\x94" TIME "\xc0\xc0\xa1k"), NULL),
	    CAL_OK);
	assert_slice(msg.key, "k");
	assert_written("\x94" TIME "\xc0\xc0\xa1k", 16);
}

static void
test_seq(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t seq;
	} rows[] = {
		{ "\x00", 1, 0 }, { "\x7f", 1, 127 }, { "\xcc\x80", 2, 128 },
		{ "\xcd\x01\x00", 3, 256 },
		{ "\xce\x00\x01\x00\x00", 5, 65536 },
		{ "\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9,
		    UINT64_C(4294967296) },
		{ "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, UINT64_MAX },
	};
	struct cal_buf in = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		cal_buf_clear(&in);
		cal_buf_put(&in, "\x92" TIME, 12);
		cal_buf_put(&in, rows[i].bytes, rows[i].len);
		assert_int_equal(read_bytes(cal_buf_view(&in), NULL), CAL_OK);
		assert_true(msg.has_seq);
		assert_true(msg.seq == rows[i].seq);
		assert_written((const char *)in.ptr, in.len);
	}
	cal_buf_release(&in);
}

/* A key is its bytes; as str it goes out where it can. */
static void
test_key(void **state)
{
	(void)state;
	assert_int_equal(read_bytes(BYTES("\x94" TIME "\xc0\xc0\xc4\x02\xff"
	    "\x00"), NULL), CAL_OK);
	assert_slice(msg.key, "\xff\0");
	assert_written("\x94" TIME "\xc0\xc0\xc4\x02\xff\x00", 18);
	assert_int_equal(read_bytes(BYTES("\x94" TIME "\xc0\xc0\xc4\x01k"),
	    NULL), CAL_OK);
	assert_slice(msg.key, "k");
	assert_written("\x94" TIME "\xc0\xc0\xa1k", 16);
	assert_int_equal(read_bytes(BYTES("\x95" TIME "\xc0\xc0\xa0\x01"),
	    NULL), CAL_OK);
	assert_int_equal(msg.key.len, 0);
	assert_int_equal(msg.flags, 1);
	assert_written("\x95" TIME "\xc0\xc0\xc0\x01", 16);
}

static void
test_key_limit(void **state)
{
	struct cal_buf in = { 0 };
	size_t len;

	(void)state;
	for (len = CAL_STREAMMSG_KEY_MAX; len <= CAL_STREAMMSG_KEY_MAX + 1;
	    len++) {
		cal_buf_clear(&in);
		cal_buf_put(&in, "\x95" TIME "\x07\xc0", 14);
		cal_mp_put_bin_head(&in, (uint32_t)len);
		memset(cal_buf_room(&in, len), 'k', len);
		cal_buf_grown(&in, len);
		cal_buf_put_byte(&in, 1);
		assert_int_equal(read_bytes(cal_buf_view(&in), NULL), CAL_OK);
		assert_int_equal(msg.seq, 7);
		if (len == CAL_STREAMMSG_KEY_MAX) {
			assert_int_equal(msg.key.len, len);
			assert_int_equal(msg.flags, 1);
		} else {
			assert_int_equal(msg.key.len, 0);
			assert_int_equal(msg.flags, 0);
		}
	}
	cal_buf_release(&in);
}

/* B36: the message is kept when its time is none. */
static void
test_unknown_time(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "\xc0", 1 }, { "\xc4\x00", 2 }, { "\x05", 1 },
		{ "\xa3now", 4 }, { "\x90", 1 }, { "\x80", 1 },
		{ "\xcb\x41\xda\x59\xfc\x01\x20\x00\x00", 9 },
		{ "\xc4\x03\x8f\xd4\x0e", 5 }, { "\xc4\x03\xa0\x10\x83", 5 },
		{ "\xd6\xff\x69\x69\x08\x45", 6 },      /* msgpack's own */
		{ "\xc4\x09\xef\xff\xff\xff\xff\xff\xff\xff\xfc", 11 },
	};
	struct cal_buf in = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		cal_buf_clear(&in);
		cal_buf_put_byte(&in, 0x92);
		cal_buf_put(&in, rows[i].bytes, rows[i].len);
		cal_buf_put_byte(&in, 7);
		assert_int_equal(read_bytes(cal_buf_view(&in), NULL), CAL_OK);
		assert_false(msg.stamp.known);
		assert_int_equal(msg.seq, 7);
		assert_written("\x92\xc0\x07", 3);
	}
	cal_buf_release(&in);
}

/* Somebody else's, and all that follows with it. */
static void
test_foreign(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "\x92" TIME "\xa5" "extra", 18 },
		{ "\x92" TIME "\xff", 13 },
		{ "\x92" TIME "\xc3", 13 },
		{ "\x92" TIME "\xca\x3f\x80\x00\x00", 17 },
		{ "\x92" TIME "\x91\x01", 14 },
		{ "\x92" TIME "\x81\x01\x02", 15 },
		{ "\x95" TIME "\xc2\xc4\x10" MID "\xa1k\x01", 34 },
		{ "\x95" TIME "\xc0\xc4\x0f" "0123456789abcde\xa1k\x01", 33 },
		{ "\x95" TIME "\xc0\xc4\x11" "0123456789abcdefg\xa1k\x01",
		    35 },
		{ "\x95" TIME "\xc0\xb0" MID "\xa1k\x01", 33 },
		{ "\x95" TIME "\xc0\xc4\x00\xa1k\x01", 18 },
		{ "\x95" TIME "\xc0\xc0\x05\x01", 16 },
		{ "\x95" TIME "\xc0\xc0\x90\x01", 16 },
		{ "\x95" TIME "\xc0\xc0\xd4\x01k\x01", 18 },
		{ "\x95" TIME "\xc0\xc0\xc0\xff", 16 },
		{ "\x95" TIME "\xc0\xc0\xc0\xc3", 16 },
		{ "\x95" TIME "\xc0\xc0\xc0\xa1\x01", 17 },
		{ "\x96" TIME "\xc0\xc0\xc0\xc0\x01", 17 },
		{ "\xdc\x00\x01" TIME, 14 },
		{ "\xdd\x00\x00\x00\x01" TIME, 16 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (read_bytes(cal_slice_of(rows[i].bytes, rows[i].len),
		    NULL) != CAL_OK)
			fail_msg("row %zu was refused", i);
		assert_nothing_but_time();
	}
	/* What stands in front of it counts. */
	assert_int_equal(read_bytes(BYTES("\x97" TIME "\x05\xc0\xa1k\x01"
	    "\xa1x\x80"), NULL), CAL_OK);
	assert_true(msg.has_seq);
	assert_slice(msg.key, "k");
	assert_int_equal(msg.flags, 1);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} rows[] = {
		{ "", 0, "header ends too early" },
		{ "\xc0", 1, "header is not an array" },
		{ "\x80", 1, "header is not an array" },
		{ TIME, 11, "header is not an array" },
		{ "\xc1", 1, "header has the byte 0xc1, which is no value" },
		{ "\x90", 1, "header has no time" },
		{ "\xdc\x00\x00", 3, "header has no time" },
		{ "\x91" TIME "\x00", 13, "header has bytes behind its end" },
		{ "\x90\xc0", 2, "header has bytes behind its end" },
		{ "\x91\xc4\x09\xeb\xf5\x03\x9f\x58\x23\xc4\x81", 11,
		    "header ends too early" },
		{ "\x92" TIME, 12, "header ends too early" },
		{ "\xdc\xff\xff" TIME, 14, "header ends too early" },
		{ "\xdd\xff\xff\xff\xff" TIME, 16, "header ends too early" },
		{ "\x92" TIME "\xdd\x7f\xff\xff\xff", 17,
		    "header ends too early" },
		{ "\x92" TIME "\xc6\xff\xff\xff\xff", 17,
		    "header ends too early" },
		{ "\x92" TIME "\xc1", 13,
		    "header has the byte 0xc1, which is no value" },
		{ "\x94" TIME "\xc0\xc0\xa1\xff", 16,
		    "header has a str that is not UTF-8" },
	};
	struct cal_err err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(&msg, 0xff, sizeof(msg));
		assert_int_equal(read_bytes(cal_slice_of(rows[i].bytes,
		    rows[i].len), &err), CAL_EPROTO);
		assert_string_equal(err.text, rows[i].words);
		assert_false(msg.stamp.known || msg.has_seq);
		assert_int_equal(msg.mid.len + msg.key.len, 0);
	}
}

/* Foreign elements may be nested, but not for ever. */
static void
test_depth(void **state)
{
	uint8_t bytes[12 + CAL_MP_DEPTH + 2] = "\x92" TIME;
	struct cal_err err;

	(void)state;
	memset(bytes + 12, 0x91, CAL_MP_DEPTH + 1);
	bytes[12 + CAL_MP_DEPTH] = 0xc0;
	assert_int_equal(read_bytes(cal_slice_of(bytes, sizeof(bytes) - 1),
	    &err), CAL_OK);
	assert_nothing_but_time();
	bytes[12 + CAL_MP_DEPTH] = 0x91;
	bytes[12 + CAL_MP_DEPTH + 1] = 0xc0;
	assert_int_equal(read_bytes(cal_slice_of(bytes, sizeof(bytes)), &err),
	    CAL_EPROTO);
	assert_string_equal(err.text, "header is nested too deep");
}

static void
test_length(void **state)
{
	static uint8_t bytes[CAL_STREAMMSG_HEADER_MAX + 1];
	const uint32_t items = CAL_STREAMMSG_HEADER_MAX - 13;
	struct cal_err err;

	(void)state;
	memset(bytes, 0xc0, sizeof(bytes));
	memcpy(bytes, "\xdc\0\0" TIME, 14);
	bytes[1] = (uint8_t)(items >> 8);
	bytes[2] = (uint8_t)items;
	assert_int_equal(read_bytes(cal_slice_of(bytes, sizeof(bytes) - 1),
	    &err), CAL_OK);
	assert_nothing_but_time();
	bytes[2]++;
	assert_int_equal(read_bytes(cal_slice_of(bytes, sizeof(bytes)), &err),
	    CAL_EPROTO);
	assert_string_equal(err.text, "header is too long");
}

/* No beginning of a good header is one. */
static void
test_cut(void **state)
{
	static const char bytes[] = "\x96" TIME "\xcd\x01\x00\xc4\x10" MID
	    "\xa2ka\x01\x92\xc0\xa1x";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(bytes) - 1; len++)
		assert_int_equal(read_bytes(cal_slice_of(bytes, len), NULL),
		    CAL_EPROTO);
	assert_int_equal(read_bytes(cal_slice_of(bytes, len), NULL), CAL_OK);
}

/* What is written is read the same; garbage harms nobody. */
static void
test_garbage(void **state)
{
	static const char good[] = "\x95" TIME "\x05\xc4\x10" MID
	    "\xa2ka\x01";
	uint8_t bytes[sizeof(good) - 1];
	struct cal_buf out = { 0 }, again = { 0 };
	struct cal_streammsg back;
	uint64_t seed = 4;
	int i, n, taken = 0;

	(void)state;
	for (i = 0; i < 200000; i++) {
		memcpy(bytes, good, sizeof(bytes));
		for (n = (int)(next_random(&seed) % 4); n >= 0; n--)
			bytes[next_random(&seed) % sizeof(bytes)] =
			    (uint8_t)next_random(&seed);
		if (read_bytes(cal_slice_of(bytes, sizeof(bytes)), NULL) !=
		    CAL_OK)
			continue;
		taken++;
		cal_buf_clear(&out);
		cal_buf_clear(&again);
		cal_streammsg_write(&msg, &out);
		assert_int_equal(cal_streammsg_read(&back, cal_buf_view(&out),
		    NULL), CAL_OK);
		assert_int_equal(back.stamp.known, msg.stamp.known);
		assert_true(back.stamp.us == msg.stamp.us);
		assert_true(back.has_seq == msg.has_seq &&
		    back.seq == msg.seq && back.flags == msg.flags);
		assert_true(cal_slice_same(back.mid, msg.mid) &&
		    cal_slice_same(back.key, msg.key));
		cal_streammsg_write(&back, &again);
		assert_true(cal_slice_same(cal_buf_view(&out),
		    cal_buf_view(&again)));
	}
	assert_true(taken > 1000);
	cal_buf_release(&out);
	cal_buf_release(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_nils),
		cmocka_unit_test(test_seq),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_key_limit),
		cmocka_unit_test(test_unknown_time),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, let_go);
}
