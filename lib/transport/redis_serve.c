/*
 * A server over Redis: its sessions, its beginning and its end.
 *
 * One session only ever waits for requests, one for CANCELs, and one says
 * everything else.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_serve.h"

static const double LATE = 1;           /* not ready: a word about why */

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
	cal_redis_serve_begin(rs);
}

static void
on_reader_down(void *arg)
{
	struct cal_redis_server *rs = arg;

	rs->reader_id = 0;
	cal_redis_serve_halt(rs);
}

static void
on_writer_up(void *arg)
{
	struct cal_redis_server *rs = arg;

	cal_redis_answers_flush(rs);
	cal_redis_serve_begin(rs);
}

static void
on_writer_down(void *arg)
{
	struct cal_redis_server *rs = arg;
	const char *trouble = cal_redis_session_trouble(rs->writer);

	cal_redis_serve_halt(rs);
	cal_redis_answers_lost(rs);
	cal_log_gated(&rs->lost_gate, CAL_LOG_WARNING,
	    "lost the connection to Redis: %s",
	    trouble == NULL ? "it was closed" : trouble);
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	cal_redis_serve_refuse(arg, err);
}

static void
on_rest_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_server *rs = timer->data;

	(void)loop;
	(void)revents;
	cal_redis_answers_flush(rs);
	cal_redis_serve_begin(rs);
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
	cal_redis_serve_begin(arg);
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
	.address = cal_redis_address,
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
	rs->pause = CAL_REDIS_PAUSE;
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
	cal_redis_serve_open_claims(rs);
	*connp = &rs->conn;
	return CAL_OK;
}
