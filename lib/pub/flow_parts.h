/*
 * Inside a flow: what its files share.  Nobody else includes this.
 *
 * flow.c opens, turns and closes, flow_read.c reads, flow_last.c waits at the
 * end, flow_told.c says how it went.
 */
#ifndef CAL_PUB_FLOW_PARTS_H
#define CAL_PUB_FLOW_PARTS_H

#include <ev.h>

#include "pub/flow.h"
#include "pub/numbers.h"
#include "pub/pace.h"
#include "pub/tee.h"

/* The next record, lent by the source, or what is wrong with it. */
struct cal_ahead {
	bool there;
	int rc;
	struct cal_slice record;
	struct cal_err err;
};

struct cal_flow {
	struct cal_flow_conf conf;
	struct cal_publisher *publisher;        /* NULL once it is closed */
	struct cal_source *source;              /* NULL before start */
	struct cal_tee *tee;                    /* NULL without -T and
	                                           --print-id */
	struct cal_numbers *numbers;            /* NULL without --seq */
	struct cal_ahead ahead;
	struct cal_post post;
	struct cal_pace pace;
	uint64_t read, refused;
	uint64_t sent;                          /* as far as was seen here */
	uint64_t left;                          /* progress of what leaves */
	int quiet;                              /* times that all had left */
	struct cal_publisher_counts last;       /* when it was closed */
	bool input_over, stopping, failed, reader_gone, gave_up, done;
	int status;
	ev_timer turn;                          /* only ever fed */
	ev_timer pause;                         /* until the next may come */
	ev_timer look;                          /* at what leaves */
	ev_timer linger;                        /* until that is given up */
};

/* flow_read.c: reads while there is room, and time. */
void cal_flow_read(struct cal_flow *flow);

/* flow_last.c: at the end of the input, for what is not there yet. */
void cal_flow_linger(struct cal_flow *flow, bool progress);

/* flow_last.c: everything was handed over: has it arrived? */
void cal_flow_see_end(struct cal_flow *flow);

/* flow_last.c: it is done. */
void cal_flow_finish(struct cal_flow *flow);

/* flow_last.c: the timers look and linger. */
void cal_flow_look(struct ev_loop *loop, ev_timer *timer, int revents);
void cal_flow_give_up(struct ev_loop *loop, ev_timer *timer, int revents);

/* flow_told.c: the publisher's counts, now or when it was closed. */
void cal_flow_counts(const struct cal_flow *flow,
    struct cal_publisher_counts *counts);

/* flow_told.c: what was not handed over, or missed; all: the rest left. */
void cal_flow_tell(struct cal_flow *flow, bool all);

/* flow_told.c: says what failed; its status counts. */
void cal_flow_fail(struct cal_flow *flow, const struct cal_err *err);

#endif
