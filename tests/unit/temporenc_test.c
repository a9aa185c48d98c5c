/*
 * Unit tests of codec/temporenc.  Values are put together here bit by bit, by
 * the description of the format.
 */
#include "unit.h"

#include "codec/temporenc.h"

enum field { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FRACTION, ZONE, FIELDS };

static const struct form {
	const char *name;
	unsigned tag, tag_bits, fraction_bits, zone_bits, padding, bytes;
	uint32_t per_second;
} forms[] = {
	{ "DT", 0x0, 2, 0, 0, 0, 5, 1 },
	{ "DTZ", 0x6, 3, 0, 7, 0, 6, 1 },
	{ "DTS ms", 0x4, 4, 10, 0, 4, 7, 1000 },
	{ "DTS us", 0x5, 4, 20, 0, 2, 8, 1000000 },
	{ "DTS ns", 0x6, 4, 30, 0, 0, 9, 1000000000 },
	{ "DTS", 0x7, 4, 0, 0, 6, 6, 1 },
	{ "DTSZ ms", 0x1c, 5, 10, 7, 4, 8, 1000 },
	{ "DTSZ us", 0x1d, 5, 20, 7, 2, 9, 1000000 },
	{ "DTSZ ns", 0x1e, 5, 30, 7, 0, 10, 1000000000 },
	{ "DTSZ", 0x1f, 5, 0, 7, 6, 7, 1 },
};

/* 2026-01-15T15:43:01 in UTC; month and day begin with 0. */
static const uint32_t usual[FIELDS] = { 2026, 0, 14, 15, 43, 1, 0, 64 };

static struct cal_stamp stamp;

static void
put_bits(uint8_t *bytes, unsigned *at, uint32_t number, unsigned width)
{
	while (width-- > 0) {
		if (number >> width & 1)
			bytes[*at / 8] |= (uint8_t)(0x80 >> *at % 8);
		++*at;
	}
}

static struct cal_slice
build(uint8_t bytes[10], const struct form *form,
    const uint32_t fields[FIELDS])
{
	unsigned at = 0;

	memset(bytes, 0, 10);
	put_bits(bytes, &at, form->tag, form->tag_bits);
	put_bits(bytes, &at, fields[YEAR], 12);
	put_bits(bytes, &at, fields[MONTH], 4);
	put_bits(bytes, &at, fields[DAY], 5);
	put_bits(bytes, &at, fields[HOUR], 5);
	put_bits(bytes, &at, fields[MINUTE], 6);
	put_bits(bytes, &at, fields[SECOND], 6);
	put_bits(bytes, &at, fields[FRACTION], form->fraction_bits);
	put_bits(bytes, &at, fields[ZONE], form->zone_bits);
	assert_int_equal(at + form->padding, 8 * form->bytes);
	return cal_slice_of(bytes, form->bytes);
}

static int
read_bytes(struct cal_slice bytes, struct cal_err *err)
{
	struct cal_slice copy = exact(bytes);
	int rc;

	stamp = (struct cal_stamp){ .known = true, .us = 5, .offset = 5 };
	rc = cal_temporenc_read(&stamp, copy, err);
	exact_free(copy);
	assert_int_equal(stamp.known, rc == CAL_OK);
	return rc;
}

static bool
takes(const struct form *form, const uint32_t fields[FIELDS])
{
	uint8_t bytes[10];

	return read_bytes(build(bytes, form, fields), NULL) == CAL_OK;
}

/* The usual time with one field changed. */
static bool
takes_with(const struct form *form, enum field field, uint32_t number)
{
	uint32_t fields[FIELDS];

	memcpy(fields, usual, sizeof(fields));
	fields[field] = number;
	return takes(form, fields);
}

static void
test_forms(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(forms); i++) {
		const struct form *form = &forms[i];

		assert_true(takes(form, usual));
		assert_true(stamp.us == INT64_C(1768491781000000));
		assert_int_equal(stamp.offset, 0);
	}
}

