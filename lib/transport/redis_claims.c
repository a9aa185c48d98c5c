/*
 * Claims: their beginning and end, and what is said at which time.
 *
 * A recovery goes by what Redis answers: with the first renewal it is known
 * that the name is ours and the group there, then what was settled is told,
 * then all that Redis calls ours and that never came to us is fetched, page by
 * page.  Only then may anything new be read: what is older comes first.
 */
#include "transport/redis_claims_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "transport/redis_durable.h"
#include "transport/redis_group.h"

static const double NAME_REST = 0.5;    /* seconds, beyond a dead owner's lock */

void
cal_redis_claims_wake(struct cal_redis_claims *claims)
{
	if (!ev_is_pending(&claims->turn))
		ev_feed_event(claims->conf.loop, &claims->turn, 0);
}

/* Recovery. */

static void
start_timers(struct cal_redis_claims *claims)
{
	double lease = claims->conf.lease, third = lease / 3;
	double lock = CAL_REDIS_LOCK_MS / 3e3;

	if (claims->lock != NULL && third > lock)
		third = lock;
	ev_timer_set(&claims->renew, third, third);
	ev_timer_start(claims->conf.loop, &claims->renew);
	ev_timer_set(&claims->reap, cal_random_unit() * (lease < 1 ? lease / 2 :
	    0.5), 0);
	ev_timer_start(claims->conf.loop, &claims->reap);
}

/* All that was ours is here. */
static void
become_ready(struct cal_redis_claims *claims)
{
	claims->state = CAL_REDIS_RUNNING;
	if (claims->conf.durable && !claims->was_ready &&
	    cal_redis_session_is_up(claims->conf.session))
		cal_redis_durable_check(claims->conf.session, &claims->words);
	claims->was_ready = true;
	start_timers(claims);
	claims->conf.ready(claims->conf.arg);
}

static void
reap_later(struct cal_redis_claims *claims)
{
	double half = claims->conf.lease / 2;

	ev_timer_stop(claims->conf.loop, &claims->reap);
	ev_timer_set(&claims->reap, half * (0.75 + cal_random_unit() / 2), 0);
	ev_timer_start(claims->conf.loop, &claims->reap);
}

void
cal_redis_claims_fetched(struct cal_redis_claims *claims)
{
	if (claims->state == CAL_REDIS_FETCHING)
		become_ready(claims);
	else if (claims->state == CAL_REDIS_RUNNING)
		reap_later(claims);
}

/* The name is ours, the group is there, and what is lost is known. */
static void
on_checked(struct cal_redis_claims *claims)
{
	if (claims->state != CAL_REDIS_CHECKING)
		return;
	claims->state = CAL_REDIS_FETCHING;
	claims->was_gone = claims->said_wait = false;
	cal_redis_claims_tell(claims);
	(void)snprintf(claims->start, sizeof(claims->start), "-");
	if (claims->leaving)
		cal_redis_claims_wake(claims);
	else
		cal_redis_claims_fetch(claims);
}

static void
check(struct cal_redis_claims *claims)
{
	claims->state = CAL_REDIS_CHECKING;
	cal_redis_claims_renew(claims, on_checked);
}

void
cal_redis_claims_recover(struct cal_redis_claims *claims)
{
	if (claims->state == CAL_REDIS_OVER)
		return;
	cal_redis_claims_halt(claims);
	claims->name_deadline = ev_now(claims->conf.loop) +
	    CAL_REDIS_LOCK_MS / 1e3 + NAME_REST;
	check(claims);
}

void
cal_redis_claims_halt(struct cal_redis_claims *claims)
{
	struct cal_redis_claim *claim;

	ev_timer_stop(claims->conf.loop, &claims->again);
	ev_timer_stop(claims->conf.loop, &claims->renew);
	ev_timer_stop(claims->conf.loop, &claims->reap);
	if (claims->state == CAL_REDIS_OVER)
		return;
	claims->state = CAL_REDIS_HALTED;
	claims->taking = NULL;
	claims->due = claims->said_leave = false;
	TAILQ_FOREACH(claim, &claims->settled, next)
		if (claim->sent) {
			claim->sent = false;
			claim->again = true;
		}
}

/* Times. */

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_claims *claims = timer->data;

	(void)loop;
	(void)revents;
	if (claims->state == CAL_REDIS_CHECKING)
		check(claims);
	else if (claims->state != CAL_REDIS_HALTED)
		cal_redis_claims_wake(claims);
	if (claims->due && claims->taking == NULL)
		cal_redis_claims_go_on(claims);
}

static void
on_renew(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	cal_redis_claims_renew(timer->data, NULL);
}

static void
on_reap(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_claims *claims = timer->data;

	(void)loop;
	(void)revents;
	if (claims->leaving)
		return;
	(void)snprintf(claims->start, sizeof(claims->start), "-");
	cal_redis_claims_fetch(claims);
}

void
cal_redis_claims_go_on(struct cal_redis_claims *claims)
{
	if (!claims->due || claims->leaving)
		return;
	claims->due = false;
	cal_redis_claims_fetch(claims);
}

