/*
 * When calls leave, and over which side; and the time that they may wait for
 * one.
 */
#include "base/fault.h"
#include "base/random.h"
#include "rpc/side.h"

enum { ASK_FIRST = 1 << 20 };   /* bytes; larger bodies wait for the hello */
static const double ROOM_PAUSE = 0.05;  /* seconds; nobody tells of room */

/* The side with the fewest calls in flight; NULL: none can be called. */
static struct cal_side *
choose_side(struct cal_peer *peer)
{
	struct cal_side *side, *best = NULL;

	TAILQ_FOREACH(side, &peer->sides, next)
		if (side->callable && !side->link->barred && (best == NULL ||
		    side->calls_count < best->calls_count))
			best = side;
	return best;
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
			cal_call_seal(call, FATE_NO_CONNECTION);
}

/*
 * Calls that could not leave: does a server that lives have no room now?  Where
 * nobody says that he lives, a connection is enough.
 */
static bool
waits_for_room(struct cal_peer *peer)
{
	struct cal_side *side = TAILQ_EMPTY(&peer->unsent) ? NULL :
	    choose_side(peer);

	if (side != NULL && cal_conn_is_silent(peer->conn))
		return cal_conn_trouble(peer->conn) == NULL;
	return side != NULL && side->state != CAL_HELLO_UNKNOWN;
}

/* The time to connect runs while calls wait for it. */
static void
watch_unsent(struct cal_peer *peer)
{
	bool room = waits_for_room(peer);
	bool waits = !TAILQ_EMPTY(&peer->unsent) && !room &&
	    peer->conf.connect_timeout > 0;

	if (room && !ev_is_active(&peer->flush)) {
		ev_timer_set(&peer->flush, ROOM_PAUSE, 0);
		ev_timer_start(peer->conf.loop, &peer->flush);
	}
	if (!waits)
		ev_timer_stop(peer->conf.loop, &peer->connect);
	else if (!ev_is_active(&peer->connect)) {
		ev_timer_set(&peer->connect, peer->conf.connect_timeout, 0);
		ev_timer_start(peer->conf.loop, &peer->connect);
	}
}

/* One call is often like the one before, and a list may be long. */
static bool
lists(struct cal_side *side, struct cal_slice method)
{
	if (cal_slice_same(cal_buf_view(&side->listed), method))
		return true;
	if (!cal_hello_lists(side->hello.methods, method))
		return false;
	cal_buf_clear(&side->listed);
	cal_buf_put(&side->listed, method.ptr, method.len);
	return true;
}

/*
 * What the server's hello forbids never leaves.  With keys its methods are
 * those that this user may call, as long as nobody changes that, and only the
 * server knows whether another is forbidden, or not there.
 */
static enum cal_fate
judge(const struct cal_call *call, struct cal_side *side)
{
	const struct cal_hello *hello = &side->hello;

	if (side->state != CAL_HELLO_OURS)
		return FATE_OPEN;
	if (hello->max_body > 0 && call->body.len > hello->max_body)
		return FATE_TOO_LARGE;
	if (side->peer->conf.keys == NULL && !lists(side, call->method))
		return FATE_NO_METHOD;
	return FATE_OPEN;
}

/*
 * Sends an unsent call, if it can leave now.  False: it has to wait, and those
 * behind it too, since they may have the same key.
 */
static bool
leave(struct cal_call *call)
{
	struct cal_side *side = choose_side(call->peer);
	bool silent = cal_conn_is_silent(call->peer->conn);
	enum cal_fate fate;

	if (side == NULL)
		return false;
	if (!side->asked && !silent)
		cal_side_ask(side);
	fate = judge(call, side);
	if (fate != FATE_OPEN) {
		cal_call_seal(call, fate);
		return true;
	}
	if (side->state == CAL_HELLO_UNKNOWN && !silent &&
	    call->body.len > ASK_FIRST)
		return false;
	cal_call_unlink(call);
	call->side = side;
	TAILQ_INSERT_TAIL(&side->calls, call, next);
	side->calls_count++;
	if (cal_call_write(call, CAL_RPC_FUNCTION) == CAL_OK) {
		CAL_FAULT("sent");
		return true;
	}
	cal_call_unlink(call);
	call->side = NULL;
	TAILQ_INSERT_HEAD(&call->peer->unsent, call, next);
	return false;
}

void
cal_calls_flush(struct cal_peer *peer)
{
	struct cal_call *call, *next;

	for (call = TAILQ_FIRST(&peer->unsent); call != NULL; call = next) {
		next = TAILQ_NEXT(call, next);
		if (call->fate == FATE_OPEN && !leave(call))
			break;
	}
	watch_unsent(peer);
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
	cal_random_bytes(peer->cid, sizeof(peer->cid));
	ev_init(&peer->connect, on_connect_timeout);
	peer->connect.data = peer;
	ev_init(&peer->flush, on_flush);
	peer->flush.data = peer;
}

/*
 * Answers to others may come where ours do, and some of these say nothing but
 * the number of a call: there it is one that others do not have.
 */
void
cal_calls_begin(struct cal_peer *peer)
{
	peer->resolver = cal_resolver_new(cal_conn_is_silent(peer->conn) ?
	    cal_random_u32() : 0);
}

void
cal_calls_stop(struct cal_peer *peer)
{
	struct ev_loop *loop = peer->conf.loop;
	struct cal_side *side;
	struct cal_call *call;

	ev_timer_stop(loop, &peer->connect);
	ev_timer_stop(loop, &peer->flush);
	ev_clear_pending(loop, &peer->flush);
	TAILQ_FOREACH(call, &peer->unsent, next)
		ev_timer_stop(loop, &call->timer);
	TAILQ_FOREACH(side, &peer->sides, next)
		TAILQ_FOREACH(call, &side->calls, next)
			ev_timer_stop(loop, &call->timer);
}

void
cal_calls_release(struct cal_peer *peer)
{
	struct cal_call *call, *next;

	for (call = TAILQ_FIRST(&peer->unsent); call != NULL; call = next) {
		next = TAILQ_NEXT(call, next);
		cal_call_free(call);
	}
	cal_resolver_free(peer->resolver);
}

void
cal_calls_refused(struct cal_peer *peer, const struct cal_err *err)
{
	struct cal_call *call;

	peer->refused = true;
	peer->refusal = *err;
	TAILQ_FOREACH(call, &peer->unsent, next)
		if (call->fate == FATE_OPEN)
			cal_call_seal(call, FATE_REFUSED);
	if (peer->probe != NULL)
		ev_feed_event(peer->conf.loop, &peer->probe_timer, 0);
}
