/*
 * A server over Redis: its sessions and its group.
 *
 * One session only ever waits for requests, one for CANCELs (of those, below),
 * and one says everything else.  Whenever both the first and the last are up,
 * the group is made sure of, the claims find out what is ours, and then reading
 * begins, as much as there is room for: so each server of a group takes what it
 * can do, and leaves the rest to others.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "transport/redis_serve.h"

static const double LEASE = 60;         /* seconds, if nobody says */
static const double PAUSE_MIN = 0.2, PAUSE_MAX = 5;
static const double LATE = 1;           /* not ready: a word about why */

static size_t
window_of(const struct cal_redis_server *rs)
{
	const struct cal_conn_redis *redis = rs->conn.conf.redis;

	return redis != NULL && redis->window > 0 ? redis->window :
	    CAL_CONN_WINDOW;
}

static size_t
places(const struct cal_redis_server *rs)
{
	size_t window = window_of(rs);

	if (rs->paused || rs->closing || rs->taken >= window ||
	    rs->answers_count >= CAL_CONN_QUEUE / 2 ||
	    rs->answers_bytes > 2 * rs->conn.conf.max_body)
		return 0;
	return window - rs->taken;
}

/* Nothing is read until it has begun again. */
static void
halt(struct cal_redis_server *rs)
{
	rs->begun = rs->recovered = false;
	cal_redis_claims_halt(rs->claims);
}

static void begin(struct cal_redis_server *rs);

void
cal_redis_serve_rest(struct cal_redis_server *rs, const struct cal_err *why)
{
	cal_log_gated(&rs->later_gate, CAL_LOG_WARNING,
	    "Redis cannot serve us just now: %s", why->text);
	halt(rs);
	if (ev_is_active(&rs->rest))
		return;
	ev_timer_set(&rs->rest, rs->pause, 0);
	ev_timer_start(rs->conn.conf.loop, &rs->rest);
	rs->pause = rs->pause * 2 < PAUSE_MAX ? rs->pause * 2 : PAUSE_MAX;
}

void
cal_redis_serve_refuse(struct cal_redis_server *rs, const struct cal_err *why)
{
	if (rs->refused)
		return;
	rs->refused = true;
	halt(rs);
	if (!rs->closing)
		rs->conn.conf.events->refused(rs->conn.conf.arg, why);
}

static void
on_rest_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_server *rs = timer->data;

	(void)loop;
	(void)revents;
	cal_redis_answers_flush(rs);
	begin(rs);
}

/* Reading. */

static void
on_clock(void *arg, const redisReply *reply)
{
	struct cal_redis_server *rs = arg;
	uint64_t part[2];
	size_t i;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY ||
	    reply->elements != 2)
		return;
	for (i = 0; i < 2; i++)
		if (reply->element[i]->type != REDIS_REPLY_STRING ||
		    cal_num_whole(&part[i], reply->element[i]->str, 0,
		    INT64_MAX, "time", NULL) != CAL_OK)
			return;
	rs->clock = (double)part[0] + (double)part[1] / 1e6 - cal_clock_now();
	rs->has_clock = true;
}

static void
on_read(void *arg, const redisReply *reply)
{
	struct cal_redis_server *rs = arg;
	const redisReply *entries = cal_redis_entries(reply, rs->keys.bind);
	struct cal_err why;

	rs->reading = false;
	switch (cal_redis_kind(reply, &why)) {
	case CAL_REDIS_OK:
		/* Of what came to a halt the claims learn again. */
		if (rs->recovered && entries != NULL)
			cal_redis_requests_take(rs, entries);
		break;
	case CAL_REDIS_GONE:
		if (rs->begun)
			cal_log(CAL_LOG_WARNING, "the stream '%s' or its group "
			    "'%s' was removed: it is made again",
			    rs->keys.bind, rs->group);
		halt(rs);
		break;
	case CAL_REDIS_EXISTS:
	case CAL_REDIS_LATER:
		cal_redis_serve_rest(rs, &why);
		return;
	case CAL_REDIS_REFUSED:
		cal_redis_serve_refuse(rs, &why);
		return;
	case CAL_REDIS_LOST:
		cal_redis_ahead_lost(&rs->ahead);
		return;
	}
	begin(rs);
	cal_redis_serve_read(rs);
}

