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

/* All slices live until the request is answered. */
struct cal_request {
	void *above;                    /* the handler's side's own */
	struct cal_caller *caller;      /* NULL: gone */
	struct cal_rpcmsg msg;
	size_t max_answer;              /* bytes, by us and by the caller */
	size_t held;                    /* bytes of memory, body and all */
};

/*
 * Answers and frees req.  The outcome's contents are used up.  False when the
 * caller is not there any more (counted as undeliverable).
 */
bool cal_request_answer(struct cal_request *req, struct cal_outcome *outcome);

/* Frees req without an answer; its caller is gone. */
void cal_request_drop(struct cal_request *req);

#endif