/* B36, B37: each number that a field can have. */
static void
test_fields(void **state)
{
	static const struct {
		enum field field;
		uint32_t last, numbers;
	} rows[] = {
		{ YEAR, 4094, 4096 }, { MONTH, 11, 16 }, { DAY, 30, 32 },
		{ HOUR, 23, 32 }, { MINUTE, 59, 64 }, { SECOND, 59, 64 },
	};
	size_t i, row;
	uint32_t n;

	(void)state;
	for (i = 0; i < COUNT(forms); i++)
		for (row = 0; row < COUNT(rows); row++)
			for (n = 0; n < rows[row].numbers; n++)
				if (takes_with(&forms[i], rows[row].field,
				    n) != (n <= rows[row].last))
					fail_msg("%s, field %d: %u",
					    forms[i].name, rows[row].field,
					    n);
}

static void
test_fraction(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(forms); i++) {
		const struct form *form = &forms[i];
		uint32_t end = UINT32_C(1) << form->fraction_bits;

		if (form->fraction_bits == 0)
			continue;
		assert_true(takes_with(form, FRACTION, form->per_second - 1));
		assert_int_equal(stamp.us % 1000000,
		    form->per_second == 1000 ? 999000 : 999999);
		assert_true(takes_with(form, FRACTION, 123));
		assert_int_equal(stamp.us % 1000000,
		    form->per_second == 1000 ? 123000 :
		    form->per_second == 1000000 ? 123 : 0);
		assert_false(takes_with(form, FRACTION, form->per_second));
		assert_false(takes_with(form, FRACTION, end - 1));
	}
}

/* Fields are local time, and the last two numbers are no zone. */
static void
test_zone(void **state)
{
	uint32_t zone;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(forms); i++) {
		if (forms[i].zone_bits == 0)
			continue;
		for (zone = 0; zone < 126; zone++) {
			int offset = ((int)zone - 64) * 15;

			assert_true(takes_with(&forms[i], ZONE, zone));
			assert_int_equal(stamp.offset, offset);
			assert_true(stamp.us == INT64_C(1768491781000000) -
			    offset * INT64_C(60000000));
		}
		assert_false(takes_with(&forms[i], ZONE, 126));
		assert_false(takes_with(&forms[i], ZONE, 127));
	}
}

static void
test_days(void **state)
{
	static const struct {
		uint32_t year, month, day;
		bool taken;
	} rows[] = {
		{ 2026, 2, 31, false }, { 2026, 2, 30, false },
		{ 2026, 2, 29, false }, { 2026, 2, 28, true },
		{ 2024, 2, 29, true }, { 2000, 2, 29, true },
		{ 2100, 2, 29, false }, { 0, 2, 29, true },
		{ 4092, 2, 29, true }, { 4, 2, 29, true },
		{ 2026, 4, 31, false }, { 2026, 6, 31, false },
		{ 2026, 9, 31, false }, { 2026, 11, 31, false },
		{ 0, 1, 1, true }, { 4094, 12, 31, true },
		{ 1969, 12, 31, true }, { 1, 1, 1, true },
	};
	uint32_t fields[FIELDS];
	size_t i, row;

	(void)state;
	for (i = 0; i < COUNT(forms); i++)
		for (row = 0; row < COUNT(rows); row++) {
			memcpy(fields, usual, sizeof(fields));
			fields[YEAR] = rows[row].year;
			fields[MONTH] = rows[row].month - 1;
			fields[DAY] = rows[row].day - 1;
			assert_int_equal(takes(&forms[i], fields),
			    rows[row].taken);
		}
}

/* A day at the edge of the years, and a zone in which it is another one. */
static void
test_edges(void **state)
{
	uint32_t first[FIELDS] = { 0, 0, 0, 0, 0, 0, 0, 65 };
	uint32_t last[FIELDS] = { 4094, 11, 30, 23, 59, 59, 0, 63 };

	(void)state;
	assert_false(takes(&forms[1], first));
	first[ZONE] = 63;
	assert_true(takes(&forms[1], first));
	assert_false(takes(&forms[1], last));
	last[ZONE] = 65;
	assert_true(takes(&forms[1], last));
}

static void
test_padding(void **state)
{
	uint8_t bytes[10];
	struct cal_slice value;
	unsigned bit;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(forms); i++)
		for (bit = 0; bit < forms[i].padding; bit++) {
			value = build(bytes, &forms[i], usual);
			bytes[value.len - 1] |= (uint8_t)(1 << bit);
			assert_int_equal(read_bytes(value, NULL), CAL_EDATA);
		}
}

