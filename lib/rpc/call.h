/*
 * Calls that go out: each gets exactly one answer, from the loop, or none
 * after the peer was closed or the call freed.
 */
#ifndef CAL_RPC_CALL_H
#define CAL_RPC_CALL_H

#include "rpc/peer.h"

struct cal_call;

enum cal_answer_kind {
	CAL_ANSWER_RESULT,      /* body */
	CAL_ANSWER_FAILURE,     /* error: the handler failed */
	CAL_ANSWER_ERROR,       /* error: the other side's "no" */
	CAL_ANSWER_CANCELLED,
	CAL_ANSWER_TIMEOUT,     /* may or may not have run */
	CAL_ANSWER_LOST,        /* connection lost: may or may not have run */
	CAL_ANSWER_UNSENT,      /* never left: err says why */
	CAL_ANSWER_UNREADABLE,  /* an answer that breaks the protocol: err */
};

/* All lent for the time of the callback. */
struct cal_answer {
	enum cal_answer_kind kind;
	struct cal_slice body;
	struct cal_slice error[3];      /* name, repr, traceback */
	struct cal_slice why;           /* of CANCELLED, if told */
	bool has_status;
	int64_t status;                 /* of the remote command, or -signal */
	bool ours;                      /* the server announced itself as one
	                                   of this toolkit */
	double seconds;                 /* since the call was made */
	struct cal_err err;             /* in words, for the last four */
};

typedef void cal_answer_fn(void *arg, const struct cal_answer *answer);

/* All lent; body until the answer came or the call was freed. */
struct cal_call_conf {
	struct cal_slice method;        /* 1 to 255 bytes of UTF-8 */
	struct cal_slice key;           /* empty: none */
	struct cal_slice body;          /* wire bytes */
	double timeout;                 /* seconds in all; 0: for ever */
};

/*
 * Makes a call.  It leaves as soon as there is a connection; a body above
 * 1 MiB waits until the server said how much it takes.
 */
void cal_call_start(struct cal_call **callp, struct cal_peer *peer,
    const struct cal_call_conf *conf, cal_answer_fn *answer, void *arg);

/*
 * Tells the other side to stop, if the call has left.  The answer still comes:
 * CANCELLED or whatever else arrives first; at once (UNSENT) if it never left.
 */
void cal_call_cancel(struct cal_call *call);

/* Forgets the call; whatever still comes for it is dropped. */
void cal_call_free(struct cal_call *call);

/* The number that the call has on the wire. */
uint32_t cal_call_seq(const struct cal_call *call);

/* Did it leave this process (so that it may have run)? */
bool cal_call_sent(const struct cal_call *call);

#endif
