/*
 * UTF-8.  One decoder serves all: the first byte says how many follow, and
 * what the second may be keeps overlong forms, surrogates and what lies above
 * U+10FFFF out.
 */
#include "base/utf8.h"

struct lead {
	size_t len;             /* 0: no character begins with this byte */
	uint8_t bits;           /* of the first byte, for the code point */
	uint8_t low, high;      /* what the second byte may be */
};

static struct lead
lead_of(uint8_t byte)
{
	if (byte < 0x80)
		return (struct lead){ 1, byte, 0, 0 };
	if (byte < 0xc2)
		return (struct lead){ 0, 0, 0, 0 };
	if (byte < 0xe0)
		return (struct lead){ 2, byte & 0x1f, 0x80, 0xbf };
	if (byte == 0xe0)
		return (struct lead){ 3, 0, 0xa0, 0xbf };
	if (byte == 0xed)
		return (struct lead){ 3, 0x0d, 0x80, 0x9f };
	if (byte < 0xf0)
		return (struct lead){ 3, byte & 0x0f, 0x80, 0xbf };
	if (byte == 0xf0)
		return (struct lead){ 4, 0, 0x90, 0xbf };
	if (byte < 0xf4)
		return (struct lead){ 4, byte & 0x07, 0x80, 0xbf };
	if (byte == 0xf4)
		return (struct lead){ 4, 4, 0x80, 0x8f };
	return (struct lead){ 0, 0, 0, 0 };
}

size_t
cal_utf8_next(struct cal_slice text, uint32_t *pointp)
{
	struct lead lead;
	uint32_t point;
	size_t i;

	*pointp = 0;
	if (text.len == 0)
		return 0;
	lead = lead_of(text.ptr[0]);
	if (lead.len == 0 || lead.len > text.len)
		return 0;
	point = lead.bits;
	for (i = 1; i < lead.len; i++) {
		uint8_t byte = text.ptr[i];

		if (i == 1 && (byte < lead.low || byte > lead.high))
			return 0;
		if ((byte & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (byte & 0x3f);
	}
	*pointp = point;
	return lead.len;
}

/* How many bytes at the start are ASCII, eight at a time while possible. */
static size_t
ascii_run(const uint8_t *ptr, size_t len)
{
	uint64_t word;
	size_t i = 0;

	for (; len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, ptr + i, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (i < len && ptr[i] < 0x80)
		i++;
	return i;
}

bool
cal_utf8_valid(struct cal_slice text)
{
	uint32_t point;
	size_t n;

	while (text.len > 0) {
		if (text.ptr[0] < 0x80)
			n = ascii_run(text.ptr, text.len);
		else
			n = cal_utf8_next(text, &point);
		if (n == 0)
			return false;
		text.ptr += n;
		text.len -= n;
	}
	return true;
}

void
cal_utf8_put(struct cal_buf *buf, uint32_t point)
{
	uint8_t bytes[4];
	size_t n = 0;

	if (point < 0x80) {
		bytes[n++] = (uint8_t)point;
	} else if (point < 0x800) {
		bytes[n++] = (uint8_t)(0xc0 | point >> 6);
		bytes[n++] = (uint8_t)(0x80 | (point & 0x3f));
	} else if (point < 0x10000) {
		bytes[n++] = (uint8_t)(0xe0 | point >> 12);
		bytes[n++] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
		bytes[n++] = (uint8_t)(0x80 | (point & 0x3f));
	} else {
		bytes[n++] = (uint8_t)(0xf0 | point >> 18);
		bytes[n++] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
		bytes[n++] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
		bytes[n++] = (uint8_t)(0x80 | (point & 0x3f));
	}
	cal_buf_put(buf, bytes, n);
}
