/*
 * The first commands of a connection: AUTH and SELECT as the URL says, where
 * it has to be found first what says whether it is the right one, and a PING,
 * which Redis answers when we are let in and it is not loading.
 */
#include "transport/redis_session_parts.h"

#include "base/secret.h"

enum { MOVES = 5 };

/* Ends the connection, now or for ever. */
static void
give_up(struct cal_redis_session *rs, const struct cal_err *err)
{
	cal_redis_session_set_trouble(rs, err);
	rs->ending = err->code;
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

/* An old master comes back as one until it is told otherwise. */
static void
on_role(void *arg, const redisReply *reply)
{
	struct cal_redis_session *rs = arg;
	struct cal_err err;
	enum cal_redis_kind kind = cal_redis_kind(reply, &err);

	if (kind == CAL_REDIS_LOST)
		return;
	if (kind == CAL_REDIS_OK) {
		if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
		    cal_slice_is(cal_redis_text(reply->element[0]), "master"))
			return;
		(void)cal_fail(&err, CAL_EAGAIN, "it is no master now");
	} else {
		cal_err_prefix(&err, "cannot ask for its role");
	}
	give_up(rs, &err);
}

static const char *
host(const struct cal_redis_session *rs)
{
	return rs->placed ? rs->place.host : rs->conf.url->host;
}

/* Any answer but an error says that the key is, or would be, here. */
static void
on_exists(void *arg, const redisReply *reply)
{
	struct cal_redis_session *rs = arg;
	struct cal_url place;
	struct cal_err err;
	enum cal_redis_kind kind = cal_redis_kind(reply, &err);

	if (kind == CAL_REDIS_OK || kind == CAL_REDIS_LOST)
		return;
	if (cal_redis_moved(&place, reply, host(rs))) {
		if (rs->moves++ < MOVES) {
			rs->place = place;
			rs->placed = rs->moved = true;
		}
		(void)cal_fail(&err, CAL_EAGAIN, "the nodes of the cluster do "
		    "not agree about who has the stream");
	} else if (strncmp(reply->str, "ASK ", 4) == 0) {
		(void)cal_fail(&err, CAL_EAGAIN, "the stream moves to another "
		    "node of the cluster");
	} else {
		cal_err_prefix(&err, "cannot ask where the stream is");
	}
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
	rs->moves = 0;
	rs->troubled = rs->put_off = false;
	rs->since = ev_now(rs->conf.loop);
	rs->conf.up(rs->conf.arg);
}

static void
say(struct cal_redis_session *rs, cal_redis_fn *fn)
{
	struct cal_redis_command command = { .fn = fn, .arg = rs };

	cal_redis_session_say(rs, &rs->words, &command);
}

/* A user without a password is one that Redis lets in with any. */
void
cal_redis_login(struct cal_redis_session *rs)
{
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
	if (rs->sentinel != NULL) {
		cal_redis_begin(&rs->words, "ROLE");
		say(rs, on_role);
	}
	if (url->cluster) {
		cal_redis_begin(&rs->words, "EXISTS");
		cal_redis_add_text(&rs->words, url->stream);
		say(rs, on_exists);
	}
	cal_redis_begin(&rs->words, "PING");
	say(rs, on_ping);
}
