/*
 * Who came and who went: the events of a socket's monitor.
 *
 * They come over a socket of their own, so an event and the messages around it
 * have no order between them: what a connection brought before it ended is
 * received before the end is believed.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "transport/zmq.h"

enum {
	CLIENT_EVENTS = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED |
	    ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
	    ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
	    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
	    ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
};

/* Reads one event: false when there is none. */
static bool
next_event(struct cal_zmq_conn *zc, uint16_t *eventp, uint32_t *valuep)
{
	uint8_t head[6];
	char rest[512];
	int rc;

	do
		rc = zmq_recv(zc->monitor, head, sizeof(head), ZMQ_DONTWAIT);
	while (rc == -1 && errno == EINTR);
	if (rc != (int)sizeof(head))
		return false;
	memcpy(eventp, head, sizeof(*eventp));
	memcpy(valuep, head + sizeof(*eventp), sizeof(*valuep));
	do
		rc = zmq_recv(zc->monitor, rest, sizeof(rest), ZMQ_DONTWAIT);
	while (rc == -1 && errno == EINTR);
	return true;
}

void
cal_zmq_monitor_read(struct cal_zmq_conn *zc)
{
	uint16_t event;
	uint32_t value;

	while (zc->monitor != NULL && next_event(zc, &event, &value)) {
		if (!zc->conn.conf.bind)
			cal_zmq_client_event(zc, event, value);
		if (zc->conn.conf.pattern != CAL_PATTERN_RPC) {
			cal_zmq_readers_event(zc, event, value);
		} else if (zc->server == NULL) {
			cal_zmq_drain(zc);
			cal_zmq_link_suspect(zc, (int)value);
		}
	}
}

/* The descriptor is a hint here as well: asked again until there is nothing. */
static void
on_monitor(struct ev_loop *loop, ev_io *io, int revents)
{
	struct cal_zmq_conn *zc = io->data;
	int events;
	size_t len;

	(void)loop;
	(void)revents;
	do {
		cal_zmq_monitor_read(zc);
		events = 0;
		len = sizeof(events);
		(void)zmq_getsockopt(zc->monitor, ZMQ_EVENTS, &events, &len);
	} while ((events & ZMQ_POLLIN) != 0);
	cal_zmq_wake(zc);
}

int
cal_zmq_monitor_open(struct cal_zmq_conn *zc, struct cal_err *err)
{
	static unsigned serial;
	char address[64];
	int hwm = 0, fd, events = CLIENT_EVENTS;
	size_t len = sizeof(fd);

	if (zc->conn.conf.bind)
		events = zc->kind->bind_events;
	if (events == 0)
		return CAL_OK;
	(void)snprintf(address, sizeof(address), "inproc://monitor-%u",
	    serial++);
	if (zmq_socket_monitor(zc->socket, address, events) == -1)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot watch the socket");
	zc->monitor = zmq_socket(zc->context, ZMQ_PAIR);
	if (zc->monitor == NULL)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot watch the socket");
	/* An unread monitor must never hold up libzmq's own thread. */
	(void)zmq_setsockopt(zc->monitor, ZMQ_RCVHWM, &hwm, sizeof(hwm));
	if (zmq_connect(zc->monitor, address) == -1 ||
	    zmq_getsockopt(zc->monitor, ZMQ_FD, &fd, &len) == -1)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot watch the socket");
	ev_io_init(&zc->monitor_io, on_monitor, fd, EV_READ);
	zc->monitor_io.data = zc;
	ev_set_priority(&zc->monitor_io, 2);
	ev_io_start(zc->conn.conf.loop, &zc->monitor_io);
	ev_feed_event(zc->conn.conf.loop, &zc->monitor_io, EV_READ);
	return CAL_OK;
}

void
cal_zmq_monitor_close(struct cal_zmq_conn *zc)
{
	if (zc->monitor == NULL)
		return;
	ev_clear_pending(zc->conn.conf.loop, &zc->monitor_io);
	ev_io_stop(zc->conn.conf.loop, &zc->monitor_io);
	(void)zmq_socket_monitor(zc->socket, NULL, 0);
	(void)zmq_close(zc->monitor);
	zc->monitor = NULL;
}
