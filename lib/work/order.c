/*
 * The order of turns: lanes, limits, and what happens to a turn.  Who is there
 * is in order_seats.c, who is next among those that may start in
 * order_round.c.
 *
 * A lane lives from its first turn to its last, so that the number of keys
 * ever seen does not matter.
 */
#include "base/mem.h"
#include "work/order_parts.h"

#include <assert.h>
#include <stdlib.h>

enum { TOTAL_FACTOR = 10 };     /* waiting turns in all, in max_queue */

struct cal_order *
cal_order_new(enum cal_order_kind kind, size_t max_queue)
{
	struct cal_order *order;

	CAL_NEW(order);
	order->kind = kind;
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
	name = lane_name(order, turn->seat->queue, key);
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
		cal_order_set_ready(order, first);
	}
}

/* Turns. */

/* It waits no longer, for better or worse; its lane is left to the caller. */
static void
stop_waiting(struct cal_order *order, struct cal_turn *turn)
{
	struct cal_queue *queue = turn->seat->queue;

	assert(turn->state == CAL_TURN_WAITING);
	if (cal_heap_has(&turn->ready))
		cal_order_clear_ready(order, turn);
	TAILQ_REMOVE(&queue->waiting, turn, in_queue);
	TAILQ_REMOVE(&queue->group->waiting, turn, in_group);
	queue->group->count--;
	turn->slots->waiting--;
	order->waiting--;
	turn->seat = NULL;
}

/* All that are ready for the slots, it among them, start now. */
static bool
starts_at_once(const struct cal_turn *turn)
{
	const struct cal_slots *slots = turn->slots;

	return cal_heap_has(&turn->ready) &&
	    slots->running + slots->ready <= slots->count;
}

/* The newest turn of the group that must give one up, or NULL. */
static struct cal_turn *
find_victim(struct cal_order *order, struct cal_turn *added)
{
	struct cal_group *longest = added->seat->queue->group, *group;

	/* It takes nobody's room. */
	if (starts_at_once(added))
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

static void
start_waiting(struct cal_order *order, struct cal_queue *queue,
    struct cal_turn *turn, struct cal_slots *slots)
{
	turn->state = CAL_TURN_WAITING;
	turn->slots = slots;
	turn->seat = cal_order_seat(queue, slots);
	queue->group->count++;
	slots->waiting++;
	order->waiting++;
}

struct cal_turn *
cal_order_add(struct cal_order *order, struct cal_queue *queue,
    struct cal_turn *turn, struct cal_slots *slots, struct cal_slice key)
{
	struct cal_turn *victim;

	assert(turn->state == CAL_TURN_NONE);
	start_waiting(order, queue, turn, slots);
	turn->arrival = order->arrivals++;
	TAILQ_INSERT_TAIL(&queue->waiting, turn, in_queue);
	TAILQ_INSERT_TAIL(&queue->group->waiting, turn, in_group);
	enter_lane(order, turn, key);
	if (may_start(order, turn))
		cal_order_set_ready(order, turn);
	if ((victim = find_victim(order, turn)) != NULL)
		cal_order_drop(order, victim);
	return victim;
}

struct cal_turn *
cal_order_next(struct cal_order *order)
{
	struct cal_turn *turn = cal_order_first_ready(order);

	if (turn == NULL)
		return NULL;
	cal_order_rotate(order, turn->seat);
	stop_waiting(order, turn);
	turn->state = CAL_TURN_RUNNING;
	turn->slots->running++;
	order->running++;
	return turn;
}

void
cal_order_rest(struct cal_order *order, struct cal_turn *turn)
{
	assert(turn->state == CAL_TURN_RUNNING &&
	    order->kind != CAL_ORDER_REPLY);
	turn->state = CAL_TURN_RESTING;
	turn->slots->running--;
	order->running--;
}

#define INSERT_BY_ARRIVAL(list, turn, later, entry) do { \
	TAILQ_FOREACH(later, list, entry) \
		if ((later)->arrival > (turn)->arrival) \
			break; \
	if ((later) != NULL) \
		TAILQ_INSERT_BEFORE(later, turn, entry); \
	else \
		TAILQ_INSERT_TAIL(list, turn, entry); \
} while (0)

/* Whoever waits does so by arrival. */
void
cal_order_resume(struct cal_order *order, struct cal_queue *queue,
    struct cal_turn *turn)
{
	struct turns *all = &queue->group->waiting;
	struct cal_turn *later;

	assert(turn->state == CAL_TURN_RESTING);
	start_waiting(order, queue, turn, turn->slots);
	INSERT_BY_ARRIVAL(&queue->waiting, turn, later, in_queue);
	INSERT_BY_ARRIVAL(all, turn, later, in_group);
	cal_order_set_ready(order, turn);
}

void
cal_order_drop(struct cal_order *order, struct cal_turn *turn)
{
	if (turn->state != CAL_TURN_RESTING)
		stop_waiting(order, turn);
	leave_lane(order, turn);
	turn->slots = NULL;
	turn->state = CAL_TURN_NONE;
}

void
cal_order_end(struct cal_order *order, struct cal_turn *turn, bool good)
{
	assert(turn->state == CAL_TURN_RUNNING);
	turn->slots->running--;
	turn->slots = NULL;
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
