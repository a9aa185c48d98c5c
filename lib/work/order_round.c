/*
 * The rounds: among slots, the groups that wait for them and the callers in
 * these, whose turn it is.
 */
#include "work/order_parts.h"

/* Whoever has a ready turn below it for the first time comes last. */
static void
enter_rounds(struct cal_order *order, struct cal_seat *seat)
{
	struct cal_bench *bench = seat->bench;
	struct cal_slots *slots = bench->slots;

	if (TAILQ_EMPTY(&slots->benches))
		TAILQ_INSERT_TAIL(&order->round, slots, round_entry);
	if (TAILQ_EMPTY(&bench->round))
		TAILQ_INSERT_TAIL(&slots->benches, bench, round_entry);
	TAILQ_INSERT_TAIL(&bench->round, seat, round_entry);
}

static void
leave_rounds(struct cal_order *order, struct cal_seat *seat)
{
	struct cal_bench *bench = seat->bench;
	struct cal_slots *slots = bench->slots;

	TAILQ_REMOVE(&bench->round, seat, round_entry);
	if (TAILQ_EMPTY(&bench->round))
		TAILQ_REMOVE(&slots->benches, bench, round_entry);
	if (TAILQ_EMPTY(&slots->benches))
		TAILQ_REMOVE(&order->round, slots, round_entry);
}

void
cal_order_set_ready(struct cal_order *order, struct cal_turn *turn)
{
	struct cal_seat *seat = turn->seat;

	if (seat->ready.count == 0)
		enter_rounds(order, seat);
	turn->ready.rank = turn->arrival;
	cal_heap_add(&seat->ready, &turn->ready);
	turn->slots->ready++;
}

void
cal_order_clear_ready(struct cal_order *order, struct cal_turn *turn)
{
	struct cal_seat *seat = turn->seat;

	turn->slots->ready--;
	cal_heap_remove(&seat->ready, &turn->ready);
	if (seat->ready.count == 0)
		leave_rounds(order, seat);
}

struct cal_turn *
cal_order_first_ready(const struct cal_order *order)
{
	struct cal_slots *slots;
	struct cal_seat *seat;
	struct cal_heap_entry *entry;

	TAILQ_FOREACH(slots, &order->round, round_entry)
		if (slots->running < slots->count)
			break;
	if (slots == NULL)
		return NULL;
	seat = TAILQ_FIRST(&TAILQ_FIRST(&slots->benches)->round);
	entry = cal_heap_first(&seat->ready);
	return (struct cal_turn *)(void *)((char *)entry -
	    offsetof(struct cal_turn, ready));
}

void
cal_order_rotate(struct cal_order *order, struct cal_seat *seat)
{
	struct cal_bench *bench = seat->bench;
	struct cal_slots *slots = bench->slots;

	TAILQ_REMOVE(&bench->round, seat, round_entry);
	TAILQ_INSERT_TAIL(&bench->round, seat, round_entry);
	TAILQ_REMOVE(&slots->benches, bench, round_entry);
	TAILQ_INSERT_TAIL(&slots->benches, bench, round_entry);
	TAILQ_REMOVE(&order->round, slots, round_entry);
	TAILQ_INSERT_TAIL(&order->round, slots, round_entry);
}
