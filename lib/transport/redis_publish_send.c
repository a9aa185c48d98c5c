/*
 * An XADD for each message, many on their way at a time, each confirmed by its
 * answer.
 *
 * What Redis refuses for the moment is sent again, and only that: those behind
 * it may be there already, and nothing is to be there twice.  So that this
 * hardly ever costs the order, a message goes alone after a connection was made
 * or something was refused; with each answer twice as many may be on their way.
 * What goes wrong between two of them costs it, and is said.
 *
 * When a connection ends, nobody knows of the messages on their way whether
 * Redis has them.  If that is wanted they are sent again, all of them and in
 * their order, each with the same header; otherwise it is all over.
 *
 * With replicas to wait for, the messages of one turn are followed by a WAIT,
 * and nothing is sent until that is answered: Redis would not look at it.
 */
#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"
#include "transport/redis_publish.h"

static const double PAUSE = 0.05;       /* seconds, after a first refusal */
static const double PAUSE_MAX = 2;

static void on_stored(void *arg, const redisReply *reply);

/* Sending. */

static void
put_words(struct cal_redis_publish *p, const struct cal_redis_draft *draft)
{
	struct cal_redis_words *words = &p->words;

	cal_redis_begin(words, "XADD");
	cal_redis_add_text(words, p->conn.conf.url.redis.stream);
	if (p->redis.max_len > 0) {
		cal_redis_add_text(words, "MAXLEN");
		cal_redis_add_text(words, "~");
		cal_redis_add_number(words, p->redis.max_len);
	}
	cal_redis_add_text(words, "*");
	cal_redis_add_frames(words, draft->header, draft->body);
	if (draft->topic.len == 0)
		return;
	cal_redis_add_text(words, "topic");
	cal_redis_add(words, draft->topic);
}

void
cal_redis_publish_pump(struct cal_redis_publish *p)
{
	struct cal_redis_draft *draft;

	if (!p->up)
		cal_redis_publish_impede(p);
	if (!p->up || p->over || p->held || p->asked)
		return;
	while ((draft = p->outbox.waiting) != NULL &&
	    p->outbox.sent < p->limit) {
		put_words(p, draft);
		cal_redis_draft_sent(draft);
		cal_redis_send(p->session, &p->words, 0, on_stored, draft);
		CAL_FAULT("xadd-sent");
	}
	if (p->redis.replicas > 0 && p->outbox.sent > 0 &&
	    !ev_is_pending(&p->turn))
		ev_feed_event(p->conn.conf.loop, &p->turn, 0);
}

static double
longer(double pause)
{
	return pause >= PAUSE_MAX ? pause :
	    pause * 2 > PAUSE_MAX ? PAUSE_MAX : pause * 2;
}

/* Once everything on its way is answered, the first of them tries again. */
static void
pause_before_retry(struct cal_redis_publish *p)
{
	if (!p->held || p->over || p->outbox.sent > 0 || p->asked ||
	    ev_is_active(&p->retry))
		return;
	if (p->pause > 0)
		p->pause = longer(p->pause);
	else
		p->pause = p->redis.pause > 0 ? p->redis.pause : PAUSE;
	ev_timer_set(&p->retry, p->pause * (1 - cal_random_unit() / 2), 0);
	ev_timer_start(p->conn.conf.loop, &p->retry);
}

void
cal_redis_publish_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_publish *p = timer->data;

	(void)loop;
	(void)revents;
	p->held = false;
	p->limit = 1;
	/* Its name may be that of another one by now, which is no replica. */
	if (strncmp(p->why.text, "READONLY", 8) == 0) {
		p->up = false;
		cal_redis_session_restart(p->session);
		return;
	}
	cal_redis_publish_pump(p);
}

static void
go_on(struct cal_redis_publish *p)
{
	cal_redis_publish_tell_end(p);
	pause_before_retry(p);
	cal_redis_publish_pump(p);
}

/* What Redis says. */

static void
tell_room(struct cal_redis_publish *p)
{
	const struct cal_redis_outbox *outbox = &p->outbox;

	if (!p->full || p->over || outbox->count > CAL_REDIS_AHEAD / 2 ||
	    outbox->bytes > outbox->max_bytes / 2)
		return;
	p->full = false;
	p->conn.conf.events->room(p->conn.conf.arg);
}

static void
tell_stored(struct cal_redis_publish *p)
{
	const struct cal_conn_events *events = p->conn.conf.events;
	struct cal_redis_draft *draft;

	while ((draft = cal_redis_outbox_ripe(&p->outbox)) != NULL) {
		p->told++;
		CAL_FAULT("xadd-confirmed");
		if (events->stored != NULL)
			events->stored(p->conn.conf.arg,
			    cal_slice_text(draft->id));
		cal_redis_outbox_remove(&p->outbox);
	}
	tell_room(p);
}

