/*
 * A peer: its connection, the hello of both sides, and the way of every
 * message to the file that knows what to do with it.
 */
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "rpc/side.h"

enum { ECHO_MAX = 1024 };       /* a PONG must not multiply a PING's bytes */

#define EXTENSIONS 5
static const char *const extensions[EXTENSIONS] = {
	"dl", "cid", "max", "why", "st",
};

/* Sends what stands in the peer's header and payload. */
int
cal_side_send(struct cal_side *side, enum cal_word word, uint64_t receipt)
{
	struct cal_peer *peer = side->peer;
	struct cal_frames frames = { .word = word, .receipt = receipt };

	frames.header = cal_buf_view(&peer->header);
	frames.payload = cal_buf_view(&peer->payload);
	return cal_conn_send(peer->conn, side->link, &frames, &peer->payload);
}

/* Asks what the other side is, which also shows that we can be called. */
void
cal_side_ask(struct cal_side *side)
{
	struct cal_peer *peer = side->peer;

	side->asked = true;
	cal_buf_clear(&peer->header);
	cal_buf_clear(&peer->payload);
	cal_buf_put_text(&peer->header, CAL_HELLO_QUESTION);
	(void)cal_side_send(side, CAL_WORD_PING, 0);
}

static void
on_up(void *arg, struct cal_link *link)
{
	struct cal_peer *peer = arg;
	struct cal_side *side;

	CAL_NEW(side);
	side->peer = peer;
	side->link = link;
	side->caller.name = link->name;
	side->caller.user = cal_user_name(link->user);
	TAILQ_INIT(&side->incomings);
	TAILQ_INIT(&side->calls);
	TAILQ_INSERT_TAIL(&peer->sides, side, next);
	link->above = side;
	if (peer->conf.bind)
		return;
	CAL_FAULT("connected");
	cal_log(CAL_LOG_INFO, "connected");
	side->callable = true;
	if (!cal_conn_is_silent(peer->conn)) {
		cal_side_ask(side);
		cal_probe_side(side);
	}
	cal_calls_flush(peer);
}

static void
side_free(struct cal_side *side)
{
	TAILQ_REMOVE(&side->peer->sides, side, next);
	cal_buf_release(&side->hello_bytes);
	cal_buf_release(&side->listed);
	free(side);
}

static void
on_down(void *arg, struct cal_link *link)
{
	struct cal_peer *peer = arg;
	struct cal_side *side = link->above;

	link->above = NULL;
	side->callable = false;
	cal_request_orphan(side);
	cal_calls_lost(side);
	if (peer->conf.events->gone != NULL)
		peer->conf.events->gone(peer->conf.arg, &side->caller);
	side_free(side);
	if (!peer->conf.bind)
		cal_log(CAL_LOG_INFO, "the connection was lost");
}

/* Whoever is barred is not called either, until he is not any more. */
static void
on_changed(void *arg, struct cal_link *link)
{
	struct cal_peer *peer = arg;
	struct cal_side *side = link->above;

	side->caller.user = cal_user_name(link->user);
	if (link->barred)
		cal_calls_lost(side);
	else                    /* others may be barred in this turn */
		ev_feed_event(peer->conf.loop, &peer->flush, 0);
	if (peer->conf.events->changed != NULL)
		peer->conf.events->changed(peer->conf.arg, &side->caller);
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	struct cal_peer *peer = arg;

	cal_calls_refused(peer, err);
	if (peer->conf.events->refused != NULL)
		peer->conf.events->refused(peer->conf.arg, err);
}

static void
on_ready(void *arg)
{
	struct cal_peer *peer = arg;

	if (peer->conf.events->up != NULL)
		peer->conf.events->up(peer->conf.arg);
}

static void
on_room(void *arg)
{
	cal_calls_flush(arg);
}

static void
on_failed(void *arg, struct cal_link *link, uint64_t receipt,
    const struct cal_err *err)
{
	(void)arg;
	cal_calls_failed(link->above, receipt, err);
}

