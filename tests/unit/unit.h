/* What the unit tests share: cmocka, and bytes with nothing around them. */
#ifndef CAL_TESTS_UNIT_H
#define CAL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes of a literal, without its NUL. */
#define BYTES(literal) cal_slice_of(literal, sizeof(literal) - 1)

#define assert_slice(slice, literal) do { \
	struct cal_slice slice_ = (slice); \
	assert_int_equal(slice_.len, sizeof(literal) - 1); \
	assert_memory_equal(slice_.ptr, literal, sizeof(literal) - 1); \
} while (0)

/* A copy of exactly its size, so that a sanitizer sees a read beyond it. */
static inline struct cal_slice
exact(struct cal_slice bytes)
{
	uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);

	assert_non_null(copy);
	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	return cal_slice_of(copy, bytes.len);
}

static inline void
exact_free(struct cal_slice bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

/* The same numbers in every run. */
static inline uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(*seed >> 33);
}

/*
 * Valgrind makes a fork of vfork, so that an exec that fails is not told to
 * whoever spawned it, has limits of its own, and another exit status.
 */
static inline bool
under_valgrind(void)
{
	return getenv("CAL_VALGRIND") != NULL;
}

#endif
