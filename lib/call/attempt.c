/*
 * Calls for one item: the first, and repetitions of what certainly did not
 * run, within the time that the item has in all.
 */
#include "base/log.h"
#include "base/random.h"
#include "call/attempt.h"
#include "call/verdict.h"

static const double REST_MAX = 30;      /* seconds between repetitions */

static void
on_rest_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	cal_attempt_start(timer->data);
}

/* Waits a while, twice as long each time, and calls again. */
static bool
try_again(struct cal_item *item, int status)
{
	struct cal_batch *batch = item->batch;
	const struct cal_call_options *options = batch->conf.options;
	double rest = options->retry_delay;
	double left = item->start + options->timeout -
	    ev_now(batch->conf.loop);
	uint64_t i;

	if (batch->stopping || item->attempts > options->retry ||
	    !cal_verdict_repeatable(status))
		return false;
	for (i = 1; i < item->attempts && rest < REST_MAX; i++)
		rest *= 2;
	rest = (rest < REST_MAX ? rest : REST_MAX) *
	    (0.75 + cal_random_unit() / 2);
	if (options->timeout > 0 && rest >= left)
		return false;
	item->state = CAL_ITEM_RESTING;
	ev_timer_set(&item->rest, rest, 0);
	ev_timer_start(batch->conf.loop, &item->rest);
	return true;
}

static void
on_answer(void *arg, const struct cal_answer *answer)
{
	struct cal_item *item = arg;
	struct cal_batch *batch = item->batch;
	int status = cal_verdict_exit(answer);

	item->call = NULL;
	cal_log(CAL_LOG_DEBUG, "call %lu: %s after %.3f ms",
	    (unsigned long)item->seq, cal_verdict_status(answer),
	    answer->seconds * 1000);
	if (answer->kind == CAL_ANSWER_TIMEOUT)
		batch->timed_out = true;
	if (try_again(item, status))
		return;
	cal_item_answered(item, batch->conf.options, answer);
	cal_batch_item_done(item);
}

void
cal_attempt_start(struct cal_item *item)
{
	struct cal_batch *batch = item->batch;
	double timeout = batch->conf.options->timeout;
	struct cal_call_conf conf = {
		.method = item->method,
		.key = item->key,
		.body = item->body,
	};

	if (timeout > 0)
		conf.timeout = item->start + timeout -
		    ev_now(batch->conf.loop);
	if (timeout > 0 && conf.timeout < 0.001)
		conf.timeout = 0.001;
	item->state = CAL_ITEM_CALLING;
	item->attempts++;
	cal_call_start(&item->call, batch->conf.peer, &conf, on_answer, item);
	item->seq = cal_call_seq(item->call);
	item->has_seq = true;
}

void
cal_attempt_init(struct cal_item *item)
{
	ev_init(&item->rest, on_rest_over);
	item->rest.data = item;
}
