/*
 * The end of a flow: two things have to become empty, our own queue and what
 * the transport has, as long as there is progress.  Redis tells what it has.
 * ZeroMQ tells nothing by itself: it is looked at now and then.
 */
#include "pub/flow_parts.h"

enum { QUIET = 2 };             /* libzmq's thread may be on its way to it */

void
cal_flow_finish(struct cal_flow *flow)
{
	if (flow->done)
		return;
	flow->done = true;
	flow->conf.done(flow->conf.arg);
}

/* True if some of what the transport has left since the last time. */
static bool
see_leaving(struct cal_flow *flow)
{
	uint64_t before = flow->left;
	bool all = cal_publisher_left(flow->publisher, &flow->left);

	flow->quiet = all ? flow->quiet + 1 : 0;
	return flow->left != before;
}

/*
 * 0: for ever.  The first message also has the time that readers have, or
 * Redis.
 */
static double
time_to_leave(const struct cal_flow *flow)
{
	const struct cal_pub_options *options = flow->conf.options;
	bool waits = options->wait_readers > 0 ||
	    cal_publisher_confirms(flow->publisher);

	if (options->linger == 0 || !waits || flow->sent > 0)
		return options->linger;
	return options->connect_timeout == 0 ? 0 :
	    options->linger + options->connect_timeout;
}

/* From the end of the input on, the time begins anew with each message. */
void
cal_flow_linger(struct cal_flow *flow, bool progress)
{
	double seconds = time_to_leave(flow);

	if (flow->stopping || seconds == 0 ||
	    (ev_is_active(&flow->linger) && !progress))
		return;
	ev_timer_stop(flow->conf.loop, &flow->linger);
	ev_timer_set(&flow->linger, seconds, 0);
	ev_timer_start(flow->conf.loop, &flow->linger);
}

/* Everything was handed over: has it arrived? */
void
cal_flow_see_end(struct cal_flow *flow)
{
	if (!cal_publisher_confirms(flow->publisher)) {
		if (!ev_is_active(&flow->look))
			ev_timer_again(flow->conf.loop, &flow->look);
		return;
	}
	(void)see_leaving(flow);
	if (flow->quiet > 0)
		cal_flow_finish(flow);
}

void
cal_flow_look(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_flow *flow = timer->data;

	(void)loop;
	(void)revents;
	cal_flow_linger(flow, see_leaving(flow));
	if (flow->quiet >= QUIET)
		cal_flow_finish(flow);
}

void
cal_flow_give_up(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_flow *flow = timer->data;

	(void)loop;
	(void)revents;
	flow->gave_up = true;
	cal_flow_finish(flow);
}
