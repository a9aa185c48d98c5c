/*
 * ZeroMQ sockets: opened with every limit and time that matters set, since
 * libzmq's own defaults wait for ever and take messages of any size.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "transport/ipc.h"
#include "transport/zmq.h"

enum {
	HANDSHAKE_MS = 5000,
	HEARTBEAT_MS = 5000,
	SILENCE_MS = 15000,             /* without a heartbeat: gone */
	RECONNECT_MS = 100,
	RECONNECT_MAX_MS = 1000,

	/*
	 * No message of ours may cost a connection: a body of 1 MiB leaves
	 * before its limit is known, and hellos and errors have their own.
	 */
	MESSAGE_MIN = 2 << 20,
};
static const double RETRY_SECONDS = 0.05;
static const double PROBE_SECONDS = 0.02;
static const double REOPEN_SECONDS = 0.1;

static int
set_int(struct cal_zmq_conn *zc, int option, int value)
{
	return zmq_setsockopt(zc->socket, option, &value, sizeof(value));
}

static int
set_options(struct cal_zmq_conn *zc, struct cal_err *err)
{
	const struct cal_conn_conf *conf = &zc->conn.conf;
	int64_t max_message = 4 * (int64_t)conf->max_body;
	int rc = 0;

	if (max_message < MESSAGE_MIN)
		max_message = MESSAGE_MIN;
	rc |= zmq_setsockopt(zc->socket, ZMQ_MAXMSGSIZE, &max_message,
	    sizeof(max_message));
	rc |= set_int(zc, ZMQ_LINGER, 0);
	rc |= set_int(zc, ZMQ_IPV6, zc->ipv6);
	rc |= set_int(zc, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
	rc |= set_int(zc, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
	rc |= set_int(zc, ZMQ_HEARTBEAT_TIMEOUT, SILENCE_MS);
	rc |= set_int(zc, ZMQ_HEARTBEAT_TTL, SILENCE_MS);
	rc |= set_int(zc, ZMQ_TCP_KEEPALIVE, 1);
	if (conf->bind) {
		rc |= set_int(zc, ZMQ_ROUTER_MANDATORY, 1);
		rc |= set_int(zc, ZMQ_BACKLOG, 1024);
	} else {
		rc |= set_int(zc, ZMQ_RECONNECT_IVL, RECONNECT_MS);
		rc |= set_int(zc, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
	}
	if (rc != 0)
		return cal_fail_errno(err, CAL_EBUG, errno,
		    "cannot set an option of the socket");
	return CAL_OK;
}

static void
on_socket(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	cal_zmq_pump(io->data);
}

static void
on_retry(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	cal_zmq_pump(timer->data);
}

static void
on_probe(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	cal_zmq_link_probe(timer->data);
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
	ev_io_start(zc->conn.conf.loop, &zc->io);
	cal_zmq_wake(zc);
	return CAL_OK;
}

/* May the address be bound, although others can reach it? */
static int
check_open(const struct cal_conn_conf *conf, struct cal_err *err)
{
	if (conf->keys != NULL)
		return CAL_OK;
	if (!conf->insecure)
		return cal_fail(err, CAL_ECONFIG, "'%s' is open to the network "
		    "and nothing is encrypted: give keys with -i and -A, bind "
		    "to a loopback address, or say --insecure",
		    conf->url.host);
	cal_log(CAL_LOG_WARNING, "'%s' is open to the network and nothing is "
	    "encrypted: anybody who reaches it is let in", conf->url.host);
	return CAL_OK;
}

/* The address as libzmq takes it: numbers to bind, names to connect. */
static int
make_address(struct cal_zmq_conn *zc, struct cal_err *err)
{
	const struct cal_conn_conf *conf = &zc->conn.conf;
	const struct cal_url *url = &conf->url;
	char port[8] = "*";
	bool open = false;
	int rc;

	if (url->scheme == CAL_IPC) {
		zc->address = cal_asprintf("ipc://%s", url->path);
		return CAL_OK;
	}
	if ((rc = cal_url_resolve(url, zc->numeric, &open, err)) != CAL_OK ||
	    (conf->bind && open && (rc = check_open(conf, err)) != CAL_OK))
		return rc;
	zc->ipv6 = zc->numeric[0] == '[';
	if (!conf->bind) {
		zc->address = cal_url_text(url);
		return CAL_OK;
	}
	if (url->port != 0)
		(void)snprintf(port, sizeof(port), "%u", url->port);
	zc->address = cal_asprintf("tcp://%s:%s", zc->numeric, port);
	return CAL_OK;
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
	if (conf->url.scheme == CAL_IPC && (rc = cal_ipc_claim(&zc->lock,
	    conf->url.path, err)) != CAL_OK)
		return rc;
	if (zmq_bind(zc->socket, zc->address) == -1)
		return cal_fail(err, CAL_EOS, "cannot bind '%s': %s",
		    zc->address, zmq_strerror(errno));
	return CAL_OK;
}

static int
open_socket(struct cal_zmq_conn *zc, struct cal_err *err)
{
	int rc;

	zc->connected = false;
	zc->socket = zmq_socket(zc->context, zc->conn.conf.bind ? ZMQ_ROUTER :
	    ZMQ_DEALER);
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

static void
close_socket(struct cal_zmq_conn *zc, double grace)
{
	ev_clear_pending(zc->conn.conf.loop, &zc->io);
	ev_io_stop(zc->conn.conf.loop, &zc->io);
	cal_zmq_monitor_close(zc);
	if (zc->socket == NULL)
		return;
	(void)set_int(zc, ZMQ_LINGER, (int)(grace * 1000));
	(void)zmq_close(zc->socket);
	zc->socket = NULL;
}

/*
 * A connection that ended takes its socket along: whatever libzmq still holds
 * of it would be delivered to whoever listens there next.  (ZMQ_IMMEDIATE
 * prevents that too, but it throws away answers that have arrived and were not
 * received yet.)  Connecting anew waits a moment, for servers that hang up at
 * once; whoever was refused does not connect any more.
 */
static void
on_reopen(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_zmq_conn *zc = timer->data;
	struct cal_err err;

	(void)revents;
	if (zc->refused) {
		close_socket(zc, 0);
		ev_timer_stop(loop, timer);
		return;
	}
	if (zc->socket != NULL) {
		close_socket(zc, 0);
		ev_timer_again(loop, timer);
		return;
	}
	if (open_socket(zc, &err) == CAL_OK) {
		ev_timer_stop(loop, timer);
		return;
	}
	cal_log(CAL_LOG_WARNING, "%s; trying again", err.text);
	close_socket(zc, 0);
}

static bool
zmq_transport_close(struct cal_conn *conn, double grace)
{
	struct cal_zmq_conn *zc = (struct cal_zmq_conn *)conn;
	struct ev_loop *loop = conn->conf.loop;
	struct cal_zmq_link *zl;
	double start = cal_clock_now();
	bool last = cal_zmq_context_last(), all = cal_conn_idle(conn);

	while ((zl = TAILQ_FIRST(&zc->links)) != NULL)
		cal_zmq_link_free(zl);
	ev_timer_stop(loop, &zc->retry);
	ev_timer_stop(loop, &zc->probe);
	ev_clear_pending(loop, &zc->reopen);
	ev_timer_stop(loop, &zc->reopen);
	cal_greeting_stop(zc->greeting);
	close_socket(zc, grace);
	cal_zmq_zap_leave(zc);
	if (zc->context != NULL)
		cal_zmq_context_close();
	/* libzmq does not tell; but it waits only if something is left. */
	if (last && grace > 0 && cal_clock_now() - start >= grace)
		all = false;
	cal_ipc_release(&zc->lock, conn->conf.url.path);
	cal_map_free(zc->by_id);
	cal_map_free(zc->by_fd);
	if (zc->inbox != NULL)
		cal_hold_free(&zc->inbox->hold);
	free(zc->address);
	free(zc);
	return all;
}

static void
init_timer(struct cal_zmq_conn *zc, ev_timer *timer,
    void (*fn)(struct ev_loop *, ev_timer *, int), double repeat)
{
	ev_init(timer, fn);
	timer->repeat = repeat;
	timer->data = zc;
}

static struct cal_zmq_conn *
conn_new(const struct cal_conn_conf *conf)
{
	struct cal_zmq_conn *zc;

	CAL_NEW(zc);
	zc->conn.ops = &cal_transport_zmq_tcp;
	zc->conn.conf = *conf;
	zc->lock = -1;
	zc->by_id = cal_map_new();
	zc->by_fd = cal_map_new();
	TAILQ_INIT(&zc->links);
	TAILQ_INIT(&zc->blocked);
	TAILQ_INIT(&zc->suspects);
	ev_init(&zc->io, on_socket);
	zc->io.data = zc;
	/* Before timers: what arrived in time is seen before time is up. */
	ev_set_priority(&zc->io, 1);
	init_timer(zc, &zc->retry, on_retry, RETRY_SECONDS);
	init_timer(zc, &zc->probe, on_probe, PROBE_SECONDS);
	init_timer(zc, &zc->reopen, on_reopen, REOPEN_SECONDS);
	if (!conf->bind)
		zc->server = cal_zmq_link_new(zc, cal_slice_of(NULL, 0));
	return zc;
}

static int
zmq_transport_open(struct cal_conn **connp, const struct cal_conn_conf *conf,
    struct cal_err *err)
{
	struct cal_zmq_conn *zc = conn_new(conf);
	int rc;

	if ((rc = make_address(zc, err)) != CAL_OK ||
	    (rc = cal_zmq_context_open(&zc->context, err)) != CAL_OK ||
	    (conf->keys != NULL && conf->bind &&
	    (rc = cal_zmq_zap_join(zc, err)) != CAL_OK) ||
	    (rc = open_socket(zc, err)) != CAL_OK) {
		(void)zmq_transport_close(&zc->conn, 0);
		return rc;
	}
	*connp = &zc->conn;
	return CAL_OK;
}

static char *
zmq_transport_address(const struct cal_conn *conn)
{
	const struct cal_zmq_conn *zc = (const struct cal_zmq_conn *)conn;
	char text[CAL_URL_HOST_MAX + CAL_URL_PATH_MAX + 32] = "";
	size_t len = sizeof(text);

	if (!conn->conf.bind || zmq_getsockopt(zc->socket, ZMQ_LAST_ENDPOINT,
	    text, &len) == -1)
		return cal_url_text(&conn->conf.url);
	return cal_strdup(text);
}

static bool
zmq_transport_idle(const struct cal_conn *conn)
{
	const struct cal_zmq_conn *zc = (const struct cal_zmq_conn *)conn;

	return TAILQ_EMPTY(&zc->blocked);
}

static const char *
zmq_transport_trouble(const struct cal_conn *conn)
{
	const struct cal_zmq_conn *zc = (const struct cal_zmq_conn *)conn;

	return zc->trouble;
}

#define ZMQ_ROW(row_scheme) {                                           \
	.scheme = (row_scheme), .open = zmq_transport_open,             \
	.address = zmq_transport_address, .send = cal_zmq_send,         \
	.idle = zmq_transport_idle, .trouble = zmq_transport_trouble,   \
	.recheck = cal_zmq_keys_recheck, .close = zmq_transport_close,  \
}

const struct cal_transport cal_transport_zmq_tcp = ZMQ_ROW(CAL_TCP);
const struct cal_transport cal_transport_zmq_ipc = ZMQ_ROW(CAL_IPC);
