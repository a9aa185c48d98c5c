/*
 * Base64.  Reading is strict, so that each sequence of bytes has exactly one
 * text: no white space, no missing padding, no bits that say nothing.
 */
#include "codec/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
cal_base64_put(struct cal_buf *out, struct cal_slice bytes)
{
	uint8_t *to = cal_buf_room(out, (bytes.len + 2) / 3 * 4);
	const uint8_t *from = bytes.ptr;
	size_t left, i;
	uint32_t group;

	for (left = bytes.len; left > 0; to += 4) {
		size_t n = left < 3 ? left : 3;

		group = (uint32_t)from[0] << 16;
		if (n > 1)
			group |= (uint32_t)from[1] << 8;
		if (n > 2)
			group |= from[2];
		for (i = 0; i < 4; i++)
			to[i] = i > n ? '=' :
			    (uint8_t)alphabet[group >> (18 - 6 * i) & 63];
		from += n;
		left -= n;
	}
	cal_buf_grown(out, (bytes.len + 2) / 3 * 4);
}

/* The six bits of a character, or -1. */
static int
bits_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four characters, pad of them padding, to 3 - pad bytes. */
static bool
read_group(uint8_t *to, const uint8_t *from, size_t pad)
{
	uint32_t group = 0;
	size_t i;
	int bits;

	for (i = 0; i < 4; i++) {
		bits = i < 4 - pad ? bits_of(from[i]) : 0;
		if (bits == -1)
			return false;
		group = group << 6 | (uint32_t)bits;
	}
	for (i = 0; i < 3 - pad; i++)
		to[i] = (uint8_t)(group >> (16 - 8 * i));
	return (group & ((UINT32_C(1) << 8 * pad) - 1)) == 0;
}

int
cal_base64_read(struct cal_buf *out, struct cal_slice text,
    struct cal_err *err)
{
	size_t len = text.len / 4 * 3, pad = 0, done, n;
	uint8_t *to = cal_buf_room(out, len);

	if (text.len % 4 != 0)
		return cal_fail(err, CAL_EDATA,
		    "not base64: %zu characters are no multiple of 4",
		    text.len);
	for (done = 0; done < text.len; done += 4) {
		n = 0;
		if (done + 4 == text.len && text.ptr[done + 3] == '=')
			pad = n = text.ptr[done + 2] == '=' ? 2 : 1;
		if (!read_group(to + done / 4 * 3, text.ptr + done, n))
			return cal_fail(err, CAL_EDATA,
			    "not base64 at byte %zu", done + 1);
	}
	cal_buf_grown(out, len - pad);
	return CAL_OK;
}
