/*
 * A server's part of its group: made sure of, recovered, read.
 *
 * Whenever both sessions are up, the group is made sure of, the claims find out
 * what is ours, and then reading begins, as much as there is room for: so each
 * server of a group takes what it can do, and leaves the rest to others.
 */
#include "base/clock.h"
#include "base/num.h"
#include "transport/redis_group.h"
#include "transport/redis_serve.h"

static const double LEASE = 60;         /* seconds, if nobody says */
static const double PAUSE_MAX = 5;

static size_t
window_of(const struct cal_redis_server *rs)
{
	const struct cal_conn_redis *redis = rs->conn.conf.redis;

	return redis != NULL && redis->window > 0 ? redis->window :
	    CAL_CONN_WINDOW;
}

static struct cal_redis_group
group_of(const struct cal_redis_server *rs)
{
	return (struct cal_redis_group){
		.stream = rs->keys.bind,
		.group = rs->group,
		.consumer = cal_redis_claims_consumer(rs->claims),
	};
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

void
cal_redis_serve_halt(struct cal_redis_server *rs)
{
	rs->begun = rs->recovered = false;
	cal_redis_claims_halt(rs->claims);
}

void
cal_redis_serve_rest(struct cal_redis_server *rs, const struct cal_err *why)
{
	cal_log_gated(&rs->later_gate, CAL_LOG_WARNING,
	    "Redis cannot serve us just now: %s", why->text);
	cal_redis_serve_halt(rs);
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
	cal_redis_serve_halt(rs);
	if (!rs->closing)
		rs->conn.conf.events->refused(rs->conn.conf.arg, why);
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
		cal_redis_serve_halt(rs);
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
	cal_redis_serve_begin(rs);
	cal_redis_serve_read(rs);
}

void
cal_redis_serve_read(struct cal_redis_server *rs)
{
	const struct cal_redis_group group = group_of(rs);
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
	cal_redis_group_read(words, &group, NULL, cal_redis_ahead(&rs->ahead,
	    room), CAL_REDIS_BLOCK_MS);
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
			cal_redis_serve_begin(rs);
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
void
cal_redis_serve_begin(struct cal_redis_server *rs)
{
	const struct cal_redis_group group = group_of(rs);
	char last[CAL_REDIS_ID_MAX + 1];

	if (rs->begun || rs->grouping || rs->reading || rs->refused ||
	    rs->closing || ev_is_active(&rs->rest) ||
	    !cal_redis_session_is_up(rs->reader) ||
	    !cal_redis_session_is_up(rs->writer) ||
	    !cal_redis_cancels_known(rs->cancels))
		return;
	rs->begun = rs->grouping = true;
	cal_redis_id_write(last, &rs->last);
	cal_redis_group_make(&rs->words, &group, last);
	cal_redis_send(rs->writer, &rs->words, 0, on_group, rs);
}

static void
on_recovered(void *arg)
{
	struct cal_redis_server *rs = arg;

	rs->recovered = true;
	rs->pause = CAL_REDIS_PAUSE;
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

	cal_redis_serve_halt(rs);
	cal_redis_serve_begin(rs);
}

static void
on_left(void *arg)
{
	struct cal_redis_server *rs = arg;

	rs->left = true;
}

static void
on_failed(void *arg, const struct cal_err *err)
{
	cal_redis_serve_refuse(arg, err);
}

void
cal_redis_serve_open_claims(struct cal_redis_server *rs)
{
	const struct cal_conn_redis *redis = rs->conn.conf.redis;
	struct cal_redis_claims_conf conf = {
		.loop = rs->conn.conf.loop,
		.session = rs->writer,
		.stream = rs->keys.bind,
		.group = rs->group,
		.consumer = rs->conn.conf.url.redis.consumer,
		.durable = redis != NULL && redis->at_least_once,
		.lease = redis != NULL && redis->lease > 0 ? redis->lease :
		    LEASE,
		.max_bytes = CAL_REDIS_ENTRY_MAX(rs->conn.conf.max_body),
		.ready = on_recovered,
		.room = on_room,
		.claimed = on_claimed,
		.gone = on_gone,
		.failed = on_failed,
		.left = on_left,
		.arg = rs,
	};

	rs->claims = cal_redis_claims_new(&conf);
}
