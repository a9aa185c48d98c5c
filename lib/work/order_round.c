/*
 * The rounds: callers, the groups that they are in, and whose turn it is.
 */
#include "base/mem.h"
#include "work/order_parts.h"

#include <assert.h>
#include <stdlib.h>

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

void
cal_order_set_ready(struct cal_order *order, struct cal_turn *turn)
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

void
cal_order_clear_ready(struct cal_order *order, struct cal_turn *turn)
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

struct cal_turn *
cal_order_first_ready(const struct cal_order *order)
{
	struct cal_group *group = TAILQ_FIRST(&order->round);
	struct cal_heap_entry *entry;

	if (group == NULL)
		return NULL;
	entry = cal_heap_first(&TAILQ_FIRST(&group->round)->ready);
	return (struct cal_turn *)(void *)((char *)entry -
	    offsetof(struct cal_turn, ready));
}

void
cal_order_rotate(struct cal_order *order, struct cal_queue *queue)
{
	struct cal_group *group = queue->group;

	if (queue->in_round) {
		TAILQ_REMOVE(&group->round, queue, round_entry);
		TAILQ_INSERT_TAIL(&group->round, queue, round_entry);
	}
	if (group->in_round) {
		TAILQ_REMOVE(&order->round, group, round_entry);
		TAILQ_INSERT_TAIL(&order->round, group, round_entry);
	}
}
