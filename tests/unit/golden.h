/* Golden vectors: JSON files of cases with frames in hex. */
#ifndef CAL_TESTS_GOLDEN_H
#define CAL_TESTS_GOLDEN_H

#include "unit.h"

#include <jansson.h>

/* The file that the environment variable names, or else path. */
static inline json_t *
golden_load(const char *variable, const char *path)
{
	const char *other = getenv(variable);
	json_error_t error;
	json_t *root;

	root = json_load_file(other != NULL ? other : path, 0, &error);
	if (root == NULL)
		fail_msg("%s: %s", other != NULL ? other : path, error.text);
	return root;
}

static inline const char *
golden_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
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
