/* The only file that knows libsnappy. */
#include "codec/snappy.h"

#include <snappy-c.h>

/*
 * No element of a block makes more than 64 bytes from 3.  A length beyond that
 * is a lie, and is told from one before memory is asked for it.
 */
enum { RATIO_MAX = 22 };

int
cal_snappy_expand(struct cal_buf *out, struct cal_slice block,
    size_t max_bytes, struct cal_err *err)
{
	const char *ptr = (const char *)block.ptr;
	size_t len;

	if (block.len == 0 ||
	    snappy_uncompressed_length(ptr, block.len, &len) != SNAPPY_OK)
		return cal_fail(err, CAL_EPROTO, "not a snappy block");
	if (len > max_bytes)
		return cal_fail(err, CAL_EDATA,
		    "expands to more than %zu bytes", max_bytes);
	if (len / RATIO_MAX > block.len ||
	    snappy_uncompress(ptr, block.len, (char *)cal_buf_room(out, len),
	    &len) != SNAPPY_OK)
		return cal_fail(err, CAL_EPROTO, "corrupt snappy block");
	cal_buf_grown(out, len);
	return CAL_OK;
}

void
cal_snappy_compress(struct cal_buf *out, struct cal_slice plain)
{
	size_t len = snappy_max_compressed_length(plain.len);
	const char *ptr = plain.len > 0 ? (const char *)plain.ptr : "";

	/* It fails only for want of room, and there is enough. */
	if (snappy_compress(ptr, plain.len, (char *)cal_buf_room(out, len),
	    &len) == SNAPPY_OK)
		cal_buf_grown(out, len);
}
