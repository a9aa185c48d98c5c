/* Options that exclude each other. */
#ifndef CAL_CLI_CHOICE_H
#define CAL_CLI_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct cal_choice {
	const char *name;       /* as it is typed: "-d", "--framed", "BODY" */
	bool given;
};

/* The name of the first that was given, or NULL. */
const char *cal_choice_first(const struct cal_choice *choices, size_t count);

/* CAL_EUSAGE, with the names of both, if two of them were given. */
int cal_choice_check(const struct cal_choice *choices, size_t count,
    struct cal_err *err);

/* The same for an array. */
#define CAL_CHOICE_FIRST(choices) \
	cal_choice_first(choices, sizeof(choices) / sizeof((choices)[0]))
#define CAL_CHOICE_CHECK(choices, err) \
	cal_choice_check(choices, sizeof(choices) / sizeof((choices)[0]), err)

#endif
