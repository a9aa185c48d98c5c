/*
 * The questions that a tap asks, and what their answers mean to it: a row for
 * each step.
 */
#include <stdlib.h>

#include "transport/redis_tap.h"

/* The next element of an array that has the name of a member in front. */
static const redisReply *
member(const redisReply *pairs, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < pairs->elements; i += 2)
		if (cal_slice_is(cal_redis_text(pairs->element[i]), name))
			return pairs->element[i + 1];
	return NULL;
}

/* END: where it begins and, maybe, where it is to end. */

static void
ask_end(struct cal_redis_tap *tap)
{
	cal_redis_begin(&tap->words, "XREVRANGE");
	cal_redis_add_text(&tap->words, tap->group.stream);
	cal_redis_add_text(&tap->words, "+");
	cal_redis_add_text(&tap->words, "-");
	cal_redis_add_text(&tap->words, "COUNT");
	cal_redis_add_text(&tap->words, "1");
	cal_redis_tap_send(tap, 0);
}

static void
told_end(struct cal_redis_tap *tap, const redisReply *reply)
{
	const struct cal_redis_id none = { .ms = 0 };
	struct cal_redis_entry entry;

	if (!cal_redis_entry(&entry, reply, 0) ||
	    !cal_redis_id_read(&tap->end, entry.id))
		tap->end = none;
	if (strcmp(tap->conf.start, "$") == 0)
		tap->trail.last = tap->end;
	tap->placed = true;
	if (tap->group.group != NULL) {
		tap->step = CAL_REDIS_GROUP;
		return;
	}
	tap->step = CAL_REDIS_NEW;
	if (tap->conf.leave &&
	    cal_redis_id_compare(&tap->end, &tap->trail.last) <= 0) {
		tap->reached = true;
		cal_redis_tap_be_up(tap);
	}
}

/*
 * LOOK: a group that was taken away is made again behind what we know of.  In
 * another stream by the same name, which is not as far, nothing is behind us.
 */

static void
ask_look(struct cal_redis_tap *tap)
{
	cal_redis_begin(&tap->words, "XINFO");
	cal_redis_add_text(&tap->words, "STREAM");
	cal_redis_add_text(&tap->words, tap->group.stream);
	cal_redis_tap_send(tap, 0);
}

static void
told_look(struct cal_redis_tap *tap, const redisReply *reply)
{
	const struct cal_redis_id none = { .ms = 0 };
	struct cal_redis_id last = none;
	struct cal_err why;

	if (cal_redis_kind(reply, &why) == CAL_REDIS_OK)
		(void)cal_redis_id_read(&last, cal_redis_text(member(reply,
		    "last-generated-id")));
	else if (strstr(why.text, "no such key") == NULL)
		last = tap->trail.last;
	if (cal_redis_id_compare(&last, &tap->trail.last) < 0)
		tap->trail.last = none;
	tap->step = CAL_REDIS_GROUP;
}

/* GROUP: it is made, if it is not there. */

static void
ask_group(struct cal_redis_tap *tap)
{
	char id[CAL_REDIS_ID_MAX + 1];

	cal_redis_id_write(id, &tap->trail.last);
	cal_redis_group_make(&tap->words, &tap->group,
	    tap->found ? id : tap->conf.start);
	cal_redis_tap_send(tap, 0);
}

static void
told_group(struct cal_redis_tap *tap, const redisReply *reply)
{
	if (tap->found && reply->type != REDIS_REPLY_ERROR)
		cal_log_gated(&tap->gone_gate, CAL_LOG_WARNING, "stream '%s' "
		    "or its group '%s' was removed: made it again",
		    tap->group.stream, tap->group.group);
	tap->found = true;
	tap->step = CAL_REDIS_PLACE;
}

/* PLACE: how far has the group come, with all that read from it? */

static void
ask_place(struct cal_redis_tap *tap)
{
	cal_redis_begin(&tap->words, "XINFO");
	cal_redis_add_text(&tap->words, "GROUPS");
	cal_redis_add_text(&tap->words, tap->group.stream);
	cal_redis_tap_send(tap, 0);
}

static void
told_place(struct cal_redis_tap *tap, const redisReply *reply)
{
	struct cal_redis_id last;
	size_t i;

	for (i = 0; i < reply->elements; i++) {
		const redisReply *one = reply->element[i];

		if (cal_slice_is(cal_redis_text(member(one, "name")),
		    tap->group.group) && cal_redis_id_read(&last,
		    cal_redis_text(member(one, "last-delivered-id"))))
			cal_redis_trail_go(&tap->trail, &last, 0);
	}
	tap->past = (struct cal_redis_id){ .ms = 0 };
	if (tap->claims != NULL)
		tap->step = CAL_REDIS_RECOVER;
	else
		tap->step = tap->choked ? CAL_REDIS_SKIP : CAL_REDIS_HISTORY;
}

/*
 * SKIP: an entry that is alone, and still too large for an answer, is no
 * message, whatever it is.  It is the next one behind us, or the first of our
 * history; its id can be had without the rest of it.
 */

static void
ask_skip_alone(struct cal_redis_tap *tap)
{
	static const char script[] = "local next = redis.call('XRANGE', "
	    "KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1) "
	    "return next[1] and {{next[1][1]}} or {}";
	char id[CAL_REDIS_ID_MAX + 1];

	cal_redis_id_write(id, &tap->trail.last);
	cal_redis_begin(&tap->words, "EVAL");
	cal_redis_add_text(&tap->words, script);
	cal_redis_add_text(&tap->words, "1");
	cal_redis_add_text(&tap->words, tap->group.stream);
	cal_redis_add_text(&tap->words, id);
}

