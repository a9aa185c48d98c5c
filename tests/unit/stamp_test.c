/* Unit tests of codec/stamp: the calendar, and times as text. */
#include "unit.h"

#include <time.h>

#include "codec/stamp.h"

static struct cal_stamp stamp;

static int
make(int year, int month, int day, int hour, int minute, int second, int us,
    int offset, struct cal_err *err)
{
	struct cal_stamp_fields f = { year, month, day, hour, minute, second,
	    us };

	return cal_stamp_make(&stamp, &f, offset, err);
}

static void
assert_text(const struct cal_stamp *one, const char *text)
{
	struct cal_buf out = { 0 };

	cal_stamp_put(&out, one);
	assert_string_equal(cal_buf_text(&out), text);
	cal_buf_release(&out);
}

/* Instants that others have worked out. */
static void
test_known(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ 1, "1970-01-01T00:00:00.000001Z" },
		{ INT64_C(951786123000004), "2000-02-29T01:02:03.000004Z" },
		{ INT64_C(1768491781123456), "2026-01-15T15:43:01.123456Z" },
		{ INT64_C(2147483648000007), "2038-01-19T03:14:08.000007Z" },
		{ INT64_C(67058582399999999), "4094-12-31T23:59:59.999999Z" },
		{ INT64_C(-62135596800000000), "0001-01-01T00:00:00.000000Z" },
		{ INT64_C(-62167219200000000), "0000-01-01T00:00:00.000000Z" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		stamp = (struct cal_stamp){ .known = true, .us = rows[i].us };
		assert_text(&stamp, rows[i].text);
		assert_int_equal(cal_stamp_read(&stamp,
		    cal_slice_text(rows[i].text), NULL), CAL_OK);
		assert_true(stamp.us == rows[i].us);
	}
}

static int
month_length(int year, int month)
{
	if (month == 2)
		return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) ?
		    29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Every day from 0000-01-01 to 4094-12-31, counted on one by one. */
static void
test_every_day(void **state)
{
	int64_t us = INT64_C(-62167219200000000);
	int year, month, day;
	struct cal_stamp_fields f;

	(void)state;
	for (year = 0; year <= 4094; year++)
		for (month = 1; month <= 12; month++)
			for (day = 1; day <= month_length(year, month);
			    day++) {
				assert_int_equal(make(year, month, day, 0, 0,
				    0, 0, 0, NULL), CAL_OK);
				assert_true(stamp.us == us);
				stamp.us += INT64_C(86399999999);
				cal_stamp_split(&f, &stamp, 0);
				assert_true(f.year == year &&
				    f.month == month && f.day == day);
				us += INT64_C(86400000000);
			}
	assert_true(us == INT64_C(67058582400000000));
}

static void
test_no_such_day(void **state)
{
	int year, month;

	(void)state;
	for (year = 0; year <= 4094; year++)
		for (month = 1; month <= 12; month++)
			assert_int_equal(make(year, month,
			    month_length(year, month) + 1, 0, 0, 0, 0, 0,
			    NULL), CAL_EDATA);
}

/* Made up times, to fields and back, with an offset and without. */
static void
test_round_trip(void **state)
{
	struct cal_stamp_fields f;
	uint64_t seed = 3;
	int i, offset;

	(void)state;
	for (i = 0; i < 200000; i++) {
		struct cal_stamp one = { .known = true };

		one.us = (int64_t)(((uint64_t)next_random(&seed) << 31 |
		    next_random(&seed)) % UINT64_C(129225000000000000)) -
		    INT64_C(62167000000000000);
		offset = (int)(next_random(&seed) % 2879) - 1439;
		one.offset = i % 2 == 0 ? 0 : offset;
		cal_stamp_split(&f, &one, one.offset);
		assert_int_equal(cal_stamp_make(&stamp, &f, one.offset, NULL),
		    CAL_OK);
		assert_true(stamp.known && stamp.us == one.us);
		assert_int_equal(stamp.offset, one.offset);
	}
}

