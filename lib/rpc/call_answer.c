/*
 * Which call an answer belongs to: the one with its number, if everything that
 * is echoed is the same byte for byte and it came over the call's own side.
 */
#include "base/fault.h"
#include "rpc/side.h"

/* The link is gone: what left over it may or may not have run. */
void
cal_calls_lost(struct cal_side *side)
{
	struct cal_answer answer;
	struct cal_call *call;

	while ((call = TAILQ_FIRST(&side->calls)) != NULL) {
		answer = (struct cal_answer){ .kind = CAL_ANSWER_LOST };
		(void)cal_fail(&answer.err, CAL_EUNKNOWN, "the connection was "
		    "lost after the request had left: it may or may not have "
		    "run");
		cal_call_finish(call, &answer);
	}
}

/* It did not even leave: as if it had never been sent. */
void
cal_calls_failed(struct cal_side *side, uint64_t receipt,
    const struct cal_err *err)
{
	struct cal_answer answer = { .kind = CAL_ANSWER_UNSENT };
	struct cal_call *call = cal_resolver_find(side->peer->resolver,
	    (uint32_t)(receipt - 1));

	if (call == NULL || call->side != side)
		return;
	answer.err = *err;
	cal_call_finish(call, &answer);
}

/* The call that an answer belongs to; NULL when nobody waits for it. */
static struct cal_call *
find_call(struct cal_side *side, const struct cal_rpcmsg *msg)
{
	struct cal_peer *peer = side->peer;
	struct cal_mp_reader rd;
	struct cal_mp_value seq;
	struct cal_call *call;

	cal_mp_reader_init(&rd, msg->id.seq);
	if (!cal_mp_read(&rd, &seq) || seq.kind != CAL_MP_UINT ||
	    seq.u > UINT32_MAX)
		return NULL;
	call = cal_resolver_find(peer->resolver, (uint32_t)seq.u);
	if (call == NULL || call->side != side ||
	    !cal_rpcmsg_same_id(&call->id, &msg->id))
		return NULL;
	if (msg->cid.len > 0 && !cal_slice_same(msg->cid, cal_side_cid(side)))
		return NULL;
	return call;
}

static enum cal_answer_kind
answer_kind(enum cal_rpc_type type)
{
	switch (type) {
	case CAL_RPC_RESULT:
		return CAL_ANSWER_RESULT;
	case CAL_RPC_FAILURE:
		return CAL_ANSWER_FAILURE;
	case CAL_RPC_CANCELLED:
		return CAL_ANSWER_CANCELLED;
	case CAL_RPC_NULL:
	case CAL_RPC_FUNCTION:
	case CAL_RPC_CANCEL:
	case CAL_RPC_ERROR:
		break;
	}
	return CAL_ANSWER_ERROR;
}

void
cal_calls_answered(struct cal_side *side, struct cal_rpcmsg *msg,
    struct cal_slice payload)
{
	struct cal_peer *peer = side->peer;
	struct cal_call *call = find_call(side, msg);
	struct cal_answer answer = { .kind = answer_kind(msg->type) };
	struct cal_buf plain = { .max = 0 };
	size_t i;

	if (call == NULL) {
		peer->counts.unexpected++;
		return;
	}
	CAL_FAULT("reply-recv");
	/* Where nobody is asked what he is, only ours give a cid back. */
	answer.ours = cal_conn_is_silent(peer->conn) && msg->cid.len > 0;
	if (cal_rpcmsg_read_payload(msg, payload, &plain, peer->conf.max_body,
	    &answer.err) != CAL_OK)
		answer.kind = CAL_ANSWER_UNREADABLE;
	answer.body = msg->body;
	for (i = 0; i < 3; i++)
		answer.error[i] = msg->error[i];
	answer.why = msg->why;
	answer.has_status = msg->has_st;
	answer.status = msg->st;
	cal_call_finish(call, &answer);
	cal_buf_release(&plain);
}
