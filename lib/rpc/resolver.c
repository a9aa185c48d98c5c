/*
 * A table by number, and the counter that gives the numbers.
 *
 * The numbers are ours and follow each other.  Multiplied by the golden ratio
 * they spread so evenly that most lookups hit at once, and that there are no
 * long rows of taken places.  Whoever finds his place taken sits behind it;
 * when somebody leaves, those that sit behind move up.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "rpc/resolver.h"

enum { FIRST_BITS = 4 };
static const uint32_t GOLDEN = 2654435769;      /* of 2^32 */

struct place {
	void *waiter;           /* NULL: free */
	uint32_t seq;
};

struct cal_resolver {
	struct place *places;
	unsigned bits;
	size_t cap;             /* 2 to the power of bits */
	size_t count;           /* at most half of cap */
	uint32_t next;
};

static void
set_size(struct cal_resolver *resolver, unsigned bits)
{
	resolver->bits = bits;
	resolver->cap = (size_t)1 << bits;
	resolver->places = cal_calloc(resolver->cap,
	    sizeof(*resolver->places));
}

static size_t
home_of(const struct cal_resolver *resolver, uint32_t seq)
{
	return (uint32_t)(seq * GOLDEN) >> (32 - resolver->bits);
}

struct cal_resolver *
cal_resolver_new(uint32_t first)
{
	struct cal_resolver *resolver;

	CAL_NEW(resolver);
	set_size(resolver, FIRST_BITS);
	resolver->next = first;
	return resolver;
}

void
cal_resolver_free(struct cal_resolver *resolver)
{
	if (resolver == NULL)
		return;
	free(resolver->places);
	free(resolver);
}

/* The place of seq, or the free one where it would be. */
static struct place *
find(const struct cal_resolver *resolver, uint32_t seq)
{
	size_t i = home_of(resolver, seq);

	while (resolver->places[i].waiter != NULL &&
	    resolver->places[i].seq != seq)
		i = (i + 1) & (resolver->cap - 1);
	return &resolver->places[i];
}

static void
grow(struct cal_resolver *resolver)
{
	struct place *old = resolver->places;
	size_t i, cap = resolver->cap;

	set_size(resolver, resolver->bits + 1);
	for (i = 0; i < cap; i++)
		if (old[i].waiter != NULL)
			*find(resolver, old[i].seq) = old[i];
	free(old);
}

uint32_t
cal_resolver_wait(struct cal_resolver *resolver, void *waiter)
{
	struct place *place;

	if (2 * (resolver->count + 1) > resolver->cap)
		grow(resolver);
	do
		place = find(resolver, resolver->next++);
	while (place->waiter != NULL);
	place->waiter = waiter;
	place->seq = resolver->next - 1;
	resolver->count++;
	return place->seq;
}

void *
cal_resolver_find(const struct cal_resolver *resolver, uint32_t seq)
{
	return find(resolver, seq)->waiter;
}

/* Whoever sits behind a gap, and not in his own place, moves up. */
static void
close_gap(struct cal_resolver *resolver, size_t gap)
{
	size_t mask = resolver->cap - 1, i = gap, home;

	for (;;) {
		i = (i + 1) & mask;
		if (resolver->places[i].waiter == NULL)
			break;
		home = home_of(resolver, resolver->places[i].seq);
		/* May he be at the gap: is it between his home and here? */
		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		resolver->places[gap] = resolver->places[i];
		gap = i;
	}
	resolver->places[gap].waiter = NULL;
}

void
cal_resolver_forget(struct cal_resolver *resolver, uint32_t seq)
{
	struct place *place = find(resolver, seq);

	if (place->waiter == NULL)
		return;
	resolver->count--;
	close_gap(resolver, (size_t)(place - resolver->places));
}

size_t
cal_resolver_count(const struct cal_resolver *resolver)
{
	return resolver->count;
}
