/* The monotonic clock: it neither jumps nor goes back. */
#include "base/clock.h"

#include <time.h>

double
cal_clock_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