static void
test_limits(void **state)
{
	static const struct {
		int fields[7], offset;
		const char *words;
	} rows[] = {
		{ { -1, 1, 1, 0, 0, 0, 0 }, 0, "there is no year -1" },
		{ { 4095, 1, 1, 0, 0, 0, 0 }, 0, "there is no year 4095" },
		{ { 2026, 0, 1, 0, 0, 0, 0 }, 0, "there is no month 0" },
		{ { 2026, 13, 1, 0, 0, 0, 0 }, 0, "there is no month 13" },
		{ { 2026, 1, 0, 0, 0, 0, 0 }, 0, "there is no day 0" },
		{ { 2026, 1, 32, 0, 0, 0, 0 }, 0, "there is no day 32" },
		{ { 2026, 2, 29, 0, 0, 0, 0 }, 0, "there is no day 29" },
		{ { 2026, 1, 1, -1, 0, 0, 0 }, 0, "there is no hour -1" },
		{ { 2026, 1, 1, 24, 0, 0, 0 }, 0, "there is no hour 24" },
		{ { 2026, 1, 1, 0, -1, 0, 0 }, 0, "there is no minute -1" },
		{ { 2026, 1, 1, 0, 60, 0, 0 }, 0, "there is no minute 60" },
		{ { 2026, 1, 1, 0, 0, -1, 0 }, 0, "there is no second -1" },
		{ { 2016, 12, 31, 23, 59, 60, 0 }, 0,
		    "there is no second 60" },
		{ { 2026, 1, 1, 0, 0, 0, -1 }, 0,
		    "there is no microsecond -1" },
		{ { 2026, 1, 1, 0, 0, 0, 1000000 }, 0,
		    "there is no microsecond 1000000" },
		{ { 2026, 1, 1, 0, 0, 0, 0 }, 1440,
		    "there is no offset 1440" },
		{ { 2026, 1, 1, 0, 0, 0, 0 }, -1440,
		    "there is no offset -1440" },
		{ { 0, 1, 1, 0, 0, 59, 999999 }, 1,
		    "in UTC it is not in the years 0 to 4094" },
		{ { 4094, 12, 31, 23, 59, 0, 0 }, -1,
		    "in UTC it is not in the years 0 to 4094" },
	};
	struct cal_err err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const int *f = rows[i].fields;

		stamp.known = true;
		assert_int_equal(make(f[0], f[1], f[2], f[3], f[4], f[5], f[6],
		    rows[i].offset, &err), CAL_EDATA);
		assert_string_equal(err.text, rows[i].words);
		assert_false(stamp.known);
	}
	assert_int_equal(make(0, 1, 1, 0, 1, 0, 0, 1, NULL), CAL_OK);
	assert_text(&stamp, "0000-01-01T00:01:00.000000+00:01");
	assert_int_equal(make(4094, 12, 31, 23, 58, 59, 999999, -1, NULL),
	    CAL_OK);
	assert_text(&stamp, "4094-12-31T23:58:59.999999-00:01");
}

/* Whoever has an offset sees his own clock; the instant is UTC. */
static void
test_offset(void **state)
{
	(void)state;
	assert_int_equal(make(2026, 1, 15, 15, 43, 1, 123456, 540, NULL),
	    CAL_OK);
	assert_text(&stamp, "2026-01-15T15:43:01.123456+09:00");
	stamp.offset = 0;
	assert_text(&stamp, "2026-01-15T06:43:01.123456Z");
	stamp.offset = -(23 * 60 + 59);
	assert_text(&stamp, "2026-01-14T06:44:01.123456-23:59");
	stamp.offset = 1439;
	assert_text(&stamp, "2026-01-16T06:42:01.123456+23:59");
}

static void
test_unknown(void **state)
{
	struct cal_buf out = { 0 };

	(void)state;
	stamp = (struct cal_stamp){ .known = false };
	cal_buf_put_text(&out, "ts=");
	cal_stamp_put(&out, &stamp);
	assert_string_equal(cal_buf_text(&out), "ts=-");
	cal_buf_release(&out);
}

static void
test_now(void **state)
{
	int64_t before = (int64_t)time(NULL), after;

	(void)state;
	stamp = cal_stamp_now();
	after = (int64_t)time(NULL);
	assert_true(stamp.known);
	assert_int_equal(stamp.offset, 0);
	assert_true(stamp.us >= before * 1000000);
	assert_true(stamp.us < (after + 1) * 1000000);
}

static void
test_milliseconds(void **state)
{
	(void)state;
	stamp = (struct cal_stamp){ .known = true, .us = 1999 };
	assert_int_equal(cal_stamp_ms(&stamp), 1);
	stamp.us = -1;
	assert_int_equal(cal_stamp_ms(&stamp), -1);
	stamp.us = -1000;
	assert_int_equal(cal_stamp_ms(&stamp), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_no_such_day),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_offset),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
