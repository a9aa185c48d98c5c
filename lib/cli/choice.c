/* Of options that exclude each other the first two are named. */
#include "cli/choice.h"

const char *
cal_choice_first(const struct cal_choice *choices, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (choices[i].given)
			return choices[i].name;
	return NULL;
}

int
cal_choice_check(const struct cal_choice *choices, size_t count,
    struct cal_err *err)
{
	const char *first = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!choices[i].given)
			continue;
		if (first != NULL)
			return cal_fail(err, CAL_EUSAGE,
			    "%s and %s exclude each other", first,
			    choices[i].name);
		first = choices[i].name;
	}
	return CAL_OK;
}
