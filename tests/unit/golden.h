/* Golden vectors: JSON files of cases with frames in hex. */
#ifndef CAL_TESTS_GOLDEN_H
#define CAL_TESTS_GOLDEN_H

#include "unit.h"

#include <jansson.h>

static json_t *golden;                  /* what golden_open has loaded */

/* Loads the file that the environment variable names, or else path. */
static inline int
golden_open(const char *variable, const char *path)
{
	const char *other = getenv(variable);
	json_error_t error;

	golden = json_load_file(other != NULL ? other : path, 0, &error);
	if (golden == NULL)
		fail_msg("%s: %s", other != NULL ? other : path, error.text);
	return 0;
}

static inline int
golden_close(void **state)
{
	(void)state;
	json_decref(golden);
	return 0;
}

static inline const char *
golden_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Checks each case of one kind, of which there has to be one. */
static inline void
golden_each(const char *kind, void (*check)(const json_t *one))
{
	const json_t *one;
	size_t i, count = 0;

	json_array_foreach(json_object_get(golden, "cases"), i, one) {
		if (strcmp(golden_text(one, "kind"), kind) != 0)
			continue;
		check(one);
		count++;
	}
	assert_true(count > 0);
}

/* A case of a kind that has no test would say nothing. */
static inline void
golden_kinds(const char *const *kinds, size_t count)
{
	const json_t *one;
	const char *kind;
	size_t i, n;

	json_array_foreach(json_object_get(golden, "cases"), i, one) {
		kind = golden_text(one, "kind");
		for (n = 0; n < count; n++)
			if (strcmp(kinds[n], kind) == 0)
				break;
		if (n == count)
			fail_msg("%s: nothing tests cases of kind %s",
			    golden_text(one, "name"), kind);
	}
}

/* Bytes from hex; freed with exact_free. */
static inline struct cal_slice
golden_bytes(const char *hex)
{
	size_t len, i;
	uint8_t *bytes;
	unsigned byte;

	assert_non_null(hex);
	len = strlen(hex) / 2;
	bytes = malloc(len > 0 ? len : 1);
	assert_non_null(bytes);
	for (i = 0; i < len; i++) {
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		bytes[i] = (uint8_t)byte;
	}
	return cal_slice_of(bytes, len);
}

#endif
