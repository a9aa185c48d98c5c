/*
 * Will Redis keep what it was given?  Whoever wants everything done at least
 * once is told at the start when it may not.
 */
#ifndef CAL_TRANSPORT_REDIS_DURABLE_H
#define CAL_TRANSPORT_REDIS_DURABLE_H

#include "transport/redis.h"

/*
 * Asks Redis, and logs a warning for each setting by which messages are lost:
 * no append-only file, or memory that is made free of any keys.  One that does
 * not say it (its user may not ask) is left alone.  Only while session is up.
 */
void cal_redis_durable_check(struct cal_redis_session *session,
    struct cal_redis_words *words);

#endif
