/*
 * The ZAP handler (rfc.zeromq.org/spec/27): libzmq asks it about every client
 * of a CURVE server, from the handshake on; nobody is in before it answered.
 *
 * Streams have it without keys, too, where it lets everybody in: libzmq then
 * refuses peers before ZMTP 3, which it takes anything for that connects and
 * says something, and which it would send its share of what is distributed.
 *
 * One for the context, at the address that libzmq knows, bound before any
 * server is.  It answers 200 or 400 only, since a client that hears anything
 * else waits in silence.  The user id that it gives is the client's key and a
 * number of the connection: what a message carries tells not only whose it is,
 * but also over which connection it came, which a routing id does not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clean.h"
#include "base/log.h"
#include "base/mem.h"
#include "transport/zmq.h"

enum {
	REQUEST_PARTS = 7,      /* what a request of CURVE has */
	REQUEST_MAX = 255,      /* bytes of a part */
	TURN_REQUESTS = 64,     /* answered in a turn of the loop */
};

static const char ADDRESS[] = "inproc://zeromq.zap.01";

/* In the order of a request. */
enum { VERSION, REQUEST_ID, DOMAIN, CLIENT, IDENTITY, MECHANISM, KEY };

struct request {
	size_t count;           /* of parts, those that are not kept too */
	bool large;             /* one of them is cut */
	struct cal_slice parts[REQUEST_PARTS];
	uint8_t bytes[REQUEST_PARTS][REQUEST_MAX];
};

static struct {
	void *socket;           /* NULL: not open */
	struct ev_loop *loop;
	ev_io io;
	uint64_t connections;   /* let in so far */
	struct cal_log_gate gate;
	LIST_HEAD(, cal_zmq_conn) servers;
} zap;

/* False: there is none. */
static bool
receive(struct request *req)
{
	size_t len = sizeof(int);
	int more = 1, rc;
	uint8_t spill[REQUEST_MAX], *to;

	for (req->count = 0, req->large = false; more; req->count++) {
		to = req->count < REQUEST_PARTS ? req->bytes[req->count] :
		    spill;
		do
			rc = zmq_recv(zap.socket, to, REQUEST_MAX,
			    ZMQ_DONTWAIT);
		while (rc == -1 && errno == EINTR);
		if (rc == -1)
			return false;
		req->large |= rc > REQUEST_MAX;
		if (req->count < REQUEST_PARTS)
			req->parts[req->count] = cal_slice_of(to,
			    rc < REQUEST_MAX ? (size_t)rc : REQUEST_MAX);
		if (zmq_getsockopt(zap.socket, ZMQ_RCVMORE, &more, &len) == -1)
			return false;
	}
	return true;
}

const char *
cal_zmq_zap_domain(const struct cal_zmq_conn *zc)
{
	const struct cal_conn_keys *keys = zc->conn.conf.keys;

	return keys == NULL ? "not encrypted" : keys->domain;
}

static const struct cal_zmq_conn *
find_server(struct cal_slice domain)
{
	const struct cal_zmq_conn *zc;

	LIST_FOREACH(zc, &zap.servers, in_zap)
		if (cal_slice_is(domain, cal_zmq_zap_domain(zc)))
			return zc;
	return NULL;
}

/* Does the request come with a key, or without, as the server wants it? */
static bool
fits(const struct request *req, const struct cal_zmq_conn *zc)
{
	if (zc->conn.conf.keys == NULL)
		return req->count == KEY &&
		    cal_slice_is(req->parts[MECHANISM], "NULL");
	return req->count == REQUEST_PARTS &&
	    cal_slice_is(req->parts[MECHANISM], "CURVE") &&
	    req->parts[KEY].len == CAL_KEY_BYTES;
}

/* The server that a request is about, if it is one that makes sense. */
static const struct cal_zmq_conn *
asked_server(const struct request *req)
{
	const struct cal_zmq_conn *zc;

	if (req->count < KEY || req->large ||
	    !cal_slice_is(req->parts[VERSION], "1.0") ||
	    (zc = find_server(req->parts[DOMAIN])) == NULL || !fits(req, zc))
		return NULL;
	return zc;
}

/*
 * A request does not say which server of the domain the client came to: all
 * that cannot cut off one of their readers keep his key.
 */
static void
remember(struct cal_slice domain, struct cal_slice key)
{
	struct cal_zmq_conn *zc;

	LIST_FOREACH(zc, &zap.servers, in_zap)
		if (zc->admitted != NULL &&
		    cal_slice_is(domain, cal_zmq_zap_domain(zc)))
			(void)cal_map_put(zc->admitted, key, zc);
}

static bool
let_in(const struct request *req)
{
	const struct cal_zmq_conn *zc = asked_server(req);
	const struct cal_conn_keys *keys;
	struct cal_user *user;

	if (zc == NULL)
		return false;
	keys = zc->conn.conf.keys;
	if (keys == NULL || keys->allow == NULL)
		return true;
	user = cal_allow_find(keys->allow, req->parts[KEY].ptr);
	cal_user_unuse(user);
	if (user != NULL)
		remember(req->parts[DOMAIN], req->parts[KEY]);
	return user != NULL;
}

