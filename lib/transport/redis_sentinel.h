/*
 * Who is the master: sentinels are asked.  For the session, and nobody else.
 */
#ifndef CAL_TRANSPORT_REDIS_SENTINEL_H
#define CAL_TRANSPORT_REDIS_SENTINEL_H

#include "transport/redis.h"

struct cal_redis_sentinel;

/* Exactly one comes, from the loop, for each time that was asked. */
struct cal_redis_sentinel_conf {
	struct ev_loop *loop;
	const struct cal_url *url;      /* lent while it is there */
	/* master is lent, and has a host and a port. */
	void (*found)(void *arg, const struct cal_url *master);
	void (*failed)(void *arg, const struct cal_err *err);
	void *arg;
};

struct cal_redis_sentinel *cal_redis_sentinel_new(
    const struct cal_redis_sentinel_conf *conf);

/*
 * Asks one sentinel after the other, each for up to 1.5 s, until one names a
 * master; first the one that did so last.  CAL_ENOHOST: none of their names
 * resolves; CAL_EUNAVAIL: nobody can be asked.  Nothing follows then.
 */
int cal_redis_sentinel_ask(struct cal_redis_sentinel *rs, struct cal_err *err);

/*
 * Nothing comes any more.  NULL is no error.  Not during its events.
 */
void cal_redis_sentinel_free(struct cal_redis_sentinel *rs);

#endif