void
cal_redis_serve_read(struct cal_redis_server *rs)
{
	struct cal_redis_words *words = &rs->words;
	size_t room = places(rs);

	if (room > 0 && rs->recovered)
		cal_redis_claims_go_on(rs->claims);
	if (!rs->recovered || rs->reading || room == 0 ||
	    !cal_redis_session_is_up(rs->reader))
		return;
	rs->reading = true;
	cal_redis_begin(words, "TIME");
	cal_redis_send(rs->reader, words, 0, on_clock, rs);
	cal_redis_begin(words, "XREADGROUP");
	cal_redis_add_text(words, "GROUP");
	cal_redis_add_text(words, rs->group);
	cal_redis_add_text(words, cal_redis_claims_consumer(rs->claims));
	cal_redis_add_text(words, "COUNT");
	cal_redis_add_number(words, cal_redis_ahead(&rs->ahead, room));
	cal_redis_add_text(words, "BLOCK");
	cal_redis_add_number(words, CAL_REDIS_BLOCK_MS);
	cal_redis_add_text(words, "STREAMS");
	cal_redis_add_text(words, rs->keys.bind);
	cal_redis_add_text(words, ">");
	cal_redis_send(rs->reader, words, CAL_REDIS_BLOCK_MS, on_read, rs);
}

/* Beginning. */

static void
on_group(void *arg, const redisReply *reply)
{
	struct cal_redis_server *rs = arg;
	struct cal_err why;

	rs->grouping = false;
	switch (cal_redis_kind(reply, &why)) {
	case CAL_REDIS_OK:
	case CAL_REDIS_EXISTS:
		if (rs->begun)
			cal_redis_claims_recover(rs->claims);
		else
			begin(rs);
		break;
	case CAL_REDIS_GONE:
	case CAL_REDIS_LATER:
		cal_redis_serve_rest(rs, &why);
		break;
	case CAL_REDIS_REFUSED:
		cal_redis_serve_refuse(rs, &why);
		break;
	case CAL_REDIS_LOST:
		break;
	}
}

/*
 * A group that is made anew goes on behind what this process has read, and what
 * was sent before there was any server is not too late, unless it says so.
 */
static void
begin(struct cal_redis_server *rs)
{
	struct cal_redis_words *words = &rs->words;
	char last[CAL_REDIS_ID_MAX + 1];

	if (rs->begun || rs->grouping || rs->reading || rs->refused ||
	    rs->closing || ev_is_active(&rs->rest) ||
	    !cal_redis_session_is_up(rs->reader) ||
	    !cal_redis_session_is_up(rs->writer) ||
	    !cal_redis_cancels_known(rs->cancels))
		return;
	rs->begun = rs->grouping = true;
	cal_redis_id_write(last, &rs->last);
	cal_redis_begin(words, "XGROUP");
	cal_redis_add_text(words, "CREATE");
	cal_redis_add_text(words, rs->keys.bind);
	cal_redis_add_text(words, rs->group);
	cal_redis_add_text(words, last);
	cal_redis_add_text(words, "MKSTREAM");
	cal_redis_send(rs->writer, words, 0, on_group, rs);
}

static void
on_recovered(void *arg)
{
	struct cal_redis_server *rs = arg;

	rs->recovered = true;
	rs->pause = PAUSE_MIN;
	ev_timer_stop(rs->conn.conf.loop, &rs->late);
	if (!rs->told && !rs->closing) {
		rs->told = true;
		if (rs->conn.conf.events->ready != NULL)
			rs->conn.conf.events->ready(rs->conn.conf.arg);
	}
	cal_redis_serve_read(rs);
}

static size_t
on_room(void *arg)
{
	return places(arg);
}

static void
on_claimed(void *arg, const struct cal_redis_entry *entry, uint64_t receipt)
{
	cal_redis_request_claimed(arg, entry, receipt);
}

static void
on_gone(void *arg)
{
	struct cal_redis_server *rs = arg;

	halt(rs);
	begin(rs);
}

static void
on_left(void *arg)
{
	struct cal_redis_server *rs = arg;

	rs->left = true;
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	cal_redis_serve_refuse(arg, err);
}

