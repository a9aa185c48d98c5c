/*
 * Claims that are found: first what Redis calls ours and never came to us, and
 * then, again and again, what others have left for a whole lease.
 *
 * Pages are small, since a script holds Redis up, and a page may be as many
 * bytes as its messages have.
 */
#include "transport/redis_claims_parts.h"

#include <stdio.h>

enum {
	ENTRIES, COUNTS, GONE, BURIED, START,   /* the parts of an answer */
	PARTS,
	HELD_MAX = CAL_REDIS_WORDS - 32,        /* ids of one command */
};

static unsigned
count_of(const redisReply *counts, size_t number)
{
	const redisReply *count;

	if (number >= counts->elements)
		return 0;
	count = counts->element[number];
	if (count->type != REDIS_REPLY_INTEGER || count->integer < 0 ||
	    count->integer > INT32_MAX)
		return 0;
	return (unsigned)count->integer;
}

/*
 * What came to us once and was lost on its way has not been handed up: it was
 * counted, and that is of its next delivery.
 */
static void
take_entry(struct cal_redis_claims *claims,
    const struct cal_redis_entry *entry, unsigned count)
{
	struct cal_redis_claim *claim = cal_redis_claim_find(claims,
	    entry->id);

	if (claim != NULL) {
		claim->lost = false;
		return;
	}
	claim = cal_redis_claim_new(claims, entry->id, true);
	claim->deliveries = count;
	if (claims->was_ready && claims->state != CAL_REDIS_RUNNING &&
	    count > 0) {
		claim->deliveries--;
		claim->counted = true;
	}
	if (claims->leaving)
		cal_redis_claims_settle(claims, (uintptr_t)claim,
		    CAL_SETTLE_BACK, NULL);
	else
		claims->conf.claimed(claims->conf.arg, entry,
		    (uintptr_t)claim);
}

static void
say_buried(struct cal_redis_claims *claims, const redisReply *buried)
{
	struct cal_redis_id id;
	struct cal_slice text;
	size_t i;

	for (i = 0; i < buried->elements; i++) {
		text = cal_redis_text(buried->element[i]);
		if (cal_redis_id_read(&id, text))
			cal_log(CAL_LOG_FAILURE, "message %.*s is put away in "
			    "'%s': it had %u deliveries", (int)text.len,
			    (const char *)text.ptr, claims->dead,
			    claims->conf.max_deliver);
	}
}

static bool
is_page(const redisReply *reply)
{
	static const int types[] = {
		[ENTRIES] = REDIS_REPLY_ARRAY, [COUNTS] = REDIS_REPLY_ARRAY,
		[GONE] = REDIS_REPLY_INTEGER, [BURIED] = REDIS_REPLY_ARRAY,
		[START] = REDIS_REPLY_STRING,
	};
	size_t i;

	if (reply->elements != PARTS)
		return false;
	for (i = 0; i < PARTS; i++)
		if (reply->element[i]->type != types[i])
			return false;
	return reply->element[START]->len <= CAL_REDIS_ID_MAX + 1;
}

static void
take_page(struct cal_redis_claims *claims, const redisReply *reply)
{
	const redisReply *entries = reply->element[ENTRIES];
	struct cal_redis_entry entry;
	long long gone = reply->element[GONE]->integer;
	size_t i;

	say_buried(claims, reply->element[BURIED]);
	if (gone > 0 && claims->conf.trimmed != NULL)
		claims->conf.trimmed(claims->conf.arg, (uint64_t)gone);
	for (i = 0; i < entries->elements; i++)
		if (cal_redis_entry(&entry, entries, i))
			take_entry(claims, &entry,
			    count_of(reply->element[COUNTS], i));
}

/*
 * One that is late, of before a recovery, still is of what is ours now: its
 * entries are taken, but the paging is another's.
 */
static void
on_page(struct cal_redis_ask *ask, const redisReply *reply)
{
	struct cal_redis_claims *claims = ask->claims;
	bool late = claims->taking != ask;

	if (!late)
		claims->taking = NULL;
	if (!is_page(reply))
		return;
	take_page(claims, reply);
	if (late || claims->taking != NULL)
		return;
	(void)snprintf(claims->start, sizeof(claims->start), "%s",
	    reply->element[START]->str);
	if (claims->start[0] == '\0')
		cal_redis_claims_fetched(claims);
	else if (claims->conf.room(claims->conf.arg) == 0)
		claims->due = true;
	else
		cal_redis_claims_fetch(claims);
}

static void
on_no_page(struct cal_redis_ask *ask)
{
	if (ask->claims->taking != ask)
		return;
	ask->claims->taking = NULL;
	ask->claims->due = true;
}

static void
add_held(struct cal_redis_claims *claims)
{
	struct cal_redis_claim *claim;
	size_t count = 0;

	TAILQ_FOREACH(claim, &claims->held, next)
		if (count++ < HELD_MAX)
			cal_redis_add_text(&claims->words, claim->id);
	TAILQ_FOREACH(claim, &claims->settled, next)
		if (count++ < HELD_MAX)
			cal_redis_add_text(&claims->words, claim->id);
}

static void
ask_for(struct cal_redis_claims *claims, size_t room)
{
	struct cal_redis_words *words = &claims->words;
	struct cal_redis_ask *ask = cal_redis_ask_new(claims);

	ask->answer = on_page;
	ask->failed = on_no_page;
	cal_redis_script_begin(claims, CAL_REDIS_SCRIPT_TAKE);
	if (claims->state == CAL_REDIS_FETCHING)
		cal_redis_add_text(words, "-1");
	else
		cal_redis_add_number(words,
		    (uint64_t)(claims->conf.lease * 1e3));
	cal_redis_add_text(words, claims->start);
	cal_redis_add_number(words, CAL_REDIS_CLAIM_BATCH);
	cal_redis_add_number(words, room);
	cal_redis_add_number(words, CAL_REDIS_CLAIM_BYTES);
	cal_redis_add_number(words, claims->conf.max_deliver);
	cal_redis_add_text(words, "nobody settled it");
	add_held(claims);
	claims->taking = ask;
	claims->due = false;
	cal_redis_claims_ask(ask);
}

void
cal_redis_claims_fetch(struct cal_redis_claims *claims)
{
	size_t room;

	if (claims->taking != NULL || claims->leaving)
		return;
	if (claims->state != CAL_REDIS_FETCHING &&
	    claims->state != CAL_REDIS_RUNNING)
		return;
	room = claims->conf.room(claims->conf.arg);
	/* That nothing was lost on its way to us can be seen without room. */
	if (room == 0 && claims->state == CAL_REDIS_RUNNING)
		claims->due = true;
	else
		ask_for(claims, room);
}
