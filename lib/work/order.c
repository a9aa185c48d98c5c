/*
 * The order of turns.
 *
 *      order - round of groups - round of queues - heap of ready turns
 *        \- lanes by key - turns in order of arrival
 *
 * A turn that waits is in the lists of its group, its queue and its lane.  It
 * is ready, and in its queue's heap, unless another turn of its lane comes
 * first (kind key).  A queue is in its group's round, and a group in the
 * order's, exactly while a turn of theirs is ready; who has had a turn goes to
 * the end of the round.
 *
 * A lane lives from its first turn to its last, so that the number of keys
 * ever seen does not matter.
 */
#include "work/order.h"
#include "base/map.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { TOTAL_FACTOR = 10 };     /* waiting turns in all, in max_queue */

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

struct cal_order *
cal_order_new(enum cal_order_kind kind, size_t jobs, size_t max_queue)
{
	struct cal_order *order;

	CAL_NEW(order);
	order->kind = kind;
	order->jobs = jobs;
	order->max_queue = max_queue;
	order->max_total = max_queue <= SIZE_MAX / TOTAL_FACTOR ?
	    max_queue * TOTAL_FACTOR : SIZE_MAX;
	TAILQ_INIT(&order->round);
	TAILQ_INIT(&order->groups);
	TAILQ_INIT(&order->leaving);
	order->users = cal_map_new();
	order->lanes = cal_map_new();
	return order;
}

static void
free_lane(struct cal_slice name, void *value, void *arg)
{
	(void)name;
	(void)arg;
	free(value);
}

void
cal_order_free(struct cal_order *order)
{
	if (order == NULL)
		return;
	assert(TAILQ_EMPTY(&order->groups));
	/* Turns may still run when everything ends; their lanes are ours. */
	cal_map_each(order->lanes, free_lane, NULL);
	cal_map_free(order->lanes);
	cal_map_free(order->users);
	cal_buf_release(&order->name);
	free(order);
}

/* Queues and groups. */

static struct cal_group *
find_group(struct cal_order *order, struct cal_slice user)
{
	struct cal_group *group = NULL;

	if (user.len > 0)
		group = cal_map_find(order->users, user);
	if (group != NULL)
		return group;
	CAL_NEW(group);
	TAILQ_INIT(&group->waiting);
	TAILQ_INIT(&group->round);
	TAILQ_INSERT_TAIL(&order->groups, group, all_entry);
	cal_buf_put(&group->user, user.ptr, user.len);
	if (user.len > 0)
		(void)cal_map_put(order->users, user, group);
	return group;
}

static void
free_group(struct cal_order *order, struct cal_group *group)
{
	assert(TAILQ_EMPTY(&group->waiting) && !group->in_round);
	TAILQ_REMOVE(&order->groups, group, all_entry);
	if (group->user.len > 0)
		(void)cal_map_remove(order->users, cal_buf_view(&group->user));
	cal_buf_release(&group->user);
	free(group);
}

struct cal_queue *
cal_order_join(struct cal_order *order, struct cal_slice user)
{
	struct cal_queue *queue;

	CAL_NEW(queue);
	TAILQ_INIT(&queue->waiting);
	queue->number = order->joined++;
	queue->group = find_group(order, user);
	queue->group->members++;
	return queue;
}

void
cal_order_leave(struct cal_order *order, struct cal_queue *queue)
{
	assert(TAILQ_EMPTY(&queue->waiting) && !queue->in_round);
	if (--queue->group->members == 0)
		free_group(order, queue->group);
	cal_heap_release(&queue->ready);
	free(queue);
}

struct cal_turn *
cal_order_oldest(const struct cal_queue *queue)
{
	return TAILQ_FIRST(&queue->waiting);
}

/* Readiness. */

static void
set_ready(struct cal_order *order, struct cal_turn *turn)
{
	struct cal_queue *queue = turn->queue;
	struct cal_group *group = queue->group;

	turn->ready.rank = turn->arrival;
	cal_heap_add(&queue->ready, &turn->ready);
	order->ready++;
	if (!queue->in_round) {
		TAILQ_INSERT_TAIL(&group->round, queue, round_entry);
		queue->in_round = true;
	}
	if (!group->in_round) {
		TAILQ_INSERT_TAIL(&order->round, group, round_entry);
		group->in_round = true;
	}
}

