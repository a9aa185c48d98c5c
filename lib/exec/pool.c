/*
 * The handler kind "pool": the jobs that workers have, and those that wait for
 * one.
 *
 * The order above lets in as many jobs as all workers together take, so that
 * jobs wait here only while workers are missing, or busy with what was
 * cancelled.
 */
#include "base/mem.h"
#include "exec/pool_parts.h"

#include <stdlib.h>
#include <sys/resource.h>

enum {
	WORKER_FDS = 3,         /* descriptors of ours for a worker's pipes */
	SPARE_FDS = 64,         /* for peers, and for all the rest */
};

void
cal_pool_finish(struct cal_pool *pool, struct cal_asked *asked,
    struct cal_outcome *outcome)
{
	struct cal_job *job = asked->job;

	cal_spare_give(&pool->spare_askeds, asked);
	job->work = NULL;
	job->ended(job, outcome);
}

/* The worker with the fewest jobs that takes one more, or NULL. */
static struct cal_worker *
find_worker(const struct cal_pool *pool)
{
	struct cal_worker *best = NULL, *worker;
	size_t i, load, least = pool->conf.depth;

	for (i = 0; i < pool->conf.processes && least > 0; i++) {
		worker = pool->places[i].worker;
		if (worker == NULL || (load = cal_worker_load(worker)) >= least)
			continue;
		best = worker;
		least = load;
	}
	return best;
}

/* Takes asked out of those that wait and refuses it. */
static void
refuse(struct cal_pool *pool, struct cal_asked *asked, const char *name,
    const char *why)
{
	struct cal_outcome outcome = { 0 };

	TAILQ_REMOVE(&pool->waiting, asked, next);
	cal_outcome_refuse(&outcome, CAL_VERDICT_ERROR, name, "%s", why);
	cal_pool_finish(pool, asked, &outcome);
}

void
cal_pool_hand_out(struct cal_pool *pool)
{
	struct cal_worker *worker;
	struct cal_asked *asked, *next;
	struct cal_err err;

	for (asked = TAILQ_FIRST(&pool->waiting); asked != NULL &&
	    (worker = find_worker(pool)) != NULL; asked = next) {
		next = TAILQ_NEXT(asked, next);
		if (asked->stop != CAL_STOP_NONE)
			continue;       /* it is about to be settled */
		TAILQ_REMOVE(&pool->waiting, asked, next);
		if (cal_worker_ask(worker, asked, &err) == CAL_OK)
			continue;
		TAILQ_INSERT_HEAD(&pool->waiting, asked, next);
		refuse(pool, asked, "BadRequest", err.text);
		next = TAILQ_FIRST(&pool->waiting);
	}
}

void
cal_pool_refuse(struct cal_pool *pool)
{
	struct cal_asked *asked;
	struct cal_err err;

	(void)cal_fail(&err, CAL_ETEMP, "no worker is running; the last one "
	    "ended: %s", pool->trouble);
	while ((asked = TAILQ_FIRST(&pool->waiting)) != NULL)
		refuse(pool, asked, "Busy", err.text);
}

static void
on_settle(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_pool *pool = timer->data;
	struct cal_outcome outcome = { 0 };
	struct cal_asked *asked, *next;

	(void)loop;
	(void)revents;
	if (pool->closing) {
		cal_pool_free(pool);
		return;
	}
	for (asked = TAILQ_FIRST(&pool->waiting); asked != NULL;
	    asked = next) {
		next = TAILQ_NEXT(asked, next);
		if (asked->stop == CAL_STOP_NONE)
			continue;
		TAILQ_REMOVE(&pool->waiting, asked, next);
		cal_outcome_stop(&outcome, asked->stop);
		cal_pool_finish(pool, asked, &outcome);
	}
}

/* The handler. */

static int
start(struct cal_handler *handler, struct cal_job *job, struct cal_err *err)
{
	struct cal_pool *pool = (struct cal_pool *)handler;
	struct cal_worker *worker = NULL;
	struct cal_asked *asked;
	int rc;

	if (cal_places_deserted(pool))
		return cal_fail(err, CAL_ETEMP, "no worker is running; the "
		    "last one ended: %s", pool->trouble);
	asked = cal_spare_take(&pool->spare_askeds, sizeof(*asked));
	*asked = (struct cal_asked){ .job = job };
	if (TAILQ_EMPTY(&pool->waiting))
		worker = find_worker(pool);
	if (worker == NULL) {
		TAILQ_INSERT_TAIL(&pool->waiting, asked, next);
	} else if ((rc = cal_worker_ask(worker, asked, err)) != CAL_OK) {
		cal_spare_give(&pool->spare_askeds, asked);
		return rc;
	}
	job->work = asked;
	return CAL_OK;
}

