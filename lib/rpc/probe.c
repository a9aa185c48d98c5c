/* One PING that somebody waits for: is there a server, and what is it? */
#include "rpc/side.h"

void
cal_probe_done(struct cal_peer *peer, const struct cal_hello *hello,
    const struct cal_err *err)
{
	cal_probe_fn *done = peer->probe;

	peer->probe = NULL;
	ev_timer_stop(peer->conf.loop, &peer->probe_timer);
	ev_now_update(peer->conf.loop);         /* may be within one turn */
	done(peer->probe_arg, ev_now(peer->conf.loop) - peer->probe_sent, hello,
	    err);
}

void
cal_probe_side(struct cal_side *side)
{
	struct cal_peer *peer = side->peer;

	if (peer->probe == NULL)
		return;
	if (!side->asked)
		cal_side_ask(side);
	ev_now_update(peer->conf.loop);
	peer->probe_sent = ev_now(peer->conf.loop);
}

/* Did anything come that is no PONG? */
static bool
answered(const struct cal_peer *peer)
{
	struct cal_peer_counts counts;

	cal_peer_counts(peer, &counts);
	return counts.malformed + counts.unexpected + counts.requests >
	    peer->probe_noise;
}

static void
on_probe_timeout(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_peer *peer = timer->data;
	const char *trouble = cal_conn_trouble(peer->conn);
	struct cal_err err;

	(void)loop;
	(void)revents;
	if (peer->refused)
		err = peer->refusal;
	else if (cal_conn_is_silent(peer->conn))
		(void)cal_fail(&err, CAL_EUSAGE,
		    "there is no PING over Redis");
	else if (TAILQ_EMPTY(&peer->sides))
		(void)cal_fail(&err, CAL_EUNAVAIL, "no connection within %g s: "
		    "%s", peer->probe_timeout,
		    trouble == NULL ? "nothing answers" : trouble);
	else if (answered(peer))
		(void)cal_fail(&err, CAL_EPROTO,
		    "the answer to PING is no PONG");
	else
		(void)cal_fail(&err, CAL_EUNAVAIL,
		    "no PONG within %g s: the server is deaf",
		    peer->probe_timeout);
	cal_probe_done(peer, NULL, &err);
}

void
cal_peer_probe(struct cal_peer *peer, double timeout, cal_probe_fn *done,
    void *arg)
{
	struct cal_side *side = TAILQ_FIRST(&peer->sides);
	bool never = peer->refused || cal_conn_is_silent(peer->conn);
	struct cal_peer_counts counts;

	peer->probe = done;
	peer->probe_arg = arg;
	peer->probe_timeout = timeout;
	cal_peer_counts(peer, &counts);
	peer->probe_noise = counts.malformed + counts.unexpected +
	    counts.requests;
	peer->probe_sent = ev_now(peer->conf.loop);
	peer->probe_timer.data = peer;
	ev_timer_init(&peer->probe_timer, on_probe_timeout,
	    never ? 0 : timeout, 0);
	if (never || timeout > 0)
		ev_timer_start(peer->conf.loop, &peer->probe_timer);
	if (!never && side != NULL && side->callable)
		cal_side_ask(side);
}
