/*
 * msgpack by hand.  Every first byte is a row of a table or one of the five
 * ranges that carry their number in it; a count is compared with the bytes
 * left as soon as it is known, since each item takes at least one.
 */
#include "codec/mp.h"

#include "base/utf8.h"

/* What follows a first byte from 0xc0 to 0xdf: width bytes of number. */
static const struct form {
	uint8_t kind;
	uint8_t width;
	uint8_t fixed;          /* for ext: the length, when not in a number */
} forms[32] = {
	[0x00] = { CAL_MP_NIL, 0, 0 },
	[0x02] = { CAL_MP_BOOL, 0, 0 }, [0x03] = { CAL_MP_BOOL, 0, 1 },
	[0x04] = { CAL_MP_BIN, 1, 0 }, [0x05] = { CAL_MP_BIN, 2, 0 },
	[0x06] = { CAL_MP_BIN, 4, 0 },
	[0x07] = { CAL_MP_EXT, 1, 0 }, [0x08] = { CAL_MP_EXT, 2, 0 },
	[0x09] = { CAL_MP_EXT, 4, 0 },
	[0x0a] = { CAL_MP_FLOAT, 4, 0 }, [0x0b] = { CAL_MP_FLOAT, 8, 0 },
	[0x0c] = { CAL_MP_UINT, 1, 0 }, [0x0d] = { CAL_MP_UINT, 2, 0 },
	[0x0e] = { CAL_MP_UINT, 4, 0 }, [0x0f] = { CAL_MP_UINT, 8, 0 },
	[0x10] = { CAL_MP_INT, 1, 0 }, [0x11] = { CAL_MP_INT, 2, 0 },
	[0x12] = { CAL_MP_INT, 4, 0 }, [0x13] = { CAL_MP_INT, 8, 0 },
	[0x14] = { CAL_MP_EXT, 0, 1 }, [0x15] = { CAL_MP_EXT, 0, 2 },
	[0x16] = { CAL_MP_EXT, 0, 4 }, [0x17] = { CAL_MP_EXT, 0, 8 },
	[0x18] = { CAL_MP_EXT, 0, 16 },
	[0x19] = { CAL_MP_STR, 1, 0 }, [0x1a] = { CAL_MP_STR, 2, 0 },
	[0x1b] = { CAL_MP_STR, 4, 0 },
	[0x1c] = { CAL_MP_ARRAY, 2, 0 }, [0x1d] = { CAL_MP_ARRAY, 4, 0 },
	[0x1e] = { CAL_MP_MAP, 2, 0 }, [0x1f] = { CAL_MP_MAP, 4, 0 },
};

static const char too_short[] = "ends too early";

void
cal_mp_reader_init(struct cal_mp_reader *rd, struct cal_slice bytes)
{
	static const uint8_t nothing[1];
	const uint8_t *ptr = bytes.len > 0 ? bytes.ptr : nothing;

	*rd = (struct cal_mp_reader){ ptr, ptr + bytes.len, NULL };
}

void
cal_mp_reader_refuse(struct cal_mp_reader *rd, const char *problem)
{
	if (rd->problem == NULL)
		rd->problem = problem;
}

static bool
refuse(struct cal_mp_reader *rd, const char *problem)
{
	cal_mp_reader_refuse(rd, problem);
	return false;
}

static size_t
left(const struct cal_mp_reader *rd)
{
	return (size_t)(rd->end - rd->pos);
}

static uint64_t
big_endian(const uint8_t *ptr, unsigned width)
{
	uint64_t number = 0;

	if (width <= 1)                 /* as most are */
		return width == 1 ? *ptr : 0;
	while (width-- > 0)
		number = number << 8 | *ptr++;
	return number;
}

/* A number of 8, 16, 32 or 64 bits with its sign in the highest one. */
static void
set_signed(struct cal_mp_value *value, uint64_t number, unsigned width)
{
	unsigned spare = 64 - 8 * width;

	value->i = (int64_t)(number << spare) >> spare;
	value->kind = value->i < 0 ? CAL_MP_INT : CAL_MP_UINT;
}

static void
set_float(struct cal_mp_value *value, uint64_t number, unsigned width)
{
	uint32_t half = (uint32_t)number;
	float f;

	if (width == 8) {
		memcpy(&value->f, &number, sizeof(value->f));
	} else {
		memcpy(&f, &half, sizeof(f));
		value->f = (double)f;
	}
	value->kind = CAL_MP_FLOAT;
}

