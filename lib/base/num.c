/*
 * Numbers.  strtol and its like take signs, white space, other bases and the
 * locale's decimal point; none of these is wanted here.
 */
#include "base/num.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
	SECONDS_MAX = 315576000,        /* 10 years */
	RATE_MAX = 1000000000,
};

/*
 * The digits at the start of *textp, which moves behind them.  False when
 * there is none, or when they do not fit.
 */
static bool
read_digits(uint64_t *nump, const char **textp)
{
	const char *p = *textp;
	uint64_t num = 0;
	unsigned int digit;

	for (; *p >= '0' && *p <= '9'; p++) {
		digit = (unsigned int)(*p - '0');
		if (num > (UINT64_MAX - digit) / 10)
			return false;
		num = num * 10 + digit;
	}
	if (p == *textp)
		return false;
	*textp = p;
	*nump = num;
	return true;
}

static int
refuse_range(const char *text, uint64_t low, uint64_t high, const char *what,
    struct cal_err *err)
{
	if (high == UINT64_MAX)
		return cal_fail(err, CAL_EUSAGE,
		    "bad %s '%s': not a whole number of at least %llu", what,
		    text, (unsigned long long)low);
	return cal_fail(err, CAL_EUSAGE,
	    "bad %s '%s': not a whole number from %llu to %llu", what, text,
	    (unsigned long long)low, (unsigned long long)high);
}

int
cal_num_whole(uint64_t *nump, const char *text, uint64_t low, uint64_t high,
    const char *what, struct cal_err *err)
{
	const char *p = text;
	uint64_t num;

	*nump = 0;
	if (!read_digits(&num, &p) || *p != '\0' || num < low || num > high)
		return refuse_range(text, low, high, what, err);
	*nump = num;
	return CAL_OK;
}

static bool
find_unit(const char *text, unsigned int *shiftp)
{
	static const struct {
		const char *name;
		unsigned int shift;
	} units[] = {
		{ "", 0 },
		{ "k", 10 }, { "K", 10 }, { "KiB", 10 },
		{ "M", 20 }, { "MiB", 20 },
		{ "G", 30 }, { "GiB", 30 },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text, units[i].name) == 0) {
			*shiftp = units[i].shift;
			return true;
		}
	}
	return false;
}

int
cal_num_bytes(uint64_t *nump, const char *text, uint64_t low, uint64_t high,
    const char *what, struct cal_err *err)
{
	const char *p = text;
	unsigned int shift;
	uint64_t num;

	*nump = 0;
	if (!read_digits(&num, &p) || !find_unit(p, &shift) ||
	    num > UINT64_MAX >> shift)
		return cal_fail(err, CAL_EUSAGE, "bad %s '%s': "
		    "not a number of bytes like 4096, 64k, 10M or 1G", what,
		    text);
	num <<= shift;
	if (num < low || num > high)
		return refuse_range(text, low, high, what, err);
	*nump = num;
	return CAL_OK;
}

/*
 * Digits with an optional fraction.  The digits are one whole number that is
 * divided once, so that 0.1 is the double that the compiler makes of 0.1;
 * digits of the fraction beyond the 15th change nothing and are skipped.
 */
static bool
read_decimal(double *nump, const char **textp)
{
	const char *p = *textp;
	double num = 0, divisor = 1;
	size_t digits = 0;

	for (; *p >= '0' && *p <= '9'; p++, digits++)
		num = num * 10 + (*p - '0');
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++, digits++) {
			if (divisor >= 1e15)
				continue;
			num = num * 10 + (*p - '0');
			divisor *= 10;
		}
		if (p[-1] == '.')
			return false;
	}
	*textp = p;
	*nump = num / divisor;
	return digits > 0;
}

static bool
find_scale(const char *text, double *multiplyp, double *dividep)
{
	static const struct {
		const char *name;
		double multiply, divide;
	} scales[] = {
		{ "", 1, 1 }, { "s", 1, 1 }, { "ms", 1, 1000 },
		{ "m", 60, 1 }, { "h", 3600, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		if (strcmp(text, scales[i].name) == 0) {
			*multiplyp = scales[i].multiply;
			*dividep = scales[i].divide;
			return true;
		}
	}
	return false;
}

int
cal_num_seconds(double *secondsp, const char *text, const char *what,
    struct cal_err *err)
{
	const char *p = text;
	double num, multiply, divide;

	*secondsp = 0;
	if (!read_decimal(&num, &p) || !find_scale(p, &multiply, &divide))
		return cal_fail(err, CAL_EUSAGE, "bad %s '%s': "
		    "not a time like 5, 0.5, 250ms, 2m or 1h", what, text);
	num = num * multiply / divide;
	if (num > SECONDS_MAX)
		return cal_fail(err, CAL_EUSAGE,
		    "bad %s '%s': longer than 10 years", what, text);
	*secondsp = num;
	return CAL_OK;
}

int
cal_num_rate(double *ratep, const char *text, const char *what,
    struct cal_err *err)
{
	const char *p = text, *unit = "";
	double num, multiply, divide;

	*ratep = 0;
	if (!read_decimal(&num, &p) || (*p != '\0' && *p != '/') ||
	    (*p == '/' && *(unit = p + 1) == '\0') ||
	    !find_scale(unit, &multiply, &divide))
		return cal_fail(err, CAL_EUSAGE, "bad %s '%s': "
		    "not a rate like 100, 0.5, 100/s or 6/m", what, text);
	num = num / multiply * divide;
	if (num <= 0 || num > RATE_MAX)
		return cal_fail(err, CAL_EUSAGE, "bad %s '%s': not above 0 "
		    "and up to %d", what, text, RATE_MAX);
	*ratep = num;
	return CAL_OK;
}

void
cal_num_text(char *text, uint64_t num)
{
	char digits[CAL_NUM_TEXT];
	size_t at = sizeof(digits);

	digits[--at] = '\0';
	do
		digits[--at] = (char)('0' + num % 10);
	while ((num /= 10) > 0);
	memcpy(text, digits + at, sizeof(digits) - at);
}
