/* Connections over ZeroMQ: their beginning and end. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "transport/ipc.h"
#include "transport/zmq.h"

static const double RETRY_SECONDS = 0.05;
static const double PROBE_SECONDS = 0.02;
static const double REOPEN_SECONDS = 0.1;
static const double REBIND_SECONDS = 0.02;

static void
on_socket(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	cal_zmq_pump(io->data);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
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

static bool
zmq_transport_close(struct cal_conn *conn, double grace)
{
	struct cal_zmq_conn *zc = (struct cal_zmq_conn *)conn;
	struct ev_loop *loop = conn->conf.loop;
	struct cal_zmq_link *zl;
	bool last = cal_zmq_context_last(), all = cal_conn_idle(conn) &&
	    cal_zmq_left_wait(zc, grace);
	double start = cal_clock_now();

	while ((zl = TAILQ_FIRST(&zc->links)) != NULL)
		cal_zmq_link_free(zl);
	ev_timer_stop(loop, &zc->retry);
	ev_timer_stop(loop, &zc->more);
	ev_timer_stop(loop, &zc->probe);
	ev_clear_pending(loop, &zc->reopen);
	ev_timer_stop(loop, &zc->reopen);
	cal_greeting_stop(zc->greeting);
	cal_zmq_socket_close(zc, grace);
	cal_zmq_zap_leave(zc);
	if (zc->context != NULL)
		cal_zmq_context_close();
	/* libzmq does not tell; but it waits only if something is left. */
	if (last && grace > 0 && cal_clock_now() - start >= grace)
		all = false;
	cal_ipc_release(&zc->lock, conn->conf.url.path);
	cal_map_free(zc->by_id);
	cal_map_free(zc->by_fd);
	cal_map_free(zc->admitted);
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
	zc->kind = cal_zmq_kind(conf->pattern);
	zc->lock = -1;
	zc->by_id = cal_map_new();
	zc->by_fd = cal_map_new();
	TAILQ_INIT(&zc->links);
	TAILQ_INIT(&zc->blocked);
	TAILQ_INIT(&zc->suspects);
	TAILQ_INIT(&zc->readers);
	TAILQ_INIT(&zc->behind);
	ev_init(&zc->io, on_socket);
	zc->io.data = zc;
	/* Before timers: what arrived in time is seen before time is up. */
	ev_set_priority(&zc->io, 1);
	init_timer(zc, &zc->retry, on_again, RETRY_SECONDS);
	init_timer(zc, &zc->more, on_again, 0);
	init_timer(zc, &zc->probe, on_probe, PROBE_SECONDS);
	init_timer(zc, &zc->reopen, cal_zmq_socket_reopen, conf->bind ?
	    REBIND_SECONDS : REOPEN_SECONDS);
	if (zc->kind->publishes)
		zc->admitted = cal_map_new();
	if (!conf->bind || conf->pattern != CAL_PATTERN_RPC)
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
	    (conf->bind && (conf->keys != NULL ||
	    conf->pattern != CAL_PATTERN_RPC) &&
	    (rc = cal_zmq_zap_join(zc, err)) != CAL_OK) ||
	    (rc = cal_zmq_socket_open(zc, err)) != CAL_OK) {
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

	return conn->conf.bind ? cal_strdup(zc->address) :
	    cal_url_text(&conn->conf.url);
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
	.publish = cal_zmq_publish, .readers = cal_zmq_readers_count,   \
	.is_read = cal_zmq_readers_any, .left = cal_zmq_left,           \
	.pause = cal_zmq_pause,                                         \
}

const struct cal_transport cal_transport_zmq_tcp = ZMQ_ROW(CAL_TCP);
const struct cal_transport cal_transport_zmq_ipc = ZMQ_ROW(CAL_IPC);