static void
clear_ready(struct cal_order *order, struct cal_turn *turn)
{
	struct cal_queue *queue = turn->queue;
	struct cal_group *group = queue->group;

	cal_heap_remove(&queue->ready, &turn->ready);
	order->ready--;
	if (queue->ready.count == 0) {
		TAILQ_REMOVE(&group->round, queue, round_entry);
		queue->in_round = false;
	}
	if (TAILQ_EMPTY(&group->round)) {
		TAILQ_REMOVE(&order->round, group, round_entry);
		group->in_round = false;
	}
}

/* Lanes. */

/*
 * The name under which turns constrain each other: whose they are, the length
 * of that, and their key.
 */
static struct cal_slice
lane_name(struct cal_order *order, const struct cal_queue *queue,
    struct cal_slice key)
{
	struct cal_slice whose = cal_buf_view(&queue->group->user);
	uint64_t len;

	if (order->kind == CAL_ORDER_REPLY)
		whose = cal_slice_of(&queue->number, sizeof(queue->number));
	len = whose.len;
	cal_buf_clear(&order->name);
	cal_buf_put(&order->name, &len, sizeof(len));
	cal_buf_put(&order->name, whose.ptr, whose.len);
	cal_buf_put(&order->name, key.ptr, key.len);
	return cal_buf_view(&order->name);
}

static void
enter_lane(struct cal_order *order, struct cal_turn *turn,
    struct cal_slice key)
{
	struct cal_slice name;
	struct cal_lane *lane;

	turn->lane = NULL;
	if (order->kind == CAL_ORDER_EXIT || key.len == 0)
		return;
	name = lane_name(order, turn->queue, key);
	lane = cal_map_find(order->lanes, name);
	if (lane == NULL) {
		lane = cal_malloc(sizeof(*lane) + name.len);
		TAILQ_INIT(&lane->turns);
		lane->name_len = name.len;
		memcpy(lane->name, name.ptr, name.len);
		(void)cal_map_put(order->lanes, name, lane);
	}
	TAILQ_INSERT_TAIL(&lane->turns, turn, in_lane);
	turn->lane = lane;
}

/* Only the first of a lane may start, where keys mean that. */
static bool
may_start(const struct cal_order *order, const struct cal_turn *turn)
{
	return order->kind != CAL_ORDER_KEY || turn->lane == NULL ||
	    TAILQ_FIRST(&turn->lane->turns) == turn;
}

static void
leave(struct cal_order *order, struct cal_turn *turn)
{
	turn->state = CAL_TURN_HELD;
	TAILQ_INSERT_TAIL(&order->leaving, turn, leaving);
}

/*
 * Takes the turn out of its lane and lets those go that waited for it: the
 * next one starts, or the answers that are ready leave.
 */
static void
leave_lane(struct cal_order *order, struct cal_turn *turn)
{
	struct cal_lane *lane = turn->lane;
	struct cal_turn *first;

	if (lane == NULL)
		return;
	turn->lane = NULL;
	TAILQ_REMOVE(&lane->turns, turn, in_lane);
	while ((first = TAILQ_FIRST(&lane->turns)) != NULL) {
		if (first->state != CAL_TURN_HELD)
			break;
		TAILQ_REMOVE(&lane->turns, first, in_lane);
		first->lane = NULL;
		leave(order, first);
	}
	if (first == NULL) {
		(void)cal_map_remove(order->lanes,
		    cal_slice_of(lane->name, lane->name_len));
		free(lane);
	} else if (order->kind == CAL_ORDER_KEY &&
	    first->state == CAL_TURN_WAITING && !cal_heap_has(&first->ready)) {
		set_ready(order, first);
	}
}

/* Turns. */

/* It waits no longer, for better or worse; its lane is left to the caller. */
static void
stop_waiting(struct cal_order *order, struct cal_turn *turn)
{
	struct cal_group *group = turn->queue->group;

	assert(turn->state == CAL_TURN_WAITING);
	if (cal_heap_has(&turn->ready))
		clear_ready(order, turn);
	TAILQ_REMOVE(&turn->queue->waiting, turn, in_queue);
	TAILQ_REMOVE(&group->waiting, turn, in_group);
	group->count--;
	order->waiting--;
	turn->queue = NULL;
}

