/*
 * Bytes: those of others, and a growing buffer of one's own with a limit.
 */
#ifndef CAL_BASE_BUF_H
#define CAL_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

/* Bytes that someone else owns.  Valid only as long as their owner says. */
struct cal_slice {
	const uint8_t *ptr;
	size_t len;
};

static inline struct cal_slice
cal_slice_of(const void *ptr, size_t len)
{
	return (struct cal_slice){ ptr, len };
}

static inline struct cal_slice
cal_slice_text(const char *text)
{
	return (struct cal_slice){ (const uint8_t *)text, strlen(text) };
}

bool cal_slice_same(struct cal_slice a, struct cal_slice b);
bool cal_slice_is(struct cal_slice slice, const char *text);
bool cal_slice_begins(struct cal_slice slice, struct cal_slice prefix);

/* The bytes as a new NUL-terminated string, which the caller frees. */
char *cal_slice_dup(struct cal_slice slice);

/* Copies the bytes to *atp, which moves behind them; lends the copy. */
struct cal_slice cal_slice_keep(uint8_t **atp, struct cal_slice slice);

/*
 * Bytes of one's own.  Fields are for reading only; a buffer of zeros is an
 * empty one without a limit.  Growth doubles, so that n adds cost O(n).
 */
struct cal_buf {
	uint8_t *ptr;
	size_t len;
	size_t cap;
	size_t max;             /* 0: no limit */
};

void cal_buf_init(struct cal_buf *buf, size_t max);
void cal_buf_release(struct cal_buf *buf);      /* empty, usable again */
void cal_buf_clear(struct cal_buf *buf);        /* empty, keeps its memory */

/* Copies len bytes to the end.  CAL_EDATA leaves buf as it was. */
int cal_buf_add(struct cal_buf *buf, const void *ptr, size_t len,
    struct cal_err *err);

/* Doubles the memory until len more bytes fit. */
void cal_buf_grow(struct cal_buf *buf, size_t len);

/*
 * Room for len more bytes behind the contents, whatever the limit; valid until
 * the next call that takes a non-const buf.  Bytes written there become
 * contents with cal_buf_grown.
 */
static inline uint8_t *
cal_buf_room(struct cal_buf *buf, size_t len)
{
	if (len > buf->cap - buf->len || buf->ptr == NULL)
		cal_buf_grow(buf, len);
	return buf->ptr + buf->len;
}

static inline void
cal_buf_grown(struct cal_buf *buf, size_t len)
{
	buf->len += len;
}

/*
 * For buffers without a limit: these cannot fail.  Messages are put together
 * from many small parts: most of these are a compare and a store.
 */
static inline void
cal_buf_put(struct cal_buf *buf, const void *ptr, size_t len)
{
	if (len == 0)
		return;
	memcpy(cal_buf_room(buf, len), ptr, len);
	buf->len += len;
}

static inline void
cal_buf_put_text(struct cal_buf *buf, const char *text)
{
	cal_buf_put(buf, text, strlen(text));
}

static inline void
cal_buf_put_byte(struct cal_buf *buf, uint8_t byte)
{
	*cal_buf_room(buf, 1) = byte;
	buf->len++;
}

void cal_buf_printf(struct cal_buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Drops len bytes from the front, or all but the first len.  The former moves
 * the rest: once for many records, not once for each.
 */
void cal_buf_consume(struct cal_buf *buf, size_t len);
void cal_buf_cut(struct cal_buf *buf, size_t len);

/* The contents; valid until the next call that takes a non-const buf. */
struct cal_slice cal_buf_view(const struct cal_buf *buf);

/* The contents as a string: a NUL stands behind them, not counted. */
const char *cal_buf_text(struct cal_buf *buf);

/*
 * Hands the memory over: the caller frees what is returned (NULL when empty
 * and never grown) and buf is empty.
 */
uint8_t *cal_buf_take(struct cal_buf *buf, size_t *lenp);

/* Moves the contents of src to dst (which is released first). */
void cal_buf_move(struct cal_buf *dst, struct cal_buf *src);

#endif
