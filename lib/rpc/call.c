/*
 * Calls: made, ended, and everything that ends them without an answer.
 *
 * A call waits in the peer's unsent list until some side can be called; it is
 * written only then, so that what it says of the time left is true.  From then
 * on it may have run, and whatever ends it without an answer says so.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "rpc/side.h"

static double
now(const struct cal_peer *peer)
{
	return ev_now(peer->conf.loop);
}

void
cal_call_rearm(struct cal_call *call, double after)
{
	ev_timer_stop(call->peer->conf.loop, &call->timer);
	ev_timer_set(&call->timer, after, 0);
	ev_timer_start(call->peer->conf.loop, &call->timer);
}

void
cal_call_unlink(struct cal_call *call)
{
	if (call->side != NULL) {
		TAILQ_REMOVE(&call->side->calls, call, next);
		call->side->calls_count--;
	} else {
		TAILQ_REMOVE(&call->peer->unsent, call, next);
	}
}

void
cal_call_free(struct cal_call *call)
{
	if (call == NULL)
		return;
	cal_call_unlink(call);
	ev_timer_stop(call->peer->conf.loop, &call->timer);
	cal_resolver_forget(call->peer->resolver, call->seq);
	cal_buf_release(&call->raw);
	cal_spare_give(&call->peer->spare_calls, call);
}

/* The one answer, after which the call is no more. */
void
cal_call_finish(struct cal_call *call, struct cal_answer *answer)
{
	cal_answer_fn *fn = call->answer;
	void *arg = call->arg;

	answer->seconds = now(call->peer) - call->start;
	if (call->side != NULL && call->side->state == CAL_HELLO_OURS)
		answer->ours = true;
	cal_call_free(call);
	fn(arg, answer);
}

void
cal_call_seal(struct cal_call *call, enum cal_fate fate)
{
	call->fate = fate;
	cal_call_rearm(call, 0);
}

static int
no_connection(struct cal_peer *peer, struct cal_err *err)
{
	const char *trouble = cal_conn_trouble(peer->conn);
	char *url = cal_conn_address(peer->conn);
	int rc;

	if (trouble == NULL)
		trouble = TAILQ_EMPTY(&peer->sides) ? "nothing answers" :
		    "no PONG came";
	rc = cal_fail(err, CAL_EUNAVAIL, "no connection to '%s' within %g s: "
	    "%s; nothing was executed", url, peer->conf.connect_timeout,
	    trouble);
	free(url);
	return rc;
}

static void
finish_unsent(struct cal_call *call)
{
	struct cal_answer answer = { .kind = CAL_ANSWER_UNSENT };
	struct cal_err *err = &answer.err;

	switch (call->fate) {
	case FATE_CANCELLED:
		(void)cal_fail(err, CAL_EUNAVAIL, "cancelled before it left");
		break;
	case FATE_REFUSED:
		*err = call->peer->refusal;
		break;
	case FATE_NO_CONNECTION:
		(void)no_connection(call->peer, err);
		break;
	case FATE_TOO_LARGE:
		(void)cal_fail(err, CAL_EDATA,
		    "the body is larger than the server takes");
		break;
	case FATE_NO_METHOD:
		answer.kind = CAL_ANSWER_ERROR;
		answer.ours = true;
		answer.error[0] = cal_slice_text("MethodNotFound");
		answer.error[1] = cal_slice_text("the server has no such "
		    "method");
		break;
	case FATE_OPEN:
		(void)cal_fail(err, CAL_EUNAVAIL, "the time ran out before "
		    "it could leave: nothing was executed");
		break;
	}
	cal_call_finish(call, &answer);
}

struct cal_slice
cal_side_cid(const struct cal_side *side)
{
	if (side->link->cid.len > 0)
		return side->link->cid;
	return cal_slice_of(side->peer->cid, sizeof(side->peer->cid));
}