/* The newest turn of the group that must give one up, or NULL. */
static struct cal_turn *
find_victim(struct cal_order *order, struct cal_turn *added)
{
	struct cal_group *longest = added->queue->group, *group;

	/* What starts at once takes nobody's room. */
	if (cal_heap_has(&added->ready) &&
	    order->running + order->ready <= order->jobs)
		return NULL;
	if (longest->count > order->max_queue)
		return TAILQ_LAST(&longest->waiting, turns);
	if (order->waiting <= order->max_total)
		return NULL;
	TAILQ_FOREACH(group, &order->groups, all_entry)
		if (group->count > longest->count)
			longest = group;
	return TAILQ_LAST(&longest->waiting, turns);
}

struct cal_turn *
cal_order_add(struct cal_order *order, struct cal_queue *queue,
    struct cal_turn *turn, struct cal_slice key)
{
	struct cal_group *group = queue->group;
	struct cal_turn *victim;

	assert(turn->state == CAL_TURN_NONE);
	turn->state = CAL_TURN_WAITING;
	turn->arrival = order->arrivals++;
	turn->queue = queue;
	TAILQ_INSERT_TAIL(&queue->waiting, turn, in_queue);
	TAILQ_INSERT_TAIL(&group->waiting, turn, in_group);
	group->count++;
	order->waiting++;
	enter_lane(order, turn, key);
	if (may_start(order, turn))
		set_ready(order, turn);
	if ((victim = find_victim(order, turn)) != NULL)
		cal_order_drop(order, victim);
	return victim;
}

struct cal_turn *
cal_order_next(struct cal_order *order)
{
	struct cal_group *group = TAILQ_FIRST(&order->round);
	struct cal_queue *queue;
	struct cal_turn *turn;

	if (order->running >= order->jobs || group == NULL)
		return NULL;
	queue = TAILQ_FIRST(&group->round);
	turn = (struct cal_turn *)(void *)((char *)
	    cal_heap_first(&queue->ready) - offsetof(struct cal_turn, ready));
	stop_waiting(order, turn);
	turn->state = CAL_TURN_RUNNING;
	order->running++;
	if (queue->in_round) {
		TAILQ_REMOVE(&group->round, queue, round_entry);
		TAILQ_INSERT_TAIL(&group->round, queue, round_entry);
	}
	if (group->in_round) {
		TAILQ_REMOVE(&order->round, group, round_entry);
		TAILQ_INSERT_TAIL(&order->round, group, round_entry);
	}
	return turn;
}

void
cal_order_drop(struct cal_order *order, struct cal_turn *turn)
{
	stop_waiting(order, turn);
	leave_lane(order, turn);
	turn->state = CAL_TURN_NONE;
}

void
cal_order_end(struct cal_order *order, struct cal_turn *turn, bool good)
{
	assert(turn->state == CAL_TURN_RUNNING);
	order->running--;
	if (order->kind == CAL_ORDER_REPLY && good && turn->lane != NULL &&
	    TAILQ_FIRST(&turn->lane->turns) != turn) {
		turn->state = CAL_TURN_HELD;
		return;
	}
	leave(order, turn);
	leave_lane(order, turn);
}

struct cal_turn *
cal_order_leaving(struct cal_order *order)
{
	struct cal_turn *turn = TAILQ_FIRST(&order->leaving);

	if (turn == NULL)
		return NULL;
	TAILQ_REMOVE(&order->leaving, turn, leaving);
	turn->state = CAL_TURN_NONE;
	return turn;
}

size_t
cal_order_waiting(const struct cal_order *order)
{
	return order->waiting;
}

size_t
cal_order_running(const struct cal_order *order)
{
	return order->running;
}

static const char *const names[] = {
	[CAL_ORDER_KEY] = "key",
	[CAL_ORDER_EXIT] = "exit",
	[CAL_ORDER_REPLY] = "reply",
};

const char *
cal_order_name(enum cal_order_kind kind)
{
	return names[kind];
}

int
cal_order_find(enum cal_order_kind *kindp, const char *name,
    struct cal_err *err)
{
	size_t i;

	*kindp = CAL_ORDER_KEY;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			*kindp = (enum cal_order_kind)i;
			return CAL_OK;
		}
	}
	return cal_fail(err, CAL_EUSAGE,
	    "bad order '%s': not key, exit or reply", name);
}
