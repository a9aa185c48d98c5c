/*
 * Calls: from the moment they are made until their one answer.
 *
 * A call waits in the peer's unsent list until some side can be called; it is
 * written only then, so that what it says of the time left is true.  From then
 * on it may have run, and whatever ends it without an answer says so.
 */
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/random.h"
#include "rpc/side.h"

enum { ASK_FIRST = 1 << 20 };   /* bytes; larger bodies wait for the hello */

/* How a call ends that never left; told by its timer, from the loop. */
enum fate {
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
	enum fate fate;                 /* while it is unsent */
	ev_timer timer;
	cal_answer_fn *answer;
	void *arg;
};

static double
now(const struct cal_peer *peer)
{
	return ev_now(peer->conf.loop);
}

static void
restart_timer(struct cal_call *call, double after)
{
	ev_timer_stop(call->peer->conf.loop, &call->timer);
	ev_timer_set(&call->timer, after, 0);
	ev_timer_start(call->peer->conf.loop, &call->timer);
}

static void
take_out(struct cal_call *call)
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
	take_out(call);
	ev_timer_stop(call->peer->conf.loop, &call->timer);
	cal_resolver_forget(call->peer->resolver, call->seq);
	cal_buf_release(&call->raw);
	free(call);
}

/* The one answer, after which the call is no more. */
static void
finish(struct cal_call *call, struct cal_answer *answer)
{
	cal_answer_fn *fn = call->answer;
	void *arg = call->arg;

	answer->seconds = now(call->peer) - call->start;
	if (call->side != NULL)
		answer->ours = call->side->state == CAL_HELLO_OURS;
	cal_call_free(call);
	fn(arg, answer);
}

static void
seal(struct cal_call *call, enum fate fate)
{
	call->fate = fate;
	restart_timer(call, 0);
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
		    "there was a connection: nothing was executed");
		break;
	}
	finish(call, &answer);
}

/* Writes a message of this call, and sends it over its side. */
static int
send_message(struct cal_call *call, enum cal_rpc_type type)
{
	struct cal_peer *peer = call->peer;
	struct cal_rpcmsg msg = {
		.type = type,
		.id = call->id,
		.cid = cal_slice_of(peer->cid, sizeof(peer->cid)),
	};
	double left = call->start + call->timeout - now(peer);

	if (type == CAL_RPC_FUNCTION) {
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
	return cal_side_send(call->side, CAL_WORD_UPPER);
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
		(void)send_message(call, CAL_RPC_CANCEL);
		CAL_FAULT("cancel-sent");
		(void)cal_fail(&answer.err, CAL_EUNKNOWN, "no answer within "
		    "%g s: it may or may not have run", call->timeout);
		finish(call, &answer);
	}
}

static void
on_connect_timeout(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_peer *peer = timer->data;
	struct cal_call *call;

	(void)loop;
	(void)revents;
	TAILQ_FOREACH(call, &peer->unsent, next)
		if (call->fate == FATE_OPEN)
			seal(call, FATE_NO_CONNECTION);
}

/* The time to connect runs while calls wait for it. */
static void
watch_connect(struct cal_peer *peer)
{
	bool waits = !TAILQ_EMPTY(&peer->unsent) &&
	    peer->conf.connect_timeout > 0;

	if (!waits)
		ev_timer_stop(peer->conf.loop, &peer->connect);
	else if (!ev_is_active(&peer->connect)) {
		ev_timer_set(&peer->connect, peer->conf.connect_timeout, 0);
		ev_timer_start(peer->conf.loop, &peer->connect);
	}
}

/* The side with the fewest calls in flight; NULL: none can be called. */
static struct cal_side *
choose_side(struct cal_peer *peer)
{
	struct cal_side *side, *best = NULL;

	TAILQ_FOREACH(side, &peer->sides, next)
		if (side->callable && (best == NULL ||
		    side->calls_count < best->calls_count))
			best = side;
	return best;
}

/* What the server's hello forbids never leaves. */
static enum fate
judge(const struct cal_call *call, const struct cal_side *side)
{
	const struct cal_hello *hello = &side->hello;

	if (side->state != CAL_HELLO_OURS)
		return FATE_OPEN;
	if (hello->max_body > 0 && call->body.len > hello->max_body)
		return FATE_TOO_LARGE;
	if (!cal_hello_lists(hello->methods, call->method))
		return FATE_NO_METHOD;
	return FATE_OPEN;
}

