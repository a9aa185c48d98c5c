/*
 * Z85.  Five characters are the digits of a number to the base of 85, the
 * highest first.  85^5 is a little more than 2^32: no text of bytes begins a
 * group with "$" or "#", so that "#" at the start of a line is never a key.
 */
#include "codec/z85.h"

enum { BASE = 85, GROUP = 5, BYTES = 4 };

static const char alphabet[BASE + 1] = "0123456789"
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    ".-:+=^!/*?&<>()[]{}@%$#";

void
cal_z85_encode(char *text, const uint8_t *bytes, size_t len)
{
	uint32_t group;
	size_t i;

	for (; len >= BYTES; len -= BYTES, bytes += BYTES, text += GROUP) {
		group = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
		    (uint32_t)bytes[2] << 8 | bytes[3];
		for (i = GROUP; i-- > 0; group /= BASE)
			text[i] = alphabet[group % BASE];
	}
	*text = '\0';
}

/* The digit that a character stands for, or -1. */
static int
digit_of(char c)
{
	const char *place = c != '\0' ? strchr(alphabet, c) : NULL;

	return place != NULL ? (int)(place - alphabet) : -1;
}

static bool
read_group(uint8_t *bytes, const uint8_t *text)
{
	uint64_t group = 0;
	size_t i;
	int digit;

	for (i = 0; i < GROUP; i++) {
		if ((digit = digit_of((char)text[i])) == -1)
			return false;
		group = group * BASE + (uint64_t)digit;
	}
	for (i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(group >> (24 - 8 * i));
	return group <= UINT32_MAX;
}

bool
cal_z85_decode(uint8_t *bytes, struct cal_slice text)
{
	size_t done;

	if (text.len % GROUP != 0)
		return false;
	for (done = 0; done < text.len; done += GROUP, bytes += BYTES)
		if (!read_group(bytes, text.ptr + done))
			return false;
	return true;
}

bool
cal_z85_has(char c)
{
	return digit_of(c) != -1;
}
