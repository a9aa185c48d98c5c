/*
 * A session: a connection to Redis that is made anew whenever it is lost.
 *
 * With sentinels, one of them is asked for the place of the master before each
 * connection, and who is there must say of itself that it is the master.  When
 * it says later that it may not be written to, it is none any more: what was
 * sent until then is answered, and the connection is made anew.
 *
 * In a cluster any node says which one has our keys.  They are together, so
 * that asking for one of them before all else finds it; when they move away
 * later it is as with a master that is none any more.
 */
#include "transport/redis_session_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"

static const double DELAY_MIN = 0.1, DELAY_MAX = 5;     /* seconds */
static const double STEADY = 1;         /* up so long: begin with the least */
static const double PATIENCE = 5;       /* for an answer, for a connection */

/* What waits for an answer. */

/* Redis has so long for the answer that is the next one. */
static void
watch(struct cal_redis_session *rs, bool anew)
{
	unsigned block_ms;

	if (rs->waiting.count == 0) {
		cal_redis_socket_wait(rs->socket, 0);
		return;
	}
	block_ms = cal_redis_ring_first(&rs->waiting)->block_ms;
	if (!anew && block_ms == rs->block_ms)
		return;
	rs->block_ms = block_ms;
	cal_redis_socket_wait(rs->socket, PATIENCE + block_ms / 1000.0);
}

void
cal_redis_session_say(struct cal_redis_session *rs,
    const struct cal_redis_words *words,
    const struct cal_redis_command *command)
{
	cal_redis_ring_put(&rs->waiting, command);
	cal_redis_socket_send(rs->socket, words);
	if (rs->waiting.count == 1)
		watch(rs, true);
}

static void
answer_all(struct cal_redis_session *rs)
{
	struct cal_redis_command command;

	while (rs->waiting.count > 0) {
		command = cal_redis_ring_take(&rs->waiting);
		if (command.fn != NULL)
			command.fn(command.arg, NULL);
	}
}

/* Its end, which may come during any event. */

static void
session_free(struct cal_redis_session *rs)
{
	cal_redis_sentinel_free(rs->sentinel);
	cal_redis_words_release(&rs->words);
	cal_redis_ring_release(&rs->waiting);
	free(rs);
}

static void
leave(struct cal_redis_session *rs)
{
	if (--rs->busy == 0 && rs->closed)
		session_free(rs);
}

void
cal_redis_session_close(struct cal_redis_session *rs)
{
	if (rs == NULL || rs->closed)
		return;
	rs->closed = true;
	rs->up = false;
	ev_timer_stop(rs->conf.loop, &rs->retry);
	cal_redis_sentinel_free(rs->sentinel);
	rs->sentinel = NULL;
	cal_redis_socket_close(rs->socket);
	rs->socket = NULL;
	rs->busy++;
	answer_all(rs);
	leave(rs);
}

/* Its ups and downs. */

void
cal_redis_session_set_trouble(struct cal_redis_session *rs,
    const struct cal_err *err)
{
	if (rs->refused)
		return;
	rs->troubled = true;
	rs->trouble = *err;
}

static void
on_reply(void *arg, const redisReply *reply)
{
	struct cal_redis_session *rs = arg;
	struct cal_redis_command command;
	struct cal_err err;

	if (rs->waiting.count == 0) {
		if (cal_redis_kind(reply, &err) == CAL_REDIS_OK)
			(void)cal_fail(&err, CAL_EPROTO, "what answers is no "
			    "Redis: nobody asked for this");
		cal_redis_socket_end(rs->socket, err.text);
		return;
	}
	command = cal_redis_ring_take(&rs->waiting);
	reply = cal_redis_session_watch(rs, reply);
	rs->busy++;
	if (command.fn != NULL)
		command.fn(command.arg, reply);
	if (!rs->closed)
		watch(rs, false);
	if (!rs->closed && rs->demoted && rs->owed == 0)
		cal_redis_socket_end(rs->socket, rs->sentinel != NULL ?
		    "it is no master any more" :
		    "the stream moves to another node of the cluster");
	leave(rs);
}

/* Up to a half less by chance: those who lost it together come one by one. */
static void
try_later(struct cal_redis_session *rs)
{
	double delay = rs->delay;

	rs->delay = delay * 2 < DELAY_MAX ? delay * 2 : DELAY_MAX;
	ev_now_update(rs->conf.loop);
	ev_timer_set(&rs->retry, delay * (1 - cal_random_unit() / 2), 0);
	ev_timer_start(rs->conf.loop, &rs->retry);
}

/* With sentinels nobody else says where it was. */
static void
say_where(const struct cal_redis_session *rs, struct cal_err *err)
{
	char *place;

	if (rs->sentinel == NULL)
		return;
	place = cal_url_place_text(rs->place.host, rs->place.port);
	cal_err_prefix(err, "the master '%s', which is at %s",
	    rs->conf.url->redis.master, place);
	free(place);
}

/* At once where another node has the keys; a node that is gone is forgotten. */
static void
try_again_soon(struct cal_redis_session *rs, bool was_up)
{
	rs->placed = rs->placed && (was_up || rs->moved);
	if (!rs->moved) {
		try_later(rs);
		return;
	}
	ev_timer_set(&rs->retry, 0, 0);
	ev_timer_start(rs->conf.loop, &rs->retry);
}

