/* JSON strings: their text, and text as strings. */
#include "codec/json.h"

#include "base/clean.h"
#include "base/utf8.h"

enum { REPLACEMENT = 0xfffd };

static uint32_t
hex_digits(const uint8_t *p)
{
	uint32_t number = 0;
	int i;

	for (i = 0; i < 4; i++) {
		number <<= 4;
		number += p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10;
	}
	return number;
}

/*
 * The code point of the \u escape at p, which may be the first of a pair.
 * Returns its end.
 */
static const uint8_t *
read_escape(const uint8_t *p, const uint8_t *end, uint32_t *pointp)
{
	uint32_t low;

	*pointp = hex_digits(p + 2);
	p += 6;
	if (*pointp < 0xd800 || *pointp > 0xdfff)
		return p;
	if (*pointp < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
		low = hex_digits(p + 2);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*pointp = 0x10000 + ((*pointp - 0xd800) << 10) +
			    (low - 0xdc00);
			return p + 6;
		}
	}
	*pointp = REPLACEMENT;
	return p;
}

void
cal_json_unquote(struct cal_buf *out, struct cal_slice string)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const uint8_t *p, *end, *next;
	const char *found;
	uint32_t point;

	if (string.len < 2)
		return;
	p = string.ptr + 1;
	end = string.ptr + string.len - 1;
	while (p < end) {
		next = memchr(p, '\\', (size_t)(end - p));
		next = next != NULL ? next : end;
		cal_buf_put(out, p, (size_t)(next - p));
		if ((p = next) == end)
			break;
		if (p[1] == 'u') {
			p = read_escape(p, end, &point);
			cal_utf8_put(out, point);
			continue;
		}
		found = strchr(from, p[1]);
		cal_buf_put_byte(out, found != NULL ?
		    (uint8_t)to[found - from] : p[1]);
		p += 2;
	}
}

static void
put_escape(struct cal_buf *out, uint32_t point)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = NULL;

	if (point > 0 && point < 0x80)
		found = strchr(from, (int)point);
	if (found != NULL)
		cal_buf_printf(out, "\\%c", to[found - from]);
	else
		cal_buf_printf(out, "\\u%04x", (unsigned int)point);
}

static bool
must_escape(uint32_t point)
{
	return point < 0x20 || point == '"' || point == '\\';
}

int
cal_json_quote(struct cal_buf *out, struct cal_slice text,
    struct cal_err *err)
{
	size_t before = out->len, run = 0, pos = 0, n;
	uint32_t point;

	cal_buf_room(out, text.len + 2);
	cal_buf_put_byte(out, '"');
	while (pos < text.len) {
		n = cal_utf8_next(cal_slice_of(text.ptr + pos,
		    text.len - pos), &point);
		if (n == 0) {
			cal_buf_cut(out, before);
			return cal_fail(err, CAL_EDATA,
			    "not UTF-8 at byte %zu", pos + 1);
		}
		if (must_escape(point)) {
			cal_buf_put(out, text.ptr + run, pos - run);
			put_escape(out, point);
			run = pos + n;
		}
		pos += n;
	}
	if (run < text.len)
		cal_buf_put(out, text.ptr + run, text.len - run);
	cal_buf_put_byte(out, '"');
	return CAL_OK;
}

void
cal_json_quote_lossy(struct cal_buf *out, struct cal_slice text)
{
	uint32_t point;
	size_t pos, n;

	cal_buf_put_byte(out, '"');
	for (pos = 0; pos < text.len; pos += n > 0 ? n : 1) {
		n = cal_utf8_next(cal_slice_of(text.ptr + pos,
		    text.len - pos), &point);
		if (n == 0)
			cal_utf8_put(out, REPLACEMENT);
		else if (must_escape(point) || cal_clean_active(point))
			put_escape(out, point);
		else
			cal_buf_put(out, text.ptr + pos, n);
	}
	cal_buf_put_byte(out, '"');
}