static void
ask_skip(struct cal_redis_tap *tap)
{
	if (tap->group.group == NULL) {
		ask_skip_alone(tap);
	} else {
		cal_redis_begin(&tap->words, "XPENDING");
		cal_redis_add_text(&tap->words, tap->group.stream);
		cal_redis_add_text(&tap->words, tap->group.group);
		cal_redis_add_text(&tap->words, "-");
		cal_redis_add_text(&tap->words, "+");
		cal_redis_add_text(&tap->words, "1");
		cal_redis_add_text(&tap->words, tap->group.consumer);
	}
	cal_redis_tap_send(tap, 0);
}

static void
skip(struct cal_redis_tap *tap, struct cal_slice text)
{
	struct cal_redis_id id;

	if (!cal_redis_id_read(&id, text))
		return;
	if (tap->group.group == NULL) {
		cal_redis_trail_go(&tap->trail, &id, 1);
	} else {
		cal_redis_begin(&tap->words, "XACK");
		cal_redis_add_text(&tap->words, tap->group.stream);
		cal_redis_add_text(&tap->words, tap->group.group);
		cal_redis_add(&tap->words, text);
		cal_redis_send(tap->reads, &tap->words, 0, NULL, NULL);
	}
	cal_redis_tap_malform(tap);
}

static void
told_skip(struct cal_redis_tap *tap, const redisReply *reply)
{
	tap->choked = false;
	if (reply->elements > 0 && reply->element[0]->elements > 0)
		skip(tap, cal_redis_text(reply->element[0]->element[0]));
	tap->step = tap->group.group == NULL ? CAL_REDIS_NEW :
	    CAL_REDIS_HISTORY;
}

/* HISTORY: what we were given, and have not acknowledged. */

static void
ask_history(struct cal_redis_tap *tap)
{
	char id[CAL_REDIS_ID_MAX + 1];

	cal_redis_id_write(id, &tap->past);
	cal_redis_group_read(&tap->words, &tap->group, id, tap->asked_for, 0);
	cal_redis_tap_send(tap, 0);
}

static void
told_history(struct cal_redis_tap *tap, const redisReply *reply)
{
	if (cal_redis_tap_take(tap, reply) > 0)
		return;
	cal_redis_tap_settle(tap);
	tap->step = CAL_REDIS_NEW;
}

/* RECOVER: what is ours; that it is all here is no answer, but an event. */

static void
ask_recover(struct cal_redis_tap *tap)
{
	tap->asked = true;
	cal_redis_claims_recover(tap->claims);
}

/* NEW: what nobody has read yet. */

static void
on_info(void *arg, const redisReply *reply)
{
	struct cal_redis_tap *tap = arg;
	enum cal_redis_kind kind = cal_redis_kind(reply, NULL);

	if (tap->closing)
		return;
	if (kind == CAL_REDIS_OK)
		cal_redis_tap_miss(tap, cal_redis_trail_check(&tap->trail,
		    reply));
	else if (kind == CAL_REDIS_REFUSED &&
	    strstr(reply->str, "no such key") != NULL)
		cal_redis_trail_clear(&tap->trail);
	else if (kind == CAL_REDIS_REFUSED)
		tap->watches = false;   /* who may not, need not */
}

static void
ask_alone(struct cal_redis_tap *tap, unsigned block_ms)
{
	char id[CAL_REDIS_ID_MAX + 1];

	if (tap->watches) {
		cal_redis_begin(&tap->words, "XINFO");
		cal_redis_add_text(&tap->words, "STREAM");
		cal_redis_add_text(&tap->words, tap->group.stream);
		cal_redis_send(tap->reads, &tap->words, 0, on_info, tap);
	}
	cal_redis_id_write(id, &tap->trail.last);
	cal_redis_begin(&tap->words, "XREAD");
	cal_redis_add_text(&tap->words, "COUNT");
	cal_redis_add_number(&tap->words, tap->asked_for);
	if (block_ms > 0) {
		cal_redis_add_text(&tap->words, "BLOCK");
		cal_redis_add_number(&tap->words, block_ms);
	}
	cal_redis_add_text(&tap->words, "STREAMS");
	cal_redis_add_text(&tap->words, tap->group.stream);
	cal_redis_add_text(&tap->words, id);
}

static void
ask_new(struct cal_redis_tap *tap)
{
	unsigned block_ms = tap->conf.leave ? 0 : CAL_REDIS_BLOCK_MS;

	if (tap->group.group == NULL)
		ask_alone(tap, block_ms);
	else
		cal_redis_group_read(&tap->words, &tap->group, NULL,
		    tap->asked_for, block_ms);
	cal_redis_tap_send(tap, block_ms);
}

static void
told_new(struct cal_redis_tap *tap, const redisReply *reply)
{
	if (cal_redis_tap_take(tap, reply) == 0 && tap->conf.leave)
		tap->reached = true;
}

/* The rows. */

const struct cal_redis_question cal_redis_questions[] = {
	[CAL_REDIS_END] = { .ask = ask_end, .told = told_end },
	[CAL_REDIS_LOOK] = { .ask = ask_look, .told = told_look,
	    .also = CAL_REDIS_REFUSED },
	[CAL_REDIS_GROUP] = { .ask = ask_group, .told = told_group,
	    .also = CAL_REDIS_EXISTS },
	[CAL_REDIS_PLACE] = { .ask = ask_place, .told = told_place,
	    .also = CAL_REDIS_REFUSED },
	[CAL_REDIS_SKIP] = { .ask = ask_skip, .told = told_skip },
	[CAL_REDIS_HISTORY] = { .ask = ask_history, .told = told_history,
	    .reads = true },
	[CAL_REDIS_RECOVER] = { .ask = ask_recover },
	[CAL_REDIS_NEW] = { .ask = ask_new, .told = told_new,
	    .reads = true },
};
