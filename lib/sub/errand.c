/*
 * The life of an errand: new, in the order, running, ended.
 *
 * One that could not start just now has certainly not run.  Who is to keep
 * going tries it again, and takes no more messages meanwhile than could run.
 */
#include "cli/die.h"
#include "cli/event.h"
#include "codec/json.h"
#include "sub/errand.h"

static const double REST = 0.5;         /* seconds */

struct cal_errand *
cal_errand_of_turn(struct cal_turn *turn)
{
	return (struct cal_errand *)(void *)((char *)turn -
	    offsetof(struct cal_errand, turn));
}

void
cal_errand_free(struct cal_errand *errand)
{
	struct cal_intake *intake = errand->intake;

	ev_timer_stop(intake->conf.loop, &errand->limit);
	ev_timer_stop(intake->conf.loop, &errand->rest);
	TAILQ_REMOVE(&intake->errands, errand, next);
	intake->count--;
	intake->bytes -= errand->bytes;
	cal_hold_free(errand->hold);
	cal_buf_release(&errand->expanded);
	cal_buf_release(&errand->text);
	cal_buf_release(&errand->key);
	cal_buf_release(&errand->stamp);
	cal_spare_give(&intake->spare_errands, errand);
}

/* What comes of it. */

static int
outcome_status(const struct cal_outcome *outcome)
{
	switch (outcome->verdict) {
	case CAL_VERDICT_RESULT:
		return 0;
	case CAL_VERDICT_FAILURE:
		return CAL_EXIT_FAILURE;
	case CAL_VERDICT_ERROR:
		return cal_exit_error(cal_slice_text(outcome->name));
	case CAL_VERDICT_CANCELLED:
		break;
	}
	return cal_exit_status(CAL_ETEMP);      /* it was cut short */
}

static void
say_outcome(const struct cal_errand *errand, struct cal_outcome *outcome)
{
	bool good = outcome->verdict == CAL_VERDICT_RESULT;
	unsigned long long number = errand->number;

	if (outcome->verdict == CAL_VERDICT_CANCELLED)
		cal_log(CAL_LOG_FAILURE, "message %llu: it was cut short",
		    number);
	else if (!good)
		cal_log(CAL_LOG_FAILURE, "message %llu: %s: %s", number,
		    outcome->name, cal_buf_text(&outcome->repr));
	cal_log_block(good ? CAL_LOG_WARNING : CAL_LOG_FAILURE,
	    cal_buf_view(&outcome->traceback));
}

static void
log_errand(const struct cal_errand *errand, const struct cal_outcome *outcome)
{
	const struct cal_intake *intake = errand->intake;
	struct cal_event event;

	if (!cal_log_wants(CAL_LOG_INFO))
		return;
	cal_event_begin(&event, "message",
	    intake->conf.options->words.format == 1);
	cal_event_put_number(&event, "number", errand->number);
	cal_event_put_job(&event, &errand->job, outcome,
	    ev_now(intake->conf.loop) - errand->arrival);
	cal_event_say(&event);
}

static void
start_rest(struct cal_errand *errand, double delay)
{
	struct ev_loop *loop = errand->intake->conf.loop;

	ev_timer_stop(loop, &errand->limit);
	ev_timer_set(&errand->rest, delay, 0);
	ev_timer_start(loop, &errand->rest);
}

static bool
tries_again(struct cal_errand *errand, const struct cal_outcome *outcome)
{
	struct cal_intake *intake = errand->intake;

	if (!intake->conf.options->keep_going || intake->stopping ||
	    outcome->verdict != CAL_VERDICT_ERROR ||
	    strcmp(outcome->name, "Busy") != 0)
		return false;
	start_rest(errand, REST);
	return true;
}

/* Others have its slot meanwhile. */
void
cal_errand_rest(struct cal_errand *errand, double delay)
{
	struct cal_intake *intake = errand->intake;

	cal_order_rest(intake->order, &errand->turn);
	errand->stop = CAL_STOP_NONE;
	errand->begun = false;
	errand->job.deadline = 0;
	if (errand->job.deliveries > 0)
		errand->job.deliveries++;
	intake->resting++;
	intake->tried_again++;
	start_rest(errand, delay);
}

