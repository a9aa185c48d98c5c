/*
 * A simple model of work/order: it looks through all turns every time, and so
 * knows which one must start next.
 */
#ifndef CAL_TESTS_ORDER_MODEL_H
#define CAL_TESTS_ORDER_MODEL_H

#include "unit.h"
#include "work/order.h"

enum {
	TURNS = 120, QUEUES = 40, USERS = 3, KEYS = 4, SLOTS = 4,
	ROOM = 3, GROUPS = USERS + QUEUES,
};

struct entry {
	struct cal_turn turn;
	enum { FREE, WAITS, RUNS, ENDED } is;
	bool good;
	bool ready;                     /* as of the last look */
	unsigned int queue;             /* place of its caller */
	unsigned int caller;            /* serial number of its caller */
	unsigned int user;              /* 0: none */
	unsigned int key;               /* 0: none */
	unsigned int group;             /* user, or USERS + queue */
	unsigned int slots;
	uint64_t arrival;
};

/*
 * What goes round: when it came to the end of its round, that is when a turn
 * below it became ready for the first time, or had its turn.  0: none is.
 */
struct rounds {
	uint64_t slots[SLOTS];
	uint64_t benches[SLOTS][GROUPS];
	uint64_t seats[SLOTS][QUEUES];
};

struct model {
	enum cal_order_kind kind;
	struct cal_order *order;
	struct entry entries[TURNS];
	struct {
		struct cal_queue *queue;
		unsigned int serial, user;
	} queues[QUEUES];
	struct cal_slots slots[SLOTS];
	bool slots_gone[SLOTS];
	struct rounds rounds;
	unsigned int serials;
	uint64_t arrivals, moves;
	uint64_t seed;
	size_t refused, displaced;      /* victims of either limit */
	size_t passed;                  /* starts past slots that are full */
};

static inline unsigned int
draw(struct model *m, unsigned int below)
{
	return next_random(&m->seed) % below;
}

static inline struct entry *
entry_of(struct cal_turn *turn)
{
	return (struct entry *)(void *)((char *)turn -
	    offsetof(struct entry, turn));
}

static inline bool
same_lane(const struct model *m, const struct entry *a,
    const struct entry *b)
{
	if (a->key == 0 || a->key != b->key)
		return false;
	if (m->kind == CAL_ORDER_KEY)
		return a->user == b->user;
	return m->kind == CAL_ORDER_REPLY && a->caller == b->caller;
}

/* An older turn of its lane that has not left. */
static inline bool
is_preceded(const struct model *m, const struct entry *e)
{
	size_t i;

	for (i = 0; i < TURNS; i++)
		if (m->entries[i].is != FREE && same_lane(m, &m->entries[i],
		    e) && m->entries[i].arrival < e->arrival)
			return true;
	return false;
}

static inline bool
could_start(const struct model *m, const struct entry *e)
{
	return e->is == WAITS &&
	    (m->kind != CAL_ORDER_KEY || e->key == 0 || !is_preceded(m, e));
}

static inline size_t
count(const struct model *m, int is, unsigned int group)
{
	size_t i, n = 0;

	for (i = 0; i < TURNS; i++)
		if ((int)m->entries[i].is == is &&
		    (group == 0 || m->entries[i].group == group))
			n++;
	return n;
}

static inline size_t
count_on(const struct model *m, int is, unsigned int slots)
{
	size_t i, n = 0;

	for (i = 0; i < TURNS; i++)
		if ((int)m->entries[i].is == is &&
		    m->entries[i].slots == slots)
			n++;
	return n;
}

/* Any turn of a kind, or NULL. */
static inline struct entry *
pick(struct model *m, int is)
{
	unsigned int start = draw(m, TURNS), i;

	for (i = 0; i < TURNS; i++)
		if ((int)m->entries[(start + i) % TURNS].is == is)
			return &m->entries[(start + i) % TURNS];
	return NULL;
}

/* Rounds. */

/* Stays where it is in its round, or comes last if it was not there. */
static inline void
keep(struct model *m, const struct rounds *old, struct rounds *now,
    const struct entry *e)
{
	const uint64_t *from[] = { &old->slots[e->slots],
	    &old->benches[e->slots][e->group],
	    &old->seats[e->slots][e->queue] };
	uint64_t *to[] = { &now->slots[e->slots],
	    &now->benches[e->slots][e->group],
	    &now->seats[e->slots][e->queue] };
	size_t i;

	for (i = 0; i < COUNT(to); i++)
		if (*to[i] == 0)
			*to[i] = *from[i] != 0 ? *from[i] : ++m->moves;
}

/* After every change by which at most one turn becomes ready. */
static inline void
look(struct model *m)
{
	struct rounds now = { 0 };
	size_t i;

	for (i = 0; i < TURNS; i++) {
		m->entries[i].ready = could_start(m, &m->entries[i]);
		if (m->entries[i].ready)
			keep(m, &m->rounds, &now, &m->entries[i]);
	}
	m->rounds = now;
}

static inline bool
is_full(const struct model *m, unsigned int slots)
{
	return count_on(m, RUNS, slots) >= m->slots[slots].count;
}

static inline bool
starts_at_once(const struct model *m, const struct entry *e)
{
	size_t i, n = count_on(m, RUNS, e->slots);

	for (i = 0; i < TURNS; i++)
		if (m->entries[i].ready && m->entries[i].slots == e->slots)
			n++;
	return e->ready && n <= m->slots[e->slots].count;
}

/* a comes before b: by slots, groups, callers, and then by arrival. */
static inline bool
is_before(const struct model *m, const struct entry *a,
    const struct entry *b)
{
	const struct rounds *r = &m->rounds;

	if (a->slots != b->slots)
		return r->slots[a->slots] < r->slots[b->slots];
	if (a->group != b->group)
		return r->benches[a->slots][a->group] <
		    r->benches[b->slots][b->group];
	if (a->queue != b->queue)
		return r->seats[a->slots][a->queue] <
		    r->seats[b->slots][b->queue];
	return a->arrival < b->arrival;
}

static inline struct entry *
expected(struct model *m)
{
	struct entry *e, *best = NULL;

	for (e = m->entries; e < m->entries + TURNS; e++)
		if (e->ready && !is_full(m, e->slots) &&
		    (best == NULL || is_before(m, e, best)))
			best = e;
	return best;
}

#endif
