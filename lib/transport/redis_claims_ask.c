/*
 * Asking Redis about claims, and what follows when it answers something else
 * than a script would: our name is another's, the group is gone, not now, never.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_claims_parts.h"

static const double AGAIN = 1;          /* seconds */

struct cal_redis_ask *
cal_redis_ask_new(struct cal_redis_claims *claims)
{
	struct cal_redis_ask *ask;

	CAL_NEW(ask);
	ask->claims = claims;
	return ask;
}

void
cal_redis_ask_add(struct cal_redis_ask *ask, struct cal_redis_claim *claim)
{
	claim->asks++;
	ask->list[ask->count++] = claim;
}

/* Its answer, which may come all the same, finds nobody. */
void
cal_redis_ask_drop(struct cal_redis_ask *ask)
{
	size_t i;

	TAILQ_REMOVE(&ask->claims->asks, ask, next);
	ask->claims = NULL;
	for (i = 0; i < ask->count; i++)
		if (--ask->list[i]->asks == 0 && ask->list[i]->over)
			cal_redis_claim_free(ask->list[i]);
}

enum cal_redis_whose
cal_redis_ask_whose(const redisReply *reply, size_t number)
{
	const redisReply *element;

	if (number >= reply->elements)
		return CAL_REDIS_NOBODYS;
	element = reply->element[number];
	if (element->type != REDIS_REPLY_INTEGER || element->integer < -1 ||
	    element->integer > CAL_REDIS_TRIMMED)
		return CAL_REDIS_NOBODYS;
	return (enum cal_redis_whose)element->integer;
}

/* It is told from the loop. */
static void
fail(struct cal_redis_claims *claims, const struct cal_err *why)
{
	if (claims->state == CAL_REDIS_OVER)
		return;
	cal_redis_claims_halt(claims);
	claims->state = CAL_REDIS_OVER;
	claims->why = *why;
	claims->tell = true;
	cal_redis_claims_wake(claims);
}

static void
try_again(struct cal_redis_claims *claims)
{
	if (ev_is_active(&claims->again))
		return;
	ev_timer_set(&claims->again, AGAIN, 0);
	ev_timer_start(claims->conf.loop, &claims->again);
}

/* Another process has our name, or had it and is no more. */
static void
lose_name(struct cal_redis_claims *claims)
{
	struct cal_redis_claim *claim;
	struct cal_err why;

	TAILQ_FOREACH(claim, &claims->held, next)
		cal_redis_claim_lose(claims, claim);
	if (claims->state == CAL_REDIS_RUNNING ||
	    claims->name_deadline <= ev_now(claims->conf.loop)) {
		(void)cal_fail(&why, CAL_ETEMP, "another process is consumer "
		    "'%s' of group '%s'", claims->consumer, claims->group);
		fail(claims, &why);
		return;
	}
	if (!claims->said_wait)
		cal_log(CAL_LOG_WARNING, "another process is consumer '%s' "
		    "of group '%s', or was until now: waiting",
		    claims->consumer, claims->group);
	claims->said_wait = true;
	claims->state = CAL_REDIS_CHECKING;
	try_again(claims);
}

static void
take_error(struct cal_redis_claims *claims, const redisReply *reply)
{
	struct cal_err why;

	switch (cal_redis_kind(reply, &why)) {
	case CAL_REDIS_OK:
		(void)cal_fail(&why, CAL_EPROTO,
		    "Redis answered a script with something else");
		fail(claims, &why);
		break;
	case CAL_REDIS_GONE:
		if (claims->leaving) {
			claims->left = true;
			cal_redis_claims_wake(claims);
			break;
		}
		cal_redis_claims_halt(claims);
		claims->was_gone = true;
		claims->conf.gone(claims->conf.arg);
		break;
	case CAL_REDIS_LATER:
		cal_log_gated(&claims->later_gate, CAL_LOG_WARNING,
		    "Redis does not settle messages just now: %s", why.text);
		try_again(claims);
		break;
	case CAL_REDIS_EXISTS:
	case CAL_REDIS_REFUSED:
		fail(claims, &why);
		break;
	case CAL_REDIS_LOST:
		break;                  /* the session says down */
	}
}

static void
on_answer(void *arg, const redisReply *reply)
{
	struct cal_redis_ask *ask = arg;
	struct cal_redis_claims *claims = ask->claims;

	if (claims == NULL) {
		free(ask);
		return;
	}
	if (reply != NULL && reply->type == REDIS_REPLY_ARRAY) {
		ask->answer(ask, reply);
	} else {
		if (ask->failed != NULL)
			ask->failed(ask);
		if (claims->state == CAL_REDIS_OVER ||
		    claims->state == CAL_REDIS_HALTED)
			;               /* it is known already */
		else if (reply != NULL && reply->type == REDIS_REPLY_STRING)
			lose_name(claims);
		else
			take_error(claims, reply);
	}
	cal_redis_ask_drop(ask);
	free(ask);
}

void
cal_redis_claims_ask(struct cal_redis_ask *ask)
{
	struct cal_redis_claims *claims = ask->claims;

	TAILQ_INSERT_TAIL(&claims->asks, ask, next);
	if (cal_redis_session_is_up(claims->conf.session))
		cal_redis_send(claims->conf.session, &claims->words, 0,
		    on_answer, ask);
	else
		on_answer(ask, NULL);   /* down is about to be told */
}
