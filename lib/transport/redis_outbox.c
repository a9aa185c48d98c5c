/*
 * A draft and its bytes are one piece of memory.
 *
 * What waits is mostly all that stands behind what was sent: the place where it
 * begins is kept, and only goes back when something has to be sent again.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_outbox.h"

struct packed {
	struct cal_redis_draft draft;
	uint8_t bytes[];
};

void
cal_redis_outbox_init(struct cal_redis_outbox *outbox, void *owner,
    size_t max_bytes, struct cal_conn_counts *counts)
{
	*outbox = (struct cal_redis_outbox){ .owner = owner };
	TAILQ_INIT(&outbox->list);
	outbox->max_bytes = max_bytes;
	outbox->counts = counts;
}

void
cal_redis_outbox_release(struct cal_redis_outbox *outbox)
{
	struct cal_redis_draft *draft;

	while ((draft = TAILQ_FIRST(&outbox->list)) != NULL) {
		TAILQ_REMOVE(&outbox->list, draft, next);
		free(draft);
	}
}

bool
cal_redis_outbox_has_room(const struct cal_redis_outbox *outbox, size_t len)
{
	return outbox->count == 0 || (outbox->count < CAL_REDIS_AHEAD &&
	    outbox->bytes + len <= outbox->max_bytes);
}

/* What is told of a draft if everything ends now; NULL: nothing. */
static uint64_t *
counter(const struct cal_redis_draft *draft)
{
	struct cal_conn_counts *counts = draft->outbox->counts;

	switch (draft->state) {
	case CAL_DRAFT_WAITS:
		return draft->losses > 0 ? &counts->unknown : &counts->unsent;
	case CAL_DRAFT_SENT:
		return &counts->unknown;
	case CAL_DRAFT_STORED:
	case CAL_DRAFT_SURE:
		break;
	}
	return NULL;
}

static void
count(const struct cal_redis_draft *draft, int step)
{
	struct cal_redis_outbox *outbox = draft->outbox;
	uint64_t *told = counter(draft);

	if (told != NULL)
		*told += (uint64_t)step;
	outbox->sent += draft->state == CAL_DRAFT_SENT ? (size_t)step : 0;
	outbox->stored += draft->state == CAL_DRAFT_STORED ? (size_t)step : 0;
}

static void
turn(struct cal_redis_draft *draft, enum cal_draft_state state)
{
	count(draft, -1);
	draft->state = state;
	count(draft, 1);
}

void
cal_redis_outbox_add(struct cal_redis_outbox *outbox,
    const struct cal_frames *frames)
{
	struct cal_slice topic = frames->pre_count > 0 ? frames->pre[0] :
	    cal_slice_of(NULL, 0);
	struct packed *packed = cal_malloc(sizeof(*packed) + topic.len +
	    frames->header.len + frames->payload.len);
	struct cal_redis_draft *draft = &packed->draft;
	uint8_t *to = packed->bytes;

	draft->outbox = outbox;
	draft->state = CAL_DRAFT_WAITS;
	draft->losses = 0;
	draft->topic = cal_slice_keep(&to, topic);
	draft->header = cal_slice_keep(&to, frames->header);
	draft->body = cal_slice_keep(&to, frames->payload);
	TAILQ_INSERT_TAIL(&outbox->list, draft, next);
	outbox->count++;
	outbox->bytes += draft->body.len;
	count(draft, 1);
	if (outbox->waiting == NULL)
		outbox->waiting = draft;
}

void
cal_redis_draft_sent(struct cal_redis_draft *draft)
{
	struct cal_redis_draft *next = draft;

	turn(draft, CAL_DRAFT_SENT);
	while (next != NULL && next->state != CAL_DRAFT_WAITS)
		next = TAILQ_NEXT(next, next);
	draft->outbox->waiting = next;
}

void
cal_redis_draft_stored(struct cal_redis_draft *draft, struct cal_slice id,
    bool sure)
{
	size_t len = id.len < CAL_REDIS_ID_MAX ? id.len : CAL_REDIS_ID_MAX;

	memcpy(draft->id, id.ptr, len);
	draft->id[len] = '\0';
	turn(draft, sure ? CAL_DRAFT_SURE : CAL_DRAFT_STORED);
}

/* It stands before or behind the others that wait. */
static void
look_for_waiting(struct cal_redis_outbox *outbox)
{
	struct cal_redis_draft *draft;

	TAILQ_FOREACH(draft, &outbox->list, next)
		if (draft->state == CAL_DRAFT_WAITS)
			break;
	outbox->waiting = draft;
}

void
cal_redis_draft_refused(struct cal_redis_draft *draft)
{
	turn(draft, CAL_DRAFT_WAITS);
	look_for_waiting(draft->outbox);
}

void
cal_redis_draft_lost(struct cal_redis_draft *draft)
{
	count(draft, -1);
	draft->losses++;
	draft->state = CAL_DRAFT_WAITS;
	count(draft, 1);
	look_for_waiting(draft->outbox);
}

void
cal_redis_outbox_settle(struct cal_redis_outbox *outbox)
{
	struct cal_redis_draft *draft;

	TAILQ_FOREACH(draft, &outbox->list, next)
		if (draft->state == CAL_DRAFT_STORED)
			turn(draft, CAL_DRAFT_SURE);
}

struct cal_redis_draft *
cal_redis_outbox_ripe(const struct cal_redis_outbox *outbox)
{
	struct cal_redis_draft *draft = TAILQ_FIRST(&outbox->list);

	return draft != NULL && draft->state == CAL_DRAFT_SURE ? draft : NULL;
}

void
cal_redis_outbox_remove(struct cal_redis_outbox *outbox)
{
	struct cal_redis_draft *draft = TAILQ_FIRST(&outbox->list);

	TAILQ_REMOVE(&outbox->list, draft, next);
	outbox->count--;
	outbox->bytes -= draft->body.len;
	count(draft, -1);
	free(draft);
}
