/*
 * The inside of an order, for work/order*.c only.
 *
 *      order - round of slots - round of benches - round of seats - ready turns
 *        \- lanes by key - turns in order of arrival
 *
 * A bench is where a group waits for some slots, a seat where a queue does so:
 * they are made when first needed and stay for the next turn, a seat as long
 * as its queue and its slots are there, a bench as long as its group and its
 * slots are.
 *
 * A turn that waits is in the lists of its group, its queue and its lane.  It
 * is ready, and in its seat's heap, unless another turn of its lane comes
 * first (kind key).  A seat is in its bench's round, a bench in its slots' and
 * slots are in the order's, exactly while a turn of theirs is ready; who has
 * had a turn goes to the end of the round.  Slots that are full keep their
 * place: whether they are is seen when somebody is to start, since their owner
 * changes their number without a word.
 */
#ifndef CAL_WORK_ORDER_PARTS_H
#define CAL_WORK_ORDER_PARTS_H

#include "base/map.h"
#include "work/order.h"

TAILQ_HEAD(turns, cal_turn);
TAILQ_HEAD(seats, cal_seat);
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
	LIST_HEAD(, cal_bench) benches;
	TAILQ_ENTRY(cal_group) all_entry;
	struct cal_buf user;            /* empty: a group of one caller */
};

struct cal_queue {
	struct cal_group *group;
	struct turns waiting;           /* by arrival */
	LIST_HEAD(, cal_seat) seats;    /* the last used first */
	uint64_t number;                /* tells callers apart in lane names */
};

struct cal_bench {
	struct cal_slots *slots;
	struct cal_group *group;
	struct seats round;             /* those with ready turns */
	LIST_HEAD(, cal_seat) seats;    /* all */
	TAILQ_ENTRY(cal_bench) round_entry;
	LIST_ENTRY(cal_bench) in_slots;
	LIST_ENTRY(cal_bench) in_group;
};

struct cal_seat {
	struct cal_bench *bench;
	struct cal_queue *queue;
	struct cal_heap ready;          /* by arrival */
	TAILQ_ENTRY(cal_seat) round_entry;
	LIST_ENTRY(cal_seat) in_bench;
	LIST_ENTRY(cal_seat) in_queue;
};

struct cal_order {
	enum cal_order_kind kind;
	size_t max_queue, max_total;
	size_t waiting, running;        /* turns */
	TAILQ_HEAD(, cal_slots) round;  /* those with ready turns */
	struct groups groups;           /* all */
	struct turns leaving;
	struct cal_map *users;          /* user to group */
	struct cal_map *lanes;          /* name to lane */
	struct cal_buf name;            /* the one being looked up */
	uint64_t arrivals, joined;
};

/* Where the queue waits for the slots. */
struct cal_seat *cal_order_seat(struct cal_queue *queue,
    struct cal_slots *slots);

/* The turn may start: its seat, bench and slots join the rounds. */
void cal_order_set_ready(struct cal_order *order, struct cal_turn *turn);
void cal_order_clear_ready(struct cal_order *order, struct cal_turn *turn);

/*
 * The ready turn whose time has come, on slots that are free, or NULL.  It
 * stays where it is.
 */
struct cal_turn *cal_order_first_ready(const struct cal_order *order);

/* A seat with ready turns has its turn: it goes to the end of all rounds. */
void cal_order_rotate(struct cal_order *order, struct cal_seat *seat);

#endif
