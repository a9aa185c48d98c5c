/*
 * What a tap asks of Redis, and what it makes of the answers.
 *
 * Each step is a row: the question, and what its answer means.  The callback of
 * a question asks the next one, so that both leave in the same write as the
 * acknowledgement of what the answer brought.
 */
#include <stdlib.h>

#include "base/random.h"
#include "transport/redis_tap.h"

static const double REST_MIN = 0.1, REST_MAX = 5;       /* seconds */

static void on_answer(void *arg, const redisReply *reply);

static void
ask(struct cal_redis_tap *tap, unsigned block_ms)
{
	tap->asked = true;
	cal_redis_send(tap->reads, &tap->words, block_ms, on_answer, tap);
}

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

/* A read was sent, so that there is nothing more to wait for. */
static void
be_up(struct cal_redis_tap *tap)
{
	if (tap->up)
		return;
	tap->up = true;
	tap->conn.conf.events->up(tap->conn.conf.arg, &tap->link);
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
	ask(tap, 0);
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
		be_up(tap);
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
	ask(tap, 0);
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
	ask(tap, 0);
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
	ask(tap, 0);
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
	tap->step = tap->claims == NULL ? CAL_REDIS_HISTORY :
	    CAL_REDIS_RECOVER;
}

/* HISTORY: what we were given, and have not acknowledged. */

/*
 * Room for more entries.  What is read ahead out of a group nobody else can
 * have.
 */
static size_t
room(const struct cal_redis_tap *tap)
{
	size_t limit = tap->want;

	if (tap->batches_count >= CAL_REDIS_BATCHES)
		return 0;
	if (tap->group.group == NULL)
		return tap->fit;
	if (tap->conf.batch > 0 && tap->conf.batch < limit)
		limit = tap->conf.batch;
	if (tap->held >= limit)
		return 0;
	limit -= tap->held;
	if (tap->claims != NULL && cal_redis_keep_room(tap) < limit)
		limit = cal_redis_keep_room(tap);
	return limit < tap->fit ? limit : tap->fit;
}

static void
ask_history(struct cal_redis_tap *tap)
{
	char id[CAL_REDIS_ID_MAX + 1];

	cal_redis_id_write(id, &tap->past);
	cal_redis_group_read(&tap->words, &tap->group, id, room(tap), 0);
	ask(tap, 0);
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
	    strstr(reply->str, "no such key") == NULL)
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
	cal_redis_add_number(&tap->words, room(tap));
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
		cal_redis_group_read(&tap->words, &tap->group, NULL, room(tap),
		    block_ms);
	ask(tap, block_ms);
}

static void
told_new(struct cal_redis_tap *tap, const redisReply *reply)
{
	if (cal_redis_tap_take(tap, reply) == 0 && tap->conf.leave)
		tap->reached = true;
}

/* The steps. */

static const struct {
	void (*ask)(struct cal_redis_tap *tap);
	void (*told)(struct cal_redis_tap *tap, const redisReply *reply);
	bool reads;                     /* wants room for what it brings */
	bool lenient;                   /* whoever may not ask goes on */
} steps[] = {
	[CAL_REDIS_END] = { ask_end, told_end, false, false },
	[CAL_REDIS_LOOK] = { ask_look, told_look, false, true },
	[CAL_REDIS_GROUP] = { ask_group, told_group, false, false },
	[CAL_REDIS_PLACE] = { ask_place, told_place, false, true },
	[CAL_REDIS_HISTORY] = { ask_history, told_history, true, false },
	[CAL_REDIS_RECOVER] = { ask_recover, NULL, false, false },
	[CAL_REDIS_NEW] = { ask_new, told_new, true, false },
};

void
cal_redis_tap_ask(struct cal_redis_tap *tap)
{
	bool reads = steps[tap->step].reads;

	if (tap->asked || tap->over || tap->leaving || tap->reached ||
	    ev_is_active(&tap->rest) ||
	    !cal_redis_session_is_up(tap->reads) || (tap->claims != NULL &&
	    !cal_redis_session_is_up(tap->other)) ||
	    (reads && (tap->paused || room(tap) == 0)))
		return;
	steps[tap->step].ask(tap);
	if (reads)
		be_up(tap);
}

