/*
 * A peer speaks RPC over one address.  It is symmetric: whichever side bound
 * or connected, both can call (rpc/call.h) and handle (rpc/request.h).
 *
 * It answers PING, asks a server that it connected to what it is, hands
 * requests up, finds the call that an answer belongs to, and drops and counts
 * what makes no sense.  Nothing that arrives can stop it.
 *
 * Events come from the loop only.
 */
#ifndef CAL_RPC_PEER_H
#define CAL_RPC_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/hello.h"
#include "transport/transport.h"

struct cal_peer;
struct cal_caller;
struct cal_request;

/* What a server has said of itself so far. */
enum cal_hello_state {
	CAL_HELLO_UNKNOWN,      /* no PONG yet */
	CAL_HELLO_PLAIN,        /* a PONG without words: not one of ours */
	CAL_HELLO_OURS,
};

struct cal_peer_events {
	/*
	 * A call came in; req is answered once with cal_request_answer, now or
	 * later.  NULL: this peer handles nothing, its callers get ERROR.
	 */
	void (*request)(void *arg, struct cal_request *req);

	/* The caller wants req stopped; it still has to be answered. */
	void (*cancel)(void *arg, struct cal_request *req);

	/*
	 * The caller's connection ended; its requests that were not answered
	 * still have to be, in vain.  The caller is gone afterwards.
	 */
	void (*gone)(void *arg, struct cal_caller *caller);

	/*
	 * The caller's user, or what that may do, is another one now.  Requests
	 * that he may not make any more still have to be answered.
	 */
	void (*changed)(void *arg, struct cal_caller *caller);

	/*
	 * Connecting: the other side has answered our PING.  Binding where
	 * nobody is asked (cal_peer_is_silent): requests are taken now.  May
	 * be NULL.
	 */
	void (*up)(void *arg);

	/* There will never be a connection.  May be NULL. */
	void (*refused)(void *arg, const struct cal_err *err);

	/*
	 * Fills the methods of a hello for user (NULL: not known).  May be
	 * NULL: not told.
	 */
	void (*methods)(void *arg, const struct cal_user *user,
	    struct cal_slice *methodsp);
};

struct cal_peer_conf {
	struct ev_loop *loop;
	struct cal_url url;
	bool bind;
	const struct cal_conn_keys *keys;       /* NULL: not encrypted */
	bool insecure;
	bool compress;                  /* snappy on what is sent */
	size_t max_body;
	const struct cal_conn_redis *redis;     /* lent; NULL: as zeroed */
	double connect_timeout;         /* of calls; 0: for ever */
	const char *order;              /* told in the hello; or NULL */
	const char *serializer;
	const struct cal_peer_events *events;   /* static */
	void *arg;
};

struct cal_peer_counts {
	uint64_t requests;              /* FUNCTION, well-formed or not */
	uint64_t refused;               /* answered with ERROR by us */
	uint64_t malformed;             /* dropped: not to be read */
	uint64_t unexpected;            /* answers that nobody waits for, … */
	uint64_t undeliverable;         /* answers whose caller is gone */
	uint64_t stale;                 /* requests that were too old, or
	                                   cancelled, when they were read */
};

int cal_peer_open(struct cal_peer **peerp, const struct cal_peer_conf *conf,
    struct cal_err *err);

/* The real URL.  The caller frees. */
char *cal_peer_address(const struct cal_peer *peer);

void cal_peer_counts(const struct cal_peer *peer,
    struct cal_peer_counts *counts);

/* The list of those who are let in was read again. */
void cal_peer_recheck(struct cal_peer *peer);

/*
 * Takes no more requests where they can wait for others; elsewhere they still
 * come.
 */
void cal_peer_pause(struct cal_peer *peer);

/* Is there nobody who could be asked: no PING, no hello? */
bool cal_peer_is_silent(const struct cal_peer *peer);

/* Has everything that was sent left this process's queues? */
bool cal_peer_idle(const struct cal_peer *peer);

/*
 * Closes.  Calls that wait are forgotten without an answer, requests must have
 * been answered; each caller that is still there is gone, during this call.
 * What was sent gets grace seconds to leave; true when it all left.
 */
bool cal_peer_close(struct cal_peer *peer, double grace);

/*
 * Sends one PING and waits for its PONG, up to timeout seconds, the connection
 * included; 0: for ever.  done comes once, later: with the time it took in
 * seconds and what the server said (lent; NULL from a plain peer), or with
 * err: CAL_EUNAVAIL (no connection, no PONG), CAL_EPROTO (another answer).
 * One probe at a time.
 */
typedef void cal_probe_fn(void *arg, double seconds,
    const struct cal_hello *hello, const struct cal_err *err);
void cal_peer_probe(struct cal_peer *peer, double timeout, cal_probe_fn *done,
    void *arg);

#endif
