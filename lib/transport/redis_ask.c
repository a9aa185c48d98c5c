/*
 * When a tap asks, and what comes of answers that are none.
 *
 * The callback of a question asks the next one, so that it leaves in the same
 * write as the acknowledgement of what the answer brought.
 */
#include <stdlib.h>

#include "base/random.h"
#include "transport/redis_tap.h"

static const double REST_MIN = 0.1, REST_MAX = 5;       /* seconds */

static void on_answer(void *arg, const redisReply *reply);

void
cal_redis_tap_send(struct cal_redis_tap *tap, unsigned block_ms)
{
	tap->asked = true;
	cal_redis_send(tap->reads, &tap->words, block_ms, on_answer, tap);
}

/* A read was sent, or what is ours was found: nothing more is waited for. */
void
cal_redis_tap_be_up(struct cal_redis_tap *tap)
{
	if (tap->up)
		return;
	tap->up = true;
	tap->conn.conf.events->up(tap->conn.conf.arg, &tap->link);
}

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

/* Asking. */

void
cal_redis_tap_ask(struct cal_redis_tap *tap)
{
	const struct cal_redis_question *question =
	    &cal_redis_questions[tap->step];

	if (tap->asked || tap->over || tap->leaving || tap->reached ||
	    ev_is_active(&tap->rest) ||
	    !cal_redis_session_is_up(tap->reads) || (tap->claims != NULL &&
	    !cal_redis_session_is_up(tap->other)) ||
	    (question->reads && (tap->paused || room(tap) == 0)))
		return;
	tap->asked_for = room(tap);
	question->ask(tap);
	if (question->reads)
		cal_redis_tap_be_up(tap);
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

/* Maybe it was too large: the next read brings one only. */
static void
look_at_size(struct cal_redis_tap *tap)
{
	tap->fit = 1;
	tap->choked = tap->asked_for == 1 &&
	    cal_redis_session_was_choked(tap->reads) &&
	    (tap->group.group == NULL || tap->step == CAL_REDIS_HISTORY);
}

static void
on_answer(void *arg, const redisReply *reply)
{
	struct cal_redis_tap *tap = arg;
	const struct cal_redis_question *question =
	    &cal_redis_questions[tap->step];
	struct cal_err why;
	enum cal_redis_kind kind = cal_redis_kind(reply, &why);

	tap->asked = false;
	if (tap->closing || tap->over)
		return;
	if (kind == CAL_REDIS_LOST && question->reads)
		look_at_size(tap);
	if (kind == CAL_REDIS_OK || kind == question->also) {
		tap->troubled = false;
		if (question->reads)
			tap->rest_s = REST_MIN;
		question->told(tap, reply);
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
	else if (tap->group.group != NULL)
		tap->step = CAL_REDIS_GROUP;
	else
		tap->step = tap->choked ? CAL_REDIS_SKIP : CAL_REDIS_NEW;
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
