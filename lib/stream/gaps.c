/* The number that comes next, for each topic of each source. */
#include "stream/gaps.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

struct counter {
	uint64_t next;
};

struct cal_gaps {
	size_t max;
	struct cal_map *counters;
	struct cal_buf name;            /* the source, then the topic */
};

struct cal_gaps *
cal_gaps_new(size_t max)
{
	struct cal_gaps *gaps;

	CAL_NEW(gaps);
	gaps->max = max;
	gaps->counters = cal_map_new();
	return gaps;
}

static void
free_counter(struct cal_slice name, void *value, void *arg)
{
	(void)name;
	(void)arg;
	free(value);
}

void
cal_gaps_free(struct cal_gaps *gaps)
{
	if (gaps == NULL)
		return;
	cal_map_each(gaps->counters, free_counter, NULL);
	cal_map_free(gaps->counters);
	cal_buf_release(&gaps->name);
	free(gaps);
}

/* The counter, maybe a new one; NULL: there are too many. */
static struct counter *
find(struct cal_gaps *gaps, uint32_t source, struct cal_slice topic,
    uint64_t seq)
{
	struct counter *counter;
	struct cal_slice name;

	cal_buf_clear(&gaps->name);
	cal_buf_put(&gaps->name, &source, sizeof(source));
	cal_buf_put(&gaps->name, topic.ptr, topic.len);
	name = cal_buf_view(&gaps->name);
	counter = cal_map_find(gaps->counters, name);
	if (counter != NULL || cal_map_count(gaps->counters) >= gaps->max)
		return counter;
	CAL_NEW(counter);
	counter->next = seq;
	(void)cal_map_put(gaps->counters, name, counter);
	return counter;
}

uint64_t
cal_gaps_note(struct cal_gaps *gaps, uint32_t source, struct cal_slice topic,
    uint64_t seq)
{
	struct counter *counter = find(gaps, source, topic, seq);
	uint64_t missing;

	if (counter == NULL)
		return 0;
	missing = seq > counter->next ? seq - counter->next : 0;
	counter->next = seq + 1;
	return missing;
}
