/*
 * The places of a pool: each has a worker, or waits to start the next.
 */
#include "exec/pool_parts.h"

#include <stdio.h>

static const double PAUSE_MIN = 0.1, PAUSE_MAX = 10;    /* seconds */
static const double LONG_LIFE = 10;
static const double FAR_OFF = 1;        /* not worth waiting for */

static void
on_answered(void *arg, struct cal_asked *asked, struct cal_outcome *outcome)
{
	struct cal_place *place = arg;

	if (place->pool->conf.command.no_traceback)
		cal_buf_release(&outcome->traceback);
	cal_pool_hand_out(place->pool);
	cal_pool_finish(place->pool, asked, outcome);
}

static void
on_unheard(void *arg, struct cal_asked *asked)
{
	struct cal_place *place = arg;

	TAILQ_INSERT_HEAD(&place->pool->waiting, asked, next);
}

/* Whoever ends without having been of use makes the next one wait longer. */
static double
next_pause(const struct cal_place *place, bool useful)
{
	double lived = ev_now(place->pool->loop) - place->started;

	if (useful || lived >= LONG_LIFE || place->pause == 0)
		return PAUSE_MIN;
	return place->pause * 2 < PAUSE_MAX ? place->pause * 2 : PAUSE_MAX;
}

static void
plan(struct cal_place *place, const char *why, bool useful)
{
	struct cal_pool *pool = place->pool;

	place->pause = next_pause(place, useful);
	(void)snprintf(pool->trouble, sizeof(pool->trouble), "%s", why);
	cal_log_gated(&pool->gate, CAL_LOG_WARNING, "a worker of '%s' ended: "
	    "%s; the next starts in %g s", pool->name, why, place->pause);
	ev_timer_set(&place->restart, place->pause, 0);
	ev_timer_start(pool->loop, &place->restart);
	if (cal_places_deserted(pool))
		cal_pool_refuse(pool);
	else
		cal_pool_hand_out(pool);
}

static bool
is_empty(const struct cal_pool *pool)
{
	size_t i;

	for (i = 0; i < pool->conf.processes; i++)
		if (pool->places[i].worker != NULL)
			return false;
	return true;
}

static void
on_ended(void *arg, struct cal_worker *worker, const char *why, bool useful)
{
	struct cal_place *place = arg;
	struct cal_pool *pool = place->pool;

	(void)worker;
	place->worker = NULL;
	if (pool->closing) {
		if (is_empty(pool))
			cal_pool_free(pool);
		return;
	}
	if (why == NULL)
		return;                 /* there will be no other */
	if (pool->conf.deaths != NULL)
		++*pool->conf.deaths;
	plan(place, why, useful);
}

static const struct cal_worker_events worker_events = {
	.answered = on_answered,
	.unheard = on_unheard,
	.ended = on_ended,
};

void
cal_place_start(struct cal_place *place)
{
	struct cal_pool *pool = place->pool;
	struct cal_worker_conf conf = {
		.process = {
			.reaper = pool->conf.command.reaper,
			.path = pool->path,
			.argv = pool->argv,
			.envp = pool->env,
			.kill_after = pool->conf.command.kill_after,
		},
		.dialect = pool->conf.dialect,
		.max_answer = pool->conf.max_answer,
		.name = pool->name,
		.events = &worker_events,
		.arg = place,
	};
	struct cal_err err;

	place->started = ev_now(pool->loop);
	if (cal_worker_start(&place->worker, &conf, &err) != CAL_OK)
		plan(place, err.text, false);
	else
		cal_pool_hand_out(pool);
}

static void
on_restart(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	cal_place_start(timer->data);
}

void
cal_place_init(struct cal_place *place, struct cal_pool *pool)
{
	place->pool = pool;
	ev_init(&place->restart, on_restart);
	place->restart.data = place;
}

void
cal_place_close(struct cal_place *place)
{
	ev_timer_stop(place->pool->loop, &place->restart);
	if (place->worker != NULL)
		cal_worker_leave(place->worker);
}

bool
cal_places_deserted(const struct cal_pool *pool)
{
	struct cal_place *place;
	size_t i;

	for (i = 0; i < pool->conf.processes; i++) {
		place = &pool->places[i];
		if (place->worker != NULL ||
		    ev_timer_remaining(pool->loop, &place->restart) <= FAR_OFF)
			return false;
	}
	return true;
}
