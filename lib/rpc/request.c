/*
 * Requests: found again by what identifies them on their connection, answered
 * once.
 *
 * Two requests with the same identity are a caller's mistake that the library
 * allows: both run and both are answered, so entries of the same identity form
 * a chain, the newest first.
 */
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "rpc/side.h"

struct cal_incoming {
	struct cal_request req;         /* first: what request.h shows */
	struct cal_peer *peer;
	struct cal_side *side;          /* NULL: gone */
	struct cal_hold *hold;
	struct cal_buf plain;           /* an expanded payload */
	struct cal_incoming *older, *newer;     /* of the same name */
	bool stopped;                   /* its caller sent a CANCEL */
	uint64_t receipt;               /* 0: given back, or there is none */
	TAILQ_ENTRY(cal_incoming) next;
};

/* Under which name a request of side stands in the map; until the next. */
static struct cal_slice
name_of(const struct cal_side *side, const struct cal_rpcmsg_id *id)
{
	struct cal_buf *name = &side->peer->name;

	cal_buf_clear(name);
	cal_buf_put(name, &side, sizeof(side));
	cal_buf_put(name, id->meth.ptr, id->meth.len);
	cal_buf_put(name, id->okey.ptr, id->okey.len);
	cal_buf_put(name, id->seq.ptr, id->seq.len);
	return cal_buf_view(name);
}

static void
remember(struct cal_incoming *in)
{
	in->older = cal_map_put(in->peer->incomings,
	    name_of(in->side, &in->req.msg.id), in);
	if (in->older != NULL)
		in->older->newer = in;
	TAILQ_INSERT_TAIL(&in->side->incomings, in, next);
}

static void
forget(struct cal_incoming *in)
{
	struct cal_map *map = in->peer->incomings;

	if (in->side == NULL)
		return;                 /* forgotten with its side */
	TAILQ_REMOVE(&in->side->incomings, in, next);
	if (in->older != NULL)
		in->older->newer = in->newer;
	if (in->newer != NULL)
		in->newer->older = in->older;
	else if (in->older != NULL)
		(void)cal_map_put(map, name_of(in->side, &in->req.msg.id),
		    in->older);
	else
		(void)cal_map_remove(map, name_of(in->side,
		    &in->req.msg.id));
}

static void
incoming_free(struct cal_incoming *in)
{
	cal_hold_free(in->hold);
	cal_buf_release(&in->plain);
	cal_spare_give(&in->peer->spare_incomings, in);
}

/* More than the body: whatever else the caller packed around it. */
static size_t
bytes_held(const struct cal_incoming *in, const struct cal_message *message)
{
	size_t i, bytes = message->header.len + message->payload.len +
	    in->plain.cap;

	for (i = 0; i < message->pre_count; i++)
		bytes += message->pre[i].len;
	return bytes;
}

/* Writes an answer; msg says what.  A receipt that leaves with it is 0. */
static bool
send_answer(struct cal_side *side, struct cal_rpcmsg *msg, uint64_t *receiptp)
{
	struct cal_peer *peer = side->peer;

	cal_buf_clear(&peer->header);
	cal_buf_clear(&peer->payload);
	cal_rpcmsg_write(msg, &peer->header, &peer->payload);
	CAL_FAULT("encoded");
	if (cal_side_send(side, CAL_WORD_UPPER, *receiptp) != CAL_OK)
		return false;
	*receiptp = 0;
	CAL_FAULT("sent");
	return true;
}

void
cal_request_refuse(struct cal_side *side, const struct cal_rpcmsg *msg,
    struct cal_message *message, const char *name, const char *why)
{
	struct cal_rpcmsg answer = {
		.type = CAL_RPC_ERROR,
		.id = msg->id,
		.cid = msg->cid,
		.error = { cal_slice_text(name), cal_slice_text(why) },
	};

	side->peer->counts.refused++;
	(void)send_answer(side, &answer, &message->receipt);
}

bool
cal_caller_may(const struct cal_caller *caller, struct cal_slice method)
{
	const struct cal_side *side = (const struct cal_side *)caller;

	return cal_link_may(side->link, method);
}

void
cal_request_take(struct cal_side *side, struct cal_rpcmsg *msg,
    struct cal_message *message)
{
	struct cal_peer *peer = side->peer;
	struct cal_incoming *in;
	struct cal_err err;
	int rc;

