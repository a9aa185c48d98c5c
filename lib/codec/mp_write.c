/* msgpack, the writer: always the shortest form, as the library does. */
#include "codec/mp.h"

#include "base/utf8.h"

/* A first byte and a number of width bytes. */
static void
put(struct cal_buf *out, uint8_t first, uint64_t number, unsigned width)
{
	uint8_t *ptr = cal_buf_room(out, 9);
	unsigned i;

	ptr[0] = first;
	for (i = width; i > 0; i--) {
		ptr[i] = (uint8_t)number;
		number >>= 8;
	}
	cal_buf_grown(out, 1 + width);
}

void
cal_mp_put_nil(struct cal_buf *out)
{
	put(out, 0xc0, 0, 0);
}

void
cal_mp_put_bool(struct cal_buf *out, bool truth)
{
	put(out, truth ? 0xc3 : 0xc2, 0, 0);
}

void
cal_mp_put_uint(struct cal_buf *out, uint64_t number)
{
	if (number < 0x80)
		put(out, (uint8_t)number, 0, 0);
	else if (number <= UINT8_MAX)
		put(out, 0xcc, number, 1);
	else if (number <= UINT16_MAX)
		put(out, 0xcd, number, 2);
	else if (number <= UINT32_MAX)
		put(out, 0xce, number, 4);
	else
		put(out, 0xcf, number, 8);
}

void
cal_mp_put_int(struct cal_buf *out, int64_t number)
{
	if (number >= 0)
		cal_mp_put_uint(out, (uint64_t)number);
	else if (number >= -32)
		put(out, (uint8_t)number, 0, 0);
	else if (number >= INT8_MIN)
		put(out, 0xd0, (uint64_t)number, 1);
	else if (number >= INT16_MIN)
		put(out, 0xd1, (uint64_t)number, 2);
	else if (number >= INT32_MIN)
		put(out, 0xd2, (uint64_t)number, 4);
	else
		put(out, 0xd3, (uint64_t)number, 8);
}

void
cal_mp_put_str_head(struct cal_buf *out, uint32_t len)
{
	if (len < 32)
		put(out, (uint8_t)(0xa0 | len), 0, 0);
	else if (len <= UINT8_MAX)
		put(out, 0xd9, len, 1);
	else if (len <= UINT16_MAX)
		put(out, 0xda, len, 2);
	else
		put(out, 0xdb, len, 4);
}

void
cal_mp_put_str(struct cal_buf *out, struct cal_slice text)
{
	cal_mp_put_str_head(out, (uint32_t)text.len);
	cal_buf_put(out, text.ptr, text.len);
}

void
cal_mp_put_bin_head(struct cal_buf *out, uint32_t len)
{
	if (len <= UINT8_MAX)
		put(out, 0xc4, len, 1);
	else if (len <= UINT16_MAX)
		put(out, 0xc5, len, 2);
	else
		put(out, 0xc6, len, 4);
}

void
cal_mp_put_bin(struct cal_buf *out, struct cal_slice bytes)
{
	cal_mp_put_bin_head(out, (uint32_t)bytes.len);
	cal_buf_put(out, bytes.ptr, bytes.len);
}

void
cal_mp_put_key(struct cal_buf *out, struct cal_slice key)
{
	if (key.len > 0 && cal_utf8_valid(key))
		cal_mp_put_str(out, key);
	else
		cal_mp_put_bin(out, key);
}

void
cal_mp_put_array(struct cal_buf *out, uint32_t items)
{
	if (items < 16)
		put(out, (uint8_t)(0x90 | items), 0, 0);
	else if (items <= UINT16_MAX)
		put(out, 0xdc, items, 2);
	else
		put(out, 0xdd, items, 4);
}

void
cal_mp_put_map(struct cal_buf *out, uint32_t pairs)
{
	if (pairs < 16)
		put(out, (uint8_t)(0x80 | pairs), 0, 0);
	else if (pairs <= UINT16_MAX)
		put(out, 0xde, pairs, 2);
	else
		put(out, 0xdf, pairs, 4);
}