static void
write_hello(struct cal_peer *peer, const struct cal_user *user)
{
	struct cal_buf ext = { .max = 0 };
	struct cal_hello hello = { .max_body = peer->conf.max_body };
	size_t i;

	cal_mp_put_array(&ext, EXTENSIONS);
	for (i = 0; i < EXTENSIONS; i++)
		cal_mp_put_str(&ext, cal_slice_text(extensions[i]));
	hello.version = cal_slice_text(CAL_VERSION);
	hello.ext = cal_buf_view(&ext);
	if (peer->conf.order != NULL)
		hello.order = cal_slice_text(peer->conf.order);
	if (peer->conf.serializer != NULL)
		hello.serializer = cal_slice_text(peer->conf.serializer);
	if (peer->conf.events->methods != NULL)
		peer->conf.events->methods(peer->conf.arg, user,
		    &hello.methods);
	cal_buf_clear(&peer->payload);
	cal_hello_write(&hello, &peer->payload);
	if (peer->payload.len > CAL_HELLO_MAX) {
		/* Too many to tell: then none, which says nothing. */
		hello.methods.len = 0;
		cal_buf_clear(&peer->payload);
		cal_hello_write(&hello, &peer->payload);
	}
	cal_buf_release(&ext);
}

/* How much a PONG to this PING would give back. */
static size_t
echoed(const struct cal_message *message)
{
	size_t i, len = message->header.len + message->payload.len;

	for (i = 0; i < message->pre_count; i++)
		len += message->pre[i].len;
	return len;
}

static void
on_ping(struct cal_side *side, const struct cal_message *message)
{
	struct cal_peer *peer = side->peer;
	struct cal_frames frames = {
		.word = CAL_WORD_PONG,
		.header = message->header,
		.payload = message->payload,
		.pre = message->pre,
		.pre_count = message->pre_count,
	};
	bool question = message->payload.len == 0 &&
	    cal_slice_is(message->header, CAL_HELLO_QUESTION);

	if (side->link->barred || echoed(message) > ECHO_MAX) {
		peer->counts.malformed++;
		return;
	}
	if (question)
		write_hello(peer, side->link->user);
	(void)cal_conn_send(peer->conn, side->link, &frames,
	    question ? &peer->payload : NULL);
	if (!side->callable) {
		side->callable = true;
		cal_probe_side(side);
		cal_calls_flush(peer);
	}
}

/* Keeps a hello that was found good; a bad one leaves the last as it is. */
static void
remember_hello(struct cal_side *side, struct cal_slice payload)
{
	cal_buf_clear(&side->listed);
	cal_buf_clear(&side->hello_bytes);
	cal_buf_put(&side->hello_bytes, payload.ptr, payload.len);
	(void)cal_hello_read(&side->hello, cal_buf_view(&side->hello_bytes),
	    NULL);
	side->state = CAL_HELLO_OURS;
}

static void
on_pong(struct cal_side *side, const struct cal_message *message)
{
	struct cal_peer *peer = side->peer;
	struct cal_hello hello;
	struct cal_err err = { .code = CAL_OK };

	if (cal_slice_is(message->header, CAL_HELLO_QUESTION) &&
	    message->payload.len > 0 &&
	    cal_hello_read(&hello, message->payload, &err) == CAL_OK)
		remember_hello(side, message->payload);
	if (side->state == CAL_HELLO_UNKNOWN)
		side->state = CAL_HELLO_PLAIN;
	if (!peer->conf.bind && !side->ponged && peer->conf.events->up != NULL)
		peer->conf.events->up(peer->conf.arg);
	side->ponged = true;
	if (peer->probe != NULL)
		cal_probe_done(peer, side->state == CAL_HELLO_OURS ? &side->hello :
		    NULL, err.code == CAL_OK ? NULL : &err);
	cal_calls_flush(peer);
}

static void
on_upper(struct cal_side *side, struct cal_message *message)
{
	struct cal_peer *peer = side->peer;
	struct cal_rpcmsg msg;
	struct cal_err err;
	bool echoable = false;

	if (cal_rpcmsg_read_header(&msg, message->header, &echoable,
	    &err) != CAL_OK) {
		if (!echoable) {
			peer->counts.malformed++;
			return;
		}
		peer->counts.requests++;
		cal_request_refuse(side, &msg, message, "BadRequest",
		    err.text);
		return;
	}
	switch (msg.type) {
	case CAL_RPC_FUNCTION:
		peer->counts.requests++;
		cal_request_take(side, &msg, message);
		break;
	case CAL_RPC_CANCEL:
		cal_request_stop(side, &msg);
		break;
	case CAL_RPC_RESULT:
	case CAL_RPC_FAILURE:
	case CAL_RPC_ERROR:
	case CAL_RPC_CANCELLED:
		cal_calls_answered(side, &msg, message->payload);
		break;
	case CAL_RPC_NULL:
		peer->counts.unexpected++;
		break;
	}
}

