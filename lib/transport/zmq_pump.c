/*
 * Messages in and out of a ZeroMQ socket.
 *
 * libzmq may return EINTR from any call, whoever catches signals: each is
 * repeated, since the first frame of a reply that is lost leaves its caller
 * waiting for ever.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/spare.h"
#include "transport/zmq.h"

enum { TAKE_BYTES = 65536 };    /* from here on a copy costs more */

/* A message is held by whoever took it, maybe longer than its socket is. */
static struct cal_spares inboxes;

static const char *const words[] = { "UPPER", "PING", "PONG" };

static void
inbox_free(struct cal_hold *hold)
{
	struct cal_zmq_inbox *inbox = (struct cal_zmq_inbox *)hold;
	size_t i;

	for (i = 0; i < inbox->count; i++)
		(void)zmq_msg_close(&inbox->parts[i]);
	cal_spare_give(&inboxes, inbox);
}

struct cal_zmq_inbox *
cal_zmq_inbox_new(void)
{
	struct cal_zmq_inbox *inbox = cal_spare_take(&inboxes,
	    sizeof(*inbox));

	inbox->hold.free = inbox_free;
	inbox->count = 0;
	return inbox;
}

int
cal_zmq_recv_part(struct cal_zmq_conn *zc, zmq_msg_t *part)
{
	int rc;

	do
		rc = zmq_msg_recv(part, zc->socket, ZMQ_DONTWAIT);
	while (rc == -1 && errno == EINTR);
	return rc;
}

int
cal_zmq_send_part(struct cal_zmq_conn *zc, zmq_msg_t *part, bool more)
{
	int rc;

	zc->sent = true;
	do
		rc = zmq_msg_send(part, zc->socket, ZMQ_DONTWAIT |
		    (more ? ZMQ_SNDMORE : 0));
	while (rc == -1 && errno == EINTR);
	return rc;
}

int
cal_zmq_events(struct cal_zmq_conn *zc)
{
	int rc, events = 0;
	size_t len = sizeof(events);

	do
		rc = zmq_getsockopt(zc->socket, ZMQ_EVENTS, &events, &len);
	while (rc == -1 && errno == EINTR);
	return events;
}

/*
 * Receives one whole message; its parts arrive together.  A message of more
 * parts than anybody needs loses the rest, and *longp says so.
 */
static bool
recv_parts(struct cal_zmq_conn *zc, struct cal_zmq_inbox *inbox, bool *longp)
{
	zmq_msg_t *part;
	bool more;

	*longp = false;
	do {
		part = &inbox->parts[inbox->count];
		(void)zmq_msg_init(part);
		if (cal_zmq_recv_part(zc, part) == -1) {
			(void)zmq_msg_close(part);
			return false;
		}
		more = zmq_msg_more(part);
		if (inbox->count + 1 < CAL_ZMQ_PARTS || !more)
			inbox->count++;
		else {
			*longp = true;
			(void)zmq_msg_close(part);
		}
	} while (more);
	return true;
}

static void
clear_inbox(struct cal_zmq_inbox *inbox)
{
	while (inbox->count > 0)
		(void)zmq_msg_close(&inbox->parts[--inbox->count]);
}

/* For the next message, unless there is one already. */
static void
keep_inbox(struct cal_zmq_conn *zc, struct cal_zmq_inbox *inbox)
{
	if (zc->inbox == NULL)
		zc->inbox = inbox;
	else
		cal_spare_give(&inboxes, inbox);
}

static struct cal_slice
part_view(zmq_msg_t *part)
{
	return cal_slice_of(zmq_msg_data(part), zmq_msg_size(part));
}

/* The last three frames are the message; what stands before is kept aside. */
static bool
read_frames(struct cal_message *message, struct cal_zmq_inbox *inbox,
    size_t first)
{
	zmq_msg_t *parts = inbox->parts;
	size_t n = inbox->count, i;
	struct cal_slice word;

	if (n < first + 3 || n - first - 3 > CAL_MESSAGE_PRE)
		return false;
	word = part_view(&parts[n - 3]);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (cal_slice_is(word, words[i]))
			break;
	if (i == sizeof(words) / sizeof(words[0]))
		return false;
	message->word = (enum cal_word)i;
	message->header = part_view(&parts[n - 2]);
	message->payload = part_view(&parts[n - 1]);
	for (i = first; i + 3 < n; i++)
		message->pre[message->pre_count++] = part_view(&parts[i]);
	message->hold = &inbox->hold;
	return true;
}