static void
say_refused(const struct request *req)
{
	struct cal_buf client = { .max = 0 };
	char key[CAL_KEY_TEXT + 1] = "none";

	if (req->count > KEY && req->parts[KEY].len == CAL_KEY_BYTES)
		cal_key_text(key, req->parts[KEY].ptr);
	if (req->count > CLIENT)
		cal_clean_text(&client, req->parts[CLIENT], false);
	cal_log_gated(&zap.gate, CAL_LOG_WARNING, "a client at '%s' was not "
	    "let in: its key is %s", client.len > 0 ? cal_buf_text(&client) :
	    "?", key);
	cal_buf_release(&client);
}

static void
send_part(const void *ptr, size_t len, int flags)
{
	int rc;

	do
		rc = zmq_send(zap.socket, ptr, len, ZMQ_DONTWAIT | flags);
	while (rc == -1 && errno == EINTR);
}

static void
answer(const struct request *req, bool in)
{
	char key[CAL_KEY_TEXT + 1] = "", user[CAL_ZMQ_USER_ID] = "";
	struct cal_slice id = { NULL, 0 };

	if (req->count > REQUEST_ID)
		id = req->parts[REQUEST_ID];
	if (in && req->count > KEY) {
		cal_key_text(key, req->parts[KEY].ptr);
		(void)snprintf(user, sizeof(user), "%s#%llu", key,
		    (unsigned long long)zap.connections++);
	}
	send_part("1.0", 3, ZMQ_SNDMORE);
	send_part(id.ptr, id.len, ZMQ_SNDMORE);
	send_part(in ? "200" : "400", 3, ZMQ_SNDMORE);
	send_part(in ? "OK" : "Access denied", in ? 2 : 13, ZMQ_SNDMORE);
	send_part(user, strlen(user), ZMQ_SNDMORE);
	send_part("", 0, 0);
}

static void
on_zap(struct ev_loop *loop, ev_io *io, int revents)
{
	struct request req;
	int events = 0, left = TURN_REQUESTS;
	size_t len = sizeof(events);
	bool in;

	(void)io;
	(void)revents;
	while (left > 0 && receive(&req)) {
		left--;
		in = let_in(&req);
		if (!in)
			say_refused(&req);
		answer(&req, in);
	}
	/* The descriptor is a hint; sending may have swallowed it. */
	(void)zmq_getsockopt(zap.socket, ZMQ_EVENTS, &events, &len);
	if ((events & ZMQ_POLLIN) != 0)
		ev_feed_event(loop, &zap.io, EV_READ);
}

static int
open_zap(struct cal_zmq_conn *zc, struct cal_err *err)
{
	int fd, linger = 0;
	size_t len = sizeof(fd);

	zap.socket = zmq_socket(zc->context, ZMQ_REP);
	if (zap.socket == NULL)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot make a socket");
	(void)zmq_setsockopt(zap.socket, ZMQ_LINGER, &linger, sizeof(linger));
	if (zmq_bind(zap.socket, ADDRESS) == -1 ||
	    zmq_getsockopt(zap.socket, ZMQ_FD, &fd, &len) == -1)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot watch over who is let in");
	zap.loop = zc->conn.conf.loop;
	ev_io_init(&zap.io, on_zap, fd, EV_READ);
	ev_set_priority(&zap.io, 2);
	ev_io_start(zap.loop, &zap.io);
	ev_feed_event(zap.loop, &zap.io, EV_READ);
	return CAL_OK;
}

static void
close_zap(void)
{
	if (zap.loop != NULL) {
		ev_clear_pending(zap.loop, &zap.io);
		ev_io_stop(zap.loop, &zap.io);
	}
	if (zap.socket != NULL)
		(void)zmq_close(zap.socket);
	zap.socket = NULL;
	zap.loop = NULL;
}

int
cal_zmq_zap_join(struct cal_zmq_conn *zc, struct cal_err *err)
{
	const char *domain = cal_zmq_zap_domain(zc);
	const struct cal_conn_keys *keys = zc->conn.conf.keys;
	const struct cal_zmq_conn *other = find_server(cal_slice_text(domain));
	int rc;

	if (other != NULL && keys != NULL &&
	    other->conn.conf.keys->allow != keys->allow)
		return cal_fail(err, CAL_EBUG, "two lists of who is let in "
		    "have the domain '%s'", domain);
	if (zap.socket == NULL && (rc = open_zap(zc, err)) != CAL_OK) {
		close_zap();
		return rc;
	}
	LIST_INSERT_HEAD(&zap.servers, zc, in_zap);
	zc->asked_for = true;
	return CAL_OK;
}

void
cal_zmq_zap_leave(struct cal_zmq_conn *zc)
{
	if (!zc->asked_for)
		return;
	zc->asked_for = false;
	LIST_REMOVE(zc, in_zap);
	if (LIST_EMPTY(&zap.servers))
		close_zap();
}
