/*
 * When may which request start, and when may its answer leave?
 *
 * An order is pure bookkeeping, without a clock or a loop: its owner adds
 * turns, asks for the next that may start, says when one has ended, and asks
 * which answers may leave.  All operations cost O(log n) or less, but for
 * finding a victim when everything is full.
 *
 * Every turn belongs to a queue (one per caller), every queue to a group: one
 * per user where users are known, else one per caller.  Starts go round the
 * groups, then round a group's queues; within a queue the oldest that may
 * start comes first.
 *
 * Kinds:
 *   key    Turns with the same key, whatever their queue (but within one user
 *          where users are known), run one after the other in the order of
 *          their arrival.  No key: no constraint.
 *   exit   No constraint.
 *   reply  No constraint on starts; answers of one queue and key leave in the
 *          order of arrival.  A failed, cancelled or dropped turn gives up its
 *          place.
 */
#ifndef CAL_WORK_ORDER_H
#define CAL_WORK_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/heap.h"

enum cal_order_kind { CAL_ORDER_KEY, CAL_ORDER_EXIT, CAL_ORDER_REPLY };

struct cal_order;
struct cal_queue;
struct cal_lane;

enum cal_turn_state {
	CAL_TURN_NONE,          /* in no order */
	CAL_TURN_WAITING,
	CAL_TURN_RUNNING,
	CAL_TURN_HELD,          /* ended, its answer waits for others (reply) */
};

/* Part of the owner's object; zeroed before it is added, then the order's. */
struct cal_turn {
	enum cal_turn_state state;
	struct cal_heap_entry ready;            /* among those that may start */
	TAILQ_ENTRY(cal_turn) in_group;         /* all waiting, by arrival */
	TAILQ_ENTRY(cal_turn) in_queue;
	TAILQ_ENTRY(cal_turn) in_lane;
	TAILQ_ENTRY(cal_turn) leaving;
	struct cal_queue *queue;                /* while waiting */
	struct cal_lane *lane;                  /* NULL without a key */
	uint64_t arrival;
};

/*
 * jobs: turns that run at a time in all.  max_queue: turns that wait in one
 * group; in all, 10 times as many.  A turn that may start at once always has
 * room.
 */
struct cal_order *cal_order_new(enum cal_order_kind kind, size_t jobs,
    size_t max_queue);
void cal_order_free(struct cal_order *order);   /* all queues have left */

/* A new caller.  user is empty when users are not known; it is copied. */
struct cal_queue *cal_order_join(struct cal_order *order,
    struct cal_slice user);

/*
 * The caller is gone.  Its turns that wait were dropped before; those that run
 * are not affected.
 */
void cal_order_leave(struct cal_order *order, struct cal_queue *queue);

/* The oldest waiting turn of a queue, or NULL. */
struct cal_turn *cal_order_oldest(const struct cal_queue *queue);

/*
 * Adds a turn at the end of its queue.  key is copied; empty: no key.  When
 * there is no room, the newest turn of the group that has no room (or, when
 * all is full, of the longest group) is taken out and returned: it may be the
 * one just added.  The caller refuses it.  Otherwise NULL.
 */
struct cal_turn *cal_order_add(struct cal_order *order,
    struct cal_queue *queue, struct cal_turn *turn, struct cal_slice key);

/* The next turn that starts now: it runs from here on.  NULL: none may. */
struct cal_turn *cal_order_next(struct cal_order *order);

/*
 * Takes a waiting turn out, as if it had never come.  Answers that it held up
 * come out of cal_order_leaving, also when it is the victim of cal_order_add.
 */
void cal_order_drop(struct cal_order *order, struct cal_turn *turn);

/*
 * A running turn has ended.  Its answer, and those that it held up, come out
 * of cal_order_leaving.  good: it was not failed or cancelled.
 */
void cal_order_end(struct cal_order *order, struct cal_turn *turn, bool good);

/* The next turn whose answer leaves now; it is in no order any more. */
struct cal_turn *cal_order_leaving(struct cal_order *order);

size_t cal_order_waiting(const struct cal_order *order);
size_t cal_order_running(const struct cal_order *order);

/* "key", "exit", "reply", and back (CAL_EUSAGE). */
const char *cal_order_name(enum cal_order_kind kind);
int cal_order_find(enum cal_order_kind *kindp, const char *name,
    struct cal_err *err);

#endif
