/*
 * What the bare rigs share: bytes made by hand and frames over raw libzmq,
 * with nothing decoded that need not be.  They are the limit that the programs
 * are measured against, so they do no work that a peer could leave out.
 */
#ifndef RIG_H
#define RIG_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
	RIG_TYPE_AT = 6,        /* where the header map holds the type */
	RIG_SEQ_BEHIND = 12,    /* so far behind the method stands the seq */
	RIG_BODY_AT = 13,       /* where the payload map holds the body */
	RIG_FUNCTION = 1,
	RIG_RESULT = 2,
	RIG_ERROR = 4,
	RIG_AHEAD = 64,         /* messages that wait for one reader */
};

static int rig_ahead = RIG_AHEAD;
static void *rig_context;

static inline void
die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, zmq_strerror(errno));
	exit(1);
}

/* A whole number of at least low, or the end. */
static inline long
rig_number(const char *text, long low)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || number < low) {
		fprintf(stderr, "bad number '%s'\n", text);
		exit(64);
	}
	return number;
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

/*
 * The header of a FUNCTION: type, meth, okey (none), seq (always four bytes,
 * at the returned place), zip.  Its length comes to *lenp.
 */
static inline uint8_t *
rig_header(uint8_t *out, const char *method, size_t *lenp)
{
	uint8_t *at = out, *seq;
	size_t len = strlen(method);

	memcpy(at, "\x85\xa4type\x01\xa4meth\xd9", 13);
	at += 13;
	*at++ = (uint8_t)len;
	memcpy(at, method, len);
	at += len;
	memcpy(at, "\xa4okey\xc4\x00\xa3seq\xce\0\0\0", 15);
	at += RIG_SEQ_BEHIND;
	seq = at;
	memset(seq, 0, 4);
	at += 4;
	memcpy(at, "\xa3zip\xc2", 5);
	*lenp = (size_t)(at + 5 - out);
	return seq;
}

static inline void
rig_put_u32(uint8_t *at, uint32_t number)
{
	at[0] = (uint8_t)(number >> 24);
	at[1] = (uint8_t)(number >> 16);
	at[2] = (uint8_t)(number >> 8);
	at[3] = (uint8_t)number;
}

/* What stands in front of a body's length; meta is empty. */
#define RIG_PAYLOAD_HEAD "\x82\xa4meta\xc4\x00\xa4" "body\xc6"

/* A payload with an empty meta around body; the caller frees. */
static inline uint8_t *
rig_payload(const void *body, size_t len, size_t *lenp)
{
	uint8_t *out = malloc(RIG_BODY_AT + 5 + len);

	if (out == NULL)
		die("malloc");
	memcpy(out, RIG_PAYLOAD_HEAD, RIG_BODY_AT + 1);
	rig_put_u32(out + RIG_BODY_AT + 1, (uint32_t)len);
	memcpy(out + RIG_BODY_AT + 5, body, len);
	*lenp = RIG_BODY_AT + 5 + len;
	return out;
}

/*
 * The body in a payload whose meta is short: a bin of one byte (0x90) or
 * none, which is all that FUNCTION and RESULT have.
 */
static inline const uint8_t *
rig_body(zmq_msg_t *payload, size_t *lenp)
{
	const uint8_t *base = zmq_msg_data(payload);
	size_t size = zmq_msg_size(payload), at = RIG_BODY_AT, head;
	uint32_t len = 0;

	if (size > 8 && base[7] == 1)
		at++;
	if (size < at + 2 || base[at] < 0xc4 || base[at] > 0xc6)
		goto bad;
	head = (size_t)1 << (base[at++] - 0xc4);
	if (size < at + head)
		goto bad;
	while (head-- > 0)
		len = len << 8 | base[at++];
	if (len != size - at)
		goto bad;
	*lenp = len;
	return base + at;
bad:
	fprintf(stderr, "a payload without a body\n");
	exit(1);
}

#endif
