/*
 * The socket of a connection: made with every limit and time that matters set,
 * since libzmq's own defaults wait for ever and take messages of any size, and
 * made anew where it is of no use any more.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "transport/ipc.h"
#include "transport/zmq.h"

enum {
	HEARTBEAT_MS = 5000,
	SILENCE_MS = 15000,             /* without a heartbeat: gone */
	KEEPALIVE = 5,                  /* seconds of silence, between probes */
	KEEPALIVE_PROBES = 2,
	RECONNECT_MS = 100,
	RECONNECT_MAX_MS = 1000,

	/*
	 * No message of ours may cost a connection: a body of 1 MiB leaves
	 * before its limit is known, and hellos and errors have their own.
	 */
	MESSAGE_MIN = 2 << 20,

	SUBSCRIPTION_MAX = 65536,       /* no topic is as long */
	SUBSCRIBED_WELL = 245,          /* bytes of a prefix */
	SUBSCRIBED_AHEAD = 1000,        /* messages */
	LATE = 50,                      /* attempts to bind again */
};

/*
 * A connection from which libzmq stops reading, because its queue is full, is
 * deaf to heartbeats, its own included: it is cut although all is well.  And
 * when one ends at such a moment, libzmq aborts the process (an assertion in
 * stream_engine_base_t::out_event) as soon as a heartbeat is due, or one of
 * the other side is found in what was read before.  So streams, whose readers
 * may take a rest, have no heartbeats, TCP itself looks for the other side; and
 * a publisher, to whom nobody has much to say, takes all of it (ZMQ_RCVHWM 0).
 * Peers of RPC receive all the time; but one that means harm can make it
 * happen (see cal-security(7)).
 *
 * Every subscription is told, also the second of its kind, and each that ends:
 * so they can be counted.  Those of a publisher that dialled out end with the
 * connection (ZMQ_IMMEDIATE): else 64 messages would wait for nobody.  A
 * PUSH that dialled out keeps what it holds for whoever comes next.  No
 * subscription is too many for the socket that makes it: it would be dropped
 * in silence.
 */
static const struct cal_zmq_kind kinds[] = {
	[CAL_PATTERN_RPC] = {
		.bind = ZMQ_ROUTER,
		.connect = ZMQ_DEALER,
		.options = {
			{ ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS },
			{ ZMQ_HEARTBEAT_TIMEOUT, SILENCE_MS },
			{ ZMQ_HEARTBEAT_TTL, SILENCE_MS },
		},
		.bind_events = ZMQ_EVENT_DISCONNECTED,
		.receive = cal_zmq_receive,
	},
	[CAL_PATTERN_PUBLISH] = {
		.bind = ZMQ_XPUB,
		.connect = ZMQ_XPUB,
		.options = {
			{ ZMQ_SNDHWM, CAL_CONN_AHEAD },
			{ ZMQ_RCVHWM, 0 },
			{ ZMQ_XPUB_NODROP, 1 },
			{ ZMQ_XPUB_VERBOSER, 1 },
			{ ZMQ_IMMEDIATE, 1 },
		},
		.max_message = SUBSCRIPTION_MAX,
		.bind_events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED,
		.publishes = true,
		.receive = cal_zmq_readers_receive,
	},
	[CAL_PATTERN_SUBSCRIBE] = {
		.bind = ZMQ_SUB,
		.connect = ZMQ_SUB,
		.options = {
			{ ZMQ_RCVHWM, SUBSCRIBED_AHEAD },
			{ ZMQ_SNDHWM, 0 },
		},
		.bind_events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED,
		.receive = cal_zmq_receive,
	},
	[CAL_PATTERN_PUSH] = {
		.bind = ZMQ_PUSH,
		.connect = ZMQ_PUSH,
		.options = { { ZMQ_SNDHWM, CAL_CONN_AHEAD } },
		.max_message = SUBSCRIPTION_MAX,
		.bind_events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
		    ZMQ_EVENT_HANDSHAKE_SUCCEEDED,
		.publishes = true,
		.receive = cal_zmq_readers_look,
	},
	[CAL_PATTERN_PULL] = {
		.bind = ZMQ_PULL,
		.connect = ZMQ_PULL,
		.options = { { ZMQ_RCVHWM, CAL_CONN_AHEAD } },
		.bind_events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED,
		.receive = cal_zmq_receive,
	},
};