static void
end_rest(struct cal_errand *errand)
{
	struct cal_intake *intake = errand->intake;

	intake->resting--;
	cal_order_resume(intake->order, intake->queue, &errand->turn);
}

void
cal_errand_leave(struct cal_errand *errand, bool good)
{
	struct cal_order *order = errand->intake->order;

	cal_order_end(order, &errand->turn, good);
	(void)cal_order_leaving(order);
}

/* It is over, well or not, unless it is tried again. */
static void
finish(struct cal_errand *errand, struct cal_outcome *outcome)
{
	struct cal_intake *intake = errand->intake;
	const struct cal_sub_about about = {
		.id = errand->job.id,
		.topic = errand->job.topic,
		.key = errand->job.key,
		.head = &errand->head,
	};
	int status = outcome_status(outcome);
	struct cal_slice record;

	if (tries_again(errand, outcome)) {
		cal_log_gated(&intake->gate, CAL_LOG_WARNING, "message %llu "
		    "waits: %s", (unsigned long long)errand->number,
		    cal_buf_text(&outcome->repr));
		cal_outcome_release(outcome);
		return;
	}
	log_errand(errand, outcome);
	if (!intake->reader_gone)
		say_outcome(errand, outcome);
	if (status == 0) {
		record = cal_printer_output(&intake->printer, &about,
		    cal_buf_view(&outcome->body));
		cal_out_put(intake->out, record);
		cal_settle_printed(intake, errand->receipt, record);
	} else if (cal_settle_failed(errand, outcome, &status)) {
		cal_outcome_release(outcome);
		return;
	}
	cal_errand_leave(errand, status == 0);
	cal_errand_free(errand);
	cal_outcome_release(outcome);
	if (status != 0)
		cal_intake_fail(intake, status);
	cal_intake_count(intake);
}

static void
on_job_ended(struct cal_job *job, struct cal_outcome *outcome)
{
	struct cal_errand *errand = (struct cal_errand *)job;
	struct cal_intake *intake = errand->intake;

	finish(errand, outcome);
	cal_intake_go_on(intake);
}

/* It is being worked on: its time runs. */
static void
on_job_begun(struct cal_job *job)
{
	struct cal_errand *errand = (struct cal_errand *)job;
	struct cal_intake *intake = errand->intake;
	double limit = intake->conf.options->run_timeout;

	if (limit == 0)
		return;
	job->deadline = ev_now(intake->conf.loop) + limit;
	ev_timer_stop(intake->conf.loop, &errand->limit);
	ev_timer_set(&errand->limit, limit, 0);
	ev_timer_start(intake->conf.loop, &errand->limit);
}

static void
on_limit(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	cal_errand_stop(timer->data, CAL_STOP_LIMIT, false);
}

static void
on_rest_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_errand *errand = timer->data;
	struct cal_intake *intake = errand->intake;

	(void)loop;
	(void)revents;
	if (errand->turn.state == CAL_TURN_RESTING)
		end_rest(errand);
	else
		cal_errand_start(errand);
	cal_intake_go_on(intake);
}

/* The body as the command gets it. */
static int
read_body(struct cal_errand *errand, struct cal_slice wire,
    struct cal_err *err)
{
	const struct cal_shape *shape = &errand->intake->conf.options->shape;

	errand->job.json = shape->body->json && !shape->text && !shape->raw;
	if (cal_shape_text(shape, &errand->job.body, wire, &errand->text,
	    err) == CAL_OK)
		return CAL_OK;
	cal_err_prefix(err, "bad body");
	return err->code = CAL_EPROTO;
}

static int
read_key(struct cal_errand *errand, struct cal_slice wire,
    struct cal_err *err)
{
	const struct cal_sub_options *o = errand->intake->conf.options;
	struct cal_slice *keyp = &errand->job.key;

	*keyp = errand->head.key;
	if (o->key.fixed != NULL)
		*keyp = cal_slice_text(o->key.fixed);
	if (o->key.pointer == NULL)
		return CAL_OK;
	*keyp = cal_slice_of(NULL, 0);
	return cal_okey_find(&o->key, keyp, cal_json_trim(wire), o->shape.raw,
	    &errand->key, err);
}