static void
on_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	struct cal_peer *peer = arg;

	switch (message->word) {
	case CAL_WORD_UPPER:
		CAL_FAULT("recv");
		on_upper(link->above, message);
		break;
	case CAL_WORD_PING:
		on_ping(link->above, message);
		break;
	case CAL_WORD_PONG:
		on_pong(link->above, message);
		break;
	}
	/* Whoever answers it later has taken its receipt. */
	cal_conn_settle(peer->conn, message->receipt, CAL_SETTLE_DONE, NULL);
}

static const struct cal_conn_events conn_events = {
	.up = on_up,
	.message = on_message,
	.down = on_down,
	.changed = on_changed,
	.refused = on_refused,
	.room = on_room,
	.ready = on_ready,
	.failed = on_failed,
};

int
cal_peer_open(struct cal_peer **peerp, const struct cal_peer_conf *conf,
    struct cal_err *err)
{
	struct cal_conn_conf conn = {
		.loop = conf->loop,
		.url = conf->url,
		.bind = conf->bind,
		.keys = conf->keys,
		.insecure = conf->insecure,
		.max_body = conf->max_body,
		.redis = conf->redis,
		.events = &conn_events,
	};
	struct cal_peer *peer;
	int rc;

	*peerp = NULL;
	CAL_NEW(peer);
	peer->conf = *conf;
	TAILQ_INIT(&peer->sides);
	peer->incomings = cal_map_new();
	cal_calls_init(peer);
	conn.arg = peer;
	if ((rc = cal_conn_open(&peer->conn, &conn, err)) != CAL_OK) {
		(void)cal_peer_close(peer, 0);
		return rc;
	}
	cal_calls_begin(peer);
	*peerp = peer;
	return CAL_OK;
}

char *
cal_peer_address(const struct cal_peer *peer)
{
	return cal_conn_address(peer->conn);
}

void
cal_peer_counts(const struct cal_peer *peer, struct cal_peer_counts *counts)
{
	*counts = peer->counts;
	counts->malformed += peer->conn->counts.malformed;
	counts->undeliverable += peer->conn->counts.undeliverable;
	counts->stale = peer->conn->counts.stale;
}

void
cal_peer_recheck(struct cal_peer *peer)
{
	cal_conn_recheck(peer->conn);
}

/* A socket would take PINGs, too, and what is refused at once now. */
void
cal_peer_pause(struct cal_peer *peer)
{
	if (cal_conn_is_silent(peer->conn))
		cal_conn_pause(peer->conn, true);
}

bool
cal_peer_is_silent(const struct cal_peer *peer)
{
	return cal_conn_is_silent(peer->conn);
}

bool
cal_peer_idle(const struct cal_peer *peer)
{
	return cal_conn_idle(peer->conn);
}

bool
cal_peer_close(struct cal_peer *peer, double grace)
{
	struct cal_side *side;
	bool all;

	if (peer == NULL)
		return true;
	/* The loop may turn while the connection closes. */
	cal_calls_stop(peer);
	ev_timer_stop(peer->conf.loop, &peer->probe_timer);
	all = cal_conn_close(peer->conn, grace);
	peer->conn = NULL;
	while ((side = TAILQ_FIRST(&peer->sides)) != NULL) {
		cal_request_orphan(side);
		if (peer->conf.events->gone != NULL)
			peer->conf.events->gone(peer->conf.arg, &side->caller);
		while (!TAILQ_EMPTY(&side->calls))
			cal_call_free(TAILQ_FIRST(&side->calls));
		side_free(side);
	}
	cal_calls_release(peer);
	cal_map_free(peer->incomings);
	cal_buf_release(&peer->name);
	cal_spares_release(&peer->spare_incomings);
	cal_spares_release(&peer->spare_calls);
	cal_buf_release(&peer->header);
	cal_buf_release(&peer->payload);
	free(peer);
	return all;
}
