/*
 * Entries that came with one reply, kept for as long as a message that was
 * made of one is: bodies are never copied.  Inside the Redis transport.
 */
#ifndef CAL_TRANSPORT_REDIS_BATCH_H
#define CAL_TRANSPORT_REDIS_BATCH_H

#include <sys/queue.h>

#include "transport/redis.h"

struct cal_redis_batch {
	struct cal_hold hold;           /* first: what a message keeps */
	unsigned holders;               /* whoever made it, and messages */
	redisReply *entries;
	size_t count;
	size_t next;                    /* the first that was not handed up */
	uint64_t *receipts;             /* one for each; NULL: none */
	bool ours;                      /* they may be handed up */
	void *owner;                    /* whoever made it */
	TAILQ_ENTRY(cal_redis_batch) in_queue;
};
TAILQ_HEAD(cal_redis_batches, cal_redis_batch);

/*
 * Takes the entries of stream out of a reply of XREAD or XREADGROUP, which is
 * left without them.  NULL: it has none.
 */
struct cal_redis_batch *cal_redis_batch_take(const redisReply *reply,
    const char *stream);

/* Its maker needs it no more; messages may. */
void cal_redis_batch_drop(struct cal_redis_batch *batch);

/* One more message of it. */
struct cal_hold *cal_redis_batch_hold(struct cal_redis_batch *batch);

/* The bytes of one entry. */
size_t cal_redis_batch_size(const struct cal_redis_batch *batch,
    size_t number);

#endif
