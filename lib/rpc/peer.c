/*
 * A peer: its connection, and the way of every message to the file that knows
 * what to do with it.
 */
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpc/side.h"

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
		cal_side_pinged(link->above, message);
		break;
	case CAL_WORD_PONG:
		cal_side_ponged(link->above, message);
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
