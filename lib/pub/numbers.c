/* A table from topics to their last numbers. */
#include "pub/numbers.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

struct cal_numbers {
	struct cal_map *last;
};

struct cal_numbers *
cal_numbers_new(void)
{
	struct cal_numbers *numbers;

	CAL_NEW(numbers);
	numbers->last = cal_map_new();
	return numbers;
}

static void
free_number(struct cal_slice topic, void *value, void *arg)
{
	(void)topic;
	(void)arg;
	free(value);
}

void
cal_numbers_free(struct cal_numbers *numbers)
{
	if (numbers == NULL)
		return;
	cal_map_each(numbers->last, free_number, NULL);
	cal_map_free(numbers->last);
	free(numbers);
}

int
cal_numbers_next(struct cal_numbers *numbers, struct cal_slice topic,
    uint64_t *numberp, struct cal_err *err)
{
	uint64_t *last = cal_map_find(numbers->last, topic);

	*numberp = 0;
	if (last == NULL) {
		if (cal_map_count(numbers->last) == CAL_NUMBERS_TOPICS)
			return cal_fail(err, CAL_EDATA, "more than %d topics "
			    "with --seq", CAL_NUMBERS_TOPICS);
		CAL_NEW(last);
		(void)cal_map_put(numbers->last, topic, last);
	}
	*numberp = ++*last;
	return CAL_OK;
}
