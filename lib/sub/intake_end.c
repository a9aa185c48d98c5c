/*
 * The end of an intake: why and when nothing new is taken in, what runs then
 * and is still to be printed, confirmed, or left.
 */
#include "base/log.h"
#include "cli/die.h"
#include "sub/errand.h"

static const double HURRY = 0.3;        /* seconds for a reader, to leave, */
static const double LEAVE = 0.5;        /* and for Redis, to let us go, */
static const double CONFIRM = 5;        /* or to confirm what was done */

/* Nothing new from here on; what waits was not begun. */
static void
drop_waiting(struct cal_intake *intake)
{
	struct cal_errand *errand, *next;
	size_t count = 0;

	for (errand = TAILQ_FIRST(&intake->errands); errand != NULL;
	    errand = next) {
		next = TAILQ_NEXT(errand, next);
		count += cal_errand_drop(errand);
	}
	if (count > 0)
		cal_log(CAL_LOG_WARNING, intake->acks ? "%zu messages are "
		    "given back" : "%zu messages were received and not begun",
		    count);
}

void
cal_intake_wake(struct cal_intake *intake)
{
	if (!ev_is_pending(&intake->turn))
		ev_feed_event(intake->conf.loop, &intake->turn, 0);
}

/* What runs gets so long, unless it has less already. */
static void
limit_grace(struct cal_intake *intake, double grace)
{
	struct ev_loop *loop = intake->conf.loop;

	ev_now_update(loop);
	if (ev_is_active(&intake->grace) &&
	    ev_timer_remaining(loop, &intake->grace) <= grace)
		return;
	ev_timer_stop(loop, &intake->grace);
	ev_timer_set(&intake->grace, grace, 0);
	ev_timer_start(loop, &intake->grace);
}

void
cal_intake_end(struct cal_intake *intake, double grace)
{
	if (!intake->stopping) {
		intake->stopping = true;
		ev_timer_stop(intake->conf.loop, &intake->time);
		drop_waiting(intake);
		intake->leaving = cal_consumer_leave(intake->consumer);
	}
	if (grace >= 0)
		limit_grace(intake, grace);
	cal_intake_wake(intake);
}

static void
stop_running(struct cal_intake *intake, bool at_once)
{
	struct cal_errand *errand;

	TAILQ_FOREACH(errand, &intake->errands, next)
		cal_errand_stop(errand, CAL_STOP_SHUTDOWN, at_once);
}

static void
on_grace_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	stop_running(timer->data, false);
}

static void
on_time_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_intake *intake = timer->data;
	const struct cal_sub_options *o = intake->conf.options;
	uint64_t came, wanted = o->count > 0 ? o->count : 1;

	(void)loop;
	(void)revents;
	intake->patience_s = o->work.grace;
	intake->drains = intake->handler == NULL && !intake->acks;
	cal_intake_end(intake, o->work.grace);
	/* What runs has come, and may still end. */
	came = intake->done + intake->count;
	if (came >= wanted)
		return;
	cal_log(CAL_LOG_FAILURE, "%llu messages came within %g s",
	    (unsigned long long)came, o->timeout);
	cal_intake_worsen(intake, cal_exit_status(CAL_EUNKNOWN));
}

static void
finish(struct cal_intake *intake)
{
	if (intake->over)
		return;
	intake->over = true;
	intake->conf.done(intake->conf.arg);
}

/* Nothing runs, and all is printed: but has the consumer left its group? */
static void
finish_when_left(struct cal_intake *intake)
{
	struct ev_loop *loop = intake->conf.loop;

	if (!intake->leaving) {
		finish(intake);
	} else if (!ev_is_active(&intake->leave)) {
		ev_timer_set(&intake->leave, intake->acks ? CONFIRM : LEAVE,
		    0);
		ev_timer_start(loop, &intake->leave);
	}
}

static void
on_leave_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_intake *intake = timer->data;

	(void)loop;
	(void)revents;
	if (intake->acks && intake->leaving) {
		cal_log(CAL_LOG_FAILURE, "Redis does not confirm what was "
		    "done: some of it may be done again");
		cal_intake_worsen(intake, cal_exit_status(CAL_ETEMP));
	}
	cal_intake_on_left(intake);
}

static void
on_turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_intake *intake = timer->data;

	(void)revents;
	cal_intake_set_pause(intake);
	if (!intake->stopping || !TAILQ_EMPTY(&intake->errands))
		return;
	if (cal_out_empty(intake->out)) {
		cal_settle_unwritten(intake);
		finish_when_left(intake);
	} else if (intake->patience_s > 0 && !ev_is_active(&intake->patience)) {
		ev_timer_set(&intake->patience, intake->patience_s, 0);
		ev_timer_start(loop, &intake->patience);
	}
}

static void
on_patience_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_intake *intake = timer->data;

	(void)loop;
	(void)revents;
	cal_log(CAL_LOG_FAILURE, "nobody reads standard output: the rest is "
	    "%s", intake->acks ? "given back" : "lost");
	cal_intake_worsen(intake, cal_exit_status(CAL_EUNKNOWN));
	cal_out_drop(intake->out);
	cal_intake_wake(intake);
}

void
cal_intake_stop(struct cal_intake *intake)
{
	intake->patience_s = HURRY;
	intake->drains = intake->handler == NULL && !intake->acks;
	ev_timer_stop(intake->conf.loop, &intake->patience);
	cal_intake_end(intake, intake->conf.options->work.grace);
}

void
cal_intake_abort(struct cal_intake *intake)
{
	cal_intake_end(intake, -1);
	intake->leaving = false;
	cal_out_drop(intake->out);
	stop_running(intake, true);
}

void
cal_intake_on_left(void *arg)
{
	struct cal_intake *intake = arg;

	intake->leaving = false;
	cal_intake_wake(intake);
}

void
cal_intake_init(struct cal_intake *intake)
{
	TAILQ_INIT(&intake->errands);
	STAILQ_INIT(&intake->printed);
	intake->acks = intake->conf.options->redis.conn.ack;
	ev_init(&intake->turn, on_turn);
	ev_timer_init(&intake->time, on_time_over,
	    intake->conf.options->timeout, 0);
	ev_init(&intake->grace, on_grace_over);
	ev_init(&intake->patience, on_patience_over);
	ev_init(&intake->leave, on_leave_over);
	intake->want = SIZE_MAX;
	intake->leave.data = intake;
	intake->turn.data = intake->time.data = intake;
	intake->grace.data = intake->patience.data = intake;
}
