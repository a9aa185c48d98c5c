/*
 * Who waits for which answer.  Every call in flight has a sequence number of
 * its own, from 0 up, and round again after 2^32 - 1; a number that is still
 * out is never given again.
 */
#ifndef CAL_RPC_RESOLVER_H
#define CAL_RPC_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

struct cal_resolver;

struct cal_resolver *cal_resolver_new(uint32_t first);
void cal_resolver_free(struct cal_resolver *resolver);

/* Gives waiter (not NULL) a number; at most 2^30 wait at a time. */
uint32_t cal_resolver_wait(struct cal_resolver *resolver, void *waiter);

/* Who waits for this number, or NULL. */
void *cal_resolver_find(const struct cal_resolver *resolver, uint32_t seq);

void cal_resolver_forget(struct cal_resolver *resolver, uint32_t seq);

size_t cal_resolver_count(const struct cal_resolver *resolver);

#endif
