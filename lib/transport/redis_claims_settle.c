/*
 * What becomes of claims: renewed, counted, settled.
 *
 * What is settled stays in a list until Redis has answered, and is said again
 * over the next connection when it did not: the second time it may be done
 * already, which is no reason to say that a lease was lost.
 */
#include "transport/redis_claims_parts.h"

#include <stdlib.h>

#include "base/mem.h"

static struct cal_redis_claim *
claim_of(uint64_t receipt)
{
	return (struct cal_redis_claim *)(uintptr_t)receipt;
}

struct cal_redis_claim *
cal_redis_claim_find(const struct cal_redis_claims *claims,
    struct cal_slice id)
{
	struct cal_redis_claim *claim;

	TAILQ_FOREACH(claim, &claims->held, next)
		if (cal_slice_is(id, claim->id))
			return claim;
	return NULL;
}

struct cal_redis_claim *
cal_redis_claim_new(struct cal_redis_claims *claims, struct cal_slice id,
    bool found)
{
	struct cal_redis_claim *claim;

	CAL_NEW(claim);
	if (id.len > CAL_REDIS_ID_MAX)
		id.len = CAL_REDIS_ID_MAX;      /* of nobody's message */
	if (id.len > 0)
		memcpy(claim->id, id.ptr, id.len);
	TAILQ_INSERT_TAIL(&claims->held, claim, next);
	claims->count++;
	claim->found = found;
	claims->found += found;
	return claim;
}

void
cal_redis_claim_free(struct cal_redis_claim *claim)
{
	claim->over = true;
	if (claim->asks > 0)
		return;
	free(claim->why);
	free(claim);
}

void
cal_redis_claim_lose(struct cal_redis_claims *claims,
    struct cal_redis_claim *claim)
{
	if (!claim->lost)
		cal_log_gated(&claims->lost_gate, CAL_LOG_WARNING,
		    "lost lease: message %s was not renewed in time, and is "
		    "another consumer's now", claim->id);
	claim->lost = true;
}

uint64_t
cal_redis_claims_take(struct cal_redis_claims *claims, struct cal_slice id)
{
	struct cal_redis_claim *claim;

	/* Most often none was found, and nothing is to be looked through. */
	if (claims->found > 0 && cal_redis_claim_find(claims, id) != NULL)
		return 0;
	claim = cal_redis_claim_new(claims, id, false);
	claim->counted = true;
	return (uintptr_t)claim;
}

size_t
cal_redis_claims_count(const struct cal_redis_claims *claims)
{
	return claims->count;
}

/* Renewing. */

static void
on_renewed(struct cal_redis_ask *ask, const redisReply *reply)
{
	size_t i;

	for (i = 0; i < ask->count; i++)
		if (cal_redis_ask_whose(reply, i) == CAL_REDIS_ANOTHERS)
			cal_redis_claim_lose(ask->claims, ask->list[i]);
	if (ask->last != NULL)
		ask->last(ask->claims);
}

static struct cal_redis_claim *
renew_some(struct cal_redis_claims *claims, struct cal_redis_claim *claim,
    void (*last)(struct cal_redis_claims *claims))
{
	struct cal_redis_ask *ask = cal_redis_ask_new(claims);

	ask->answer = on_renewed;
	cal_redis_script_begin(claims, CAL_REDIS_SCRIPT_RENEW);
	cal_redis_add_number(&claims->words, claims->was_gone);
	for (; claim != NULL && ask->count < CAL_REDIS_CLAIM_BATCH;
	    claim = TAILQ_NEXT(claim, next)) {
		if (claim->lost)
			continue;
		cal_redis_add_text(&claims->words, claim->id);
		cal_redis_ask_add(ask, claim);
	}
	if (claim == NULL)
		ask->last = last;
	cal_redis_claims_ask(ask);
	return claim;
}

