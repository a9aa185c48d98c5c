/* Lines in and out, as all bare rigs of streams have them. */
#ifndef LINES_H
#define LINES_H

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The header of a message: an array of a time, always the same. */
#define LINES_HEADER "\x91\xc4\x09\xeb\xf5\x03\x9f\x58\x23\xc4\x81\x00"

enum { LINES_CHUNK = 65536, LINES_HEADER_LEN = sizeof(LINES_HEADER) - 1 };

struct lines {
	char *ptr;
	size_t len, cap;
};

static inline void
lines_room(struct lines *lines, size_t len)
{
	if (lines->cap - lines->len >= len)
		return;
	while (lines->cap - lines->len < len)
		lines->cap = lines->cap == 0 ? 2 * LINES_CHUNK : 2 * lines->cap;
	if ((lines->ptr = realloc(lines->ptr, lines->cap)) == NULL)
		err(1, "realloc");
}

typedef void lines_fn(void *arg, const char *line, size_t len);

/* All whole lines go to fn; the rest of one moves to the front. */
static inline void
lines_hand_out(struct lines *lines, lines_fn *fn, void *arg)
{
	char *line = lines->ptr, *end;
	size_t left = lines->len;

	while ((end = memchr(line, '\n', left)) != NULL) {
		fn(arg, line, (size_t)(end - line));
		left -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	memmove(lines->ptr, line, left);
	lines->len = left;
}

/* Every line of stdin, to its end. */
static inline void
lines_read(lines_fn *fn, void *arg)
{
	struct lines in = { NULL, 0, 0 };
	ssize_t n;

	for (;;) {
		lines_room(&in, LINES_CHUNK);
		n = read(0, in.ptr + in.len, in.cap - in.len);
		if (n == -1)
			err(1, "stdin");
		if (n == 0)
			break;
		in.len += (size_t)n;
		lines_hand_out(&in, fn, arg);
	}
	free(in.ptr);
}

/* Writes what there is. */
static inline void
lines_write(struct lines *lines)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < lines->len; done += (size_t)n) {
		n = write(1, lines->ptr + done, lines->len - done);
		if (n == -1)
			err(1, "stdout");
	}
	lines->len = 0;
}

/* One more; many are written at once. */
static inline void
lines_add(struct lines *lines, const void *ptr, size_t len)
{
	lines_room(lines, len + 1);
	memcpy(lines->ptr + lines->len, ptr, len);
	lines->ptr[lines->len + len] = '\n';
	lines->len += len + 1;
	if (lines->len >= LINES_CHUNK)
		lines_write(lines);
}

#endif