static void
rest(struct cal_redis_tap *tap)
{
	struct ev_loop *loop = tap->conn.conf.loop;
	double delay = tap->rest_s * (1 - cal_random_unit() / 2);

	if (ev_is_active(&tap->rest))
		return;
	tap->rest_s = tap->rest_s * 2 < REST_MAX ? tap->rest_s * 2 : REST_MAX;
	ev_now_update(loop);
	ev_timer_set(&tap->rest, delay, 0);
	ev_timer_start(loop, &tap->rest);
}

/* Or a read was cut short; the second time in a row that is done on purpose. */
void
cal_redis_tap_miss_group(struct cal_redis_tap *tap)
{
	if (tap->claims != NULL)
		cal_redis_claims_halt(tap->claims);
	if (tap->step != CAL_REDIS_NEW)
		rest(tap);
	tap->step = CAL_REDIS_LOOK;
}

void
cal_redis_tap_fail(struct cal_redis_tap *tap, enum cal_redis_kind kind,
    const struct cal_err *why)
{
	switch (kind) {
	case CAL_REDIS_OK:
	case CAL_REDIS_LOST:            /* its end is told, too */
		return;
	case CAL_REDIS_GONE:
		if (tap->group.group != NULL)
			cal_redis_tap_miss_group(tap);
		else
			rest(tap);      /* there are just no messages */
		return;
	case CAL_REDIS_LATER:
		tap->troubled = true;
		tap->trouble = *why;
		cal_log_gated(&tap->gate, CAL_LOG_INFO, "Redis: %s",
		    why->text);
		rest(tap);
		return;
	case CAL_REDIS_EXISTS:
	case CAL_REDIS_REFUSED:
		break;
	}
	cal_redis_tap_end(tap, why);
}

static void
on_answer(void *arg, const redisReply *reply)
{
	struct cal_redis_tap *tap = arg;
	struct cal_err why;
	enum cal_redis_kind kind = cal_redis_kind(reply, &why);

	tap->asked = false;
	if (tap->closing || tap->over)
		return;
	/* Maybe because of its size: the next read brings one. */
	if (kind == CAL_REDIS_LOST && steps[tap->step].reads)
		tap->fit = 1;
	if (kind == CAL_REDIS_OK || (kind == CAL_REDIS_REFUSED &&
	    steps[tap->step].lenient) || (kind == CAL_REDIS_EXISTS &&
	    tap->step == CAL_REDIS_GROUP)) {
		tap->troubled = false;
		if (steps[tap->step].reads)
			tap->rest_s = REST_MIN;
		steps[tap->step].told(tap, reply);
	} else {
		cal_redis_tap_fail(tap, kind, &why);
	}
	cal_redis_tap_ask(tap);
	cal_redis_tap_wake(tap);
}

/* The connection. */

static void
on_client(void *arg, const redisReply *reply)
{
	struct cal_redis_tap *tap = arg;

	if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
		tap->client = reply->integer;
}

void
cal_redis_tap_begin(struct cal_redis_tap *tap)
{
	tap->rest_s = REST_MIN;
	if (tap->group.group != NULL) {
		cal_redis_begin(&tap->words, "CLIENT");
		cal_redis_add_text(&tap->words, "ID");
		cal_redis_send(tap->reads, &tap->words, 0, on_client, tap);
	}
	if (!tap->placed)
		tap->step = CAL_REDIS_END;
	else
		tap->step = tap->group.group == NULL ? CAL_REDIS_NEW :
		    CAL_REDIS_GROUP;
	cal_redis_tap_ask(tap);
}

void
cal_redis_tap_lose(struct cal_redis_tap *tap)
{
	tap->client = 0;
	tap->asked = false;
	ev_timer_stop(tap->conn.conf.loop, &tap->rest);
	if (!tap->up)
		return;
	tap->up = false;
	tap->conn.conf.events->down(tap->conn.conf.arg, &tap->link);
}
