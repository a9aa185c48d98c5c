/*
 * What unit tests with an event loop share.  Every wait turns the loop until
 * something is true, up to a deadline.
 */
#ifndef CAL_TESTS_LOOP_H
#define CAL_TESTS_LOOP_H

#include <ev.h>
#include <stdbool.h>

#include "base/clock.h"
#include "unit.h"

enum { DEADLINE = 20, SETTLED = 20 };

static struct ev_loop *loop;

static inline int
open_loop(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	return loop == NULL ? -1 : 0;
}

static inline int
close_loop(void **state)
{
	(void)state;
	ev_loop_destroy(loop);
	return 0;
}

static inline void
on_tick(struct ev_loop *l, ev_timer *timer, int revents)
{
	(void)l;
	(void)timer;
	(void)revents;
}

/* One turn of the loop, at most 10 ms long. */
static inline void
turn_loop(void)
{
	ev_timer tick;

	ev_timer_init(&tick, on_tick, 0.01, 0);
	ev_now_update(loop);
	ev_timer_start(loop, &tick);
	ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &tick);
}

/* All that needs no time to pass: what was fed, and what follows from it. */
static inline void
settle(void)
{
	int i;

	for (i = 0; i < SETTLED; i++)
		ev_run(loop, EVRUN_NOWAIT);
}

#define WAIT_FOR(condition) do { \
	double start_ = cal_clock_now(); \
	while (!(condition)) { \
		if (cal_clock_now() - start_ > DEADLINE) \
			fail_msg("it never came: %s", #condition); \
		turn_loop(); \
	} \
} while (0)

#endif