static void
open_claims(struct cal_redis_server *rs)
{
	const struct cal_conn_redis *redis = rs->conn.conf.redis;
	struct cal_redis_claims_conf conf = {
		.loop = rs->conn.conf.loop,
		.session = rs->writer,
		.stream = rs->keys.bind,
		.group = rs->group,
		.consumer = rs->conn.conf.url.redis.consumer,
		.lease = redis != NULL && redis->lease > 0 ? redis->lease :
		    LEASE,
		.ready = on_recovered,
		.room = on_room,
		.claimed = on_claimed,
		.gone = on_gone,
		.failed = on_refused,
		.left = on_left,
		.arg = rs,
	};

	rs->claims = cal_redis_claims_new(&conf);
}

/* The sessions. */

static void
on_reader_id(void *arg, const redisReply *reply)
{
	struct cal_redis_server *rs = arg;

	if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
		rs->reader_id = reply->integer;
}

static void
on_reader_up(void *arg)
{
	struct cal_redis_server *rs = arg;

	cal_redis_begin(&rs->words, "CLIENT");
	cal_redis_add_text(&rs->words, "ID");
	cal_redis_send(rs->reader, &rs->words, 0, on_reader_id, rs);
	begin(rs);
}

static void
on_reader_down(void *arg)
{
	struct cal_redis_server *rs = arg;

	rs->reader_id = 0;
	halt(rs);
}

static void
on_writer_up(void *arg)
{
	struct cal_redis_server *rs = arg;

	cal_redis_answers_flush(rs);
	begin(rs);
}

static void
on_writer_down(void *arg)
{
	struct cal_redis_server *rs = arg;
	const char *trouble = cal_redis_session_trouble(rs->writer);

	halt(rs);
	cal_redis_answers_lost(rs);
	cal_log_gated(&rs->lost_gate, CAL_LOG_WARNING,
	    "lost the connection to Redis: %s",
	    trouble == NULL ? "it was closed" : trouble);
}

static void
on_late(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_server *rs = timer->data;
	const char *trouble = cal_redis_session_trouble(rs->writer);

	(void)loop;
	(void)revents;
	cal_log(CAL_LOG_WARNING, "waiting for Redis: %s",
	    trouble == NULL ? "it does not answer yet" : trouble);
}

static void
on_heard(void *arg, const struct cal_rpcmsg *head, struct cal_slice hdr,
    struct cal_slice msg)
{
	cal_redis_request_cancel(arg, head, hdr, msg);
}

static void
on_known(void *arg)
{
	begin(arg);
}

static int
open_sessions(struct cal_redis_server *rs, struct cal_err *err)
{
	const struct cal_conn_conf *conf = &rs->conn.conf;
	struct cal_redis_session_conf session = {
		.loop = conf->loop,
		.url = &conf->url,
		.max_body = conf->max_body,
		.up = on_writer_up,
		.down = on_writer_down,
		.refused = on_refused,
		.arg = rs,
	};
	struct cal_redis_cancels_conf cancels = {
		.loop = conf->loop,
		.url = &conf->url,
		.key = rs->keys.cancel,
		.max_body = conf->max_body,
		.heard = on_heard,
		.known = on_known,
		.refused = on_refused,
		.arg = rs,
	};
	int rc;

	rc = cal_redis_session_open(&rs->writer, &session, err);
	if (rc != CAL_OK)
		return rc;
	session.up = on_reader_up;
	session.down = on_reader_down;
	rc = cal_redis_session_open(&rs->reader, &session, err);
	if (rc != CAL_OK)
		return rc;
	return cal_redis_cancels_open(&rs->cancels, &cancels, err);
}

/* Leaving. */

static void
unblock(struct cal_redis_server *rs)
{
	if (!rs->reading || rs->reader_id <= 0 ||
	    !cal_redis_session_is_up(rs->writer))
		return;
	cal_redis_begin(&rs->words, "CLIENT");
	cal_redis_add_text(&rs->words, "UNBLOCK");
	cal_redis_add_number(&rs->words, (uint64_t)rs->reader_id);
	cal_redis_send(rs->writer, &rs->words, 0, NULL, NULL);
}

static void
serve_pause(struct cal_conn *conn, bool pause)
{
	struct cal_redis_server *rs = (struct cal_redis_server *)conn;

	rs->paused = pause;
	if (pause)
		unblock(rs);
	else
		cal_redis_serve_read(rs);
}

/* What was not answered others may have at once. */
static void
let_go(struct cal_redis_server *rs)
{
	struct cal_redis_caller *caller;
	struct cal_redis_request *request;

	while ((caller = TAILQ_FIRST(&rs->busy_callers)) != NULL) {
		request = TAILQ_FIRST(&caller->requests);
		if (request->claim != 0)
			cal_redis_claims_settle(rs->claims, request->claim,
			    CAL_SETTLE_BACK, NULL);
		request->claim = 0;
		cal_redis_request_over(request);
		cal_redis_request_free(request);
	}
}

