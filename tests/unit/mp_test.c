/* Unit tests of codec/mp. */
#include "unit.h"

#include "codec/mp.h"

static struct cal_mp_reader rd;
static struct cal_mp_value value;

static bool
read_one(struct cal_slice bytes)
{
	cal_mp_reader_init(&rd, bytes);
	return cal_mp_read(&rd, &value) && cal_mp_reader_done(&rd);
}

static void
test_scalars(void **state)
{
	(void)state;
	assert_true(read_one(BYTES("\xc0")));
	assert_int_equal(value.kind, CAL_MP_NIL);
	assert_true(read_one(BYTES("\xc3")));
	assert_int_equal(value.kind, CAL_MP_BOOL);
	assert_true(value.truth);
	assert_true(read_one(BYTES("\xc2")));
	assert_false(value.truth);
	assert_true(read_one(BYTES("\xca\x3f\xc0\0\0")));
	assert_int_equal(value.kind, CAL_MP_FLOAT);
	assert_true(value.f == 1.5);
	assert_true(read_one(BYTES("\xcb\xbf\xf8\0\0\0\0\0\0")));
	assert_true(value.f == -1.5);
	assert_false(read_one(BYTES("\xc1")));
	assert_string_equal(rd.problem,
	    "has the byte 0xc1, which is no value");
	assert_int_equal(value.kind, CAL_MP_NONE);
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int64_t number;
	} rows[] = {
		{ "\x00", 1, 0 }, { "\x7f", 1, 127 }, { "\xff", 1, -1 },
		{ "\xe0", 1, -32 }, { "\xcc\xff", 2, 255 },
		{ "\xcd\xff\xfe", 3, 65534 },
		{ "\xce\xff\xff\xff\xff", 5, 4294967295 },
		{ "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9, INT64_MAX },
		{ "\xd0\x80", 2, -128 }, { "\xd0\x7f", 2, 127 },
		{ "\xd1\x80\x00", 3, -32768 },
		{ "\xd2\x80\x00\x00\x00", 5, INT32_MIN },
		{ "\xd3\x80\0\0\0\0\0\0\0", 9, INT64_MIN },
		{ "\xd3\0\0\0\0\0\0\0\x05", 9, 5 },
		{ "\xcf\0\0\0\0\0\0\0\x05", 9, 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(read_one(cal_slice_of(rows[i].bytes,
		    rows[i].len)));
		assert_int_equal(value.kind, rows[i].number < 0 ? CAL_MP_INT :
		    CAL_MP_UINT);
		assert_true(value.i == rows[i].number);
		assert_int_equal(value.raw.len, rows[i].len);
	}
	assert_true(read_one(BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")));
	assert_int_equal(value.kind, CAL_MP_UINT);
	assert_true(value.u == UINT64_MAX);
}

static void
test_bytes(void **state)
{
	(void)state;
	assert_true(read_one(BYTES("\xa2hi")));
	assert_int_equal(value.kind, CAL_MP_STR);
	assert_slice(value.bytes, "hi");
	assert_true(read_one(BYTES("\xdb\0\0\0\2hi")));
	assert_slice(value.bytes, "hi");
	assert_slice(value.raw, "\xdb\0\0\0\2hi");
	assert_true(read_one(BYTES("\xc5\0\2\xff\0")));
	assert_int_equal(value.kind, CAL_MP_BIN);
	assert_slice(value.bytes, "\xff\0");
	assert_true(read_one(BYTES("\xd4\5z")));
	assert_int_equal(value.kind, CAL_MP_EXT);
	assert_slice(value.bytes, "z");
	assert_true(read_one(BYTES("\xc7\0\5")));
	assert_int_equal(value.bytes.len, 0);
	assert_true(read_one(BYTES("\xd8\5" "0123456789abcdef")));
	assert_int_equal(value.bytes.len, 16);
	assert_false(read_one(BYTES("\xa2\xc3(")));
	assert_string_equal(rd.problem, "has a str that is not UTF-8");
	assert_false(read_one(BYTES("\x91\xa1\xff")));
}

static void
test_nested(void **state)
{
	uint8_t deep[CAL_MP_DEPTH + 2];
	uint32_t count;

	(void)state;
	assert_true(read_one(BYTES("\x92\x81\xa1" "a\x90\x01")));
	assert_int_equal(value.kind, CAL_MP_ARRAY);
	assert_int_equal(value.count, 2);
	assert_true(read_one(BYTES("\xdf\0\0\0\1\1\2")));
	assert_int_equal(value.kind, CAL_MP_MAP);
	memset(deep, 0x91, sizeof(deep));
	deep[CAL_MP_DEPTH] = 0xc0;
	assert_true(read_one(cal_slice_of(deep, CAL_MP_DEPTH + 1)));
	deep[CAL_MP_DEPTH] = 0x91;
	deep[CAL_MP_DEPTH + 1] = 0xc0;
	assert_false(read_one(cal_slice_of(deep, CAL_MP_DEPTH + 2)));
	assert_string_equal(rd.problem, "is nested too deep");
	cal_mp_reader_init(&rd, BYTES("\x81\xa1k\x93\1\2\3"));
	assert_true(cal_mp_read_map(&rd, &count));
	assert_int_equal(count, 1);
	assert_true(cal_mp_read(&rd, &value));
	assert_true(cal_mp_read_array(&rd, &count));
	assert_int_equal(count, 3);
	assert_false(cal_mp_reader_done(&rd));
	assert_string_equal(rd.problem, "has bytes behind its end");
}

/* Counts and lengths that are not there are refused by their heads. */
static void
test_lies(void **state)
{
	static const char *const heads[] = {
		"\xdc\xff\xff", "\xdd\xff\xff\xff\xff", "\xde\xff\xff",
		"\xdf\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff",
		"\xc6\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff",
		"\xdd\x04\x01\x01\x01", "\xdf\x80\x01\x01\x01",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(heads); i++) {
		assert_false(read_one(cal_slice_text(heads[i])));
		assert_string_equal(rd.problem, "ends too early");
		assert_int_equal(rd.end - rd.pos, strlen(heads[i]));
	}
	assert_false(read_one(cal_slice_of(NULL, 0)));
	assert_string_equal(rd.problem, "ends too early");
}

static void
test_first_error_stays(void **state)
{
	uint32_t count;

	(void)state;
	cal_mp_reader_init(&rd, BYTES("\x01\x02"));
	assert_false(cal_mp_read_map(&rd, &count));
	assert_string_equal(rd.problem, "is not a map");
	assert_false(cal_mp_read(&rd, &value));
	assert_false(cal_mp_read_array(&rd, &count));
	cal_mp_reader_refuse(&rd, "other");
	assert_string_equal(rd.problem, "is not a map");
	assert_int_equal(rd.end - rd.pos, 2);
}

static void
test_fields(void **state)
{
	const struct cal_slice names[] = { BYTES("a"), BYTES("bb") };
	struct cal_mp_value found[2];

	(void)state;
	cal_mp_reader_init(&rd, BYTES("\x83\xa2" "bb\5\xc4\1a\1\xa1z\2"));
	assert_true(cal_mp_read_fields(&rd, names, 2, found));
	assert_int_equal(found[0].kind, CAL_MP_NONE);
	assert_int_equal(found[1].u, 5);
	cal_mp_reader_init(&rd, BYTES("\x82\xa1" "a\1\xa1" "a\1"));
	assert_false(cal_mp_read_fields(&rd, names, 2, found));
	assert_string_equal(rd.problem, "has a key twice");
	cal_mp_reader_init(&rd, BYTES("\x82\xa1z\1\xa1z\1"));
	assert_true(cal_mp_read_fields(&rd, names, 2, found));
	cal_mp_reader_init(&rd, BYTES("\x81\1\1"));
	assert_false(cal_mp_read_fields(&rd, names, 2, found));
	assert_string_equal(rd.problem, "has a key that is not text");
	cal_mp_reader_init(&rd, BYTES("\x90"));
	assert_false(cal_mp_read_fields(&rd, names, 2, found));
}

static void
check_written(struct cal_buf *out, struct cal_slice want)
{
	assert_true(cal_slice_same(cal_buf_view(out), want));
	cal_buf_clear(out);
}

static void
test_write_numbers(void **state)
{
	struct cal_buf out = { 0 };
	int bit, sign;

	(void)state;
	cal_mp_put_uint(&out, 127);
	check_written(&out, BYTES("\x7f"));
	cal_mp_put_uint(&out, 128);
	check_written(&out, BYTES("\xcc\x80"));
	cal_mp_put_uint(&out, 256);
	check_written(&out, BYTES("\xcd\x01\x00"));
	cal_mp_put_uint(&out, 65536);
	check_written(&out, BYTES("\xce\x00\x01\x00\x00"));
	cal_mp_put_uint(&out, UINT64_C(1) << 32);
	check_written(&out, BYTES("\xcf\0\0\0\1\0\0\0\0"));
	cal_mp_put_int(&out, -32);
	check_written(&out, BYTES("\xe0"));
	cal_mp_put_int(&out, -33);
	check_written(&out, BYTES("\xd0\xdf"));
	cal_mp_put_int(&out, -129);
	check_written(&out, BYTES("\xd1\xff\x7f"));
	cal_mp_put_int(&out, -32769);
	check_written(&out, BYTES("\xd2\xff\xff\x7f\xff"));
	cal_mp_put_int(&out, INT64_MIN);
	check_written(&out, BYTES("\xd3\x80\0\0\0\0\0\0\0"));
	for (bit = 0; bit < 63; bit++)
		for (sign = -1; sign <= 1; sign++) {
			int64_t n = (INT64_C(1) << bit) + sign;

			cal_mp_put_int(&out, -n);
			assert_true(read_one(cal_buf_view(&out)));
			assert_true(value.i == -n);
			cal_buf_clear(&out);
		}
	cal_buf_release(&out);
}

/* Each head at both sides of its limits, and what it says when read. */
static void
test_write_heads(void **state)
{
	static const size_t lens[] = { 0, 1, 15, 16, 31, 32, 255, 256, 65535,
	    65536 };
	static const size_t str_heads[] = { 1, 1, 1, 1, 1, 2, 2, 3, 3, 5 };
	static const size_t bin_heads[] = { 2, 2, 2, 2, 2, 2, 2, 3, 3, 5 };
	static const size_t list_heads[] = { 1, 1, 1, 3, 3, 3, 3, 3, 3, 5 };
	struct cal_buf out = { 0 };
	uint8_t *text = calloc(1, 65536);
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(lens); i++) {
		struct cal_slice bytes = cal_slice_of(text, lens[i]);

		cal_mp_put_str(&out, bytes);
		assert_int_equal(out.len, str_heads[i] + lens[i]);
		assert_true(read_one(cal_buf_view(&out)));
		assert_int_equal(value.kind, CAL_MP_STR);
		assert_int_equal(value.bytes.len, lens[i]);
		cal_buf_clear(&out);
		cal_mp_put_bin(&out, bytes);
		assert_int_equal(out.len, bin_heads[i] + lens[i]);
		assert_true(read_one(cal_buf_view(&out)));
		assert_int_equal(value.kind, CAL_MP_BIN);
		assert_int_equal(value.bytes.len, lens[i]);
		cal_buf_clear(&out);
		cal_mp_put_array(&out, (uint32_t)lens[i]);
		assert_int_equal(out.len, list_heads[i]);
		for (n = 0; n < lens[i]; n++)
			cal_mp_put_nil(&out);
		assert_true(read_one(cal_buf_view(&out)));
		assert_int_equal(value.kind, CAL_MP_ARRAY);
		assert_int_equal(value.count, lens[i]);
		cal_buf_clear(&out);
		cal_mp_put_map(&out, (uint32_t)lens[i]);
		assert_int_equal(out.len, list_heads[i]);
		for (n = 0; n < 2 * lens[i]; n++)
			cal_mp_put_bool(&out, true);
		assert_true(read_one(cal_buf_view(&out)));
		assert_int_equal(value.kind, CAL_MP_MAP);
		assert_int_equal(value.count, lens[i]);
		cal_buf_clear(&out);
	}
	free(text);
	cal_buf_release(&out);
}

/* Random bytes are read without a step beyond them. */
static void
test_noise(void **state)
{
	uint64_t seed = 5;
	uint8_t noise[64];
	int round;
	size_t i;

	(void)state;
	for (round = 0; round < 50000; round++) {
		struct cal_slice copy;

		for (i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)(next_random(&seed) |
			    (i < 4 ? 0x80 : 0));
		copy = exact(cal_slice_of(noise,
		    next_random(&seed) % sizeof(noise)));
		cal_mp_reader_init(&rd, copy);
		while (cal_mp_read(&rd, &value))
			assert_true(value.raw.len > 0);
		assert_true(rd.pos <= rd.end);
		exact_free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_first_error_stays),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_write_numbers),
		cmocka_unit_test(test_write_heads),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
