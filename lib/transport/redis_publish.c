/*
 * Publishing to a stream of Redis: the row of the transport, its beginning and
 * its end.
 *
 * The end is told when nothing is on its way any more, so that what can be
 * known of each message is known: with an error that will not go away, when a
 * connection ended before an answer, or when patience is.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "transport/redis_publish.h"

/* The end. */

void
cal_redis_publish_tell_end(struct cal_redis_publish *p)
{
	const struct cal_conn_events *events = p->conn.conf.events;

	if (!p->over || p->ended || p->outbox.sent > 0 || p->asked)
		return;
	p->ended = true;
	if (events->ended != NULL)
		events->ended(p->conn.conf.arg, &p->why);
}

void
cal_redis_publish_end(struct cal_redis_publish *p, const struct cal_err *why)
{
	if (p->over)
		return;
	p->over = true;
	p->why = *why;
	ev_timer_stop(p->conn.conf.loop, &p->retry);
	ev_timer_stop(p->conn.conf.loop, &p->patience);
}

void
cal_redis_publish_impede(struct cal_redis_publish *p)
{
	if (p->over || p->redis.patience == 0 || p->outbox.waiting == NULL ||
	    ev_is_active(&p->patience))
		return;
	ev_timer_set(&p->patience, p->redis.patience, 0);
	ev_timer_start(p->conn.conf.loop, &p->patience);
}

/* What is on its way just now has its answer in time, or is lost. */
static void
on_patience_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_publish *p = timer->data;
	const char *trouble = cal_redis_session_trouble(p->session);
	bool there = p->was_up || cal_redis_session_is_put_off(p->session);
	struct cal_err err;

	(void)loop;
	(void)revents;
	if (p->up && !p->held)
		return;
	if (p->why.code == CAL_EAGAIN)
		(void)cal_fail(&err, CAL_ETEMP, "Redis took no message for "
		    "%g s: %s", p->redis.patience, p->why.text);
	else
		(void)cal_fail(&err, there ? CAL_ETEMP : CAL_EUNAVAIL,
		    "no connection to Redis within %g s%s%s",
		    p->redis.patience, trouble == NULL ? "" : ": ",
		    trouble == NULL ? "" : trouble);
	cal_redis_publish_end(p, &err);
	cal_redis_publish_tell_end(p);
}

/* The session. */

static void
on_up(void *arg)
{
	struct cal_redis_publish *p = arg;

	p->up = p->was_up = true;
	p->limit = 1;
	p->conn.conf.events->up(p->conn.conf.arg, &p->link);
	cal_redis_publish_pump(p);
}

static void
on_down(void *arg)
{
	struct cal_redis_publish *p = arg;

	p->up = false;
	cal_redis_publish_doubt(p);
	if (p->again > 0 && !p->over)
		cal_log(CAL_LOG_WARNING, "the connection to Redis was lost: "
		    "%zu message%s sent again, and may be there twice",
		    p->again, p->again == 1 ? " is" : "s are");
	p->again = 0;
	p->conn.conf.events->down(p->conn.conf.arg, &p->link);
	cal_redis_publish_tell_end(p);
	cal_redis_publish_impede(p);
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	struct cal_redis_publish *p = arg;

	cal_redis_publish_end(p, err);
	cal_redis_publish_tell_end(p);
}

/* The row. */

static int
publish_publish(struct cal_conn *conn, const struct cal_frames *frames,
    bool force, bool *missedp)
{
	struct cal_redis_publish *p = (struct cal_redis_publish *)conn;

	(void)force;
	(void)missedp;
	if (p->over || !cal_redis_outbox_has_room(&p->outbox,
	    frames->payload.len)) {
		p->full = true;
		return CAL_EAGAIN;
	}
	cal_redis_outbox_add(&p->outbox, frames);
	cal_redis_publish_pump(p);
	return CAL_OK;
}

static bool
publish_left(const struct cal_conn *conn, uint64_t *progressp)
{
	const struct cal_redis_publish *p =
	    (const struct cal_redis_publish *)conn;

	*progressp = p->told;
	return p->outbox.count == 0;
}

static bool
publish_idle(const struct cal_conn *conn)
{
	uint64_t progress;

	return publish_left(conn, &progress);
}

static size_t
publish_readers(const struct cal_conn *conn, struct cal_slice topic)
{
	(void)conn;
	(void)topic;
	return 0;
}

static bool
publish_is_read(const struct cal_conn *conn)
{
	(void)conn;
	return true;
}

static const char *
publish_trouble(const struct cal_conn *conn)
{
	return cal_redis_session_trouble(
	    ((const struct cal_redis_publish *)conn)->session);
}

static void
stop_timer(struct cal_redis_publish *p, ev_timer *timer)
{
	ev_clear_pending(p->conn.conf.loop, timer);
	ev_timer_stop(p->conn.conf.loop, timer);
}

/*
 * Nothing leaves without the loop: there is no grace to be given, and what is
 * not there is told by the counts.
 */
static bool
publish_close(struct cal_conn *conn, double grace)
{
	struct cal_redis_publish *p = (struct cal_redis_publish *)conn;

	(void)grace;
	p->over = p->ended = true;
	cal_redis_session_close(p->session);
	stop_timer(p, &p->turn);
	stop_timer(p, &p->retry);
	stop_timer(p, &p->patience);
	cal_redis_outbox_release(&p->outbox);
	cal_redis_words_release(&p->words);
	free(p);
	return true;
}

static const struct cal_transport publish_ops = {
	.scheme = CAL_REDIS,
	.open = cal_redis_publish_open,
	.address = cal_redis_address,
	.send = cal_redis_send_nothing,
	.idle = publish_idle,
	.trouble = publish_trouble,
	.close = publish_close,
	.publish = publish_publish,
	.readers = publish_readers,
	.is_read = publish_is_read,
	.left = publish_left,
	.silent = true,
};

static void
init_timer(struct cal_redis_publish *p, ev_timer *timer,
    void (*fn)(struct ev_loop *, ev_timer *, int))
{
	ev_init(timer, fn);
	timer->data = p;
}

int
cal_redis_publish_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err)
{
	struct cal_redis_session_conf session = {
		.loop = conf->loop,
		.max_body = conf->max_body,
		.up = on_up,
		.down = on_down,
		.refused = on_refused,
	};
	struct cal_redis_publish *p;
	int rc;

	*connp = NULL;
	CAL_NEW(p);
	p->conn.ops = &publish_ops;
	p->conn.conf = *conf;
	if (conf->redis != NULL)
		p->redis = *conf->redis;
	cal_redis_outbox_init(&p->outbox, p, 4 * conf->max_body,
	    &p->conn.counts);
	init_timer(p, &p->turn, cal_redis_publish_ask);
	init_timer(p, &p->retry, cal_redis_publish_retry);
	init_timer(p, &p->patience, on_patience_over);
	(void)snprintf(p->link.name, sizeof(p->link.name), "redis");
	session.url = &p->conn.conf.url;
	session.arg = p;
	if ((rc = cal_redis_session_open(&p->session, &session, err)) !=
	    CAL_OK) {
		free(p);
		return rc;
	}
	*connp = &p->conn;
	return CAL_OK;
}