const struct cal_zmq_kind *
cal_zmq_kind(enum cal_pattern pattern)
{
	return &kinds[pattern];
}

int
cal_zmq_set_int(struct cal_zmq_conn *zc, int option, int value)
{
	return zmq_setsockopt(zc->socket, option, &value, sizeof(value));
}

/* Those of every socket. */
static int
set_limits(struct cal_zmq_conn *zc)
{
	int64_t max_message = 4 * (int64_t)zc->conn.conf.max_body;
	int rc;

	if (max_message < MESSAGE_MIN)
		max_message = MESSAGE_MIN;
	if (zc->kind->max_message > 0)
		max_message = zc->kind->max_message;
	rc = zmq_setsockopt(zc->socket, ZMQ_MAXMSGSIZE, &max_message,
	    sizeof(max_message));
	rc |= cal_zmq_set_int(zc, ZMQ_LINGER, 0);
	rc |= cal_zmq_set_int(zc, ZMQ_IPV6, zc->ipv6);
	rc |= cal_zmq_set_int(zc, ZMQ_HANDSHAKE_IVL, CAL_ZMQ_HANDSHAKE_MS);
	rc |= cal_zmq_set_int(zc, ZMQ_TCP_KEEPALIVE, 1);
	rc |= cal_zmq_set_int(zc, ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE);
	rc |= cal_zmq_set_int(zc, ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE);
	rc |= cal_zmq_set_int(zc, ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES);
	return rc;
}

/* Those of its kind, and of its end. */
static int
set_kind(struct cal_zmq_conn *zc)
{
	const struct cal_zmq_kind *kind = zc->kind;
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(kind->options) / sizeof(kind->options[0]) &&
	    kind->options[i].option != 0; i++)
		rc |= cal_zmq_set_int(zc, kind->options[i].option,
		    kind->options[i].value);
	if (zc->server == NULL)
		rc |= cal_zmq_set_int(zc, ZMQ_ROUTER_MANDATORY, 1);
	if (zc->conn.conf.bind) {
		rc |= cal_zmq_set_int(zc, ZMQ_BACKLOG, 1024);
	} else {
		rc |= cal_zmq_set_int(zc, ZMQ_RECONNECT_IVL, RECONNECT_MS);
		rc |= cal_zmq_set_int(zc, ZMQ_RECONNECT_IVL_MAX,
		    RECONNECT_MAX_MS);
	}
	return rc;
}

/*
 * libzmq 4.3.4 tells the length of a subscription wrongly when only the word
 * before it makes it longer than 255 bytes, and the connection breaks.
 */
static size_t
subscribed_len(size_t len)
{
	return len > SUBSCRIBED_WELL && len <= UINT8_MAX ? SUBSCRIBED_WELL :
	    len;
}

static int
subscribe(struct cal_zmq_conn *zc)
{
	const struct cal_conn_conf *conf = &zc->conn.conf;
	size_t i;
	int rc = 0;

	if (conf->pattern != CAL_PATTERN_SUBSCRIBE)
		return 0;
	if (conf->topics_count == 0)
		return zmq_setsockopt(zc->socket, ZMQ_SUBSCRIBE, "", 0);
	for (i = 0; i < conf->topics_count; i++)
		rc |= zmq_setsockopt(zc->socket, ZMQ_SUBSCRIBE,
		    conf->topics[i].ptr,
		    subscribed_len(conf->topics[i].len));
	return rc;
}

static int
set_options(struct cal_zmq_conn *zc, struct cal_err *err)
{
	if (set_limits(zc) != 0 || set_kind(zc) != 0 || subscribe(zc) != 0)
		return cal_fail_errno(err, CAL_EBUG, errno,
		    "cannot set an option of the socket");
	return CAL_OK;
}

static int
watch(struct cal_zmq_conn *zc, struct cal_err *err)
{
	int fd;
	size_t len = sizeof(fd);

	if (zmq_getsockopt(zc->socket, ZMQ_FD, &fd, &len) == -1)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot watch the socket");
	ev_io_set(&zc->io, fd, EV_READ);
	if (!zc->paused)
		ev_io_start(zc->conn.conf.loop, &zc->io);
	cal_zmq_wake(zc);
	return CAL_OK;
}

