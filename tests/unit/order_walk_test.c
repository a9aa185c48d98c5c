/*
 * Unit tests of work/order: random walks beside a model that looks through all
 * turns every time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "work/order.h"

static struct cal_slice
text(const char *words)
{
	return cal_slice_text(words);
}

enum {
	TURNS = 120, QUEUES = 40, USERS = 3, KEYS = 4, STEPS = 100000,
	JOBS = 5, ROOM = 3,
};

struct entry {
	struct cal_turn turn;
	enum { FREE, WAITS, RUNS, ENDED } is;
	bool good;
	unsigned int queue;             /* serial number of its caller */
	unsigned int user;              /* 0: none */
	unsigned int key;               /* 0: none */
	unsigned int group;             /* user, or 100 + caller */
	uint64_t arrival;
};

struct model {
	enum cal_order_kind kind;
	struct cal_order *order;
	struct entry entries[TURNS];
	struct {
		struct cal_queue *queue;
		unsigned int serial, user;
	} queues[QUEUES];
	unsigned int serials;
	uint64_t arrivals;
	unsigned int seed;
	size_t refused, displaced;      /* victims of either limit */
};

static unsigned int
draw(struct model *m, unsigned int below)
{
	m->seed = m->seed * 1103515245 + 12345;
	return (m->seed >> 16) % below;
}

static struct entry *
entry_of(struct cal_turn *turn)
{
	return (struct entry *)(void *)((char *)turn -
	    offsetof(struct entry, turn));
}

static bool
same_lane(const struct model *m, const struct entry *a,
    const struct entry *b)
{
	if (a->key == 0 || a->key != b->key)
		return false;
	if (m->kind == CAL_ORDER_KEY)
		return a->user == b->user;
	return m->kind == CAL_ORDER_REPLY && a->queue == b->queue;
}

/* An older turn of its lane that has not left. */
static bool
is_preceded(const struct model *m, const struct entry *e)
{
	size_t i;

	for (i = 0; i < TURNS; i++)
		if (m->entries[i].is != FREE && same_lane(m, &m->entries[i],
		    e) && m->entries[i].arrival < e->arrival)
			return true;
	return false;
}

static bool
could_start(const struct model *m, const struct entry *e)
{
	return e->is == WAITS &&
	    (m->kind != CAL_ORDER_KEY || !is_preceded(m, e));
}

static size_t
count(const struct model *m, int is, unsigned int group)
{
	size_t i, n = 0;

	for (i = 0; i < TURNS; i++)
		if ((int)m->entries[i].is == is &&
		    (group == 0 || m->entries[i].group == group))
			n++;
	return n;
}

static bool
any_could_start(const struct model *m)
{
	size_t i;

	for (i = 0; i < TURNS; i++)
		if (could_start(m, &m->entries[i]))
			return true;
	return false;
}

/* What leaves may leave, and nothing that may leave stays. */
static void
flush(struct model *m)
{
	struct cal_turn *turn;
	struct entry *e;
	size_t i;

	while ((turn = cal_order_leaving(m->order)) != NULL) {
		e = entry_of(turn);
		assert_int_equal(e->is, ENDED);
		if (e->good && m->kind == CAL_ORDER_REPLY)
			assert_false(is_preceded(m, e));
		e->is = FREE;
	}
	for (i = 0; i < TURNS; i++) {
		e = &m->entries[i];
		if (e->is == ENDED)
			assert_true(m->kind == CAL_ORDER_REPLY && e->good &&
			    is_preceded(m, e));
	}
}

static void
step_add(struct model *m)
{
	static const char *const keys[KEYS] = { "", "a", "b", "aa" };
	unsigned int q = draw(m, QUEUES / (draw(m, 2) + 1));
	struct cal_turn *victim;
	struct entry *e = NULL, *v;
	size_t i, longest = 0;

	for (i = 0; i < TURNS && e == NULL; i++)
		if (m->entries[i].is == FREE)
			e = &m->entries[i];
	if (e == NULL || m->queues[q].queue == NULL)
		return;
	memset(e, 0, sizeof(*e));
	e->is = WAITS;
	e->queue = m->queues[q].serial;
	e->user = m->queues[q].user;
	e->group = e->user != 0 ? e->user : 100 + e->queue;
	e->key = draw(m, KEYS);
	e->arrival = m->arrivals++;
	victim = cal_order_add(m->order, m->queues[q].queue, &e->turn,
	    text(keys[e->key]));
	if (victim == NULL) {
		assert_true(count(m, WAITS, e->group) <= ROOM ||
		    could_start(m, e));
		return;
	}
	v = entry_of(victim);
	assert_int_equal(v->is, WAITS);
	for (i = 0; i < TURNS; i++) {
		const struct entry *x = &m->entries[i];

		if (x->is == WAITS && x->group == v->group)
			assert_true(x->arrival <= v->arrival);
		if (x->is == WAITS && count(m, WAITS, x->group) > longest)
			longest = count(m, WAITS, x->group);
	}
	if (count(m, WAITS, e->group) > ROOM) {
		assert_ptr_equal(v, e);
		m->refused++;
	} else {
		m->displaced++;
		assert_true(count(m, WAITS, 0) > 10 * ROOM);
		assert_int_equal(count(m, WAITS, v->group), longest);
	}
	v->is = FREE;
}

