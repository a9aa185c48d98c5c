/*
 * Streams: messages to whoever reads, and readers that take a rest.
 *
 * libzmq does not say when a reader has room again.  Whoever was told that
 * there is none is told to try again whenever something happens on the socket,
 * and now and then without that: an event of the loop, never inside of
 * cal_zmq_publish, and at most one for each refusal.
 */
#include "transport/zmq.h"

/*
 * Sends all parts or none; those not sent stay the caller's.  When the reader
 * of a PUSH goes away in the middle, libzmq says EAGAIN once, takes back what
 * it had of the message, and drops the parts behind that: CAL_EGONE, and it
 * may be sent anew.
 */
static int
send_parts(struct cal_zmq_conn *zc, zmq_msg_t *parts, size_t count)
{
	int rc = CAL_OK;
	size_t i;

	for (i = 0; i < count; i++) {
		if (cal_zmq_send_part(zc, &parts[i], i + 1 < count) != -1)
			continue;
		if (i == 0)
			return CAL_EAGAIN;
		(void)zmq_msg_close(&parts[i]);
		rc = CAL_EGONE;
	}
	return rc;
}

static int
send_message(struct cal_zmq_conn *zc, const struct cal_frames *frames)
{
	zmq_msg_t parts[CAL_ZMQ_PARTS];
	size_t i, count;
	int rc;

	do {
		count = cal_zmq_fill(parts, frames, NULL);
		rc = send_parts(zc, parts, count);
		/* It may have looked at what has come some time ago only. */
		if (rc == CAL_EAGAIN) {
			if ((cal_zmq_events(zc) & ZMQ_POLLIN) != 0)
				cal_zmq_wake(zc);
			rc = send_parts(zc, parts, count);
		}
	} while (rc == CAL_EGONE);
	for (i = 0; rc == CAL_EAGAIN && i < count; i++)
		(void)zmq_msg_close(&parts[i]);
	return rc;
}

/* A PUSH that dialled out would keep messages for nobody. */
static bool
is_open(const struct cal_zmq_conn *zc)
{
	return zc->socket != NULL && (zc->conn.conf.bind || zc->server->up ||
	    zc->conn.conf.pattern == CAL_PATTERN_PUBLISH);
}

/* Whoever has no room does not get it. */
static int
send_to_some(struct cal_zmq_conn *zc, const struct cal_frames *frames)
{
	int rc;

	cal_zmq_behind_fall(zc, frames);
	(void)cal_zmq_set_int(zc, ZMQ_XPUB_NODROP, 0);
	rc = send_message(zc, frames);
	(void)cal_zmq_set_int(zc, ZMQ_XPUB_NODROP, 1);
	return rc;
}

int
cal_zmq_publish(struct cal_conn *conn, const struct cal_frames *frames,
    bool force, bool *missedp)
{
	struct cal_zmq_conn *zc = (struct cal_zmq_conn *)conn;
	int rc = CAL_EAGAIN;

	if (is_open(zc) && !cal_zmq_behind_returns(zc)) {
		rc = send_message(zc, frames);
		if (rc == CAL_EAGAIN && force &&
		    conn->conf.pattern == CAL_PATTERN_PUBLISH)
			rc = send_to_some(zc, frames);
	}
	if (rc == CAL_OK) {
		*missedp |= cal_zmq_behind_misses(zc, frames);
		/* It may have swallowed the hint that somebody subscribed. */
		cal_zmq_wake(zc);
		return CAL_OK;
	}
	zc->wants_room = true;
	if (!ev_is_active(&zc->retry))
		ev_timer_again(conn->conf.loop, &zc->retry);
	return CAL_EAGAIN;
}

/* XPUB cannot tell: it is tried. */
static bool
may_have_room(struct cal_zmq_conn *zc)
{
	return is_open(zc) && (zc->conn.conf.pattern == CAL_PATTERN_PUBLISH ||
	    (cal_zmq_events(zc) & ZMQ_POLLOUT) != 0);
}

void
cal_zmq_stream_tell(struct cal_zmq_conn *zc)
{
	const struct cal_conn_conf *conf = &zc->conn.conf;

	if (zc->readers_changed && zc->kind->publishes) {
		zc->readers_changed = false;
		conf->events->readers(conf->arg);
	}
	if (zc->wants_room && may_have_room(zc)) {
		zc->wants_room = false;
		ev_timer_stop(conf->loop, &zc->retry);
		conf->events->room(conf->arg);
	}
}

/* Unread, the descriptor would be ready all the time. */
void
cal_zmq_pause(struct cal_conn *conn, bool pause)
{
	struct cal_zmq_conn *zc = (struct cal_zmq_conn *)conn;

	if (zc->paused == pause)
		return;
	zc->paused = pause;
	cal_zmq_readers_rest(zc);
	if (pause) {
		ev_clear_pending(conn->conf.loop, &zc->io);
		ev_io_stop(conn->conf.loop, &zc->io);
	} else if (zc->socket != NULL) {
		ev_io_start(conn->conf.loop, &zc->io);
		cal_zmq_wake(zc);
	}
}
