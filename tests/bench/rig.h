/* What the bare rigs on raw libzmq share: sockets and their frames. */
#ifndef RIG_H
#define RIG_H

#include <errno.h>
#include <zmq.h>

#include "bytes.h"

enum { RIG_AHEAD = 64 };         /* messages that wait for one reader */

static int rig_ahead = RIG_AHEAD;
static void *rig_context;

static inline void
die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, zmq_strerror(errno));
	exit(1);
}

/* Whoever calls or reads connects, the other side binds. */
static inline bool
rig_connects(int type)
{
	return type == ZMQ_DEALER || type == ZMQ_SUB || type == ZMQ_PULL;
}

/*
 * Keys, if the environment has one: RIG_SECRET is that of who binds, and then
 * everybody is let in; RIG_SERVER is the public one for who connects, with a
 * pair of its own made up.
 */
static inline void
rig_keys(void *sock, int type)
{
	const char *key = getenv(rig_connects(type) ? "RIG_SERVER" :
	    "RIG_SECRET");
	char public[41], secret[41];
	int on = 1, rc;

	if (key == NULL)
		return;
	if (rig_connects(type)) {
		rc = zmq_curve_keypair(public, secret);
		rc |= zmq_setsockopt(sock, ZMQ_CURVE_SERVERKEY, key, 41);
		rc |= zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, public, 41);
		rc |= zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, secret, 41);
	} else {
		rc = zmq_setsockopt(sock, ZMQ_CURVE_SERVER, &on, sizeof(on));
		rc |= zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, key, 41);
	}
	if (rc != 0)
		die("keys");
}

/* As the programs have it: no message is dropped without a word. */
static inline void
rig_options(void *sock, int type)
{
	int on = 1, rc = 0;

	if (type == ZMQ_DEALER)
		rc = zmq_setsockopt(sock, ZMQ_IMMEDIATE, &on, sizeof(on));
	if (type == ZMQ_ROUTER)
		rc = zmq_setsockopt(sock, ZMQ_ROUTER_MANDATORY, &on,
		    sizeof(on));
	if (type == ZMQ_XPUB)
		rc = zmq_setsockopt(sock, ZMQ_XPUB_NODROP, &on, sizeof(on));
	if (type == ZMQ_XPUB || type == ZMQ_PUSH)
		rc |= zmq_setsockopt(sock, ZMQ_SNDHWM, &rig_ahead,
		    sizeof(rig_ahead));
	if (type == ZMQ_SUB)
		rc = zmq_setsockopt(sock, ZMQ_SUBSCRIBE, "", 0);
	if (rc != 0)
		die("zmq_setsockopt");
}

/* A socket that is connected, or bound; where it is bound goes to stdout. */
static inline void *
rig_socket(int type, const char *url)
{
	void *sock = zmq_socket(rig_context = zmq_ctx_new(), type);
	char where[256];
	size_t len = sizeof(where);

	if (sock == NULL)
		die("zmq_socket");
	rig_keys(sock, type);
	rig_options(sock, type);
	if (rig_connects(type)) {
		if (zmq_connect(sock, url) == -1)
			die(url);
		return sock;
	}
	if (zmq_bind(sock, url) == -1 ||
	    zmq_getsockopt(sock, ZMQ_LAST_ENDPOINT, where, &len) == -1)
		die(url);
	puts(where);
	fflush(stdout);
	return sock;
}

static inline void
rig_send(void *sock, const void *ptr, size_t len, int flags)
{
	if (zmq_send(sock, ptr, len, flags) == -1)
		die("zmq_send");
}

/*
 * The last three frames of the next message; what stands before them comes
 * into id, if it is there.  Frames beyond four are a stranger's: the end.
 */
static inline void
rig_receive(void *sock, zmq_msg_t *id, zmq_msg_t frames[3])
{
	int i = id != NULL ? -1 : 0;

	for (; i < 3; i++) {
		zmq_msg_t *frame = i == -1 ? id : &frames[i];

		if (zmq_msg_recv(frame, sock, 0) == -1)
			die("zmq_msg_recv");
		if ((zmq_msg_more(frame) != 0) != (i < 2)) {
			fprintf(stderr, "not a message of three frames\n");
			exit(1);
		}
	}
}

static inline bool
rig_is(zmq_msg_t *frame, const char *word)
{
	return zmq_msg_size(frame) == strlen(word) &&
	    memcmp(zmq_msg_data(frame), word, strlen(word)) == 0;
}

/* PING, and the answer to it. */
static inline void
rig_ping(void *sock)
{
	rig_send(sock, "PING", 4, ZMQ_SNDMORE);
	rig_send(sock, "cal1", 4, ZMQ_SNDMORE);
	rig_send(sock, "", 0, 0);
}

/* The body in the last frame; it lives as long as that. */
static inline const uint8_t *
rig_body(zmq_msg_t *payload, size_t *lenp)
{
	return rig_body_in(zmq_msg_data(payload), zmq_msg_size(payload), lenp);
}

#endif
