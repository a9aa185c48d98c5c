/* The callers of a server over Redis: a link for each that was heard of. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/mem.h"
#include "transport/redis_serve.h"

struct cal_redis_caller *
cal_redis_caller_find(const struct cal_redis_server *rs, struct cal_slice cid)
{
	return cid.len == 0 ? rs->anybody : cal_map_find(rs->by_cid, cid);
}

static void
caller_free(struct cal_redis_server *rs, struct cal_redis_caller *caller)
{
	TAILQ_REMOVE(TAILQ_EMPTY(&caller->requests) ? &rs->idle :
	    &rs->busy_callers, caller, next);
	rs->callers_count--;
	if (caller == rs->anybody)
		rs->anybody = NULL;
	else
		(void)cal_map_remove(rs->by_cid, cal_slice_of(caller->cid,
		    sizeof(caller->cid)));
	free(caller);
}

/* Nobody says that he has left: those that were not heard of for longest go. */
static void
make_room(struct cal_redis_server *rs)
{
	struct cal_redis_caller *caller;

	while (rs->callers_count >= CAL_REDIS_CALLERS &&
	    (caller = TAILQ_FIRST(&rs->idle)) != NULL) {
		rs->conn.conf.events->down(rs->conn.conf.arg, &caller->link);
		caller_free(rs, caller);
	}
}

struct cal_redis_caller *
cal_redis_caller_get(struct cal_redis_server *rs, struct cal_slice cid)
{
	struct cal_redis_caller *caller = cal_redis_caller_find(rs, cid);

	if (caller != NULL)
		return caller;
	make_room(rs);
	CAL_NEW(caller);
	TAILQ_INIT(&caller->requests);
	TAILQ_INSERT_TAIL(&rs->idle, caller, next);
	rs->callers_count++;
	if (cid.len == 0) {
		rs->anybody = caller;
		(void)snprintf(caller->link.name, sizeof(caller->link.name),
		    "anybody");
	} else {
		memcpy(caller->cid, cid.ptr, sizeof(caller->cid));
		cal_hex_text(caller->link.name, cid);
		(void)cal_map_put(rs->by_cid, cid, caller);
	}
	rs->conn.conf.events->up(rs->conn.conf.arg, &caller->link);
	return caller;
}

void
cal_redis_caller_moved(struct cal_redis_server *rs,
    struct cal_redis_caller *caller)
{
	bool idle = TAILQ_EMPTY(&caller->requests);

	TAILQ_REMOVE(idle ? &rs->busy_callers : &rs->idle, caller, next);
	TAILQ_INSERT_TAIL(idle ? &rs->idle : &rs->busy_callers, caller, next);
}

void
cal_redis_callers_release(struct cal_redis_server *rs)
{
	struct cal_redis_caller *caller;

	while ((caller = TAILQ_FIRST(&rs->idle)) != NULL ||
	    (caller = TAILQ_FIRST(&rs->busy_callers)) != NULL)
		caller_free(rs, caller);
	cal_map_free(rs->by_cid);
}
