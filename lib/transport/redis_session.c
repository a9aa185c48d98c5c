/*
 * A session: a connection to Redis that is made anew whenever it is lost.  Its
 * first commands are our own: AUTH and SELECT as the URL says, and a PING,
 * which Redis answers when we are let in and it is not loading.
 */
#include "transport/redis_socket.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/secret.h"

static const double DELAY_MIN = 0.1, DELAY_MAX = 5;     /* seconds */
static const double STEADY = 1;         /* up so long: begin with the least */
static const double PATIENCE = 5;       /* for an answer, for a connection */

struct cal_redis_session {
	struct cal_redis_session_conf conf;
	struct cal_redis_socket *socket;        /* NULL: none */
	struct cal_redis_words words;           /* of the first commands */

	struct cal_redis_ring waiting;
	unsigned block_ms;                      /* that are waited for now */

	bool up, closed;
	unsigned busy;                          /* events go out */
	ev_tstamp since;                        /* it is up */
	double delay;
	ev_timer retry;
	bool troubled;
	struct cal_err trouble;
	bool refused;                           /* for good: trouble */
};

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

static void
send_command(struct cal_redis_session *rs,
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
	cal_redis_socket_close(rs->socket);
	rs->socket = NULL;
	rs->busy++;
	answer_all(rs);
	leave(rs);
}

/* The first commands. */

static void
be_troubled(struct cal_redis_session *rs, const struct cal_err *err)
{
	if (rs->refused)
		return;
	rs->troubled = true;
	rs->trouble = *err;
}

/* Ends the connection, now or for ever. */
static void
give_up(struct cal_redis_session *rs, const struct cal_err *err)
{
	be_troubled(rs, err);
	rs->refused = rs->refused || err->code == CAL_EDENIED ||
	    err->code == CAL_ECONFIG;
	cal_redis_socket_end(rs->socket, err->text);
}

/*
 * Redis' own words are not passed on here but for what they are known to say:
 * one that does not know AUTH repeats the password.
 */
static void
on_auth(void *arg, const redisReply *reply)
{
	struct cal_redis_session *rs = arg;
	struct cal_err err;
	enum cal_redis_kind kind = cal_redis_kind(reply, &err);

	if (kind == CAL_REDIS_OK || kind == CAL_REDIS_LOST)
		return;
	if (strstr(err.text, "without any password") != NULL)
		(void)cal_fail(&err, CAL_EDENIED, "Redis has no password for "
		    "its default user, but one was given");
	else if (kind != CAL_REDIS_LATER &&
	    strncmp(err.text, "DENIED", 6) != 0)
		(void)cal_fail(&err, CAL_EDENIED, "Redis does not take this "
		    "%s", rs->conf.url->redis.user[0] == '\0' ? "password" :
		    "user and password");
	give_up(rs, &err);
}

static void
on_select(void *arg, const redisReply *reply)
{
	struct cal_redis_session *rs = arg;
	struct cal_err err;
	enum cal_redis_kind kind = cal_redis_kind(reply, &err);

	if (kind == CAL_REDIS_OK || kind == CAL_REDIS_LOST)
		return;
	if (err.code == CAL_EPROTO)
		err.code = CAL_ECONFIG;
	cal_err_prefix(&err, "cannot select database %u",
	    (unsigned)rs->conf.url->redis.db);
	give_up(rs, &err);
}

/*
 * Who may not PING was let in; and a Redis whose disk is full says so here, but
 * may still be read.
 */
static bool
is_let_in(enum cal_redis_kind kind, const struct cal_err *err)
{
	return kind == CAL_REDIS_OK || strncmp(err->text, "NOPERM", 6) == 0 ||
	    strncmp(err->text, "MISCONF", 7) == 0;
}

static void
on_ping(void *arg, const redisReply *reply)
{
	struct cal_redis_session *rs = arg;
	struct cal_err err;
	enum cal_redis_kind kind = cal_redis_kind(reply, &err);

	if (kind == CAL_REDIS_LOST)
		return;
	if (!is_let_in(kind, &err)) {
		give_up(rs, &err);
		return;
	}
	rs->up = true;
	rs->troubled = false;
	rs->since = ev_now(rs->conf.loop);
	rs->conf.up(rs->conf.arg);
}

static void
say(struct cal_redis_session *rs, cal_redis_fn *fn)
{
	struct cal_redis_command command = { .fn = fn, .arg = rs };

	send_command(rs, &rs->words, &command);
}

/* A user without a password is one that Redis lets in with any. */
static void
on_connected(void *arg)
{
	struct cal_redis_session *rs = arg;
	const struct cal_url_redis *url = &rs->conf.url->redis;

	if (url->password[0] != '\0' || url->user[0] != '\0') {
		cal_redis_begin(&rs->words, "AUTH");
		if (url->user[0] != '\0')
			cal_redis_add_text(&rs->words, url->user);
		cal_redis_add_text(&rs->words, url->password);
		cal_redis_socket_wipe(rs->socket);
		say(rs, on_auth);
		cal_secret_wipe(rs->words.bytes.ptr, rs->words.bytes.cap);
	}
	if (url->db != 0) {
		cal_redis_begin(&rs->words, "SELECT");
		cal_redis_add_number(&rs->words, url->db);
		say(rs, on_select);
	}
	cal_redis_begin(&rs->words, "PING");
	say(rs, on_ping);
}

/* Its ups and downs. */

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
	rs->busy++;
	if (command.fn != NULL)
		command.fn(command.arg, reply);
	if (!rs->closed)
		watch(rs, false);
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

static void
on_ended(void *arg, const char *why)
{
	struct cal_redis_session *rs = arg;
	struct cal_err err;
	bool was_up = rs->up;

	rs->busy++;
	rs->up = false;
	if (was_up && ev_now(rs->conf.loop) - rs->since >= STEADY)
		rs->delay = DELAY_MIN;
	cal_redis_socket_close(rs->socket);
	rs->socket = NULL;
	(void)cal_fail(&err, CAL_EUNAVAIL, "%s", why);
	be_troubled(rs, &err);
	answer_all(rs);
	if (was_up && !rs->closed)
		rs->conf.down(rs->conf.arg);
	if (!rs->closed && rs->refused)
		rs->conf.refused(rs->conf.arg, &rs->trouble);
	else if (!rs->closed)
		try_later(rs);
	leave(rs);
}

static int
begin(struct cal_redis_session *rs, struct cal_err *err)
{
	struct cal_redis_socket_conf conf = {
		.loop = rs->conf.loop,
		.url = rs->conf.url,
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
on_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_session *rs = timer->data;
	struct cal_err err;

	(void)loop;
	(void)revents;
	if (begin(rs, &err) == CAL_OK)
		return;
	be_troubled(rs, &err);
	try_later(rs);
}

int
cal_redis_session_open(struct cal_redis_session **sessionp,
    const struct cal_redis_session_conf *conf, struct cal_err *err)
{
	struct cal_redis_session *rs;
	struct cal_err why;
	int rc;

	*sessionp = NULL;
	CAL_NEW(rs);
	rs->conf = *conf;
	rs->delay = DELAY_MIN;
	ev_init(&rs->retry, on_retry);
	rs->retry.data = rs;
	rc = begin(rs, &why);
	if (rc == CAL_ENOHOST) {
		session_free(rs);
		return cal_fail(err, rc, "%s", why.text);
	}
	if (rc != CAL_OK) {
		be_troubled(rs, &why);
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

const char *
cal_redis_session_trouble(const struct cal_redis_session *rs)
{
	return rs->troubled ? rs->trouble.text : NULL;
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
	send_command(rs, words, &command);
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
