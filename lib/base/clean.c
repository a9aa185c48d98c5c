/*
 * Cleaning.  What is harmless is copied in runs; everything else is escaped
 * where it stands.  A backslash is left alone, so that cleaning twice is the
 * same as cleaning once.
 */
#include "base/clean.h"
#include "base/utf8.h"

bool
cal_clean_active(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
	    point == 0x061c || point == 0x200e || point == 0x200f ||
	    (point >= 0x2028 && point <= 0x202e) ||
	    (point >= 0x2066 && point <= 0x2069);
}

static bool
is_harmless(uint32_t point, bool lines)
{
	return !cal_clean_active(point) ||
	    (lines && (point == '\n' || point == '\t'));
}

void
cal_clean_text(struct cal_buf *out, struct cal_slice text, bool lines)
{
	size_t run = 0, pos = 0, n;
	uint32_t point;

	if (text.len == 0)
		return;
	while (pos < text.len) {
		n = cal_utf8_next(cal_slice_of(text.ptr + pos,
		    text.len - pos), &point);
		if (n > 0 && is_harmless(point, lines)) {
			pos += n;
			continue;
		}
		cal_buf_put(out, text.ptr + run, pos - run);
		if (n > 1)
			cal_buf_printf(out, "\\u{%x}", (unsigned int)point);
		else
			cal_buf_printf(out, "\\x%02x", text.ptr[pos]);
		pos += n > 0 ? n : 1;
		run = pos;
	}
	cal_buf_put(out, text.ptr + run, pos - run);
}

void
cal_clean_percent(struct cal_buf *out, struct cal_slice text)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t run = 0, pos;
	uint8_t byte;

	if (text.len == 0)
		return;
	for (pos = 0; pos < text.len; pos++) {
		byte = text.ptr[pos];
		if (byte >= 0x20 && byte < 0x7f && byte != '%')
			continue;
		cal_buf_put(out, text.ptr + run, pos - run);
		cal_buf_put_byte(out, '%');
		cal_buf_put_byte(out, (uint8_t)digits[byte >> 4]);
		cal_buf_put_byte(out, (uint8_t)digits[byte & 15]);
		run = pos + 1;
	}
	cal_buf_put(out, text.ptr + run, pos - run);
}