static bool
set_bytes(struct cal_mp_reader *rd, struct cal_mp_value *value,
    enum cal_mp_kind kind, uint64_t len)
{
	if (kind == CAL_MP_EXT) {
		if (rd->pos == rd->end)
			return refuse(rd, too_short);
		rd->pos++;
	}
	if (len > left(rd))
		return refuse(rd, too_short);
	value->bytes = cal_slice_of(rd->pos, (size_t)len);
	if (kind == CAL_MP_STR && !cal_utf8_valid(value->bytes))
		return refuse(rd, "has a str that is not UTF-8");
	value->kind = kind;
	rd->pos += len;
	return true;
}

static bool
set_count(struct cal_mp_reader *rd, struct cal_mp_value *value,
    enum cal_mp_kind kind, uint64_t count)
{
	if (count > left(rd) / (kind == CAL_MP_MAP ? 2 : 1))
		return refuse(rd, too_short);
	value->kind = kind;
	value->count = (uint32_t)count;
	return true;
}

/* The rest of a value whose first byte has a row in forms. */
static bool
read_form(struct cal_mp_reader *rd, struct cal_mp_value *value, uint8_t byte)
{
	const struct form *form = &forms[byte & 0x1f];
	uint64_t number;

	if (form->width > left(rd))
		return refuse(rd, too_short);
	number = big_endian(rd->pos, form->width);
	rd->pos += form->width;
	switch ((enum cal_mp_kind)form->kind) {
	case CAL_MP_NONE:
		break;
	case CAL_MP_NIL:
		value->kind = CAL_MP_NIL;
		return true;
	case CAL_MP_BOOL:
		value->kind = CAL_MP_BOOL;
		value->truth = form->fixed != 0;
		return true;
	case CAL_MP_UINT:
		value->kind = CAL_MP_UINT;
		value->u = number;
		return true;
	case CAL_MP_INT:
		set_signed(value, number, form->width);
		return true;
	case CAL_MP_FLOAT:
		set_float(value, number, form->width);
		return true;
	case CAL_MP_STR:
	case CAL_MP_BIN:
	case CAL_MP_EXT:
		return set_bytes(rd, value, form->kind, number + form->fixed);
	case CAL_MP_ARRAY:
	case CAL_MP_MAP:
		return set_count(rd, value, form->kind, number);
	}
	return refuse(rd, "has the byte 0xc1, which is no value");
}

/*
 * A whole scalar, or the head of an array or map.  Leaves raw alone.  Inline,
 * since every message goes through here a dozen times.
 */
static inline bool
read_head(struct cal_mp_reader *rd, struct cal_mp_value *value)
{
	uint8_t byte;

	if (rd->problem != NULL)
		return false;
	if (rd->pos == rd->end)
		return refuse(rd, too_short);
	byte = *rd->pos++;
	if (byte < 0x80) {
		value->kind = CAL_MP_UINT;
		value->u = byte;
		return true;
	}
	if (byte < 0x90)
		return set_count(rd, value, CAL_MP_MAP, byte & 0x0f);
	if (byte < 0xa0)
		return set_count(rd, value, CAL_MP_ARRAY, byte & 0x0f);
	if (byte < 0xc0)
		return set_bytes(rd, value, CAL_MP_STR, byte & 0x1f);
	if (byte < 0xe0)
		return read_form(rd, value, byte);
	set_signed(value, byte, 1);
	return true;
}

static uint64_t
items_in(const struct cal_mp_value *value)
{
	if (value->kind == CAL_MP_ARRAY)
		return value->count;
	if (value->kind == CAL_MP_MAP)
		return 2 * (uint64_t)value->count;
	return 0;
}

/* The contents of an array or map whose head was read. */
static bool
skip_items(struct cal_mp_reader *rd, uint64_t items)
{
	uint64_t open[CAL_MP_DEPTH];
	struct cal_mp_value value;
	int depth = 0;

	open[0] = items;
	for (;;) {
		while (open[depth] == 0)
			if (depth-- == 0)
				return true;
		open[depth]--;
		if (!read_head(rd, &value))
			return false;
		if (value.kind != CAL_MP_ARRAY && value.kind != CAL_MP_MAP)
			continue;
		if (++depth == CAL_MP_DEPTH)
			return refuse(rd, "is nested too deep");
		open[depth] = items_in(&value);
	}
}

