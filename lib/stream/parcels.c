/* A parcel and its bytes are one piece of memory. */
#include <stdlib.h>

#include "base/mem.h"
#include "stream/parcels.h"

struct packed {
	struct cal_parcel parcel;
	uint8_t bytes[];
};

void
cal_parcels_init(struct cal_parcels *parcels)
{
	*parcels = (struct cal_parcels){ .count = 0 };
	TAILQ_INIT(&parcels->list);
}

void
cal_parcels_release(struct cal_parcels *parcels)
{
	while (!TAILQ_EMPTY(&parcels->list))
		cal_parcels_remove(parcels);
}

struct cal_parcel *
cal_parcels_add(struct cal_parcels *parcels, struct cal_slice topic,
    struct cal_slice header, struct cal_slice body)
{
	struct packed *packed = cal_malloc(sizeof(*packed) + topic.len +
	    header.len + body.len);
	struct cal_parcel *parcel = &packed->parcel;
	uint8_t *to = packed->bytes;

	*parcel = (struct cal_parcel){ .takers = 0 };
	parcel->topic = cal_slice_keep(&to, topic);
	parcel->header = cal_slice_keep(&to, header);
	parcel->body = cal_slice_keep(&to, body);
	TAILQ_INSERT_TAIL(&parcels->list, parcel, next);
	parcels->count++;
	parcels->bytes += body.len;
	return parcel;
}

void
cal_parcels_remove(struct cal_parcels *parcels)
{
	struct cal_parcel *parcel = TAILQ_FIRST(&parcels->list);

	TAILQ_REMOVE(&parcels->list, parcel, next);
	parcels->count--;
	parcels->bytes -= parcel->body.len;
	free(parcel);
}