static void
accept_one(struct cal_redis_publish *p, struct cal_redis_draft *draft,
    const redisReply *reply)
{
	if (p->held && !p->over)
		cal_log(CAL_LOG_WARNING, "Redis took a message behind one "
		    "that it refused for the moment: that one comes later");
	cal_redis_draft_stored(draft, cal_redis_text(reply),
	    p->redis.replicas == 0);
	if (!p->held) {
		p->pause = 0;
		p->why.code = p->over ? p->why.code : CAL_OK;
	}
	ev_timer_stop(p->conn.conf.loop, &p->patience);
	if (p->limit < CAL_REDIS_AHEAD)
		p->limit *= 2;
	tell_stored(p);
}

static void
refuse_for_now(struct cal_redis_publish *p, struct cal_redis_draft *draft,
    const struct cal_err *why)
{
	cal_redis_draft_refused(draft);
	if (p->over)
		return;
	if (!p->held && p->pause == 0)
		cal_log(CAL_LOG_WARNING, "Redis takes no message for the "
		    "moment: %s", why->text);
	p->held = true;
	p->why = *why;
	cal_redis_publish_impede(p);
}

/*
 * The connection ended.  It is not down yet, but what is sent over it now is
 * lost as well.
 */
static void
lose(struct cal_redis_publish *p, struct cal_redis_draft *draft)
{
	struct cal_err err;

	p->up = false;
	p->again++;
	cal_redis_draft_lost(draft);
	if (draft->losses <= p->redis.retries)
		return;
	(void)cal_fail(&err, CAL_EUNKNOWN, "the connection to Redis was lost "
	    "before all that was sent was confirmed");
	cal_redis_publish_end(p, &err);
}

static void
on_stored(void *arg, const redisReply *reply)
{
	struct cal_redis_draft *draft = arg;
	struct cal_redis_publish *p = draft->outbox->owner;
	struct cal_err why;

	switch (cal_redis_kind(reply, &why)) {
	case CAL_REDIS_OK:
		accept_one(p, draft, reply);
		break;
	case CAL_REDIS_LATER:
		refuse_for_now(p, draft, &why);
		break;
	case CAL_REDIS_LOST:
		lose(p, draft);
		break;
	case CAL_REDIS_GONE:
	case CAL_REDIS_EXISTS:
	case CAL_REDIS_REFUSED:
		cal_redis_draft_refused(draft);
		cal_redis_publish_end(p, &why);
		break;
	}
	go_on(p);
}

/* Replicas. */

static void
judge_replicas(struct cal_redis_publish *p, const redisReply *reply)
{
	long long count = reply->type == REDIS_REPLY_INTEGER ?
	    reply->integer : 0;
	struct cal_err err;

	if (count >= p->redis.replicas) {
		cal_redis_outbox_settle(&p->outbox);
		tell_stored(p);
		return;
	}
	(void)cal_fail(&err, CAL_ETEMP, "within %u ms %lld of %u replicas had "
	    "the last %zu message%s, which Redis has", p->redis.replicas_ms,
	    count, p->redis.replicas, p->outbox.stored,
	    p->outbox.stored == 1 ? "" : "s");
	cal_redis_publish_end(p, &err);
}

void
cal_redis_publish_doubt(struct cal_redis_publish *p)
{
	struct cal_redis_draft *draft;

	TAILQ_FOREACH(draft, &p->outbox.list, next)
		if (draft->state == CAL_DRAFT_STORED)
			lose(p, draft);
}

static void
on_replicas(void *arg, const redisReply *reply)
{
	struct cal_redis_publish *p = arg;
	struct cal_err why;
	enum cal_redis_kind kind = cal_redis_kind(reply, &why);

	p->asked = false;
	/* As in lose: the connection ended, though it is not down yet. */
	if (kind == CAL_REDIS_LOST)
		p->up = false;
	/* If nothing was taken there is nothing that they could have. */
	if (kind == CAL_REDIS_OK && p->outbox.stored > 0)
		judge_replicas(p, reply);
	else if (kind != CAL_REDIS_LOST && p->outbox.stored > 0)
		cal_redis_publish_end(p, &why);
	go_on(p);
}

void
cal_redis_publish_ask(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_publish *p = timer->data;

	(void)loop;
	(void)revents;
	if (!p->up || p->asked || p->outbox.sent + p->outbox.stored == 0)
		return;
	p->asked = true;
	cal_redis_begin(&p->words, "WAIT");
	cal_redis_add_number(&p->words, p->redis.replicas);
	cal_redis_add_number(&p->words, p->redis.replicas_ms);
	cal_redis_send(p->session, &p->words, p->redis.replicas_ms,
	    on_replicas, p);
}