/*
 * Whom did it come from?  On a ROUTER the first frame and the socket say.  A
 * DEALER hears of its connection before anything comes over it; NULL: over one
 * that has ended meanwhile.  Of a stream that counts, too: it is nobody's
 * answer.
 */
static struct cal_zmq_link *
find_link(struct cal_zmq_conn *zc, struct cal_zmq_inbox *inbox)
{
	zmq_msg_t *last = &inbox->parts[inbox->count - 1];

	if (zc->server == NULL)
		return cal_zmq_link_find(zc, part_view(&inbox->parts[0]),
		    last);
	if (!zc->server->up)
		cal_zmq_monitor_read(zc);
	if (zc->conn.conf.pattern == CAL_PATTERN_RPC)
		return zc->server->up ? zc->server : NULL;
	if (zc->conn.conf.bind)
		cal_zmq_link_up(zc->server);
	return zc->server;
}

static void
refuse_message(struct cal_zmq_conn *zc, bool barred)
{
	const struct cal_conn_conf *conf = &zc->conn.conf;

	zc->conn.counts.malformed++;
	if (conf->events->malformed != NULL)
		conf->events->malformed(conf->arg, barred);
}

/* Receives one message and hands it up.  False when there is none. */
bool
cal_zmq_receive(struct cal_zmq_conn *zc)
{
	struct cal_message message = { .pre_count = 0 };
	struct cal_zmq_inbox *inbox = zc->inbox;
	struct cal_zmq_link *zl;
	bool too_long, barred;

	if (inbox == NULL)
		inbox = cal_zmq_inbox_new();
	zc->inbox = NULL;               /* an event may receive, too */
	zc->sent = false;
	if (!recv_parts(zc, inbox, &too_long)) {
		clear_inbox(inbox);
		keep_inbox(zc, inbox);
		return false;
	}
	zl = find_link(zc, inbox);
	barred = !too_long && zl != NULL && zc->rechecked &&
	    cal_zmq_keys_barred(zc, &inbox->parts[inbox->count - 1]);
	if (too_long || zl == NULL || barred ||
	    !read_frames(&message, inbox, zc->server == NULL)) {
		refuse_message(zc, barred);
	} else {
		zc->conn.conf.events->message(zc->conn.conf.arg, &zl->link,
		    &message);
		if (message.hold == NULL)
			return true;    /* taken */
	}
	clear_inbox(inbox);
	keep_inbox(zc, inbox);
	return true;
}

/*
 * Sends all parts or none; those not sent stay the caller's.  When the peer
 * goes away in the middle, libzmq says EAGAIN once, and drops the parts behind
 * that; behind the last there is none, and it would be EAGAIN for ever.
 */
int
cal_zmq_send_parts(struct cal_zmq_conn *zc, zmq_msg_t *parts, size_t count)
{
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		do
			rc = cal_zmq_send_part(zc, &parts[i], i + 1 < count);
		while (rc == -1 && errno == EAGAIN && i > 0 && i + 1 < count);
		if (rc != -1)
			continue;
		if (i == 0)
			return errno == EAGAIN ? CAL_EAGAIN : CAL_EGONE;
		/* The peer went away in the middle: nothing left to save. */
		(void)zmq_msg_close(&parts[i]);
	}
	return CAL_OK;
}

static void
free_bytes(void *data, void *hint)
{
	(void)hint;
	free(data);
}

static void
fill_part(zmq_msg_t *part, struct cal_slice bytes)
{
	if (zmq_msg_init_size(part, bytes.len) == -1)
		abort();                /* only for want of memory */
	if (bytes.len > 0)
		memcpy(zmq_msg_data(part), bytes.ptr, bytes.len);
}