/* From here on the address is the real one, with the port that was taken. */
static void
keep_address(struct cal_zmq_conn *zc)
{
	char text[CAL_URL_HOST_MAX + CAL_URL_PATH_MAX + 32] = "";
	size_t len = sizeof(text);

	if (zmq_getsockopt(zc->socket, ZMQ_LAST_ENDPOINT, text, &len) == -1)
		return;
	free(zc->address);
	zc->address = cal_strdup(text);
}

static int
attach(struct cal_zmq_conn *zc, struct cal_err *err)
{
	const struct cal_conn_conf *conf = &zc->conn.conf;
	int rc;

	if (!conf->bind) {
		if (zmq_connect(zc->socket, zc->address) == -1)
			return cal_fail(err, CAL_EUSAGE, "cannot connect to "
			    "'%s': %s", zc->address, zmq_strerror(errno));
		return CAL_OK;
	}
	if (conf->url.scheme == CAL_IPC && zc->lock == -1 &&
	    (rc = cal_ipc_claim(&zc->lock, conf->url.path, err)) != CAL_OK)
		return rc;
	if (zmq_bind(zc->socket, zc->address) == -1)
		return cal_fail(err, CAL_EOS, "cannot bind '%s': %s",
		    zc->address, zmq_strerror(errno));
	keep_address(zc);
	return CAL_OK;
}

int
cal_zmq_socket_open(struct cal_zmq_conn *zc, struct cal_err *err)
{
	int rc;

	zc->connected = false;
	zc->socket = zmq_socket(zc->context, zc->conn.conf.bind ?
	    zc->kind->bind : zc->kind->connect);
	if (zc->socket == NULL)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot make a socket");
	if ((rc = set_options(zc, err)) != CAL_OK ||
	    (rc = cal_zmq_keys_set(zc, err)) != CAL_OK ||
	    (rc = cal_zmq_monitor_open(zc, err)) != CAL_OK ||
	    (rc = attach(zc, err)) != CAL_OK)
		return rc;
	return watch(zc, err);
}

void
cal_zmq_socket_close(struct cal_zmq_conn *zc, double grace)
{
	ev_clear_pending(zc->conn.conf.loop, &zc->io);
	ev_io_stop(zc->conn.conf.loop, &zc->io);
	cal_zmq_monitor_close(zc);
	cal_zmq_readers_forget(zc);
	if (zc->socket == NULL)
		return;
	(void)cal_zmq_set_int(zc, ZMQ_LINGER, (int)(grace * 1000));
	(void)zmq_close(zc->socket);
	zc->socket = NULL;
}

void
cal_zmq_socket_rebind(struct cal_zmq_conn *zc)
{
	cal_zmq_socket_close(zc, 0);
	ev_timer_again(zc->conn.conf.loop, &zc->reopen);
}

/* Nothing that has arrived is lost with the socket of a stream. */
static bool
is_empty(struct cal_zmq_conn *zc)
{
	if (zc->conn.conf.pattern == CAL_PATTERN_RPC || zc->kind->publishes)
		return true;
	if (!zc->paused)
		cal_zmq_drain(zc);
	return !zc->paused;
}

static void
say_why(struct cal_zmq_conn *zc, const struct cal_err *err)
{
	/* libzmq lets go of an address some time after the socket closed. */
	if (!zc->conn.conf.bind || ++zc->attempts == LATE)
		cal_log(CAL_LOG_WARNING, "%s; trying again", err->text);
}

/*
 * A connection of RPC that ended takes its socket along: whatever libzmq still
 * holds of it would be delivered to whoever listens there next.
 * (ZMQ_IMMEDIATE prevents that too, but it throws away answers that have
 * arrived and were not received yet.)  Connecting anew waits a moment, for
 * servers that hang up at once; whoever was refused does not connect any more.
 */
void
cal_zmq_socket_reopen(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_zmq_conn *zc = timer->data;
	struct cal_err err;

	(void)revents;
	if (zc->socket != NULL) {
		if (is_empty(zc))
			cal_zmq_socket_close(zc, 0);
		if (zc->socket == NULL && zc->refused)
			ev_timer_stop(loop, timer);
		else
			ev_timer_again(loop, timer);
		return;
	}
	if (cal_zmq_socket_open(zc, &err) == CAL_OK) {
		zc->attempts = 0;
		ev_timer_stop(loop, timer);
		return;
	}
	say_why(zc, &err);
	cal_zmq_socket_close(zc, 0);
}