static void
step_next(struct model *m)
{
	struct cal_turn *turn = cal_order_next(m->order);
	struct entry *e;
	size_t i;

	if (turn == NULL) {
		assert_true(count(m, RUNS, 0) == JOBS || !any_could_start(m));
		return;
	}
	e = entry_of(turn);
	assert_true(could_start(m, e));
	for (i = 0; i < TURNS; i++)
		if (m->entries[i].queue == e->queue &&
		    could_start(m, &m->entries[i]))
			assert_true(e->arrival <= m->entries[i].arrival);
	e->is = RUNS;
	assert_true(count(m, RUNS, 0) <= JOBS);
}

/* Any turn of a kind, or NULL. */
static struct entry *
pick(struct model *m, int is)
{
	unsigned int start = draw(m, TURNS), i;

	for (i = 0; i < TURNS; i++)
		if ((int)m->entries[(start + i) % TURNS].is == is)
			return &m->entries[(start + i) % TURNS];
	return NULL;
}

static void
step_end(struct model *m)
{
	struct entry *e = pick(m, RUNS);

	if (e == NULL)
		return;
	e->is = ENDED;
	e->good = draw(m, 4) != 0;
	cal_order_end(m->order, &e->turn, e->good);
	flush(m);
}

static void
step_drop(struct model *m)
{
	struct entry *e = pick(m, WAITS);

	if (e == NULL)
		return;
	e->is = FREE;
	cal_order_drop(m->order, &e->turn);
	flush(m);
}

static void
leave(struct model *m, unsigned int q)
{
	struct cal_turn *turn;

	while ((turn = cal_order_oldest(m->queues[q].queue)) != NULL) {
		entry_of(turn)->is = FREE;
		cal_order_drop(m->order, turn);
		flush(m);
	}
	cal_order_leave(m->order, m->queues[q].queue);
	m->queues[q].queue = NULL;
}

static void
step_queue(struct model *m)
{
	static const char *const users[USERS] = { "", "ann", "bob" };
	unsigned int q = draw(m, QUEUES);

	if (m->queues[q].queue != NULL) {
		leave(m, q);
		return;
	}
	m->queues[q].user = draw(m, 4) == 0 ? draw(m, USERS) : 0;
	m->queues[q].serial = ++m->serials;
	m->queues[q].queue = cal_order_join(m->order,
	    text(users[m->queues[q].user]));
}

static void
walk(enum cal_order_kind kind, unsigned int seed)
{
	struct model *m;
	unsigned int q;
	size_t step;

	CAL_NEW(m);
	m->kind = kind;
	m->seed = seed;
	m->order = cal_order_new(kind, JOBS, ROOM);
	for (step = 0; step < STEPS; step++) {
		/* It fills, and empties again. */
		unsigned int adds = step / 500 % 2 == 0 ? 60 : 35;
		unsigned int what = draw(m, 100);

		if (what < adds)
			step_add(m);
		else if (what < 70)
			step_next(m);
		else if (what < 90)
			step_end(m);
		else if (what < 97)
			step_drop(m);
		else
			step_queue(m);
		assert_int_equal(cal_order_waiting(m->order),
		    count(m, WAITS, 0));
		assert_int_equal(cal_order_running(m->order),
		    count(m, RUNS, 0));
	}
	for (q = 0; q < QUEUES; q++)
		if (m->queues[q].queue != NULL)
			leave(m, q);
	while (pick(m, RUNS) != NULL)
		step_end(m);
	flush(m);
	assert_true(m->refused > 100 && m->displaced > 100);
	assert_int_equal(count(m, FREE, 0), TURNS);
	cal_order_free(m->order);
	free(m);
}

static void
test_walk_key(void **state)
{
	(void)state;
	walk(CAL_ORDER_KEY, 1);
}

static void
test_walk_exit(void **state)
{
	(void)state;
	walk(CAL_ORDER_EXIT, 2);
}

static void
test_walk_reply(void **state)
{
	(void)state;
	walk(CAL_ORDER_REPLY, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk_key),
		cmocka_unit_test(test_walk_exit),
		cmocka_unit_test(test_walk_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
