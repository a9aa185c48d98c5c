/*
 * A consumer group, in the words of Redis: commands of whoever reads from one,
 * put together.  Inside the Redis transport.
 */
#ifndef CAL_TRANSPORT_REDIS_GROUP_H
#define CAL_TRANSPORT_REDIS_GROUP_H

#include "transport/redis.h"

/* Who reads, and from where; all lent. */
struct cal_redis_group {
	const char *stream, *group, *consumer;
};

/*
 * The name of a consumer that nobody else has, from those of host and process
 * and a random number.  The caller frees.
 */
char *cal_redis_group_name(void);

/*
 * Makes the group, and the stream if there is none; start is the id behind
 * which it begins, or "$".  BUSYGROUP: it is there already.
 */
void cal_redis_group_make(struct cal_redis_words *words,
    const struct cal_redis_group *group, const char *start);

/*
 * Reads up to count messages: own history behind the id from, or, with NULL,
 * what nobody was given yet; then it waits up to block_ms (0: not at all).
 */
void cal_redis_group_read(struct cal_redis_words *words,
    const struct cal_redis_group *group, const char *from, size_t count,
    unsigned block_ms);

/*
 * Deletes the consumer if nothing is pending for it, in one step: with one
 * that is deleted goes what is pending.  The answer is 1 then, else 0.
 */
void cal_redis_group_leave(struct cal_redis_words *words,
    const struct cal_redis_group *group);

#endif
