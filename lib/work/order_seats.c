/*
 * Who is there: callers, the groups that they are in, and where they wait for
 * which slots.
 */
#include "base/mem.h"
#include "work/order_parts.h"

#include <assert.h>
#include <stdlib.h>

/* Seats and benches. */

static void
free_seat(struct cal_seat *seat)
{
	assert(seat->ready.count == 0);
	LIST_REMOVE(seat, in_queue);
	LIST_REMOVE(seat, in_bench);
	cal_heap_release(&seat->ready);
	free(seat);
}

/* With whoever still has a seat on it. */
static void
free_bench(struct cal_bench *bench)
{
	while (!LIST_EMPTY(&bench->seats))
		free_seat(LIST_FIRST(&bench->seats));
	LIST_REMOVE(bench, in_slots);
	LIST_REMOVE(bench, in_group);
	free(bench);
}

static struct cal_bench *
find_bench(struct cal_group *group, struct cal_slots *slots)
{
	struct cal_bench *bench;

	LIST_FOREACH(bench, &group->benches, in_group)
		if (bench->slots == slots)
			return bench;
	CAL_NEW(bench);
	bench->slots = slots;
	bench->group = group;
	TAILQ_INIT(&bench->round);
	LIST_INIT(&bench->seats);
	LIST_INSERT_HEAD(&slots->all, bench, in_slots);
	LIST_INSERT_HEAD(&group->benches, bench, in_group);
	return bench;
}

static struct cal_seat *
new_seat(struct cal_queue *queue, struct cal_slots *slots)
{
	struct cal_seat *seat;

	CAL_NEW(seat);
	seat->queue = queue;
	seat->bench = find_bench(queue->group, slots);
	LIST_INSERT_HEAD(&seat->bench->seats, seat, in_bench);
	return seat;
}

struct cal_seat *
cal_order_seat(struct cal_queue *queue, struct cal_slots *slots)
{
	struct cal_seat *seat;

	LIST_FOREACH(seat, &queue->seats, in_queue)
		if (seat->bench->slots == slots)
			break;
	if (seat != NULL)
		LIST_REMOVE(seat, in_queue);
	else
		seat = new_seat(queue, slots);
	LIST_INSERT_HEAD(&queue->seats, seat, in_queue);
	return seat;
}

void
cal_slots_init(struct cal_slots *slots, size_t count)
{
	*slots = (struct cal_slots){ .count = count };
	TAILQ_INIT(&slots->benches);
	LIST_INIT(&slots->all);
}

void
cal_slots_release(struct cal_slots *slots)
{
	assert(slots->waiting == 0);
	while (!LIST_EMPTY(&slots->all))
		free_bench(LIST_FIRST(&slots->all));
}

/* Groups and queues. */

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
	LIST_INIT(&group->benches);
	TAILQ_INSERT_TAIL(&order->groups, group, all_entry);
	cal_buf_put(&group->user, user.ptr, user.len);
	if (user.len > 0)
		(void)cal_map_put(order->users, user, group);
	return group;
}

static void
free_group(struct cal_order *order, struct cal_group *group)
{
	assert(TAILQ_EMPTY(&group->waiting));
	while (!LIST_EMPTY(&group->benches))
		free_bench(LIST_FIRST(&group->benches));
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
	LIST_INIT(&queue->seats);
	queue->number = order->joined++;
	queue->group = find_group(order, user);
	queue->group->members++;
	return queue;
}

void
cal_order_leave(struct cal_order *order, struct cal_queue *queue)
{
	assert(TAILQ_EMPTY(&queue->waiting));
	while (!LIST_EMPTY(&queue->seats))
		free_seat(LIST_FIRST(&queue->seats));
	if (--queue->group->members == 0)
		free_group(order, queue->group);
	free(queue);
}

struct cal_turn *
cal_order_oldest(const struct cal_queue *queue)
{
	return TAILQ_FIRST(&queue->waiting);
}

struct cal_slice
cal_order_user(const struct cal_queue *queue)
{
	return cal_buf_view(&queue->group->user);
}