bool
cal_mp_read(struct cal_mp_reader *rd, struct cal_mp_value *value)
{
	const uint8_t *start = rd->pos;

	if (!read_head(rd, value) || ((value->kind == CAL_MP_ARRAY ||
	    value->kind == CAL_MP_MAP) && !skip_items(rd, items_in(value)))) {
		rd->pos = start;
		*value = (struct cal_mp_value){ .kind = CAL_MP_NONE };
		return false;
	}
	value->raw = cal_slice_of(start, (size_t)(rd->pos - start));
	return true;
}

static bool
read_count(struct cal_mp_reader *rd, enum cal_mp_kind kind, uint32_t *countp)
{
	const uint8_t *start = rd->pos;
	struct cal_mp_value value;

	*countp = 0;
	if (read_head(rd, &value) && value.kind == kind) {
		*countp = value.count;
		return true;
	}
	rd->pos = start;
	return refuse(rd, kind == CAL_MP_MAP ? "is not a map" :
	    "is not an array");
}

bool
cal_mp_read_map(struct cal_mp_reader *rd, uint32_t *pairsp)
{
	return read_count(rd, CAL_MP_MAP, pairsp);
}

bool
cal_mp_read_array(struct cal_mp_reader *rd, uint32_t *itemsp)
{
	return read_count(rd, CAL_MP_ARRAY, itemsp);
}

/* Names are short: most are compared as one number. */
static bool
same(struct cal_slice a, struct cal_slice b)
{
	uint32_t x, y;

	if (a.len != b.len)
		return false;
	if (a.len != sizeof(x))
		return memcmp(a.ptr, b.ptr, a.len) == 0;
	memcpy(&x, a.ptr, sizeof(x));
	memcpy(&y, b.ptr, sizeof(y));
	return x == y;
}

static size_t
place_of(struct cal_slice name, const struct cal_slice *names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (same(names[i], name))
			break;
	return i;
}

/*
 * A key that is one of names, written as all writers do, in their order as
 * most do: its place, behind which reading goes on.  Anything else is count,
 * and left to be read.
 */
static size_t
take_known(struct cal_mp_reader *rd, const struct cal_slice *names,
    size_t count, size_t expected)
{
	struct cal_slice name;
	size_t i;

	if (left(rd) == 0 || (*rd->pos & 0xe0) != 0xa0)
		return count;
	name = cal_slice_of(rd->pos + 1, *rd->pos & 0x1f);
	if (name.len > left(rd) - 1)
		return count;
	i = expected < count && same(names[expected], name) ? expected :
	    place_of(name, names, count);
	if (i < count)
		rd->pos += 1 + name.len;
	return i;
}

/* A key of any form; *placep is count when it is none of names. */
static bool
read_key(struct cal_mp_reader *rd, const struct cal_slice *names,
    size_t count, size_t *placep)
{
	struct cal_mp_value key;

	if (!cal_mp_read(rd, &key))
		return false;
	if (key.kind != CAL_MP_STR && key.kind != CAL_MP_BIN)
		return refuse(rd, "has a key that is not text");
	*placep = key.kind == CAL_MP_STR ? place_of(key.bytes, names, count) :
	    count;
	return true;
}

bool
cal_mp_read_fields(struct cal_mp_reader *rd, const struct cal_slice *names,
    size_t count, struct cal_mp_value *values)
{
	struct cal_mp_value other, *value;
	size_t i, expected = 0;
	uint32_t pairs;

	for (i = 0; i < count; i++)
		values[i].kind = CAL_MP_NONE;
	if (!cal_mp_read_map(rd, &pairs))
		return false;
	while (pairs-- > 0) {
		i = take_known(rd, names, count, expected);
		if (i == count && !read_key(rd, names, count, &i))
			return false;
		value = i < count && values[i].kind == CAL_MP_NONE ?
		    &values[i] : &other;
		if (!cal_mp_read(rd, value))
			return false;
		if (i < count && value == &other)
			return refuse(rd, "has a key twice");
		expected = i + 1;
	}
	return true;
}

bool
cal_mp_reader_done(struct cal_mp_reader *rd)
{
	if (rd->problem == NULL && rd->pos != rd->end)
		cal_mp_reader_refuse(rd, "has bytes behind its end");
	return rd->problem == NULL;
}