/* Writes a message of this call, and sends it over its side. */
int
cal_call_write(struct cal_call *call, enum cal_rpc_type type)
{
	struct cal_peer *peer = call->peer;
	struct cal_rpcmsg msg = {
		.type = type,
		.id = call->id,
		.cid = cal_side_cid(call->side),
	};
	uint64_t receipt = 0;
	double left = call->start + call->timeout - now(peer);

	if (type == CAL_RPC_FUNCTION) {
		receipt = (uint64_t)call->seq + 1;
		msg.rto = call->side->link->rto;
		msg.body = call->body;
		msg.zip = peer->conf.compress;
		msg.has_max = true;
		msg.max = peer->conf.max_body;
		msg.has_dl = call->timeout > 0;
		msg.dl = left > 0 ? (uint64_t)(left * 1000) : 0;
	}
	cal_buf_clear(&peer->header);
	cal_buf_clear(&peer->payload);
	cal_rpcmsg_write(&msg, &peer->header, &peer->payload);
	return cal_side_send(call->side, CAL_WORD_UPPER, receipt);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_call *call = timer->data;
	struct cal_answer answer = { .kind = CAL_ANSWER_TIMEOUT };

	(void)loop;
	(void)revents;
	if (call->side == NULL) {
		finish_unsent(call);
	} else {
		(void)cal_call_write(call, CAL_RPC_CANCEL);
		CAL_FAULT("cancel-sent");
		(void)cal_fail(&answer.err, CAL_EUNKNOWN, "no answer within "
		    "%g s: it may or may not have run",
		    round(call->timeout * 1000) / 1000);
		cal_call_finish(call, &answer);
	}
}

/* The three raw values stand one behind the other in call->raw. */
static void
write_id(struct cal_call *call, const struct cal_call_conf *conf)
{
	size_t meth, okey;
	struct cal_slice all;

	cal_rpcmsg_put_method(&call->raw, conf->method);
	meth = call->raw.len;
	cal_rpcmsg_put_key(&call->raw, conf->key);
	okey = call->raw.len;
	cal_rpcmsg_put_seq(&call->raw, call->seq);
	all = cal_buf_view(&call->raw);
	call->id.meth = cal_slice_of(all.ptr, meth);
	call->id.okey = cal_slice_of(all.ptr + meth, okey - meth);
	call->id.seq = cal_slice_of(all.ptr + okey, all.len - okey);
	call->method = cal_slice_of(all.ptr + meth - conf->method.len,
	    conf->method.len);
}

void
cal_call_start(struct cal_call **callp, struct cal_peer *peer,
    const struct cal_call_conf *conf, cal_answer_fn *answer, void *arg)
{
	struct cal_call *call;

	call = cal_spare_take(&peer->spare_calls, sizeof(*call));
	*call = (struct cal_call){ .peer = peer };
	call->seq = cal_resolver_wait(peer->resolver, call);
	write_id(call, conf);
	call->body = conf->body;
	call->timeout = conf->timeout;
	call->start = now(peer);
	call->answer = answer;
	call->arg = arg;
	ev_init(&call->timer, on_timer);
	call->timer.data = call;
	TAILQ_INSERT_TAIL(&peer->unsent, call, next);
	if (peer->refused)
		cal_call_seal(call, FATE_REFUSED);
	else if (conf->timeout > 0)
		cal_call_rearm(call, conf->timeout);
	*callp = call;
	/* At once, so that the other side need not wait for a whole batch. */
	if (TAILQ_FIRST(&peer->unsent) == call)
		cal_calls_flush(peer);
	else if (!ev_is_pending(&peer->flush))
		ev_feed_event(peer->conf.loop, &peer->flush, 0);
}

void
cal_call_cancel(struct cal_call *call)
{
	if (call->side == NULL) {
		cal_call_seal(call, FATE_CANCELLED);
		return;
	}
	(void)cal_call_write(call, CAL_RPC_CANCEL);
	CAL_FAULT("cancel-sent");
}

uint32_t
cal_call_seq(const struct cal_call *call)
{
	return call->seq;
}

bool
cal_call_sent(const struct cal_call *call)
{
	return call->side != NULL;
}
