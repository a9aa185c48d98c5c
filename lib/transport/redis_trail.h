/*
 * How far somebody has read in a stream without a group, and how many entries
 * were taken out of it before he could read them.  Inside the Redis transport.
 *
 * Redis tells how many entries were ever added to a stream, how many there
 * are, and the ids of the first and the last.  That is enough to count while
 * nothing, or everything, of what is there stands behind the reader: what else
 * was added behind him is gone.  Otherwise something that he has read is still
 * there, and nothing behind it was trimmed.
 */
#ifndef CAL_TRANSPORT_REDIS_TRAIL_H
#define CAL_TRANSPORT_REDIS_TRAIL_H

#include "transport/redis.h"

/* A zeroed one is at the beginning. */
struct cal_redis_trail {
	struct cal_redis_id last;       /* all up to this was read */
	bool counted;                   /* is read known? */
	uint64_t read;                  /* of all that were ever added */
};

/* So many were read, up to id. */
void cal_redis_trail_go(struct cal_redis_trail *trail,
    const struct cal_redis_id *id, size_t count);

/* There is no stream: nothing was ever added. */
void cal_redis_trail_clear(struct cal_redis_trail *trail);

/*
 * Looks at a reply of XINFO STREAM: how many were gone since the last time.
 * The first one that tells enough begins the count.  Redis before 7.0 tells
 * too little.
 */
uint64_t cal_redis_trail_check(struct cal_redis_trail *trail,
    const redisReply *info);

#endif
