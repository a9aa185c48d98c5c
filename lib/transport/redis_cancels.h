/*
 * CANCELs of a service over Redis: every server hears all of them, and
 * remembers the last ones, for requests that it reads later.  Inside the Redis
 * transport.
 */
#ifndef CAL_TRANSPORT_REDIS_CANCELS_H
#define CAL_TRANSPORT_REDIS_CANCELS_H

#include "transport/redis_rpc.h"

enum { CAL_REDIS_CANCELS = 10000 };     /* that are remembered */

struct cal_redis_cancels;

struct cal_redis_cancels_conf {
	struct ev_loop *loop;
	const struct cal_url *url;      /* lent while it is open, as key is */
	const char *key;
	size_t max_body;

	/*
	 * All from the loop.  heard: a CANCEL came; all is lent.  known: all
	 * that were there before have come; once.
	 */
	void (*heard)(void *arg, const struct cal_rpcmsg *head,
	    struct cal_slice hdr, struct cal_slice msg);
	void (*known)(void *arg);
	void (*refused)(void *arg, const struct cal_err *err);
	void *arg;
};

int cal_redis_cancels_open(struct cal_redis_cancels **cancelsp,
    const struct cal_redis_cancels_conf *conf, struct cal_err *err);
void cal_redis_cancels_close(struct cal_redis_cancels *cancels);

/* Have all that were there before come? */
bool cal_redis_cancels_known(const struct cal_redis_cancels *cancels);

/* Is one remembered for this request? */
bool cal_redis_cancels_has(const struct cal_redis_cancels *cancels,
    const struct cal_rpcmsg *head);

#endif
