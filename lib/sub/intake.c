/*
 * From messages to records and errands, until it is enough.
 *
 * Whatever changes what may be taken in ends in cal_intake_go_on, which starts
 * errands, pauses the consumer or not, and sees when all is over.
 */
#include "base/log.h"
#include "cli/die.h"
#include "sub/errand.h"

static const double HURRY = 0.3;        /* seconds for a reader, to leave, */
static const double LEAVE = 0.5;        /* and for Redis, to let us go, */
static const double CONFIRM = 5;        /* or to confirm what was done */

void
cal_intake_worsen(struct cal_intake *intake, int status)
{
	intake->status = cal_exit_worse(intake->status, status);
}

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

static void
wake(struct cal_intake *intake)
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
	wake(intake);
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

/* What is taken in. */

/*
 * What a group gave us nobody else gets, so that it is printed all the same
 * while the consumer leaves.
 */
static bool
takes(const struct cal_intake *intake)
{
	return !intake->stopping || (intake->drains && intake->leaving);
}

static bool
has_enough(const struct cal_intake *intake)
{
	uint64_t count = intake->conf.options->count;

	return count > 0 && intake->done + intake->count >= count;
}

/*
 * A message that could not start now stays with its publisher, or for another
 * subscriber; only those are kept that wait for their key.
 */
static bool
has_room(const struct cal_intake *intake)
{
	if (intake->handler == NULL)
		return true;
	return intake->slots.running < intake->slots.count &&
	    cal_order_waiting(intake->order) + intake->resting <
	    CAL_SUB_WAITING &&
	    intake->bytes < 4 * intake->conf.options->max_body;
}

/*
 * So many are wanted now: what a group shares is for others, if it could not
 * start here, or would be one too many.
 */
static size_t
appetite(const struct cal_intake *intake)
{
	uint64_t left = intake->conf.options->count, want = SIZE_MAX;

	if (intake->handler != NULL)
		want = has_room(intake) ?
		    intake->slots.count - intake->slots.running : 0;
	if (left == 0)
		return (size_t)want;
	left = has_enough(intake) ? 0 : left - intake->done - intake->count;
	return (size_t)(left < want ? left : want);
}

static void
set_pause(struct cal_intake *intake)
{
	size_t want = appetite(intake);
	bool pause = !takes(intake) ||
	    cal_out_full(intake->out) || want == 0;

	if (intake->consumer == NULL)
		return;
	if (want != intake->want) {
		intake->want = want;
		cal_consumer_want(intake->consumer, want);
	}
	if (pause == intake->paused)
		return;
	intake->paused = pause;
	cal_consumer_pause(intake->consumer, pause);
}

void
cal_intake_go_on(struct cal_intake *intake)
{
	struct cal_turn *turn;

	while (intake->handler != NULL && !intake->stopping &&
	    (turn = cal_order_next(intake->order)) != NULL)
		cal_errand_start(cal_errand_of_turn(turn));
	if (intake->ended && !intake->stopping &&
	    TAILQ_EMPTY(&intake->errands))
		cal_intake_end(intake, -1);
	set_pause(intake);
	if (intake->stopping)
		wake(intake);
}

void
cal_intake_count(struct cal_intake *intake)
{
	if (++intake->done == intake->conf.options->count)
		cal_intake_end(intake, -1);
}

void
cal_intake_fail(struct cal_intake *intake, int status)
{
	intake->failed++;
	cal_intake_worsen(intake, status);
	if (!intake->conf.options->keep_going)
		cal_intake_end(intake, -1);
}

/* A message of which nothing can be made. */
static void
refuse(struct cal_intake *intake, const struct cal_delivery *delivery,
    const struct cal_err *err)
{
	cal_log(CAL_LOG_FAILURE, "message %llu: %s",
	    (unsigned long long)delivery->number, err->text);
	cal_settle_dead(intake, delivery->receipt, err->text);
	cal_intake_fail(intake, cal_exit_status(err->code));
}

static void
print(struct cal_intake *intake, const struct cal_delivery *delivery)
{
	char id[CAL_SUB_ID_TEXT];
	struct cal_sub_about about = {
		.topic = delivery->topic,
		.key = delivery->head.key,
		.head = &delivery->head,
		.dead = delivery->message->is_dead ?
		    &delivery->message->dead : NULL,
	};
	struct cal_slice record;
	struct cal_err err;

	cal_sub_id_text(id, delivery);
	about.id = cal_slice_text(id);
	if (cal_printer_message(&intake->printer, &record, &about,
	    delivery->body, &err) != CAL_OK) {
		refuse(intake, delivery, &err);
		return;
	}
	cal_out_put(intake->out, record);
	cal_settle_printed(intake, delivery->receipt, record);
	cal_intake_count(intake);
}

void
cal_intake_on_message(void *arg, struct cal_delivery *delivery)
{
	struct cal_intake *intake = arg;
	struct cal_errand *errand;
	struct cal_err err;

	if (!takes(intake)) {
		cal_settle_back(intake, delivery->receipt);
		return;
	}
	if (intake->handler == NULL)
		print(intake, delivery);
	else if (cal_errand_new(&errand, intake, delivery, &err) == CAL_OK)
		cal_errand_enqueue(errand);
	else
		refuse(intake, delivery, &err);
	cal_intake_go_on(intake);
}

void
cal_intake_on_gap(void *arg, struct cal_slice topic, uint64_t missing)
{
	struct cal_intake *intake = arg;

	cal_missing_add(&intake->missing, topic, missing);
	if (intake->conf.options->strict)
		cal_intake_worsen(intake, cal_exit_status(CAL_EPROTO));
}

/* The whole run. */

/* Not connected everywhere is no reason to leave where messages come from. */
void
cal_intake_on_failed(void *arg, const struct cal_err *err)
{
	struct cal_intake *intake = arg;
	struct cal_consumer_counts counts;

	cal_consumer_counts(intake->consumer, &counts);
	cal_log(CAL_LOG_FAILURE, "%s", err->text);
	if (err->code == CAL_EUNAVAIL && counts.messages > 0)
		return;
	cal_intake_worsen(intake, cal_exit_status(err->code));
	cal_intake_end(intake, -1);
}

/* Everything was handed up; some of it may still be done. */
void
cal_intake_on_ended(void *arg)
{
	struct cal_intake *intake = arg;

	intake->ended = true;
	cal_intake_go_on(intake);
}

void
cal_intake_on_left(void *arg)
{
	struct cal_intake *intake = arg;

	intake->leaving = false;
	wake(intake);
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
	set_pause(intake);
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
	wake(intake);
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
