/*
 * Commands that Redis does together, or none of them.  Inside the Redis
 * transport.
 */
#ifndef CAL_TRANSPORT_REDIS_MULTI_H
#define CAL_TRANSPORT_REDIS_MULTI_H

#include "transport/redis.h"

struct cal_redis_multi;

/*
 * CAL_REDIS_OK: all were done, and reply is the array of their own replies, any
 * of which may be an error; otherwise none was, but with CAL_REDIS_LOST, where
 * that is not known, and why says so in words.  Once, from the loop, or from
 * within cal_redis_session_close.
 */
typedef void cal_redis_multi_fn(void *arg, enum cal_redis_kind kind,
    const redisReply *reply, const struct cal_err *why);

/* The session must be up until the end. */
struct cal_redis_multi *cal_redis_multi_begin(
    struct cal_redis_session *session, cal_redis_multi_fn *fn, void *arg);

/* One of the commands. */
void cal_redis_multi_add(struct cal_redis_multi *multi,
    const struct cal_redis_words *words);

/* All are said, and multi is not the caller's any more. */
void cal_redis_multi_end(struct cal_redis_multi *multi);

#endif