static void
stop(struct cal_handler *handler, struct cal_job *job, enum cal_stop why)
{
	struct cal_pool *pool = (struct cal_pool *)handler;
	struct cal_asked *asked = job->work;

	if (asked->worker != NULL) {
		cal_worker_drop(asked->worker, asked, why);
		return;
	}
	if (asked->stop == CAL_STOP_NONE)
		asked->stop = why;
	ev_feed_event(pool->loop, &pool->settle, 0);
}

static void
kill_worker(struct cal_handler *handler, struct cal_job *job)
{
	struct cal_asked *asked = job->work;

	(void)handler;
	if (asked->worker != NULL)
		cal_worker_kill(asked->worker);
}

static void
close_pool(struct cal_handler *handler)
{
	struct cal_pool *pool = (struct cal_pool *)handler;
	bool busy = false;
	size_t i;

	pool->closing = true;
	for (i = 0; i < pool->conf.processes; i++) {
		busy = busy || pool->places[i].worker != NULL;
		cal_place_close(&pool->places[i]);
	}
	/* Later: its last job may have ended in the middle of something. */
	if (!busy)
		ev_feed_event(pool->loop, &pool->settle, 0);
}

static const struct cal_handler_ops pool_ops = {
	.start = start,
	.stop = stop,
	.kill = kill_worker,
	.free = close_pool,
};

void
cal_pool_free(struct cal_pool *pool)
{
	ev_clear_pending(pool->loop, &pool->settle);
	cal_spares_release(&pool->spare_askeds);
	cal_argv_free(pool->argv);
	free(pool->env);                /* its strings are lent */
	free(pool->variable);
	free(pool->name);
	free(pool->path);
	free(pool->places);
	free(pool);
}

/* The base environment, and the name of the method if there is but one. */
static void
make_env(struct cal_pool *pool)
{
	const char *const *base = pool->conf.command.env;
	size_t count = 0;

	while (base[count] != NULL)
		count++;
	pool->env = cal_calloc(count + 2, sizeof(*pool->env));
	/* posix_spawn takes them without const, and leaves them alone. */
	memcpy(pool->env, base, count * sizeof(*pool->env));
	if (pool->conf.method == NULL)
		return;
	pool->variable = cal_asprintf("CAL_METHOD=%s", pool->conf.method);
	pool->env[count] = pool->variable;
}

/* libzmq ends the process that has no descriptors for it. */
int
cal_pool_check_room(size_t workers, struct cal_err *err)
{
	size_t fds = WORKER_FDS * workers + SPARE_FDS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 || fds <= limit.rlim_max)
		return CAL_OK;
	return cal_fail(err, CAL_EOS, "%zu workers need %zu descriptors; the "
	    "limit is %llu (ulimit -n)", workers, fds,
	    (unsigned long long)limit.rlim_max);
}

int
cal_pool_new(struct cal_handler **handlerp, const struct cal_pool_conf *conf,
    struct cal_err *err)
{
	struct cal_pool *pool;
	char *path;
	size_t i;
	int rc;

	*handlerp = NULL;
	rc = cal_command_locate(&path, conf->command.argv[0], err);
	if (rc != CAL_OK)
		return rc;
	CAL_NEW(pool);
	pool->handler.ops = &pool_ops;
	pool->handler.capacity = conf->processes * conf->depth;
	pool->conf = *conf;
	pool->loop = conf->command.loop;
	pool->path = path;
	pool->argv = cal_argv_copy(conf->command.argv);
	pool->name = cal_strdup(conf->method != NULL ? conf->method :
	    conf->name != NULL ? conf->name : "*");
	make_env(pool);
	TAILQ_INIT(&pool->waiting);
	ev_init(&pool->settle, on_settle);
	pool->settle.data = pool;
	pool->places = cal_calloc(conf->processes, sizeof(*pool->places));
	for (i = 0; i < conf->processes; i++)
		cal_place_init(&pool->places[i], pool);
	for (i = 0; i < conf->processes; i++)
		cal_place_start(&pool->places[i]);
	*handlerp = &pool->handler;
	return CAL_OK;
}
