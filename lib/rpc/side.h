/*
 * Inside a peer: what its files share.  Nobody else includes this.
 *
 * peer.c receives and dispatches, hello.c asks and tells what the sides are;
 * call.c makes calls, which call_leave.c sends and call_answer.c resolves;
 * request.c takes them.  A side is the other end of one link, seen from both
 * directions: the caller of requests, and the server of calls.
 */
#ifndef CAL_RPC_SIDE_H
#define CAL_RPC_SIDE_H

#include <ev.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/spare.h"
#include "codec/mp.h"
#include "codec/rpcmsg.h"
#include "rpc/call.h"
#include "rpc/request.h"
#include "rpc/resolver.h"

/* How a call ends that never left; told by its timer, from the loop. */
enum cal_fate {
	FATE_OPEN,
	FATE_CANCELLED,
	FATE_REFUSED,           /* there will never be a connection */
	FATE_NO_CONNECTION,     /* not within the time to connect */
	FATE_TOO_LARGE,         /* by the server's hello */
	FATE_NO_METHOD,         /* by the server's hello */
};

struct cal_call {
	struct cal_peer *peer;
	struct cal_side *side;          /* over which it left; NULL: unsent */
	TAILQ_ENTRY(cal_call) next;     /* in unsent, or the side's calls */
	uint32_t seq;
	struct cal_buf raw;             /* meth, okey, seq as msgpack */
	struct cal_rpcmsg_id id;        /* slices of raw */
	struct cal_slice method;        /* inside raw as well */
	struct cal_slice body;
	double timeout, start;
	enum cal_fate fate;                 /* while it is unsent */
	ev_timer timer;
	cal_answer_fn *answer;
	void *arg;
};

TAILQ_HEAD(cal_calls, cal_call);
TAILQ_HEAD(cal_incomings, cal_incoming);
TAILQ_HEAD(cal_sides, cal_side);

struct cal_side {
	struct cal_caller caller;       /* first: what request.h shows */
	struct cal_peer *peer;
	struct cal_link *link;
	TAILQ_ENTRY(cal_side) next;

	struct cal_incomings incomings; /* not answered yet */

	bool callable;                  /* it showed that it speaks RPC */
	bool asked;                     /* a PING with our question left */
	bool ponged;                    /* it answered one */
	enum cal_hello_state state;
	struct cal_buf hello_bytes;     /* what hello points into */
	struct cal_hello hello;
	struct cal_buf listed;          /* a method that hello lists */
	struct cal_calls calls;         /* left over this link */
	size_t calls_count;
};

struct cal_peer {
	struct cal_peer_conf conf;
	struct cal_conn *conn;
	struct cal_peer_counts counts;
	struct cal_sides sides;
	struct cal_buf header, payload; /* for what is being written */

	struct cal_map *incomings;      /* by side, meth, okey, seq */
	struct cal_buf name;            /* the one being looked up */
	struct cal_spares spare_incomings, spare_calls;

	struct cal_resolver *resolver;
	struct cal_calls unsent;
	uint8_t cid[CAL_RPCMSG_CID];
	ev_timer connect;               /* while calls wait to leave */
	ev_timer flush;                 /* fed: leave this turn; or later */
	bool refused;
	struct cal_err refusal;

	cal_probe_fn *probe;
	void *probe_arg;
	double probe_sent, probe_timeout;
	uint64_t probe_noise;           /* what came that is no PONG, before */
	ev_timer probe_timer;
};

/* hello.c: asks the other side what it is; it asked us; it answered. */
void cal_side_ask(struct cal_side *side);
void cal_side_pinged(struct cal_side *side,
    const struct cal_message *message);
void cal_side_ponged(struct cal_side *side,
    const struct cal_message *message);

/* peer.c */
int cal_side_send(struct cal_side *side, enum cal_word word,
    uint64_t receipt);

/* probe.c: asks over a side that can be asked now, if anybody waits. */
void cal_probe_side(struct cal_side *side);

/* probe.c: ends the probe that is under way. */
void cal_probe_done(struct cal_peer *peer, const struct cal_hello *hello,
    const struct cal_err *err);

/* call.c: what both directions of its life need. */
void cal_call_rearm(struct cal_call *call, double after);
void cal_call_unlink(struct cal_call *call);
void cal_call_seal(struct cal_call *call, enum cal_fate fate);
void cal_call_finish(struct cal_call *call, struct cal_answer *answer);
int cal_call_write(struct cal_call *call, enum cal_rpc_type type);

/* call_leave.c */
void cal_calls_init(struct cal_peer *peer);
void cal_calls_begin(struct cal_peer *peer);    /* there is a connection */
void cal_calls_release(struct cal_peer *peer);
void cal_calls_flush(struct cal_peer *peer);
void cal_calls_refused(struct cal_peer *peer, const struct cal_err *err);

/* Nothing that goes by the clock happens to calls any more. */
void cal_calls_stop(struct cal_peer *peer);

/* call.c: the name of us that stands in what leaves over side. */
struct cal_slice cal_side_cid(const struct cal_side *side);

/* call_answer.c */
void cal_calls_lost(struct cal_side *side);
void cal_calls_failed(struct cal_side *side, uint64_t receipt,
    const struct cal_err *err);
void cal_calls_answered(struct cal_side *side, struct cal_rpcmsg *msg,
    struct cal_slice payload);

/* request.c */
void cal_request_take(struct cal_side *side, struct cal_rpcmsg *msg,
    struct cal_message *message);
void cal_request_stop(struct cal_side *side, const struct cal_rpcmsg *msg);
void cal_request_orphan(struct cal_side *side);
void cal_request_refuse(struct cal_side *side, const struct cal_rpcmsg *msg,
    struct cal_message *message, const char *name, const char *why);

#endif