/* Leaving. */

static void
on_left(struct cal_redis_ask *ask, const redisReply *reply)
{
	(void)reply;
	ask->claims->left = true;
	cal_redis_claims_wake(ask->claims);
}

static void
on_not_left(struct cal_redis_ask *ask)
{
	ask->claims->said_leave = false;
}

static void
say_leave(struct cal_redis_claims *claims)
{
	struct cal_redis_ask *ask = cal_redis_ask_new(claims);

	ask->answer = on_left;
	ask->failed = on_not_left;
	cal_redis_script_begin(claims, CAL_REDIS_SCRIPT_LEAVE);
	cal_redis_claims_ask(ask);
}

/* Redis has nothing of ours, or will never hear of us again. */
static bool
has_nothing(const struct cal_redis_claims *claims)
{
	return claims->state == CAL_REDIS_OVER || (!claims->was_ready &&
	    claims->count == 0 && cal_redis_claims_idle(claims));
}

static void
go_on_leaving(struct cal_redis_claims *claims)
{
	if (!claims->left && has_nothing(claims))
		claims->left = true;
	if (claims->left) {
		claims->leaving = false;
		cal_redis_claims_halt(claims);
		claims->state = CAL_REDIS_OVER;
		if (claims->conf.left != NULL)
			claims->conf.left(claims->conf.arg);
		return;
	}
	if (claims->said_leave || !cal_redis_claims_idle(claims) ||
	    claims->count > 0 || (claims->state != CAL_REDIS_RUNNING &&
	    claims->state != CAL_REDIS_FETCHING))
		return;
	claims->said_leave = true;
	say_leave(claims);
}

void
cal_redis_claims_leave(struct cal_redis_claims *claims)
{
	claims->leaving = true;
	cal_redis_claims_wake(claims);
}

static void
on_turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_claims *claims = timer->data;

	(void)loop;
	(void)revents;
	if (claims->state == CAL_REDIS_RUNNING ||
	    claims->state == CAL_REDIS_FETCHING)
		cal_redis_claims_tell(claims);
	if (claims->tell) {
		claims->tell = false;
		claims->conf.failed(claims->conf.arg, &claims->why);
	}
	if (claims->leaving)
		go_on_leaving(claims);
}

/* Beginning and end. */

static void
make_token(struct cal_redis_claims *claims)
{
	(void)snprintf(claims->token, sizeof(claims->token),
	    "%08x%08x%08x%08x", cal_random_u32(), cal_random_u32(),
	    cal_random_u32(), cal_random_u32());
}

static void
init_timers(struct cal_redis_claims *claims)
{
	ev_init(&claims->turn, on_turn);
	ev_init(&claims->again, on_again);
	ev_init(&claims->renew, on_renew);
	ev_init(&claims->reap, on_reap);
	claims->turn.data = claims->again.data = claims;
	claims->renew.data = claims->reap.data = claims;
}

struct cal_redis_claims *
cal_redis_claims_new(const struct cal_redis_claims_conf *conf)
{
	struct cal_redis_claims *claims;

	CAL_NEW(claims);
	claims->conf = *conf;
	make_token(claims);
	claims->stream = cal_strdup(conf->stream);
	claims->dead = cal_asprintf("%s.dead", conf->stream);
	claims->group = cal_strdup(conf->group);
	if (conf->consumer[0] == '\0') {
		claims->consumer = cal_redis_group_name();
	} else {
		claims->consumer = cal_strdup(conf->consumer);
		claims->lock = cal_asprintf("%s.lock.%s.%s", conf->stream,
		    conf->group, conf->consumer);
	}
	TAILQ_INIT(&claims->held);
	TAILQ_INIT(&claims->settled);
	TAILQ_INIT(&claims->asks);
	init_timers(claims);
	return claims;
}

static void
free_list(struct cal_redis_claim_list *list)
{
	struct cal_redis_claim *claim;

	while ((claim = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, claim, next);
		claim->over = true;
		cal_redis_claim_free(claim);
	}
}

void
cal_redis_claims_free(struct cal_redis_claims *claims)
{
	if (claims == NULL)
		return;
	cal_redis_claims_halt(claims);
	ev_clear_pending(claims->conf.loop, &claims->turn);
	while (!TAILQ_EMPTY(&claims->asks))
		cal_redis_ask_drop(TAILQ_FIRST(&claims->asks));
	free_list(&claims->held);
	free_list(&claims->settled);
	cal_redis_words_release(&claims->words);
	free(claims->stream);
	free(claims->dead);
	free(claims->lock);
	free(claims->group);
	free(claims->consumer);
	free(claims);
}

const char *
cal_redis_claims_trouble(const struct cal_redis_claims *claims)
{
	return claims->said_wait && claims->state == CAL_REDIS_CHECKING ?
	    "another process has the name of the consumer" : NULL;
}

const char *
cal_redis_claims_consumer(const struct cal_redis_claims *claims)
{
	return claims->consumer;
}
