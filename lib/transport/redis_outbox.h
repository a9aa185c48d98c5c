/*
 * What is published to Redis and not yet told to be there: a queue in the order
 * in which it was published.  It counts; it does not talk.
 *
 * A draft waits until it is sent, and is stored when Redis answers.  What Redis
 * refuses for the moment waits again, and so does what was sent over a
 * connection that ended before the answer.  It leaves when it is sure and is
 * the first.
 */
#ifndef CAL_TRANSPORT_REDIS_OUTBOX_H
#define CAL_TRANSPORT_REDIS_OUTBOX_H

#include <sys/queue.h>

#include "transport/redis.h"

enum { CAL_REDIS_AHEAD = 1000 };        /* drafts in one outbox */

enum cal_draft_state {
	CAL_DRAFT_WAITS,
	CAL_DRAFT_SENT,         /* and not answered yet */
	CAL_DRAFT_STORED,       /* and not known to be on its replicas */
	CAL_DRAFT_SURE,
};

struct cal_redis_draft {
	TAILQ_ENTRY(cal_redis_draft) next;
	struct cal_redis_outbox *outbox;
	enum cal_draft_state state;
	unsigned losses;        /* connections that ended without an answer */
	struct cal_slice header, topic, body;   /* of its own memory */
	char id[CAL_REDIS_ID_MAX + 1];          /* once it is stored */
};

struct cal_redis_outbox {
	void *owner;                            /* whoever it is a part of */
	TAILQ_HEAD(cal_drafts, cal_redis_draft) list;
	struct cal_redis_draft *waiting;        /* the first that does */
	size_t max_bytes;
	size_t count, bytes;                    /* bytes: of bodies */
	size_t sent, stored;                    /* in this state */
	struct cal_conn_counts *counts;         /* unsent, unknown */
};

/* max_bytes: of bodies; one always has room.  counts is lent. */
void cal_redis_outbox_init(struct cal_redis_outbox *outbox, void *owner,
    size_t max_bytes, struct cal_conn_counts *counts);
void cal_redis_outbox_release(struct cal_redis_outbox *outbox);

/* Has it room for a body of so many bytes? */
bool cal_redis_outbox_has_room(const struct cal_redis_outbox *outbox,
    size_t len);

/* Adds a copy that waits. */
void cal_redis_outbox_add(struct cal_redis_outbox *outbox,
    const struct cal_frames *frames);

/* The first that waits was sent. */
void cal_redis_draft_sent(struct cal_redis_draft *draft);

/* Redis has it, by this id; sure: nothing more is to be waited for. */
void cal_redis_draft_stored(struct cal_redis_draft *draft,
    struct cal_slice id, bool sure);

/* Redis does not have it: it waits again. */
void cal_redis_draft_refused(struct cal_redis_draft *draft);

/* Nobody knows whether Redis has it: it waits again. */
void cal_redis_draft_lost(struct cal_redis_draft *draft);

/* All that are stored are sure. */
void cal_redis_outbox_settle(struct cal_redis_outbox *outbox);

/* The first, if it is sure; else NULL. */
struct cal_redis_draft *cal_redis_outbox_ripe(
    const struct cal_redis_outbox *outbox);

/* Takes the first out. */
void cal_redis_outbox_remove(struct cal_redis_outbox *outbox);

#endif
