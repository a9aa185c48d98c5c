/*
 * Unit tests of work/order: each rule by itself, then random walks beside a
 * model that looks through all turns every time.
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

static void
end_and_flush(struct cal_order *order, struct cal_turn *turn)
{
	cal_order_end(order, turn, true);
	assert_ptr_equal(cal_order_leaving(order), turn);
	assert_null(cal_order_leaving(order));
}

static void
test_key(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_KEY, 10, 10);
	struct cal_queue *a = cal_order_join(order, text(""));
	struct cal_queue *b = cal_order_join(order, text(""));
	struct cal_turn t[5] = { 0 };

	(void)state;
	assert_null(cal_order_add(order, a, &t[0], text("k")));
	assert_null(cal_order_add(order, b, &t[1], text("k")));
	assert_null(cal_order_add(order, a, &t[2], text("k")));
	assert_null(cal_order_add(order, a, &t[3], text("")));
	assert_null(cal_order_add(order, b, &t[4], text("other")));
	assert_ptr_equal(cal_order_oldest(b), &t[1]);
	assert_ptr_equal(cal_order_next(order), &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[4]);
	assert_ptr_equal(cal_order_next(order), &t[3]);
	assert_null(cal_order_next(order));
	assert_int_equal(cal_order_running(order), 3);
	assert_int_equal(cal_order_waiting(order), 2);
	cal_order_drop(order, &t[1]);
	assert_null(cal_order_next(order));
	end_and_flush(order, &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[2]);
	end_and_flush(order, &t[2]);
	end_and_flush(order, &t[3]);
	end_and_flush(order, &t[4]);
	cal_order_leave(order, a);
	cal_order_leave(order, b);
	cal_order_free(order);
}

/* The same key of two users is two keys; of two callers of one user, one. */
static void
test_users(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_KEY, 10, 10);
	struct cal_queue *a = cal_order_join(order, text("ann"));
	struct cal_queue *b = cal_order_join(order, text("ann"));
	struct cal_queue *c = cal_order_join(order, text("bob"));
	struct cal_turn t[3] = { 0 };

	(void)state;
	assert_null(cal_order_add(order, a, &t[0], text("k")));
	assert_null(cal_order_add(order, b, &t[1], text("k")));
	assert_null(cal_order_add(order, c, &t[2], text("k")));
	assert_ptr_equal(cal_order_next(order), &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[2]);
	assert_null(cal_order_next(order));
	end_and_flush(order, &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[1]);
	end_and_flush(order, &t[1]);
	end_and_flush(order, &t[2]);
	cal_order_leave(order, a);
	cal_order_leave(order, b);
	cal_order_leave(order, c);
	cal_order_free(order);
}

static void
test_reply(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_REPLY, 10, 10);
	struct cal_queue *a = cal_order_join(order, text(""));
	struct cal_turn t[5] = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_null(cal_order_add(order, a, &t[i], text("k")));
	assert_null(cal_order_add(order, a, &t[4], text("")));
	for (i = 0; i < 3; i++)
		assert_ptr_equal(cal_order_next(order), &t[i]);
	cal_order_end(order, &t[2], true);
	assert_null(cal_order_leaving(order));
	assert_int_equal(t[2].state, CAL_TURN_HELD);
	/* A failure does not wait, and holds up nobody. */
	cal_order_end(order, &t[1], false);
	assert_ptr_equal(cal_order_leaving(order), &t[1]);
	assert_null(cal_order_leaving(order));
	assert_ptr_equal(cal_order_next(order), &t[3]);
	cal_order_end(order, &t[3], true);
	cal_order_end(order, &t[0], true);
	assert_ptr_equal(cal_order_leaving(order), &t[0]);
	assert_ptr_equal(cal_order_leaving(order), &t[2]);
	assert_ptr_equal(cal_order_leaving(order), &t[3]);
	/* One that never started gives up its place, too. */
	assert_null(cal_order_add(order, a, &t[0], text("k")));
	cal_order_drop(order, &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[4]);
	end_and_flush(order, &t[4]);
	cal_order_leave(order, a);
	cal_order_free(order);
}

static void
test_room(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_EXIT, 1, 2);
	struct cal_queue *queues[12];
	struct cal_turn t[3] = { 0 }, many[22] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 12; i++)
		queues[i] = cal_order_join(order, text(""));
	/* It starts at once, so it has room whatever waits. */
	assert_null(cal_order_add(order, queues[0], &t[0], text("")));
	assert_ptr_equal(cal_order_next(order), &t[0]);
	/* One caller's own limit. */
	assert_null(cal_order_add(order, queues[0], &many[0], text("")));
	assert_null(cal_order_add(order, queues[0], &many[1], text("")));
	assert_ptr_equal(cal_order_add(order, queues[0], &t[1], text("")),
	    &t[1]);
	assert_int_equal(t[1].state, CAL_TURN_NONE);
	/* All is full: the newest of a longest group makes room. */
	for (i = 2; i < 20; i++)
		assert_null(cal_order_add(order, queues[i / 2], &many[i],
		    text("")));
	assert_int_equal(cal_order_waiting(order), 20);
	assert_ptr_equal(cal_order_add(order, queues[10], &many[20],
	    text("")), &many[1]);
	assert_int_equal(cal_order_waiting(order), 20);
	for (i = 0; i < 21; i++)
		if (many[i].state == CAL_TURN_WAITING)
			cal_order_drop(order, &many[i]);
	end_and_flush(order, &t[0]);
	for (i = 0; i < 12; i++)
		cal_order_leave(order, queues[i]);
	cal_order_free(order);
}

/*
 * 10,000 waiting turns of one caller delay another's by one round, and users
 * count once, however many connections they have.
 */
static void
test_fair(void **state)
{
	enum { MANY = 10000, CROWD = 50 };
	struct cal_order *order = cal_order_new(CAL_ORDER_KEY, 1, 2 * MANY);
	struct cal_queue *big = cal_order_join(order, text(""));
	struct cal_queue *small = cal_order_join(order, text(""));
	struct cal_queue *crowd[CROWD];
	struct cal_turn *many, one = { 0 }, theirs[CROWD] = { 0 }, *turn;
	size_t i, n;

	(void)state;
	many = cal_calloc(MANY, sizeof(*many));
	for (i = 0; i < MANY; i++)
		(void)cal_order_add(order, big, &many[i], text(""));
	for (i = 0; i < CROWD; i++) {
		crowd[i] = cal_order_join(order, text("crowd"));
		(void)cal_order_add(order, crowd[i], &theirs[i], text(""));
	}
	(void)cal_order_add(order, small, &one, text(""));
	for (n = 0, turn = NULL; turn != &one; n++) {
		turn = cal_order_next(order);
		end_and_flush(order, turn);
	}
	assert_in_range(n, 1, 3);
	while ((turn = cal_order_next(order)) != NULL)
		end_and_flush(order, turn);
	assert_int_equal(cal_order_waiting(order), 0);
	for (i = 0; i < CROWD; i++)
		cal_order_leave(order, crowd[i]);
	cal_order_leave(order, big);
	cal_order_leave(order, small);
	cal_order_free(order);
	free(many);
}

/* The random walk. */

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

static void
test_names(void **state)
{
	enum cal_order_kind kind;
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_order_find(&kind, "reply", &err), CAL_OK);
	assert_string_equal(cal_order_name(kind), "reply");
	assert_int_equal(cal_order_find(&kind, "x", &err), CAL_EUSAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_walk_key),
		cmocka_unit_test(test_walk_exit),
		cmocka_unit_test(test_walk_reply),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