static void
on_ended(void *arg, const char *why)
{
	struct cal_redis_session *rs = arg;
	struct cal_err err;
	bool was_up = rs->up;

	rs->busy++;
	rs->up = rs->demoted = false;
	rs->choked = cal_redis_socket_was_choked(rs->socket);
	rs->put_off = rs->ending == CAL_EAGAIN;
	rs->ending = CAL_OK;
	if (was_up && ev_now(rs->conf.loop) - rs->since >= STEADY)
		rs->delay = DELAY_MIN;
	cal_redis_socket_close(rs->socket);
	rs->socket = NULL;
	(void)cal_fail(&err, CAL_EUNAVAIL, "%s", why);
	say_where(rs, &err);
	cal_redis_session_set_trouble(rs, &err);
	answer_all(rs);
	if (was_up && !rs->closed)
		rs->conf.down(rs->conf.arg);
	if (!rs->closed && rs->refused)
		rs->conf.refused(rs->conf.arg, &rs->trouble);
	else if (!rs->closed)
		try_again_soon(rs, was_up);
	leave(rs);
}

static void
on_connected(void *arg)
{
	cal_redis_login(arg);
}

static int
connect_to(struct cal_redis_session *rs, const struct cal_url *url,
    struct cal_err *err)
{
	struct cal_redis_socket_conf conf = {
		.loop = rs->conf.loop,
		.url = url,
		.reply_max = CAL_REDIS_REPLY_MAX,
		.connected = on_connected,
		.reply = on_reply,
		.ended = on_ended,
		.arg = rs,
	};
	int rc;

	if (rs->conf.max_body > CAL_REDIS_REPLY_MAX / 8)
		conf.reply_max = rs->conf.max_body * 8;
	if ((rc = cal_redis_socket_open(&rs->socket, &conf, err)) == CAL_OK)
		cal_redis_socket_wait(rs->socket, PATIENCE);
	return rc;
}

static void
on_found(void *arg, const struct cal_url *master)
{
	struct cal_redis_session *rs = arg;
	struct cal_err err;

	rs->place = *master;
	if (connect_to(rs, &rs->place, &err) == CAL_OK)
		return;
	say_where(rs, &err);
	cal_redis_session_set_trouble(rs, &err);
	try_later(rs);
}

static void
on_unknown(void *arg, const struct cal_err *err)
{
	struct cal_redis_session *rs = arg;

	rs->put_off = false;
	cal_redis_session_set_trouble(rs, err);
	try_later(rs);
}

static int
begin(struct cal_redis_session *rs, struct cal_err *err)
{
	if (rs->sentinel != NULL)
		return cal_redis_sentinel_ask(rs->sentinel, err);
	if (!rs->moved)
		rs->moves = 0;
	rs->moved = false;
	return connect_to(rs, rs->placed ? &rs->place : rs->conf.url, err);
}

static void
on_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_session *rs = timer->data;
	struct cal_err err;

	(void)loop;
	(void)revents;
	if (begin(rs, &err) == CAL_OK)
		return;
	rs->placed = false;
	cal_redis_session_set_trouble(rs, &err);
	try_later(rs);
}

int
cal_redis_session_open(struct cal_redis_session **sessionp,
    const struct cal_redis_session_conf *conf, struct cal_err *err)
{
	struct cal_redis_sentinel_conf sentinel = {
		.loop = conf->loop,
		.url = conf->url,
		.found = on_found,
		.failed = on_unknown,
	};
	struct cal_redis_session *rs;
	struct cal_err why;
	int rc;

	*sessionp = NULL;
	CAL_NEW(rs);
	rs->conf = *conf;
	rs->delay = DELAY_MIN;
	ev_init(&rs->retry, on_retry);
	rs->retry.data = rs;
	sentinel.arg = rs;
	if (conf->url->scheme == CAL_REDIS_SENTINEL)
		rs->sentinel = cal_redis_sentinel_new(&sentinel);
	rc = begin(rs, &why);
	if (rc == CAL_ENOHOST) {
		session_free(rs);
		return cal_fail(err, rc, "%s", why.text);
	}
	if (rc != CAL_OK) {
		cal_redis_session_set_trouble(rs, &why);
		try_later(rs);
	}
	*sessionp = rs;
	return CAL_OK;
}

bool
cal_redis_session_is_up(const struct cal_redis_session *rs)
{
	return rs->up;
}

bool
cal_redis_session_was_choked(const struct cal_redis_session *rs)
{
	return rs->choked;
}

const char *
cal_redis_session_trouble(const struct cal_redis_session *rs)
{
	return rs->troubled ? rs->trouble.text : NULL;
}

bool
cal_redis_session_is_put_off(const struct cal_redis_session *rs)
{
	return rs->put_off;
}

void
cal_redis_send(struct cal_redis_session *rs,
    const struct cal_redis_words *words, unsigned block_ms, cal_redis_fn *fn,
    void *arg)
{
	struct cal_redis_command command = {
		.fn = fn, .arg = arg, .block_ms = block_ms,
	};

	assert(rs->up);
	cal_redis_session_say(rs, words, &command);
}

size_t
cal_redis_session_pending(const struct cal_redis_session *rs)
{
	return rs->waiting.count;
}

void
cal_redis_session_restart(struct cal_redis_session *rs)
{
	if (rs->socket != NULL)
		cal_redis_socket_end(rs->socket, "it is made anew");
}
