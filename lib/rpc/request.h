/*
 * Calls that come in: what a handler's side needs of them.
 */
#ifndef CAL_RPC_REQUEST_H
#define CAL_RPC_REQUEST_H

#include "codec/rpcmsg.h"
#include "rpc/peer.h"
#include "work/job.h"

/* One caller: a connection, from its first request to its end. */
struct cal_caller {
	void *above;                    /* the handler's side's own */
	const char *name;               /* an opaque printable word */
	const char *user;               /* authenticated name, or empty */
};

/* May the caller call method (still)? */
bool cal_caller_may(const struct cal_caller *caller, struct cal_slice method);

/* All slices live until the request is answered. */
struct cal_request {
	void *above;                    /* the handler's side's own */
	struct cal_caller *caller;      /* NULL: gone */
	struct cal_rpcmsg msg;
	size_t max_answer;              /* bytes, by us and by the caller */
	size_t held;                    /* bytes of memory, body and all */
};

/*
 * Sends the answer; req and outcome stay.  False when the caller is not there
 * any more, or takes nothing (counted as undeliverable).
 */
bool cal_request_send(struct cal_request *req,
    const struct cal_outcome *outcome);

/* Forgets req and frees it, answered or not. */
void cal_request_drop(struct cal_request *req);

/* Both, and the outcome's contents are released. */
bool cal_request_answer(struct cal_request *req, struct cal_outcome *outcome);

#endif
