/*
 * Messages that wait to be handed over: a queue in the order of their numbers,
 * in which every outlet has a place of its own.  A parcel leaves when nobody
 * has it before him any more, and parcels leave in their order.
 */
#ifndef CAL_STREAM_PARCELS_H
#define CAL_STREAM_PARCELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"

struct cal_parcel {
	TAILQ_ENTRY(cal_parcel) next;
	struct cal_slice topic, header, body;   /* of its own memory */
	size_t takers;                  /* outlets that still have to take it */
	bool missed;                    /* some reader did not get it */
};

/* Zeroed but for the list: empty. */
struct cal_parcels {
	TAILQ_HEAD(, cal_parcel) list;
	size_t count, bytes;            /* bytes: of bodies */
};

void cal_parcels_init(struct cal_parcels *parcels);
void cal_parcels_release(struct cal_parcels *parcels);

/* Adds a copy at the end. */
struct cal_parcel *cal_parcels_add(struct cal_parcels *parcels,
    struct cal_slice topic, struct cal_slice header, struct cal_slice body);

/* Takes the first out: all of its takers have it. */
void cal_parcels_remove(struct cal_parcels *parcels);

static inline struct cal_parcel *
cal_parcels_first(const struct cal_parcels *parcels)
{
	return TAILQ_FIRST(&parcels->list);
}

static inline struct cal_parcel *
cal_parcel_next(const struct cal_parcel *parcel)
{
	return TAILQ_NEXT(parcel, next);
}

#endif
