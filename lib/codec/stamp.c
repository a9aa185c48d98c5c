/*
 * Points in time.  Days are counted by years that begin with March, so that a
 * leap day is the last of its year, and from the year -400 on, so that nothing
 * is negative: the calendar repeats itself every 400 years.
 */
#include "codec/stamp.h"

#include <time.h>

enum {
	CYCLE_YEARS = 400,
	CYCLE_DAYS = 146097,
	YEAR_MAX = 4094,
	OFFSET_MAX = 24 * 60 - 1,
	EPOCH_DAY = 719468 + CYCLE_DAYS,        /* 1970-01-01 */
	MONTHS_5_DAYS = 153,    /* from March and from August on */
	TEXT_MAX = sizeof("2026-01-15T15:43:01.123456+09:00"),
};

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define DAY_US (24 * 60 * MINUTE_US)

/* Days of the years before this one, counted from March of the year -400. */
static int64_t
days_before(int64_t year)
{
	return year * 365 + year / 4 - year / 100 + year / CYCLE_YEARS;
}

/* Months of 31 and 30 days take turns, and begin anew with August. */
static int
days_before_month(int from_march)
{
	return (from_march * MONTHS_5_DAYS + 2) / 5;
}

static int64_t
day_of(int year, int month, int day)
{
	int from_march = (month + 9) % 12;

	return days_before(year + CYCLE_YEARS - (month <= 2)) +
	    days_before_month(from_march) + day - 1;
}

/* By the mean length of a year the guess is too early, by one at the most. */
static void
set_date(struct cal_stamp_fields *fields, int64_t day)
{
	int64_t year = day * CYCLE_YEARS / CYCLE_DAYS;
	int left, from_march;

	if (days_before(year + 1) <= day)
		year++;
	left = (int)(day - days_before(year));
	from_march = (5 * left + 2) / MONTHS_5_DAYS;
	fields->day = left - days_before_month(from_march) + 1;
	fields->month = from_march < 10 ? from_march + 3 : from_march - 9;
	fields->year = (int)year - CYCLE_YEARS + (from_march >= 10);
}

static int
days_in_month(int year, int month)
{
	static const uint8_t days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

static int
check(const char *what, int number, int low, int high, struct cal_err *err)
{
	if (number < low || number > high)
		return cal_fail(err, CAL_EDATA, "there is no %s %d", what,
		    number);
	return CAL_OK;
}

static int
check_fields(const struct cal_stamp_fields *f, struct cal_err *err)
{
	int rc;

	if ((rc = check("year", f->year, 0, YEAR_MAX, err)) != CAL_OK ||
	    (rc = check("month", f->month, 1, 12, err)) != CAL_OK ||
	    (rc = check("day", f->day, 1, days_in_month(f->year, f->month),
	    err)) != CAL_OK ||
	    (rc = check("hour", f->hour, 0, 23, err)) != CAL_OK ||
	    (rc = check("minute", f->minute, 0, 59, err)) != CAL_OK ||
	    (rc = check("second", f->second, 0, 59, err)) != CAL_OK)
		return rc;
	return check("microsecond", f->us, 0, 999999, err);
}

int
cal_stamp_make(struct cal_stamp *stamp, const struct cal_stamp_fields *fields,
    int offset, struct cal_err *err)
{
	int64_t us;
	int rc;

	*stamp = (struct cal_stamp){ .known = false };
	if ((rc = check_fields(fields, err)) != CAL_OK ||
	    (rc = check("offset", offset, -OFFSET_MAX, OFFSET_MAX, err)) !=
	    CAL_OK)
		return rc;
	us = day_of(fields->year, fields->month, fields->day) * DAY_US +
	    (fields->hour * 60 + fields->minute - offset) * MINUTE_US +
	    fields->second * SECOND_US + fields->us;
	if (us < day_of(0, 1, 1) * DAY_US ||
	    us >= day_of(YEAR_MAX + 1, 1, 1) * DAY_US)
		return cal_fail(err, CAL_EDATA,
		    "in UTC it is not in the years 0 to %d", YEAR_MAX);
	*stamp = (struct cal_stamp){ .known = true,
	    .us = us - EPOCH_DAY * DAY_US, .offset = offset };
	return CAL_OK;
}

void
cal_stamp_split(struct cal_stamp_fields *fields, const struct cal_stamp *stamp,
    int offset)
{
	int64_t us = stamp->us + offset * MINUTE_US + EPOCH_DAY * DAY_US;
	int seconds = (int)(us % DAY_US / SECOND_US);

	set_date(fields, us / DAY_US);
	fields->hour = seconds / 3600;
	fields->minute = seconds / 60 % 60;
	fields->second = seconds % 60;
	fields->us = (int)(us % SECOND_US);
}

struct cal_stamp
cal_stamp_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (struct cal_stamp){ .known = true,
	    .us = now.tv_sec * SECOND_US + now.tv_nsec / 1000 };
}

/* count digits and what stands behind them; where the next ones go. */
static uint8_t *
put_digits(uint8_t *to, int number, int count, char behind)
{
	int i;

	for (i = count; i-- > 0; number /= 10)
		to[i] = (uint8_t)('0' + number % 10);
	to[count] = (uint8_t)behind;
	return to + count + 1;
}

static uint8_t *
put_offset(uint8_t *to, int offset)
{
	int minutes = offset < 0 ? -offset : offset;

	*to++ = offset < 0 ? '-' : '+';
	to = put_digits(to, minutes / 60, 2, ':');
	return put_digits(to, minutes % 60, 2, '\0') - 1;
}

void
cal_stamp_put(struct cal_buf *out, const struct cal_stamp *stamp)
{
	struct cal_stamp_fields f;
	uint8_t *start, *to;

	if (!stamp->known) {
		cal_buf_put_byte(out, '-');
		return;
	}
	cal_stamp_split(&f, stamp, stamp->offset);
	start = to = cal_buf_room(out, TEXT_MAX);
	to = put_digits(to, f.year, 4, '-');
	to = put_digits(to, f.month, 2, '-');
	to = put_digits(to, f.day, 2, 'T');
	to = put_digits(to, f.hour, 2, ':');
	to = put_digits(to, f.minute, 2, ':');
	to = put_digits(to, f.second, 2, '.');
	to = put_digits(to, f.us, 6, 'Z');
	if (stamp->offset != 0)
		to = put_offset(to - 1, stamp->offset);
	cal_buf_grown(out, (size_t)(to - start));
}

/* Rounded down, before 1970, too. */
int64_t
cal_stamp_ms(const struct cal_stamp *stamp)
{
	return stamp->us / 1000 - (stamp->us % 1000 < 0);
}