static void
fill_payload(zmq_msg_t *part, struct cal_slice payload, struct cal_buf *own)
{
	size_t len;
	uint8_t *data;

	if (own == NULL || own->len < TAKE_BYTES) {
		fill_part(part, own == NULL ? payload : cal_buf_view(own));
		return;
	}
	data = cal_buf_take(own, &len);
	if (zmq_msg_init_data(part, data, len, free_bytes, NULL) == -1)
		abort();
}

size_t
cal_zmq_fill(zmq_msg_t *parts, const struct cal_frames *frames,
    struct cal_buf *own)
{
	size_t n = 0, i;

	for (i = 0; i < frames->pre_count; i++)
		fill_part(&parts[n++], frames->pre[i]);
	fill_part(&parts[n++], cal_slice_text(words[frames->word]));
	fill_part(&parts[n++], frames->header);
	fill_payload(&parts[n++], frames->payload, own);
	return n;
}

int
cal_zmq_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own)
{
	struct cal_zmq_conn *zc = (struct cal_zmq_conn *)conn;
	struct cal_zmq_link *zl = (struct cal_zmq_link *)link;
	zmq_msg_t parts[CAL_ZMQ_PARTS];
	size_t n = 0, i, bytes = frames->header.len +
	    (own == NULL ? frames->payload.len : own->len);
	int rc = CAL_EAGAIN;

	if (!zl->up)
		return CAL_EGONE;
	if (zl->id_len > 0)
		fill_part(&parts[n++], cal_slice_of(zl->id, zl->id_len));
	n += cal_zmq_fill(parts + n, frames, own);
	if (zl->queue_count == 0)
		rc = cal_zmq_send_parts(zc, parts, n);
	if (rc == CAL_EAGAIN)
		rc = cal_zmq_link_wait(zl, parts, n, bytes);
	if (rc != CAL_OK)
		for (i = 0; i < n; i++)
			(void)zmq_msg_close(&parts[i]);
	cal_zmq_wake(zc);
	return rc;
}

static bool
wants_turn(struct cal_zmq_conn *zc)
{
	int events;

	if (!zc->sent && TAILQ_EMPTY(&zc->blocked))
		return false;
	events = cal_zmq_events(zc);
	/* On a ROUTER POLLOUT says only that somebody can be written to. */
	return (events & ZMQ_POLLIN) != 0 || (zc->server != NULL &&
	    zc->server->queue_count > 0 && (events & ZMQ_POLLOUT) != 0);
}

static void
flush_blocked(struct cal_zmq_conn *zc)
{
	struct cal_zmq_link *zl, *next;

	for (zl = TAILQ_FIRST(&zc->blocked); zl != NULL; zl = next) {
		next = TAILQ_NEXT(zl, in_blocked);
		cal_zmq_link_flush(zl);
	}
	if (TAILQ_EMPTY(&zc->blocked) && !zc->wants_room)
		ev_timer_stop(zc->conn.conf.loop, &zc->retry);
	else if (!ev_is_active(&zc->retry))
		ev_timer_again(zc->conn.conf.loop, &zc->retry);
}

void
cal_zmq_pump(struct cal_zmq_conn *zc)
{
	int left = CAL_ZMQ_BUDGET;

	if (zc->pumping || zc->paused)
		return;
	zc->pumping = true;
	do {
		while (left > 0 && !zc->paused && zc->kind->receive(zc))
			left--;
		flush_blocked(zc);
	} while (left > 0 && !zc->paused && wants_turn(zc));
	zc->pumping = false;
	/* Not fed: the loop would see to nothing of lower priority before. */
	if (left == 0 && !zc->paused)
		ev_timer_start(zc->conn.conf.loop, &zc->more);
	cal_zmq_stream_tell(zc);
}

void
cal_zmq_drain(struct cal_zmq_conn *zc)
{
	bool was = zc->pumping;

	zc->pumping = true;
	do {
		while (!zc->paused && zc->kind->receive(zc))
			;
	} while (!zc->paused && wants_turn(zc));
	zc->pumping = was;
}

void
cal_zmq_wake(struct cal_zmq_conn *zc)
{
	if (!zc->pumping && !zc->paused && !ev_is_pending(&zc->io))
		ev_feed_event(zc->conn.conf.loop, &zc->io, EV_READ);
}