void
cal_redis_claims_renew(struct cal_redis_claims *claims,
    void (*last)(struct cal_redis_claims *claims))
{
	struct cal_redis_claim *claim = TAILQ_FIRST(&claims->held);

	do {
		claim = renew_some(claims, claim, last);
	} while (claim != NULL);
}

/* Counting. */

static void
on_counted(struct cal_redis_ask *ask, const redisReply *reply)
{
	if (cal_redis_ask_whose(reply, 0) == CAL_REDIS_ANOTHERS)
		cal_redis_claim_lose(ask->claims, ask->list[0]);
}

static void
count(struct cal_redis_claims *claims, struct cal_redis_claim *claim)
{
	struct cal_redis_ask *ask;

	if (claims->state != CAL_REDIS_RUNNING &&
	    claims->state != CAL_REDIS_FETCHING)
		return;
	ask = cal_redis_ask_new(claims);
	ask->answer = on_counted;
	cal_redis_script_begin(claims, CAL_REDIS_SCRIPT_COUNT);
	cal_redis_add_text(&claims->words, claim->id);
	cal_redis_add_number(&claims->words, claim->deliveries);
	cal_redis_ask_add(ask, claim);
	cal_redis_claims_ask(ask);
}

unsigned
cal_redis_claims_deliveries(const struct cal_redis_claims *claims,
    uint64_t receipt)
{
	const struct cal_redis_claim *claim = claim_of(receipt);

	(void)claims;
	return claim->lost ? 0 : claim->deliveries < UINT32_MAX ?
	    claim->deliveries + 1 : UINT32_MAX;
}

unsigned
cal_redis_claims_begin(struct cal_redis_claims *claims, uint64_t receipt)
{
	struct cal_redis_claim *claim = claim_of(receipt);
	unsigned deliveries = cal_redis_claims_deliveries(claims, receipt);

	if (deliveries == 0)
		return 0;
	claim->deliveries = deliveries;
	if (!claim->counted)
		count(claims, claim);
	claim->counted = false;
	return claim->deliveries;
}

/* Settling. */

static void
over(struct cal_redis_claims *claims, struct cal_redis_claim *claim)
{
	TAILQ_REMOVE(&claims->settled, claim, next);
	cal_redis_claim_free(claim);
}

/* Redis says what it was. */
static void
note_settled(struct cal_redis_claims *claims, struct cal_redis_claim *claim,
    enum cal_redis_whose whose)
{
	if (claim->over)                /* told twice */
		return;
	if (whose == CAL_REDIS_TRIMMED) {
		if (claims->conf.trimmed != NULL)
			claims->conf.trimmed(claims->conf.arg, 1);
	} else if (whose == CAL_REDIS_ANOTHERS) {
		cal_redis_claim_lose(claims, claim);
	} else if (whose == CAL_REDIS_NOBODYS && !claim->again &&
	    claim->settle != CAL_SETTLE_BACK) {
		cal_log_gated(&claims->lost_gate, CAL_LOG_WARNING,
		    "lost lease: message %s is not waiting for anybody any "
		    "more", claim->id);
	}
	over(claims, claim);
}

static void
on_settled(struct cal_redis_ask *ask, const redisReply *reply)
{
	struct cal_redis_claims *claims = ask->claims;
	size_t i;

	for (i = 0; i < ask->count; i++)
		note_settled(claims, ask->list[i],
		    cal_redis_ask_whose(reply, i));
	if (claims->leaving)
		cal_redis_claims_wake(claims);
}

static void
on_not_settled(struct cal_redis_ask *ask)
{
	size_t i;

	for (i = 0; i < ask->count; i++) {
		ask->list[i]->sent = false;
		ask->list[i]->again = true;
	}
}

