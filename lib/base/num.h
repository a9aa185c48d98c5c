/*
 * Numbers from text: the one parser for options, URLs and environment.
 */
#ifndef CAL_BASE_NUM_H
#define CAL_BASE_NUM_H

#include <stdint.h>

#include "base/err.h"

/*
 * A decimal whole number between low and high, digits only.  Anything else is
 * CAL_EUSAGE with what as the subject: "bad port '99999': …".
 */
int cal_num_whole(uint64_t *nump, const char *text, uint64_t low,
    uint64_t high, const char *what, struct cal_err *err);

/* The same with an optional suffix k, M or G (powers of 1024), or KiB … */
int cal_num_bytes(uint64_t *nump, const char *text, uint64_t low,
    uint64_t high, const char *what, struct cal_err *err);

/*
 * Seconds: a decimal number, with a fraction and a suffix ms, s, m or h if so
 * wanted.  No sign, exponent, NaN or infinity.  0 means for ever, where the
 * caller says so.  At most 10 years.
 */
int cal_num_seconds(double *secondsp, const char *text, const char *what,
    struct cal_err *err);

/*
 * How often a second: a decimal number above 0, with a fraction and a suffix
 * /s, /m or /h if so wanted.  At most a thousand million.
 */
int cal_num_rate(double *ratep, const char *text, const char *what,
    struct cal_err *err);

/* A number as decimal digits; text has room for CAL_NUM_TEXT bytes. */
enum { CAL_NUM_TEXT = sizeof("18446744073709551615") };
void cal_num_text(char *text, uint64_t num);

#endif