static void
read_head(struct cal_errand *errand, const struct cal_delivery *delivery)
{
	const struct cal_streammsg *head = &errand->head;
	struct cal_job *job = &errand->job;

	if (head->has_seq) {
		cal_num_text(errand->seq, head->seq);
		job->seq = cal_slice_text(errand->seq);
	}
	cal_stamp_put(&errand->stamp, &head->stamp);
	job->stamp = cal_buf_view(&errand->stamp);
	cal_sub_id_text(errand->id, delivery);
	job->id = cal_slice_text(errand->id);
	job->deliveries = delivery->message->deliveries;
}

int
cal_errand_new(struct cal_errand **errandp, struct cal_intake *intake,
    struct cal_delivery *delivery, struct cal_err *err)
{
	struct cal_errand *errand;
	int rc;

	*errandp = NULL;
	errand = cal_spare_take(&intake->spare_errands, sizeof(*errand));
	*errand = (struct cal_errand){
		.job = {
			.topic = delivery->topic,
			.max_answer = intake->conf.options->max_body,
			.begun = on_job_begun,
			.ended = on_job_ended,
		},
		.intake = intake,
		.receipt = delivery->receipt,
		.number = delivery->number,
		.head = delivery->head,
		.arrival = ev_now(intake->conf.loop),
	};
	ev_init(&errand->limit, on_limit);
	ev_init(&errand->rest, on_rest_over);
	errand->limit.data = errand->rest.data = errand;
	TAILQ_INSERT_TAIL(&intake->errands, errand, next);
	intake->count++;
	if ((rc = read_body(errand, delivery->body, err)) != CAL_OK ||
	    (rc = read_key(errand, delivery->body, err)) != CAL_OK) {
		cal_errand_free(errand);
		return rc;
	}
	read_head(errand, delivery);
	errand->hold = cal_message_take(delivery->message);
	if (delivery->expanded != NULL)
		cal_buf_move(&errand->expanded, delivery->expanded);
	errand->bytes = delivery->message->payload.len +
	    errand->expanded.cap + errand->text.cap;
	intake->bytes += errand->bytes;
	*errandp = errand;
	return CAL_OK;
}

void
cal_errand_enqueue(struct cal_errand *errand)
{
	struct cal_intake *intake = errand->intake;

	/* There is room: the intake would have taken no message else. */
	(void)cal_order_add(intake->order, intake->queue, &errand->turn,
	    &intake->slots, errand->job.key);
}

/* False: others have it by now. */
static bool
begin(struct cal_errand *errand)
{
	struct cal_intake *intake = errand->intake;

	if (!errand->begun && !cal_consumer_begin(intake->consumer,
	    errand->receipt))
		return false;
	errand->begun = true;
	return true;
}

void
cal_errand_start(struct cal_errand *errand)
{
	struct cal_handler *handler = errand->intake->handler;
	struct cal_outcome outcome = { 0 };
	struct cal_err err;
	int rc;

	if (!begin(errand)) {
		cal_settle_back(errand->intake, errand->receipt);
		cal_errand_leave(errand, false);
		cal_errand_free(errand);
		return;
	}
	rc = handler->ops->start(handler, &errand->job, &err);
	if (rc == CAL_OK)
		return;
	cal_outcome_refuse_start(&outcome, rc, err.text);
	finish(errand, &outcome);
}

bool
cal_errand_drop(struct cal_errand *errand)
{
	struct cal_intake *intake = errand->intake;

	if (errand->turn.state == CAL_TURN_RESTING)
		intake->resting--;
	if (errand->turn.state == CAL_TURN_WAITING ||
	    errand->turn.state == CAL_TURN_RESTING)
		cal_order_drop(intake->order, &errand->turn);
	else if (ev_is_active(&errand->rest))
		cal_errand_leave(errand, false);
	else
		return false;
	cal_settle_back(intake, errand->receipt);
	cal_errand_free(errand);
	return true;
}

void
cal_errand_stop(struct cal_errand *errand, enum cal_stop why, bool at_once)
{
	struct cal_handler *handler = errand->intake->handler;

	if (errand->turn.state != CAL_TURN_RUNNING)
		return;
	if (errand->stop == CAL_STOP_NONE) {
		errand->stop = why;
		handler->ops->stop(handler, &errand->job, why);
	}
	if (at_once)
		handler->ops->kill(handler, &errand->job);
}