static struct cal_redis_ask *
begin(struct cal_redis_claims *claims, enum cal_settle settle)
{
	static const enum cal_redis_script scripts[] = {
		[CAL_SETTLE_DONE] = CAL_REDIS_SCRIPT_ACK,
		[CAL_SETTLE_DEAD] = CAL_REDIS_SCRIPT_DEAD,
		[CAL_SETTLE_BACK] = CAL_REDIS_SCRIPT_BACK,
	};
	struct cal_redis_ask *ask = cal_redis_ask_new(claims);

	ask->answer = on_settled;
	ask->failed = on_not_settled;
	cal_redis_script_begin(claims, scripts[settle]);
	if (settle == CAL_SETTLE_BACK)
		cal_redis_add_number(&claims->words,
		    (uint64_t)(claims->conf.lease * 1e3));
	return ask;
}

static void
add(struct cal_redis_ask *ask, struct cal_redis_claim *claim)
{
	struct cal_redis_words *words = &ask->claims->words;

	cal_redis_add_text(words, claim->id);
	if (claim->settle == CAL_SETTLE_DEAD) {
		cal_redis_add_number(words, claim->deliveries);
		cal_redis_add_text(words, claim->why == NULL ? "" :
		    claim->why);
	}
	claim->sent = true;
	cal_redis_ask_add(ask, claim);
}

/* All that were settled so, many at once but for dead ones. */
static void
tell(struct cal_redis_claims *claims, enum cal_settle settle)
{
	size_t most = settle == CAL_SETTLE_DEAD ? 1 : CAL_REDIS_CLAIM_BATCH;
	struct cal_redis_ask *ask = NULL;
	struct cal_redis_claim *claim;

	TAILQ_FOREACH(claim, &claims->settled, next) {
		if (claim->sent || claim->settle != settle)
			continue;
		if (ask == NULL)
			ask = begin(claims, settle);
		add(ask, claim);
		if (ask->count == most) {
			cal_redis_claims_ask(ask);
			ask = NULL;
		}
	}
	if (ask != NULL)
		cal_redis_claims_ask(ask);
}

void
cal_redis_claims_tell(struct cal_redis_claims *claims)
{
	tell(claims, CAL_SETTLE_DONE);
	tell(claims, CAL_SETTLE_DEAD);
	tell(claims, CAL_SETTLE_BACK);
}

static void
take_out(struct cal_redis_claims *claims, struct cal_redis_claim *claim)
{
	TAILQ_REMOVE(&claims->held, claim, next);
	claims->count--;
	claims->found -= claim->found;
	if (claims->leaving)
		cal_redis_claims_wake(claims);
}

/* Between two characters. */
static char *
cut_reason(const char *why)
{
	size_t len = strlen(why);

	if (len > CAL_DEAD_REASON)
		for (len = CAL_DEAD_REASON; len > 0 &&
		    ((unsigned char)why[len] & 0xc0) == 0x80; len--)
			;
	return cal_strndup(why, len);
}

void
cal_redis_claims_settle(struct cal_redis_claims *claims, uint64_t receipt,
    enum cal_settle settle, const char *why)
{
	struct cal_redis_claim *claim = claim_of(receipt);

	take_out(claims, claim);
	if (claim->lost && settle != CAL_SETTLE_BACK)
		cal_log_gated(&claims->lost_gate, CAL_LOG_WARNING,
		    "lost lease: message %s is not settled here", claim->id);
	if (claim->lost || claims->state == CAL_REDIS_OVER) {
		cal_redis_claim_free(claim);
		return;
	}
	claim->settle = settle;
	if (settle == CAL_SETTLE_DEAD && why != NULL)
		claim->why = cut_reason(why);
	TAILQ_INSERT_TAIL(&claims->settled, claim, next);
	cal_redis_claims_wake(claims);
}

void
cal_redis_claims_forget(struct cal_redis_claims *claims, uint64_t receipt)
{
	struct cal_redis_claim *claim = claim_of(receipt);

	take_out(claims, claim);
	cal_redis_claim_free(claim);
}

bool
cal_redis_claims_idle(const struct cal_redis_claims *claims)
{
	return TAILQ_EMPTY(&claims->settled);
}