static bool
is_leaving(void *arg)
{
	struct cal_redis_server *rs = arg;

	if (!TAILQ_EMPTY(&rs->answers))
		return true;
	if (!cal_redis_session_is_up(rs->writer) || rs->left || rs->refused)
		return false;
	if (rs->reading || rs->busy > 0)
		return true;
	if (!rs->leaving)
		cal_redis_claims_leave(rs->claims);
	rs->leaving = true;
	return true;
}

static bool
serve_close(struct cal_conn *conn, double grace)
{
	struct cal_redis_server *rs = (struct cal_redis_server *)conn;
	struct ev_loop *loop = conn->conf.loop;
	bool all = true;

	rs->closing = true;
	if (rs->cancels != NULL) {
		let_go(rs);
		unblock(rs);
		(void)cal_redis_drain(loop, grace, is_leaving, rs);
		all = TAILQ_EMPTY(&rs->answers);
	}
	cal_redis_cancels_close(rs->cancels);
	cal_redis_session_close(rs->reader);
	cal_redis_session_close(rs->writer);
	ev_timer_stop(loop, &rs->rest);
	ev_timer_stop(loop, &rs->late);
	cal_redis_answers_release(rs);
	cal_redis_callers_release(rs);
	cal_redis_claims_free(rs->claims);
	cal_redis_words_release(&rs->words);
	free(rs);
	return all;
}

static void
serve_settle(struct cal_conn *conn, uint64_t receipt, enum cal_settle settle,
    const char *why)
{
	struct cal_redis_server *rs = (struct cal_redis_server *)conn;
	struct cal_redis_request *request =
	    (struct cal_redis_request *)(uintptr_t)receipt;

	(void)why;
	if (settle == CAL_SETTLE_BACK && request->claim != 0) {
		cal_redis_claims_settle(rs->claims, request->claim, settle,
		    NULL);
		request->claim = 0;
	}
	cal_redis_answer_none(request);
}

static char *
serve_address(const struct cal_conn *conn)
{
	return cal_url_text(&conn->conf.url);
}

static bool
serve_idle(const struct cal_conn *conn)
{
	return TAILQ_EMPTY(&((const struct cal_redis_server *)conn)->answers);
}

static const char *
serve_trouble(const struct cal_conn *conn)
{
	return cal_redis_session_trouble(
	    ((const struct cal_redis_server *)conn)->writer);
}

static const struct cal_transport ops = {
	.scheme = CAL_REDIS,
	.address = serve_address,
	.send = cal_redis_answer_send,
	.idle = serve_idle,
	.trouble = serve_trouble,
	.close = serve_close,
	.pause = serve_pause,
	.settle = serve_settle,
	.silent = true,
};

static void
init(struct cal_redis_server *rs)
{
	struct ev_loop *loop = rs->conn.conf.loop;
	const struct cal_url_redis *url = &rs->conn.conf.url.redis;
	const struct cal_conn_redis *redis = rs->conn.conf.redis;

	cal_redis_keys_init(&rs->keys, url->stream);
	rs->group = url->group[0] != '\0' ? url->group : "cal";
	rs->at_least_once = redis != NULL && redis->at_least_once;
	rs->pause = PAUSE_MIN;
	rs->by_cid = cal_map_new();
	TAILQ_INIT(&rs->idle);
	TAILQ_INIT(&rs->busy_callers);
	TAILQ_INIT(&rs->answers);
	ev_init(&rs->rest, on_rest_over);
	rs->rest.data = rs;
	ev_timer_init(&rs->late, on_late, LATE, 0);
	rs->late.data = rs;
	ev_timer_start(loop, &rs->late);
}

int
cal_redis_serve_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err)
{
	struct cal_redis_server *rs;
	int rc;

	*connp = NULL;
	CAL_NEW(rs);
	rs->conn.ops = &ops;
	rs->conn.conf = *conf;
	init(rs);
	if ((rc = open_sessions(rs, err)) != CAL_OK) {
		(void)serve_close(&rs->conn, 0);
		return rc;
	}
	open_claims(rs);
	*connp = &rs->conn;
	return CAL_OK;
}
