/*
 * RFC 3339, as it is written there: no white space, no form left out, and of
 * its separators only T (or t).
 */
#include "codec/stamp.h"

enum { SHOWN = 40, US_DIGITS = 6 };

static bool
is_digit(struct cal_slice text)
{
	return text.len > 0 && *text.ptr >= '0' && *text.ptr <= '9';
}

static void
move_on(struct cal_slice *text)
{
	*text = cal_slice_of(text->ptr + 1, text->len - 1);
}

static bool
take(struct cal_slice *text, char c)
{
	if (text->len == 0 || *text->ptr != (uint8_t)c)
		return false;
	move_on(text);
	return true;
}

static bool
take_number(struct cal_slice *text, int digits, int *nump)
{
	*nump = 0;
	for (; digits > 0; digits--) {
		if (!is_digit(*text))
			return false;
		*nump = *nump * 10 + (*text->ptr - '0');
		move_on(text);
	}
	return true;
}

static bool
take_date(struct cal_slice *text, struct cal_stamp_fields *f)
{
	return take_number(text, 4, &f->year) && take(text, '-') &&
	    take_number(text, 2, &f->month) && take(text, '-') &&
	    take_number(text, 2, &f->day);
}

static bool
take_time(struct cal_slice *text, struct cal_stamp_fields *f)
{
	return take_number(text, 2, &f->hour) && take(text, ':') &&
	    take_number(text, 2, &f->minute) && take(text, ':') &&
	    take_number(text, 2, &f->second);
}

/* Digits beyond those that count are only looked at. */
static bool
take_fraction(struct cal_slice *text, int *usp)
{
	int digits = 0;

	*usp = 0;
	if (!take(text, '.'))
		return true;
	if (!is_digit(*text))
		return false;
	for (; is_digit(*text); move_on(text))
		if (digits++ < US_DIGITS)
			*usp = *usp * 10 + (*text->ptr - '0');
	for (; digits < US_DIGITS; digits++)
		*usp *= 10;
	return true;
}

static bool
take_offset(struct cal_slice *text, int *offsetp)
{
	int sign = 1, hours, minutes;

	*offsetp = 0;
	if (take(text, 'Z') || take(text, 'z'))
		return true;
	if (take(text, '-'))
		sign = -1;
	else if (!take(text, '+'))
		return false;
	if (!take_number(text, 2, &hours) || !take(text, ':') ||
	    !take_number(text, 2, &minutes) || minutes > 59)
		return false;
	*offsetp = sign * (hours * 60 + minutes);
	return true;
}

int
cal_stamp_read(struct cal_stamp *stamp, struct cal_slice text,
    struct cal_err *err)
{
	int shown = text.len < SHOWN ? (int)text.len : SHOWN;
	struct cal_slice left = text;
	struct cal_stamp_fields f;
	int offset, rc;

	*stamp = (struct cal_stamp){ .known = false };
	if (cal_slice_is(text, "-"))
		return CAL_OK;
	if (!take_date(&left, &f) || !(take(&left, 'T') || take(&left, 't')) ||
	    !take_time(&left, &f) || !take_fraction(&left, &f.us) ||
	    !take_offset(&left, &offset) || left.len > 0)
		return cal_fail(err, CAL_EDATA, "bad time '%.*s': not like "
		    "2026-01-15T15:43:01.123456Z", shown,
		    (const char *)text.ptr);
	if ((rc = cal_stamp_make(stamp, &f, offset, err)) != CAL_OK)
		cal_err_prefix(err, "bad time '%.*s'", shown,
		    (const char *)text.ptr);
	return rc;
}
