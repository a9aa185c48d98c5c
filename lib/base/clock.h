/*
 * The time that only goes forward, in seconds, for measuring.  Deadlines live
 * on the loop's own clock.
 */
#ifndef CAL_BASE_CLOCK_H
#define CAL_BASE_CLOCK_H

double cal_clock_now(void);

#endif
