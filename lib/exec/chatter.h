/*
 * What a worker says on its stderr, into our log: line by line, cleaned, with
 * the worker's name in front, long lines cut, and at most so many in a second;
 * the others are counted, and the count is said when more comes in a later
 * second, or at the end.
 */
#ifndef CAL_EXEC_CHATTER_H
#define CAL_EXEC_CHATTER_H

#include "base/buf.h"

enum {
	CAL_CHATTER_LINE = 1024,        /* bytes of a line */
	CAL_CHATTER_BURST = 50,         /* lines in a second */
};

/* A zeroed one with a name is ready for use. */
struct cal_chatter {
	const char *name;               /* lent */
	struct cal_buf line;            /* not ended yet: never more than a
	                                   byte beyond the limit */
	double second;                  /* that count is of: its beginning */
	unsigned count;
	uint64_t held;                  /* lines that were not said */
};

/* now: in seconds; a clock that goes back begins another second. */
void cal_chatter_add(struct cal_chatter *chatter, double now,
    const uint8_t *ptr, size_t len);

/* Says what is left, and releases; usable again. */
void cal_chatter_end(struct cal_chatter *chatter);

#endif