/* Sends an unsent call, if it can leave now. */
static void
leave(struct cal_call *call)
{
	struct cal_side *side = choose_side(call->peer);
	enum fate fate;

	if (side == NULL)
		return;
	if (!side->asked)
		cal_side_ask(side);
	fate = judge(call, side);
	if (fate != FATE_OPEN) {
		seal(call, fate);
		return;
	}
	if (side->state == CAL_HELLO_UNKNOWN && call->body.len > ASK_FIRST)
		return;
	take_out(call);
	call->side = side;
	TAILQ_INSERT_TAIL(&side->calls, call, next);
	side->calls_count++;
	if (send_message(call, CAL_RPC_FUNCTION) == CAL_OK) {
		CAL_FAULT("sent");
		return;
	}
	take_out(call);
	call->side = NULL;
	TAILQ_INSERT_TAIL(&call->peer->unsent, call, next);
}

void
cal_calls_flush(struct cal_peer *peer)
{
	struct cal_call *call, *next;
	struct cal_call *last = TAILQ_LAST(&peer->unsent, cal_calls);

	for (call = TAILQ_FIRST(&peer->unsent); call != NULL; call = next) {
		next = call == last ? NULL : TAILQ_NEXT(call, next);
		if (call->fate == FATE_OPEN)
			leave(call);
	}
	watch_connect(peer);
}

static void
on_flush(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	cal_calls_flush(timer->data);
}

void
cal_calls_init(struct cal_peer *peer)
{
	TAILQ_INIT(&peer->unsent);
	peer->resolver = cal_resolver_new(0);
	cal_random_bytes(peer->cid, sizeof(peer->cid));
	ev_init(&peer->connect, on_connect_timeout);
	peer->connect.data = peer;
	ev_init(&peer->flush, on_flush);
	peer->flush.data = peer;
}

void
cal_calls_release(struct cal_peer *peer)
{
	struct cal_call *call, *next;

	ev_timer_stop(peer->conf.loop, &peer->connect);
	ev_clear_pending(peer->conf.loop, &peer->flush);
	for (call = TAILQ_FIRST(&peer->unsent); call != NULL; call = next) {
		next = TAILQ_NEXT(call, next);
		cal_call_free(call);
	}
	cal_resolver_free(peer->resolver);
}

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
		finish(call, &answer);
	}
}

void
cal_calls_refused(struct cal_peer *peer, const struct cal_err *err)
{
	struct cal_call *call;

	peer->refused = true;
	peer->refusal = *err;
	TAILQ_FOREACH(call, &peer->unsent, next)
		if (call->fate == FATE_OPEN)
			seal(call, FATE_REFUSED);
	if (peer->probe != NULL)
		ev_feed_event(peer->conf.loop, &peer->probe_timer, 0);
}

static bool
same_id(const struct cal_rpcmsg_id *a, const struct cal_rpcmsg_id *b)
{
	return cal_slice_same(a->seq, b->seq) &&
	    cal_slice_same(a->meth, b->meth) &&
	    cal_slice_same(a->okey, b->okey);
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
	    !same_id(&call->id, &msg->id))
		return NULL;
	if (msg->cid.len > 0 && !cal_slice_same(msg->cid,
	    cal_slice_of(peer->cid, sizeof(peer->cid))))
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
	if (cal_rpcmsg_read_payload(msg, payload, &plain, peer->conf.max_body,
	    &answer.err) != CAL_OK)
		answer.kind = CAL_ANSWER_UNREADABLE;
	else if (msg->body.len > peer->conf.max_body) {
		answer.kind = CAL_ANSWER_UNREADABLE;
		(void)cal_fail(&answer.err, CAL_EDATA, "the answer is larger "
		    "than %zu bytes", peer->conf.max_body);
	}
	answer.body = msg->body;
	for (i = 0; i < 3; i++)
		answer.error[i] = msg->error[i];
	answer.why = msg->why;
	answer.has_status = msg->has_st;
	answer.status = msg->st;
	finish(call, &answer);
	cal_buf_release(&plain);
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

	CAL_NEW(call);
	call->peer = peer;
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
		seal(call, FATE_REFUSED);
	else if (conf->timeout > 0)
		restart_timer(call, conf->timeout);
	if (!ev_is_pending(&peer->flush))
		ev_feed_event(peer->conf.loop, &peer->flush, 0);
	*callp = call;
}

void
cal_call_cancel(struct cal_call *call)
{
	if (call->side == NULL) {
		seal(call, FATE_CANCELLED);
		return;
	}
	(void)send_message(call, CAL_RPC_CANCEL);
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
