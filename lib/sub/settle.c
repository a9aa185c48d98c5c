/*
 * Acknowledged streams: what becomes of a message that is done, or is not.
 *
 * One that failed keeps the place of its key and its claim, and is tried again
 * after a while, which is longer each time.  What it failed at may be gone
 * then; what it is itself will not be another one: so it has only so many
 * deliveries.  Without receipts, as everywhere but with --ack, nothing of this
 * happens.
 */
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "cli/die.h"
#include "sub/errand.h"

enum { NEVER_AGAIN = 65 };              /* exit status of a command */

static const double DELAY_MIN = 1, DELAY_MAX = 60;      /* seconds */

void
cal_settle_dead(struct cal_intake *intake, struct cal_receipt receipt,
    const char *why)
{
	cal_consumer_settle(intake->consumer, receipt, CAL_SETTLE_DEAD, why);
}

void
cal_settle_back(struct cal_intake *intake, struct cal_receipt receipt)
{
	cal_consumer_settle(intake->consumer, receipt, CAL_SETTLE_BACK, NULL);
}

static void
settle_done(struct cal_intake *intake, struct cal_receipt receipt)
{
	cal_consumer_settle(intake->consumer, receipt, CAL_SETTLE_DONE, NULL);
}

/* What was printed. */

static void
drop_first(struct cal_intake *intake)
{
	struct cal_printed *printed = STAILQ_FIRST(&intake->printed);

	STAILQ_REMOVE_HEAD(&intake->printed, next);
	cal_spare_give(&intake->spare_printed, printed);
}

void
cal_settle_printed(struct cal_intake *intake, struct cal_receipt receipt,
    struct cal_slice record)
{
	struct cal_printed *printed;

	if (receipt.number == 0)
		return;
	if (record.len == 0) {
		settle_done(intake, receipt);
		return;
	}
	printed = cal_spare_take(&intake->spare_printed, sizeof(*printed));
	*printed = (struct cal_printed){
		.receipt = receipt,
		.until = cal_out_added(intake->out),
	};
	STAILQ_INSERT_TAIL(&intake->printed, printed, next);
}

void
cal_settle_written(struct cal_intake *intake)
{
	uint64_t written = cal_out_written(intake->out);
	struct cal_printed *printed;

	while ((printed = STAILQ_FIRST(&intake->printed)) != NULL &&
	    printed->until <= written) {
		settle_done(intake, printed->receipt);
		drop_first(intake);
	}
}

void
cal_settle_unwritten(struct cal_intake *intake)
{
	struct cal_printed *printed;

	cal_settle_written(intake);
	while ((printed = STAILQ_FIRST(&intake->printed)) != NULL) {
		cal_settle_back(intake, printed->receipt);
		drop_first(intake);
	}
}

void
cal_settle_forget(struct cal_intake *intake)
{
	while (!STAILQ_EMPTY(&intake->printed))
		drop_first(intake);
	cal_spares_release(&intake->spare_printed);
}

/* What failed. */

static bool
is_error(const struct cal_outcome *outcome, const char *name)
{
	return outcome->verdict == CAL_VERDICT_ERROR &&
	    strcmp(outcome->name, name) == 0;
}

/*
 * The command says that it will never do it, or cannot be given it, or it was
 * tried often enough.
 */
static bool
is_hopeless(const struct cal_errand *errand,
    const struct cal_outcome *outcome)
{
	unsigned most = errand->intake->conf.options->redis.conn.max_deliver;

	/* It was cut short, as everything was. */
	if (outcome->verdict == CAL_VERDICT_CANCELLED)
		return false;
	return (outcome->verdict == CAL_VERDICT_FAILURE &&
	    outcome->has_status && outcome->status == NEVER_AGAIN) ||
	    is_error(outcome, "BadRequest") ||
	    (most > 0 && errand->job.deliveries >= most);
}

static void
bury(struct cal_errand *errand, const struct cal_outcome *outcome)
{
	struct cal_intake *intake = errand->intake;
	struct cal_buf why = { .max = 0 };

	cal_buf_printf(&why, "%s: %.*s", outcome->name,
	    (int)outcome->repr.len, (const char *)outcome->repr.ptr);
	cal_log(CAL_LOG_FAILURE, "message %llu is put away as dead, at "
	    "delivery %u", (unsigned long long)errand->number,
	    errand->job.deliveries);
	cal_settle_dead(intake, errand->receipt, cal_buf_text(&why));
	cal_buf_release(&why);
}

/* All that failed together should not come again together. */
static void
try_later(struct cal_errand *errand)
{
	double delay = errand->delay;

	errand->delay = delay == 0 ? DELAY_MIN : delay * 2;
	if (errand->delay > DELAY_MAX)
		errand->delay = DELAY_MAX;
	delay = errand->delay * (1 + cal_random_unit() / 4);
	cal_log(CAL_LOG_FAILURE, "message %llu is tried again in %.0f s",
	    (unsigned long long)errand->number, delay);
	cal_errand_rest(errand, delay);
}

bool
cal_settle_failed(struct cal_errand *errand,
    const struct cal_outcome *outcome, int *statusp)
{
	struct cal_intake *intake = errand->intake;

	if (errand->receipt.number == 0)
		return false;
	if (is_error(outcome, "CannotRun")) {
		/* Which is no fault of any message. */
		cal_settle_back(intake, errand->receipt);
		cal_intake_end(intake, -1);
	} else if (is_hopeless(errand, outcome)) {
		bury(errand, outcome);
	} else if (intake->stopping) {
		*statusp = cal_exit_status(CAL_ETEMP);
		cal_settle_back(intake, errand->receipt);
	} else {
		try_later(errand);
		return true;
	}
	return false;
}
