/*
 * From messages to records and errands, until it is enough.
 *
 * Whatever changes what may be taken in ends in cal_intake_go_on, which starts
 * errands, pauses the consumer or not, and sees when all is over.
 */
#include "base/log.h"
#include "cli/die.h"
#include "sub/errand.h"

void
cal_intake_worsen(struct cal_intake *intake, int status)
{
	intake->status = cal_exit_worse(intake->status, status);
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

void
cal_intake_set_pause(struct cal_intake *intake)
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
	cal_intake_set_pause(intake);
	if (intake->stopping)
		cal_intake_wake(intake);
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
