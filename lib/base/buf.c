/*
 * Growing buffers.  A limit is met before anything grows; a length that would
 * overflow is asked of the allocator as it is, which has a way to say no.
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { FIRST_CAP = 64 };

bool
cal_slice_same(struct cal_slice a, struct cal_slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
cal_slice_is(struct cal_slice slice, const char *text)
{
	return cal_slice_same(slice, cal_slice_text(text));
}

bool
cal_slice_begins(struct cal_slice slice, struct cal_slice prefix)
{
	return slice.len >= prefix.len && cal_slice_same(
	    cal_slice_of(slice.ptr, prefix.len), prefix);
}

char *
cal_slice_dup(struct cal_slice slice)
{
	char *text = cal_malloc(slice.len + 1);

	if (slice.len > 0)
		memcpy(text, slice.ptr, slice.len);
	text[slice.len] = '\0';
	return text;
}

struct cal_slice
cal_slice_keep(uint8_t **atp, struct cal_slice slice)
{
	struct cal_slice kept = cal_slice_of(*atp, slice.len);

	if (slice.len > 0)
		memcpy(*atp, slice.ptr, slice.len);
	*atp += slice.len;
	return kept;
}

void
cal_buf_init(struct cal_buf *buf, size_t max)
{
	*buf = (struct cal_buf){ .max = max };
}

void
cal_buf_release(struct cal_buf *buf)
{
	free(buf->ptr);
	cal_buf_init(buf, buf->max);
}

void
cal_buf_clear(struct cal_buf *buf)
{
	buf->len = 0;
}

void
cal_buf_grow(struct cal_buf *buf, size_t len)
{
	size_t need = buf->len + len, cap = buf->cap;

	if (need < len || need > SIZE_MAX / 2) {
		cap = SIZE_MAX / 2 + 1;
	} else if (cap == 0) {
		/* Many are filled once: no more than that needs. */
		cap = need < FIRST_CAP ? FIRST_CAP : need;
	} else {
		while (cap < need)
			cap *= 2;
	}
	buf->ptr = cal_realloc(buf->ptr, cap);
	buf->cap = cap;
}

int
cal_buf_add(struct cal_buf *buf, const void *ptr, size_t len,
    struct cal_err *err)
{
	if (buf->max != 0 &&
	    (buf->len > buf->max || len > buf->max - buf->len))
		return cal_fail(err, CAL_EDATA, "larger than %zu bytes",
		    buf->max);
	cal_buf_put(buf, ptr, len);
	return CAL_OK;
}

void
cal_buf_printf(struct cal_buf *buf, const char *fmt, ...)
{
	va_list args, again;
	size_t room = 128;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf((char *)cal_buf_room(buf, room), room, fmt, args);
	if (len >= 0 && (size_t)len >= room) {
		room = (size_t)len + 1;
		len = vsnprintf((char *)cal_buf_room(buf, room), room, fmt,
		    again);
	}
	va_end(again);
	va_end(args);
	if (len > 0)
		buf->len += (size_t)len;
}

void
cal_buf_consume(struct cal_buf *buf, size_t len)
{
	if (len == 0)
		return;
	if (len < buf->len)
		memmove(buf->ptr, buf->ptr + len, buf->len - len);
	buf->len = len < buf->len ? buf->len - len : 0;
}

void
cal_buf_cut(struct cal_buf *buf, size_t len)
{
	if (len < buf->len)
		buf->len = len;
}

struct cal_slice
cal_buf_view(const struct cal_buf *buf)
{
	return cal_slice_of(buf->ptr, buf->len);
}

const char *
cal_buf_text(struct cal_buf *buf)
{
	*cal_buf_room(buf, 1) = '\0';
	return (const char *)buf->ptr;
}

uint8_t *
cal_buf_take(struct cal_buf *buf, size_t *lenp)
{
	uint8_t *ptr = buf->ptr;

	*lenp = buf->len;
	cal_buf_init(buf, buf->max);
	return ptr;
}

void
cal_buf_move(struct cal_buf *dst, struct cal_buf *src)
{
	size_t max = dst->max;

	if (dst == src)
		return;
	cal_buf_release(dst);
	*dst = *src;
	dst->max = max;
	cal_buf_init(src, src->max);
}
