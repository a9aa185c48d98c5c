/*
 * Is it UTF-8?  RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
 */
#ifndef CAL_BASE_UTF8_H
#define CAL_BASE_UTF8_H

#include <stdbool.h>

#include "base/buf.h"

bool cal_utf8_valid(struct cal_slice text);

/*
 * The character at the start of text: its length in bytes, and its code point
 * in *pointp.  0 when there is none, or it is not UTF-8.
 */
size_t cal_utf8_next(struct cal_slice text, uint32_t *pointp);

/* Writes a code point (at most U+10FFFF, no surrogate) to the end of buf. */
void cal_utf8_put(struct cal_buf *buf, uint32_t point);

#endif
