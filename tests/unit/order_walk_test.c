/* Unit tests of work/order: random walks beside a model. */
#include "order_model.h"

enum { STEPS = 100000 };

/* Out of the order's sight, and then out of its lane. */
static void
forget(struct model *m, struct entry *e)
{
	e->is = ENDED;
	look(m);
	e->is = FREE;
	look(m);
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
		look(m);
	}
	for (i = 0; i < TURNS; i++) {
		e = &m->entries[i];
		if (e->is == ENDED)
			assert_true(m->kind == CAL_ORDER_REPLY && e->good &&
			    is_preceded(m, e));
	}
}

/* The one that must give up its place: the newest of a group without room. */
static void
check_victim(struct model *m, const struct entry *added, struct entry *v)
{
	size_t i, own, longest = 0;

	own = count(m, WAITS, added->group);
	assert_int_equal(v->is, WAITS);
	for (i = 0; i < TURNS; i++) {
		const struct entry *x = &m->entries[i];

		if (x->is == WAITS && x->group == v->group)
			assert_true(x->arrival <= v->arrival);
		if (x->is == WAITS && count(m, WAITS, x->group) > longest)
			longest = count(m, WAITS, x->group);
	}
	if (own > ROOM) {
		assert_ptr_equal(v, added);
		m->refused++;
	} else {
		assert_int_equal(count(m, WAITS, v->group), longest);
		m->displaced++;
	}
}

/* A free entry for a caller who is there, on slots that are; or NULL. */
static struct entry *
fill(struct model *m)
{
	unsigned int q = draw(m, QUEUES / (draw(m, 2) + 1));
	unsigned int which = draw(m, SLOTS);
	struct entry *e = pick(m, FREE);

	if (e == NULL || m->queues[q].queue == NULL || m->slots_gone[which])
		return NULL;
	memset(e, 0, sizeof(*e));
	e->is = WAITS;
	e->queue = q;
	e->caller = m->queues[q].serial;
	e->user = m->queues[q].user;
	e->group = e->user != 0 ? e->user : USERS + q;
	e->slots = which;
	e->key = draw(m, KEYS);
	e->arrival = m->arrivals++;
	return e;
}

static void
step_add(struct model *m)
{
	static const char *const keys[KEYS] = { "", "a", "b", "aa" };
	struct entry *e = fill(m);
	struct cal_turn *victim;

	if (e == NULL)
		return;
	look(m);
	victim = cal_order_add(m->order, m->queues[e->queue].queue, &e->turn,
	    &m->slots[e->slots], cal_slice_text(keys[e->key]));
	assert_int_equal(victim == NULL, starts_at_once(m, e) ||
	    (count(m, WAITS, e->group) <= ROOM &&
	    count(m, WAITS, 0) <= 10 * ROOM));
	if (victim != NULL) {
		check_victim(m, e, entry_of(victim));
		forget(m, entry_of(victim));
	}
}

static void
step_next(struct model *m)
{
	struct entry *e = expected(m);
	struct cal_turn *turn = cal_order_next(m->order);
	size_t i;

	assert_ptr_equal(turn, e != NULL ? &e->turn : NULL);
	if (e == NULL)
		return;
	for (i = 0; i < TURNS; i++)
		if (m->entries[i].ready && is_before(m, &m->entries[i], e)) {
			m->passed++;
			break;
		}
	e->is = RUNS;
	m->rounds.slots[e->slots] = ++m->moves;
	m->rounds.benches[e->slots][e->group] = m->moves;
	m->rounds.seats[e->slots][e->queue] = m->moves;
	look(m);
}

static void
end(struct model *m, struct entry *e)
{
	e->is = ENDED;
	e->good = draw(m, 4) != 0;
	cal_order_end(m->order, &e->turn, e->good);
	flush(m);
}

static void
step_end(struct model *m)
{
	struct entry *e = pick(m, RUNS);

	if (e != NULL)
		end(m, e);
}

static void
drop(struct model *m, struct entry *e)
{
	cal_order_drop(m->order, &e->turn);
	forget(m, e);
	flush(m);
}

static void
step_drop(struct model *m)
{
	struct entry *e = pick(m, WAITS);

	if (e != NULL)
		drop(m, e);
}

static void
leave(struct model *m, unsigned int q)
{
	struct cal_turn *turn;

	while ((turn = cal_order_oldest(m->queues[q].queue)) != NULL)
		drop(m, entry_of(turn));
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
	    cal_slice_text(users[m->queues[q].user]));
}

/* Nothing of them is read any more, or a sanitizer sees it. */
static void
release(struct model *m, unsigned int which)
{
	struct entry *e;

	for (e = m->entries; e < m->entries + TURNS; e++) {
		if (e->slots == which && e->is == WAITS)
			drop(m, e);
		else if (e->slots == which && e->is == RUNS)
			end(m, e);
	}
	cal_slots_release(&m->slots[which]);
	memset(&m->slots[which], 0xff, sizeof(m->slots[which]));
	m->slots_gone[which] = true;
}

/* More, fewer or none; sometimes they go for a while. */
static void
step_slots(struct model *m)
{
	unsigned int which = draw(m, SLOTS);

	if (m->slots_gone[which]) {
		cal_slots_init(&m->slots[which], draw(m, 4));
		m->slots_gone[which] = false;
	} else if (draw(m, 10) == 0)
		release(m, which);
	else
		m->slots[which].count = draw(m, 4);
}

/* It fills, and empties again. */
static void
step(struct model *m, size_t number)
{
	unsigned int adds = number / 500 % 2 == 0 ? 60 : 35;
	unsigned int what = draw(m, 100);

	if (what < adds)
		step_add(m);
	else if (what < 70)
		step_next(m);
	else if (what < 88)
		step_end(m);
	else if (what < 94)
		step_drop(m);
	else if (what < 97)
		step_slots(m);
	else
		step_queue(m);
	assert_int_equal(cal_order_waiting(m->order), count(m, WAITS, 0));
	assert_int_equal(cal_order_running(m->order), count(m, RUNS, 0));
}

static struct model *
new_model(enum cal_order_kind kind, unsigned int seed)
{
	struct model *m;
	unsigned int i;

	CAL_NEW(m);
	m->kind = kind;
	m->seed = seed;
	m->order = cal_order_new(kind, ROOM);
	for (i = 0; i < SLOTS; i++)
		cal_slots_init(&m->slots[i], i);
	return m;
}

/* Whoever goes first, nothing is left behind. */
static void
free_model(struct model *m)
{
	unsigned int i;

	for (i = 0; i < SLOTS / 2; i++)
		if (!m->slots_gone[i])
			release(m, i);
	for (i = 0; i < QUEUES; i++)
		if (m->queues[i].queue != NULL)
			leave(m, i);
	while (pick(m, RUNS) != NULL)
		step_end(m);
	assert_int_equal(count(m, FREE, 0), TURNS);
	cal_order_free(m->order);
	for (i = SLOTS / 2; i < SLOTS; i++)
		if (!m->slots_gone[i])
			cal_slots_release(&m->slots[i]);
	free(m);
}

static void
walk(enum cal_order_kind kind, unsigned int seed)
{
	struct model *m = new_model(kind, seed);
	size_t number;

	for (number = 0; number < STEPS; number++)
		step(m, number);
	assert_true(m->refused > 100 && m->displaced > 100);
	assert_true(m->passed > 100);
	free_model(m);
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
