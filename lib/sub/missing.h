/*
 * Words about messages that never came: at once, and then at most once a
 * second, with the sum of what was missing meanwhile.
 */
#ifndef CAL_SUB_MISSING_H
#define CAL_SUB_MISSING_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct cal_missing {
	struct ev_loop *loop;
	ev_timer rest;                  /* nothing is said meanwhile */
	uint64_t sum;                   /* not said yet, */
	struct cal_buf topic;           /* and of which topic; */
	bool others;                    /* of others, too */
};

void cal_missing_init(struct cal_missing *missing, struct ev_loop *loop);
void cal_missing_add(struct cal_missing *missing, struct cal_slice topic,
    uint64_t count);

/* Says what was not said yet. */
void cal_missing_release(struct cal_missing *missing);

#endif
