/* A map by number, and the counter that gives the numbers. */
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "rpc/resolver.h"

struct cal_resolver {
	struct cal_map *waiters;
	uint32_t next;
};

static struct cal_slice
key(const uint32_t *seq)
{
	return cal_slice_of(seq, sizeof(*seq));
}

struct cal_resolver *
cal_resolver_new(uint32_t first)
{
	struct cal_resolver *resolver;

	CAL_NEW(resolver);
	resolver->waiters = cal_map_new();
	resolver->next = first;
	return resolver;
}

void
cal_resolver_free(struct cal_resolver *resolver)
{
	if (resolver == NULL)
		return;
	cal_map_free(resolver->waiters);
	free(resolver);
}

uint32_t
cal_resolver_wait(struct cal_resolver *resolver, void *waiter)
{
	uint32_t seq;

	do
		seq = resolver->next++;
	while (cal_map_find(resolver->waiters, key(&seq)) != NULL);
	(void)cal_map_put(resolver->waiters, key(&seq), waiter);
	return seq;
}

void *
cal_resolver_find(const struct cal_resolver *resolver, uint32_t seq)
{
	return cal_map_find(resolver->waiters, key(&seq));
}

void
cal_resolver_forget(struct cal_resolver *resolver, uint32_t seq)
{
	(void)cal_map_remove(resolver->waiters, key(&seq));
}

size_t
cal_resolver_count(const struct cal_resolver *resolver)
{
	return cal_map_count(resolver->waiters);
}
