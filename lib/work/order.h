/*
 * When may which request start, and when may its answer leave?
 *
 * An order is pure bookkeeping, without a clock or a loop: its owner adds
 * turns, asks for the next that may start, says when one has ended, and asks
 * which answers may leave.  All operations cost O(log n) or less in turns and
 * callers, but for finding a victim when everything is full.  Slots are few:
 * an addition looks through those that its caller has used, and a start looks
 * past those that are full while turns wait for them.
 *
 * Every turn belongs to a queue (one per caller), every queue to a group: one
 * per user where users are known, else one per caller.  What turns run on are
 * slots, so many at a time: all commands of a server share some, the workers
 * of one method are others.  Starts go round the slots that are free, round
 * the groups that wait for them, then round a group's queues; within a queue
 * the oldest that may start comes first.  So one method's slow workers hold up
 * nobody else, and one caller nobody else's turn.
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
struct cal_seat;
struct cal_bench;

enum cal_turn_state {
	CAL_TURN_NONE,          /* in no order */
	CAL_TURN_WAITING,
	CAL_TURN_RUNNING,
	CAL_TURN_RESTING,       /* ran, and will again: its key waits for it */
	CAL_TURN_HELD,          /* ended, its answer waits for others (reply) */
};

/*
 * Part of the owner's object; of one order only.  Fields are the order's, but
 * for count, which the owner may change at any time: cal_order_next goes by
 * what it finds.  When there are fewer, nobody is stopped, but none starts
 * until enough have ended.
 */
struct cal_slots {
	size_t count;                   /* turns that run at a time */
	size_t waiting, ready, running; /* turns; ready is part of waiting */
	TAILQ_ENTRY(cal_slots) round_entry;
	TAILQ_HEAD(, cal_bench) benches;        /* those with ready turns */
	LIST_HEAD(, cal_bench) all;
};

void cal_slots_init(struct cal_slots *slots, size_t count);

/*
 * No turn waits for them, and none that runs on them will end (a freed order
 * may leave such behind).  Callers may still be there.
 */
void cal_slots_release(struct cal_slots *slots);

/* Part of the owner's object; zeroed before it is added, then the order's. */
struct cal_turn {
	enum cal_turn_state state;
	struct cal_heap_entry ready;            /* among those that may start */
	TAILQ_ENTRY(cal_turn) in_group;         /* all waiting, by arrival */
	TAILQ_ENTRY(cal_turn) in_queue;
	TAILQ_ENTRY(cal_turn) in_lane;
	TAILQ_ENTRY(cal_turn) leaving;
	struct cal_seat *seat;                  /* while waiting */
	struct cal_slots *slots;                /* until it has ended */
	struct cal_lane *lane;                  /* NULL without a key */
	uint64_t arrival;
};

/*
 * max_queue: turns that wait in one group, whatever they are to run on; in
 * all, 10 times as many.  A turn that may start at once always has room.
 */
struct cal_order *cal_order_new(enum cal_order_kind kind, size_t max_queue);
void cal_order_free(struct cal_order *order);   /* all queues have left */

/* A new caller.  user is empty when users are not known; it is copied. */
struct cal_queue *cal_order_join(struct cal_order *order,
    struct cal_slice user);

/*
 * The caller is gone.  Its turns that wait were dropped before; those that run
 * are not affected.
 */
void cal_order_leave(struct cal_order *order, struct cal_queue *queue);

/* Whose the queue is; lent until he leaves. */
struct cal_slice cal_order_user(const struct cal_queue *queue);

/* The oldest waiting turn of a queue, or NULL. */
struct cal_turn *cal_order_oldest(const struct cal_queue *queue);

/*
 * Adds a turn at the end of its queue, to run on slots, which live until it
 * has ended.  key is copied; empty: no key.  When there is no room, the newest
 * turn of the group that has no room (or, when all is full, of the longest
 * group) is taken out and returned: it may be the one just added.  The caller
 * refuses it.  Otherwise NULL.
 */
struct cal_turn *cal_order_add(struct cal_order *order,
    struct cal_queue *queue, struct cal_turn *turn, struct cal_slots *slots,
    struct cal_slice key);

/* The next turn that starts now: it runs from here on.  NULL: none may. */
struct cal_turn *cal_order_next(struct cal_order *order);

/*
 * A running turn gives up its slot for a while, but not the place of its key:
 * nothing else of that starts meanwhile.  Not for kind reply.
 */
void cal_order_rest(struct cal_order *order, struct cal_turn *turn);

/*
 * It waits again, in front of all that came later, with room or without; queue
 * is the one that it was added to.
 */
void cal_order_resume(struct cal_order *order, struct cal_queue *queue,
    struct cal_turn *turn);

/*
 * Takes a waiting or resting turn out, as if it had never come.  Answers that
 * it held up come out of cal_order_leaving, also when it is the victim of
 * cal_order_add.
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
