/*
 * Memory that is there.  Out of memory ends the process with one line on
 * stderr and exit status 71: no caller can do better, and no length from
 * outside reaches these functions before it met a limit.
 */
#ifndef CAL_BASE_MEM_H
#define CAL_BASE_MEM_H

#include <stddef.h>

void *cal_malloc(size_t size);
void *cal_calloc(size_t count, size_t size);            /* zeroed */
void *cal_realloc(void *ptr, size_t size);
char *cal_strdup(const char *text);
char *cal_strndup(const char *text, size_t len);        /* ends with NUL */
void *cal_memdup(const void *ptr, size_t len);

/* printf into new memory, which the caller frees. */
char *cal_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* That end, for memory that comes from elsewhere (base/secret.c). */
void cal_mem_exhausted(void) __attribute__((noreturn));

/* A new zeroed object of the type that ptr points to. */
#define CAL_NEW(ptr) ((ptr) = cal_calloc(1, sizeof(*(ptr))))

#endif
