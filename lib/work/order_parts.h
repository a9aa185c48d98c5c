/*
 * The inside of an order, for work/order.c and work/order_round.c only.
 *
 *      order - round of groups - round of queues - heap of ready turns
 *        \- lanes by key - turns in order of arrival
 *
 * A turn that waits is in the lists of its group, its queue and its lane.  It
 * is ready, and in its queue's heap, unless another turn of its lane comes
 * first (kind key).  A queue is in its group's round, and a group in the
 * order's, exactly while a turn of theirs is ready; who has had a turn goes to
 * the end of the round.
 */
#ifndef CAL_WORK_ORDER_PARTS_H
#define CAL_WORK_ORDER_PARTS_H

#include "base/map.h"
#include "work/order.h"

TAILQ_HEAD(turns, cal_turn);
TAILQ_HEAD(queues, cal_queue);
TAILQ_HEAD(groups, cal_group);

struct cal_lane {
	struct turns turns;             /* key: waiting and the running one;
	                                   reply: all that have not left */
	size_t name_len;
	uint8_t name[];
};

struct cal_group {
	struct turns waiting;           /* by arrival */
	size_t count;                   /* of waiting */
	size_t members;                 /* queues */
	struct queues round;            /* those with ready turns */
	bool in_round;
	TAILQ_ENTRY(cal_group) round_entry;
	TAILQ_ENTRY(cal_group) all_entry;
	struct cal_buf user;            /* empty: a group of one caller */
};

struct cal_queue {
	struct cal_group *group;
	struct turns waiting;           /* by arrival */
	struct cal_heap ready;
	bool in_round;
	TAILQ_ENTRY(cal_queue) round_entry;
	uint64_t number;                /* tells callers apart in lane names */
};

struct cal_order {
	enum cal_order_kind kind;
	size_t jobs;
	size_t max_queue, max_total;
	size_t waiting, ready, running; /* counts; ready is part of waiting */
	struct groups round;            /* those with ready turns */
	struct groups groups;           /* all */
	struct turns leaving;
	struct cal_map *users;          /* user to group */
	struct cal_map *lanes;          /* name to lane */
	struct cal_buf name;            /* the one being looked up */
	uint64_t arrivals, joined;
};

/* The turn may start: its queue and group join the rounds. */
void cal_order_set_ready(struct cal_order *order, struct cal_turn *turn);
void cal_order_clear_ready(struct cal_order *order, struct cal_turn *turn);

/* The ready turn whose time has come, or NULL.  It stays where it is. */
struct cal_turn *cal_order_first_ready(const struct cal_order *order);

/* The queue has had its turn: it and its group go to the end. */
void cal_order_rotate(struct cal_order *order, struct cal_queue *queue);

#endif
