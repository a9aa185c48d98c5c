/*
 * When the next message may come: --rate and --interval.
 *
 * Messages are due on a grid of even steps.  One that is a little late does not
 * move those behind it; one that is later than that begins a new grid.
 */
#ifndef CAL_PUB_PACE_H
#define CAL_PUB_PACE_H

#include <stdbool.h>

#define CAL_PACE_LATE 0.05      /* seconds; for --rate */

/* Zeroed: as fast as it goes. */
struct cal_pace {
	double gap;             /* seconds between two messages; 0: none */
	double late;            /* seconds that are made up for */
	double next;            /* not before; on the loop's clock */
	bool begun;
};

/* One of them is 0, or both. */
void cal_pace_init(struct cal_pace *pace, double rate, double interval);

/* Seconds until the next message may come; 0: now. */
double cal_pace_wait(const struct cal_pace *pace, double now);

/* A message came now. */
void cal_pace_step(struct cal_pace *pace, double now);

#endif