/* Each first byte with each length: only what its tag says is long enough. */
static void
test_lengths(void **state)
{
	uint8_t bytes[16] = { 0 };
	unsigned first;
	size_t len, i;

	(void)state;
	for (first = 0; first < 256; first++)
		for (len = 0; len < sizeof(bytes); len++) {
			unsigned wanted = 0;

			for (i = 0; i < COUNT(forms); i++)
				if (first >> (8 - forms[i].tag_bits) ==
				    forms[i].tag)
					wanted = forms[i].bytes;
			bytes[0] = (uint8_t)first;
			assert_int_equal(read_bytes(cal_slice_of(bytes, len),
			    NULL) == CAL_OK, len > 0 && len == wanted);
		}
}

static void
test_words(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} rows[] = {
		{ "", 0, "not a date with a time" },
		{ "\x8f\xd4\x0e", 3, "not a date with a time" },
		{ "\xa0\x10\x83", 3, "not a date with a time" },
		{ "\xa2\0\0\0\0\0\0\0\0", 9, "not a date with a time" },
		{ "\xeb\xf5\x03\x9f\x58\x20\x00\x03", 8,
		    "8 bytes where 9 belong" },
		{ "\xeb\xf5\x03\x9f\x58\x20\x00\x03\x03", 9,
		    "bits behind its end" },
		{ "\xeb\xf5\x03\x9f\x58\x20\x00\x03\xfc", 9,
		    "a zone without an offset" },
		{ "\xeb\xf5\x63\x9f\x58\x20\x00\x03\x00", 9,
		    "there is no month 13" },
	};
	struct cal_err err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(read_bytes(cal_slice_of(rows[i].bytes,
		    rows[i].len), &err), CAL_EDATA);
		assert_string_equal(err.text, rows[i].words);
	}
}

/* Whatever bytes come, what is read is what would be written. */
static void
test_garbage(void **state)
{
	uint8_t bytes[12], again[CAL_TEMPORENC_BYTES];
	struct cal_stamp first;
	uint64_t seed = 1;
	int i, taken = 0;
	size_t at;

	(void)state;
	for (i = 0; i < 300000; i++) {
		for (at = 0; at < sizeof(bytes); at++)
			bytes[at] = (uint8_t)next_random(&seed);
		if (read_bytes(cal_slice_of(bytes, next_random(&seed) % 12),
		    NULL) != CAL_OK)
			continue;
		taken++;
		first = stamp;
		cal_temporenc_write(again, &first);
		assert_int_equal(read_bytes(cal_slice_of(again,
		    sizeof(again)), NULL), CAL_OK);
		assert_true(stamp.us == first.us && stamp.offset == 0);
	}
	assert_true(taken > 1000);
}

/* Each time that there can be is written in the one form. */
static void
test_written(void **state)
{
	static const int64_t edges[] = {
		INT64_C(-62167219200000000), -1, 0, 1, 999999,
		INT64_C(67058582399999999),
	};
	struct cal_stamp one = { .known = true };
	uint8_t bytes[CAL_TEMPORENC_BYTES];
	struct cal_stamp_fields f;
	uint8_t wanted[10];
	uint64_t seed = 2;
	size_t i;

	(void)state;
	for (i = 0; i < 200000; i++) {
		one.us = i < COUNT(edges) ? edges[i] :
		    (int64_t)(((uint64_t)next_random(&seed) << 31 |
		    next_random(&seed)) % UINT64_C(129225801600000000)) +
		    edges[0];
		one.offset = (int)(next_random(&seed) % 3) * 60;
		cal_temporenc_write(bytes, &one);
		cal_stamp_split(&f, &one, 0);
		(void)build(wanted, &forms[7], (const uint32_t[]){
		    (uint32_t)f.year, (uint32_t)f.month - 1,
		    (uint32_t)f.day - 1, (uint32_t)f.hour,
		    (uint32_t)f.minute, (uint32_t)f.second,
		    (uint32_t)f.us, 64 });
		assert_memory_equal(bytes, wanted, sizeof(bytes));
		assert_int_equal(read_bytes(cal_slice_of(bytes,
		    sizeof(bytes)), NULL), CAL_OK);
		assert_true(stamp.us == one.us);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_fraction),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
