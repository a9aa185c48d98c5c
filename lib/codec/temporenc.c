/*
 * temporenc.  A value is a tag of two to five bits that says what it is, then
 * date, time of day, fraction of the second and zone from the highest bit on,
 * and zeros up to a whole byte.  A field that is empty has a number that no date
 * has, so that it needs no look of its own.
 */
#include "codec/temporenc.h"

#include <endian.h>

enum { ZONE_UTC = 64, ZONE_MAX = 125, ZONE_MINUTES = 15 };

struct form {
	uint8_t len, tag_bits, fraction_bits;
	bool zone;
};

/* Four of a type: milli-, micro- and nanoseconds, whole seconds. */
static const struct form dt = { 5, 2, 0, false }, dtz = { 6, 3, 0, true };
static const struct form dts[4] = {
	{ 7, 4, 10, false }, { 8, 4, 20, false }, { 9, 4, 30, false },
	{ 6, 4, 0, false },
};
static const struct form dtsz[4] = {
	{ 8, 5, 10, true }, { 9, 5, 20, true }, { 10, 5, 30, true },
	{ 7, 5, 0, true },
};

/* What is left, the next bit being the highest; zeros come behind it. */
struct bits {
	uint64_t high, low;
};

/* NULL: a date or a time alone, or nothing at all. */
static const struct form *
form_of(uint8_t first)
{
	if (first < 0x40)
		return &dt;
	if (first < 0x80)
		return &dts[first >> 4 & 3];
	if (first < 0xc0)
		return NULL;
	if (first < 0xe0)
		return &dtz;
	return &dtsz[first >> 3 & 3];
}

static struct bits
bits_of(struct cal_slice bytes)
{
	uint64_t words[2] = { 0, 0 };

	memcpy(words, bytes.ptr, bytes.len);
	return (struct bits){ be64toh(words[0]), be64toh(words[1]) };
}

/* width is 1 to 63. */
static int
take(struct bits *bits, unsigned width)
{
	int number = (int)(bits->high >> (64 - width));

	bits->high = bits->high << width | bits->low >> (64 - width);
	bits->low <<= width;
	return number;
}

static int
take_fraction(struct bits *bits, unsigned width)
{
	switch (width) {
	case 10:
		return take(bits, width) * 1000;
	case 20:
		return take(bits, width);
	case 30:
		return take(bits, width) / 1000;
	}
	return 0;
}

/* False at the two numbers that stand for no offset. */
static bool
take_zone(struct bits *bits, int *offsetp)
{
	int zone = take(bits, 7);

	*offsetp = (zone - ZONE_UTC) * ZONE_MINUTES;
	return zone <= ZONE_MAX;
}

int
cal_temporenc_read(struct cal_stamp *stamp, struct cal_slice bytes,
    struct cal_err *err)
{
	const struct form *form = bytes.len > 0 ? form_of(*bytes.ptr) : NULL;
	struct cal_stamp_fields f;
	struct bits bits;
	int offset = 0;

	*stamp = (struct cal_stamp){ .known = false };
	if (form == NULL)
		return cal_fail(err, CAL_EDATA, "not a date with a time");
	if (bytes.len != form->len)
		return cal_fail(err, CAL_EDATA, "%zu bytes where %d belong",
		    bytes.len, form->len);
	bits = bits_of(bytes);
	(void)take(&bits, form->tag_bits);
	f.year = take(&bits, 12);
	f.month = take(&bits, 4) + 1;
	f.day = take(&bits, 5) + 1;
	f.hour = take(&bits, 5);
	f.minute = take(&bits, 6);
	f.second = take(&bits, 6);
	f.us = take_fraction(&bits, form->fraction_bits);
	if (form->zone && !take_zone(&bits, &offset))
		return cal_fail(err, CAL_EDATA, "a zone without an offset");
	if ((bits.high | bits.low) != 0)
		return cal_fail(err, CAL_EDATA, "bits behind its end");
	return cal_stamp_make(stamp, &f, offset, err);
}

void
cal_temporenc_write(uint8_t bytes[CAL_TEMPORENC_BYTES],
    const struct cal_stamp *stamp)
{
	struct cal_stamp_fields f;
	uint64_t bits;

	cal_stamp_split(&f, stamp, 0);
	bits = (uint64_t)f.year << 55 | (uint64_t)(f.month - 1) << 51 |
	    (uint64_t)(f.day - 1) << 46 | (uint64_t)f.hour << 41 |
	    (uint64_t)f.minute << 35 | (uint64_t)f.second << 29 |
	    (uint64_t)f.us << 9 | ZONE_UTC << 2;
	/* DTSZ with microseconds, and the bits of the year that bits lost. */
	bytes[0] = (uint8_t)(0xe8 | f.year >> 9);
	bits = htobe64(bits);
	memcpy(bytes + 1, &bits, sizeof(bits));
}
