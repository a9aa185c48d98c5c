/*
 * The transport inside one process, for tests: loop://NAME.
 *
 * One end binds a name, others connect to it; messages are copied and come
 * with the next turn of the loop, in order.  A name must be bound before
 * somebody connects to it.
 */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/mem.h"
#include "transport/transport.h"

struct parcel {
	struct cal_hold hold;
	struct cal_message message;
	struct wire *wire;              /* to whom */
	TAILQ_ENTRY(parcel) next;
	uint8_t bytes[];
};

/* One end of a connection; the other end is its twin. */
struct wire {
	struct cal_link link;
	struct loop_conn *owner;
	struct wire *twin;              /* NULL: closed over there */
	bool up;
	TAILQ_ENTRY(wire) next;
};

struct loop_conn {
	struct cal_conn conn;
	TAILQ_HEAD(, wire) wires;
	TAILQ_HEAD(, parcel) inbox;
	ev_timer turn;                  /* only ever fed */
};

static struct cal_map *names;           /* who is bound where */

static void
parcel_free(struct cal_hold *hold)
{
	free(hold);
}

static void
wake(struct loop_conn *lc)
{
	ev_feed_event(lc->conn.conf.loop, &lc->turn, 0);
}

static void
wire_free(struct wire *wire)
{
	if (wire->twin != NULL) {
		wire->twin->twin = NULL;
		wake(wire->twin->owner);
	}
	TAILQ_REMOVE(&wire->owner->wires, wire, next);
	free(wire);
}

static struct wire *
wire_new(struct loop_conn *lc)
{
	static unsigned long long serial;
	struct wire *wire;

	CAL_NEW(wire);
	wire->owner = lc;
	(void)snprintf(wire->link.name, sizeof(wire->link.name), "loop-%llu",
	    ++serial);
	TAILQ_INSERT_TAIL(&lc->wires, wire, next);
	wake(lc);
	return wire;
}

static void
deliver(struct loop_conn *lc)
{
	struct cal_message message;
	struct parcel *parcel;

	while ((parcel = TAILQ_FIRST(&lc->inbox)) != NULL) {
		TAILQ_REMOVE(&lc->inbox, parcel, next);
		/* Whoever takes the hold may free the parcel before we look. */
		message = parcel->message;
		lc->conn.conf.events->message(lc->conn.conf.arg,
		    &parcel->wire->link, &message);
		cal_hold_free(message.hold);
	}
}

static void
on_turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct loop_conn *lc = timer->data;
	const struct cal_conn_events *events = lc->conn.conf.events;
	struct wire *wire, *next;

	(void)loop;
	(void)revents;
	TAILQ_FOREACH(wire, &lc->wires, next)
		if (!wire->up) {
			wire->up = true;
			events->up(lc->conn.conf.arg, &wire->link);
		}
	deliver(lc);
	for (wire = TAILQ_FIRST(&lc->wires); wire != NULL; wire = next) {
		next = TAILQ_NEXT(wire, next);
		if (wire->twin != NULL)
			continue;
		events->down(lc->conn.conf.arg, &wire->link);
		wire_free(wire);
	}
}

static int
loop_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own)
{
	struct wire *wire = (struct wire *)link;
	struct cal_slice payload = own == NULL ? frames->payload :
	    cal_buf_view(own);
	size_t i, len = frames->header.len + payload.len;
	struct parcel *parcel;
	uint8_t *at;

	(void)conn;
	if (wire->twin == NULL)
		return CAL_EGONE;
	for (i = 0; i < frames->pre_count; i++)
		len += frames->pre[i].len;
	parcel = cal_calloc(1, sizeof(*parcel) + len);
	parcel->hold.free = parcel_free;
	parcel->wire = wire->twin;
	parcel->message.word = frames->word;
	parcel->message.hold = &parcel->hold;
	at = parcel->bytes;
	parcel->message.header = cal_slice_keep(&at, frames->header);
	parcel->message.payload = cal_slice_keep(&at, payload);
	for (i = 0; i < frames->pre_count; i++)
		parcel->message.pre[i] = cal_slice_keep(&at,
		    frames->pre[i]);
	parcel->message.pre_count = frames->pre_count;
	TAILQ_INSERT_TAIL(&wire->twin->owner->inbox, parcel, next);
	wake(wire->twin->owner);
	return CAL_OK;
}

static int
attach(struct loop_conn *lc, struct cal_err *err)
{
	struct cal_slice name = cal_slice_text(lc->conn.conf.url.path);
	struct loop_conn *there;
	struct wire *mine;

	if (names == NULL)
		names = cal_map_new();
	there = cal_map_find(names, name);
	if (lc->conn.conf.bind) {
		if (there != NULL)
			return cal_fail(err, CAL_EOS, "'%s' is bound already",
			    lc->conn.conf.url.path);
		(void)cal_map_put(names, name, lc);
		return CAL_OK;
	}
	if (there == NULL)
		return cal_fail(err, CAL_EUNAVAIL, "nothing is bound to '%s'",
		    lc->conn.conf.url.path);
	mine = wire_new(lc);
	mine->twin = wire_new(there);
	mine->twin->twin = mine;
	return CAL_OK;
}

static bool
loop_close(struct cal_conn *conn, double grace)
{
	struct loop_conn *lc = (struct loop_conn *)conn;
	struct cal_slice name = cal_slice_text(conn->conf.url.path);
	struct parcel *parcel;

	(void)grace;
	while (!TAILQ_EMPTY(&lc->wires))
		wire_free(TAILQ_FIRST(&lc->wires));
	while ((parcel = TAILQ_FIRST(&lc->inbox)) != NULL) {
		TAILQ_REMOVE(&lc->inbox, parcel, next);
		free(parcel);
	}
	ev_clear_pending(conn->conf.loop, &lc->turn);
	if (names != NULL && cal_map_find(names, name) == lc)
		(void)cal_map_remove(names, name);
	if (names != NULL && cal_map_count(names) == 0) {
		cal_map_free(names);
		names = NULL;
	}
	free(lc);
	return true;
}

static int
loop_open(struct cal_conn **connp, const struct cal_conn_conf *conf,
    struct cal_err *err)
{
	struct loop_conn *lc;
	int rc;

	if (conf->pattern != CAL_PATTERN_RPC)
		return cal_fail(err, CAL_EUSAGE, "there are no streams over "
		    "loop://");
	CAL_NEW(lc);
	lc->conn.ops = &cal_transport_loopback;
	lc->conn.conf = *conf;
	TAILQ_INIT(&lc->wires);
	TAILQ_INIT(&lc->inbox);
	ev_init(&lc->turn, on_turn);
	lc->turn.data = lc;
	if ((rc = attach(lc, err)) != CAL_OK) {
		(void)loop_close(&lc->conn, 0);
		return rc;
	}
	*connp = &lc->conn;
	return CAL_OK;
}

static char *
loop_address(const struct cal_conn *conn)
{
	return cal_url_text(&conn->conf.url);
}

static bool
loop_idle(const struct cal_conn *conn)
{
	(void)conn;
	return true;
}

static const char *
loop_trouble(const struct cal_conn *conn)
{
	(void)conn;
	return NULL;
}

const struct cal_transport cal_transport_loopback = {
	.scheme = CAL_LOOPBACK,
	.open = loop_open,
	.address = loop_address,
	.send = loop_send,
	.idle = loop_idle,
	.trouble = loop_trouble,
	.close = loop_close,
};