	if (peer->conf.events->request == NULL) {
		cal_request_refuse(side, msg, message, "MethodNotFound",
		    "nothing is served here");
		return;
	}
	in = cal_spare_take(&peer->spare_incomings, sizeof(*in));
	*in = (struct cal_incoming){ .peer = peer };
	rc = cal_rpcmsg_read_payload(msg, message->payload, &in->plain,
	    peer->conf.max_body, &err);
	if (rc != CAL_OK) {
		incoming_free(in);
		cal_request_refuse(side, msg, message, rc == CAL_EDATA ?
		    "TooLarge" : "BadRequest", err.text);
		return;
	}
	CAL_FAULT("decoded");
	in->side = side;
	in->req.held = bytes_held(in, message);
	in->hold = cal_message_take(message);
	in->receipt = message->receipt;
	message->receipt = 0;
	in->req.caller = &side->caller;
	in->req.msg = *msg;
	/* The caller's time ran while the request waited somewhere. */
	in->req.msg.dl -= msg->dl < message->age_ms ? msg->dl :
	    message->age_ms;
	in->req.max_answer = peer->conf.max_body;
	if (msg->has_max && msg->max < in->req.max_answer)
		in->req.max_answer = msg->max;
	remember(in);
	peer->conf.events->request(peer->conf.arg, &in->req);
}

/* The newest of this name that was not stopped yet; NULL: none. */
static struct cal_incoming *
find_open(const struct cal_side *side, const struct cal_rpcmsg_id *id)
{
	struct cal_incoming *in = cal_map_find(side->peer->incomings,
	    name_of(side, id));

	while (in != NULL && in->stopped)
		in = in->older;
	return in;
}

void
cal_request_stop(struct cal_side *side, const struct cal_rpcmsg *msg)
{
	struct cal_peer *peer = side->peer;
	struct cal_incoming *in;

	if (find_open(side, &msg->id) == NULL)
		peer->counts.unexpected++;
	/* Looked up anew each time: the event may end any of them. */
	while ((in = find_open(side, &msg->id)) != NULL) {
		in->stopped = true;
		peer->conf.events->cancel(peer->conf.arg, &in->req);
	}
}

void
cal_request_orphan(struct cal_side *side)
{
	struct cal_incoming *in;

	/* The newest first: it is the head of its chain. */
	while ((in = TAILQ_LAST(&side->incomings, cal_incomings)) != NULL) {
		forget(in);
		in->side = NULL;
		in->req.caller = NULL;
	}
}

static enum cal_rpc_type
answer_type(enum cal_verdict verdict)
{
	switch (verdict) {
	case CAL_VERDICT_RESULT:
		return CAL_RPC_RESULT;
	case CAL_VERDICT_FAILURE:
		return CAL_RPC_FAILURE;
	case CAL_VERDICT_ERROR:
		return CAL_RPC_ERROR;
	case CAL_VERDICT_CANCELLED:
		break;
	}
	return CAL_RPC_CANCELLED;
}

static void
fill_answer(struct cal_rpcmsg *msg, const struct cal_incoming *in,
    const struct cal_outcome *outcome)
{
	msg->type = answer_type(outcome->verdict);
	msg->id = in->req.msg.id;
	msg->cid = in->req.msg.cid;
	msg->zip = in->peer->conf.compress;
	if (outcome->verdict == CAL_VERDICT_RESULT)
		msg->body = cal_buf_view(&outcome->body);
	if (outcome->name != NULL)
		msg->error[0] = cal_slice_text(outcome->name);
	msg->error[1] = cal_buf_view(&outcome->repr);
	msg->error[2] = cal_buf_view(&outcome->traceback);
	if (outcome->verdict == CAL_VERDICT_FAILURE && outcome->has_status) {
		msg->has_st = true;
		msg->st = outcome->status;
	}
	if (outcome->verdict == CAL_VERDICT_CANCELLED)
		msg->why = cal_slice_text(cal_stop_why(outcome->stop));
}

bool
cal_request_send(struct cal_request *req, const struct cal_outcome *outcome)
{
	struct cal_incoming *in = (struct cal_incoming *)req;
	struct cal_rpcmsg msg = { .type = CAL_RPC_NULL };

	if (in->side == NULL) {
		in->peer->counts.undeliverable++;
		return false;
	}
	fill_answer(&msg, in, outcome);
	return send_answer(in->side, &msg, &in->receipt);
}

bool
cal_request_answer(struct cal_request *req, struct cal_outcome *outcome)
{
	bool delivered = cal_request_send(req, outcome);

	cal_outcome_release(outcome);
	cal_request_drop(req);
	return delivered;
}

void
cal_request_drop(struct cal_request *req)
{
	struct cal_incoming *in = (struct cal_incoming *)req;
	struct cal_conn *conn = in->peer->conn;

	forget(in);
	if (conn != NULL)
		cal_conn_settle(conn, in->receipt, CAL_SETTLE_DONE, NULL);
	incoming_free(in);
}
