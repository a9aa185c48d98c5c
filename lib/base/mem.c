/*
 * The allocator: what it returns is there.  The only file that ends the
 * process for want of memory.
 */
#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

/* stdio and exit handlers may need memory themselves: only write and _exit. */
void
cal_mem_exhausted(void)
{
	static const char words[] = ": out of memory\n";
	const char *name = program_invocation_short_name;
	ssize_t n;

	n = write(STDERR_FILENO, name, strlen(name));
	n = write(STDERR_FILENO, words, sizeof(words) - 1);
	(void)n;
	_exit(-CAL_EOS);
}

/* malloc(0) may return NULL, which is no want of memory. */
void *
cal_malloc(size_t size)
{
	void *ptr = malloc(size > 0 ? size : 1);

	if (ptr == NULL)
		cal_mem_exhausted();
	return ptr;
}

void *
cal_calloc(size_t count, size_t size)
{
	void *ptr;

	if (count == 0 || size == 0)
		count = size = 1;
	if ((ptr = calloc(count, size)) == NULL)
		cal_mem_exhausted();
	return ptr;
}

void *
cal_realloc(void *ptr, size_t size)
{
	ptr = realloc(ptr, size > 0 ? size : 1);
	if (ptr == NULL)
		cal_mem_exhausted();
	return ptr;
}

char *
cal_strdup(const char *text)
{
	return cal_memdup(text, strlen(text) + 1);
}

char *
cal_strndup(const char *text, size_t len)
{
	char *copy;

	len = strnlen(text, len);
	copy = cal_malloc(len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void *
cal_memdup(const void *ptr, size_t len)
{
	void *copy = cal_malloc(len);

	if (len > 0)
		memcpy(copy, ptr, len);
	return copy;
}

char *
cal_asprintf(const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len == -1)
		cal_mem_exhausted();
	return text;
}
