/* Counters, told as one line of JSON on stderr, whatever the level. */
#ifndef CAL_CLI_COUNTERS_H
#define CAL_CLI_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

struct cal_counter {
	const char *name;
	uint64_t value;
};

void cal_counters_say(const struct cal_counter *counters, size_t count);

/* The same for an array. */
#define CAL_COUNTERS_SAY(counters) \
	cal_counters_say(counters, sizeof(counters) / sizeof((counters)[0]))

#endif
