/*
 * Asking sentinels for the place of a master, each over a connection of its own
 * that ends with the answer.
 *
 * When none of them names one, that of what went wrong is told which says most:
 * rather what a sentinel said than that another one did not answer.
 */
#include "transport/redis_sentinel.h"

#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_socket.h"

enum { REPLY_MAX = 16 << 10 };

static const double PATIENCE = 1.5;     /* seconds, with each of them */

enum weight { UNKNOWN_HOST, SILENT, SAID };

struct cal_redis_sentinel {
	struct cal_redis_sentinel_conf conf;
	size_t first, tried;            /* in this round, beginning there */
	struct cal_url place;           /* of the one that is asked … */
	struct cal_redis_socket *socket;        /* … now; NULL: nobody */
	struct cal_redis_words words;
	ev_timer patience;
	enum weight weight;
	struct cal_err why;
};

static void
hang_up(struct cal_redis_sentinel *rs)
{
	ev_timer_stop(rs->conf.loop, &rs->patience);
	cal_redis_socket_close(rs->socket);
	rs->socket = NULL;
}

static void
note(struct cal_redis_sentinel *rs, enum weight weight, const char *words)
{
	char *place;

	if (weight < rs->weight)
		return;
	rs->weight = weight;
	place = cal_url_place_text(rs->place.host, rs->place.port);
	(void)cal_fail(&rs->why, weight == UNKNOWN_HOST ? CAL_ENOHOST :
	    CAL_EUNAVAIL, "no sentinel names the master '%s': %s: %s",
	    rs->conf.url->redis.master, place, words);
	free(place);
}

static int ask_next(struct cal_redis_sentinel *rs);

static void
go_on(struct cal_redis_sentinel *rs)
{
	hang_up(rs);
	if (ask_next(rs) != CAL_OK)
		rs->conf.failed(rs->conf.arg, &rs->why);
}

/* What it says. */

/* A host name or address, and a port: two texts without a NUL. */
static bool
read_master(struct cal_url *master, const redisReply *reply)
{
	struct cal_slice host, port;
	struct cal_err err;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return false;
	host = cal_redis_text(reply->element[0]);
	port = cal_redis_text(reply->element[1]);
	if (host.len == 0 || port.len == 0 || host.len > CAL_URL_HOST_MAX ||
	    memchr(host.ptr, '\0', host.len) != NULL ||
	    memchr(port.ptr, '\0', port.len) != NULL)
		return false;
	return cal_url_set_place(master, (const char *)host.ptr,
	    (const char *)port.ptr, &err) == CAL_OK;
}

static void
note_error(struct cal_redis_sentinel *rs, const struct cal_err *err)
{
	if (strncmp(err->text, "NOAUTH", 6) == 0)
		note(rs, SAID, "it wants a password, and sentinels are asked "
		    "without");
	else if (strncmp(err->text, "ERR unknown command", 19) == 0)
		note(rs, SAID, "it is no sentinel");
	else
		note(rs, SAID, err->text);
}

static void
on_reply(void *arg, const redisReply *reply)
{
	struct cal_redis_sentinel *rs = arg;
	struct cal_url master;
	struct cal_err err;

	if (cal_redis_kind(reply, &err) != CAL_REDIS_OK) {
		note_error(rs, &err);
	} else if (reply->type == REDIS_REPLY_NIL) {
		note(rs, SAID, "it knows nobody of this name");
	} else if (!read_master(&master, reply)) {
		note(rs, SAID, "what it says is no address");
	} else {
		hang_up(rs);
		rs->first = (rs->first + rs->tried - 1) %
		    rs->conf.url->redis.sentinel_count;
		rs->conf.found(rs->conf.arg, &master);
		return;
	}
	go_on(rs);
}

/* The connection. */

static void
on_connected(void *arg)
{
	struct cal_redis_sentinel *rs = arg;

	cal_redis_begin(&rs->words, "SENTINEL");
	cal_redis_add_text(&rs->words, "get-master-addr-by-name");
	cal_redis_add_text(&rs->words, rs->conf.url->redis.master);
	cal_redis_socket_send(rs->socket, &rs->words);
}

static void
on_ended(void *arg, const char *why)
{
	struct cal_redis_sentinel *rs = arg;

	note(rs, SILENT, why);
	go_on(rs);
}

static void
on_patience_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_sentinel *rs = timer->data;

	(void)loop;
	(void)revents;
	note(rs, SILENT, "it does not answer");
	go_on(rs);
}

static int
ask_one(struct cal_redis_sentinel *rs, const struct cal_url_place *place)
{
	const struct cal_redis_socket_conf conf = {
		.loop = rs->conf.loop,
		.url = &rs->place,
		.reply_max = REPLY_MAX,
		.connected = on_connected,
		.reply = on_reply,
		.ended = on_ended,
		.arg = rs,
	};
	struct cal_err err;
	int rc;

	rs->place.scheme = CAL_REDIS;
	memcpy(rs->place.host, place->host, sizeof(rs->place.host));
	rs->place.port = place->port;
	if ((rc = cal_redis_socket_open(&rs->socket, &conf, &err)) != CAL_OK) {
		note(rs, rc == CAL_ENOHOST ? UNKNOWN_HOST : SILENT, err.text);
		return rc;
	}
	ev_now_update(rs->conf.loop);
	ev_timer_set(&rs->patience, PATIENCE, 0);
	ev_timer_start(rs->conf.loop, &rs->patience);
	return CAL_OK;
}

static int
ask_next(struct cal_redis_sentinel *rs)
{
	const struct cal_url_redis *redis = &rs->conf.url->redis;
	size_t number;

	while (rs->tried < redis->sentinel_count) {
		number = (rs->first + rs->tried++) % redis->sentinel_count;
		if (ask_one(rs, &redis->sentinels[number]) == CAL_OK)
			return CAL_OK;
	}
	return rs->why.code;
}

int
cal_redis_sentinel_ask(struct cal_redis_sentinel *rs, struct cal_err *err)
{
	int rc;

	rs->tried = 0;
	rs->weight = UNKNOWN_HOST;
	if ((rc = ask_next(rs)) != CAL_OK)
		(void)cal_fail(err, rc, "%s", rs->why.text);
	return rc;
}

struct cal_redis_sentinel *
cal_redis_sentinel_new(const struct cal_redis_sentinel_conf *conf)
{
	struct cal_redis_sentinel *rs;

	CAL_NEW(rs);
	rs->conf = *conf;
	ev_init(&rs->patience, on_patience_over);
	ev_set_priority(&rs->patience, EV_MINPRI);
	rs->patience.data = rs;
	return rs;
}

void
cal_redis_sentinel_free(struct cal_redis_sentinel *rs)
{
	if (rs == NULL)
		return;
	hang_up(rs);
	cal_redis_words_release(&rs->words);
	free(rs);
}
