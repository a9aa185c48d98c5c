/*
 * Inside a pool: what pool.c (jobs) and pool_place.c (workers) share.  Nobody
 * else includes this.
 */
#ifndef CAL_EXEC_POOL_PARTS_H
#define CAL_EXEC_POOL_PARTS_H

#include <ev.h>

#include "base/log.h"
#include "base/spare.h"
#include "exec/pool.h"
#include "exec/worker.h"

/* Where one worker is, or will be. */
struct cal_place {
	struct cal_pool *pool;
	struct cal_worker *worker;      /* NULL: between two */
	ev_timer restart;
	double started;
	double pause;                   /* before the next, in seconds */
};

struct cal_pool {
	struct cal_handler handler;     /* first */
	struct cal_pool_conf conf;
	struct ev_loop *loop;
	char *path;
	char **argv;
	char *name;                     /* for words: of the method */
	char *variable;                 /* CAL_METHOD=... */
	char **env;
	struct cal_place *places;
	struct cal_askeds waiting;      /* no worker has them */
	struct cal_spares spare_askeds;
	ev_timer settle;                /* fed: some of them were stopped, or
	                                   the pool is closed and empty */
	char trouble[CAL_ERR_TEXT];     /* why the last worker ended */
	struct cal_log_gate gate;
	bool closing;
};

/* pool.c: a worker has room, or there will be none for a while. */
void cal_pool_hand_out(struct cal_pool *pool);
void cal_pool_refuse(struct cal_pool *pool);

/* pool.c: the last worker of a pool that closes has ended. */
void cal_pool_free(struct cal_pool *pool);

/* pool.c: the outcome of asked is there; asked is freed. */
void cal_pool_finish(struct cal_pool *pool, struct cal_asked *asked,
    struct cal_outcome *outcome);

/* pool_place.c */
void cal_place_init(struct cal_place *place, struct cal_pool *pool);
void cal_place_start(struct cal_place *place);
void cal_place_close(struct cal_place *place);

/* Is no worker there, and the next one far off? */
bool cal_places_deserted(const struct cal_pool *pool);

#endif
