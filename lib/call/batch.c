/*
 * From input to output.
 *
 * Items stand in a list in the order of the input.  Those at its head that are
 * done are printed and freed; with --unordered each is as soon as it is done.
 * More is read while fewer than jobs calls are in flight, not too many answers
 * are held back, and the output has room.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "call/attempt.h"
#include "cli/die.h"

static const double PATIENCE = 0.3;     /* seconds for answers to CANCEL */

/* Something is to be done in this turn of the loop. */
static void
wake(struct cal_batch *batch)
{
	if (!ev_is_pending(&batch->turn))
		ev_feed_event(batch->conf.loop, &batch->turn, 0);
}

static void
item_free(struct cal_item *item)
{
	TAILQ_REMOVE(&item->batch->items, item, next);
	item->batch->count--;
	ev_timer_stop(item->batch->conf.loop, &item->rest);
	cal_item_release(item);
	cal_spare_give(&item->batch->spare_items, item);
}

static void
say(struct cal_item *item)
{
	struct cal_slice words = cal_buf_view(&item->words);
	const uint8_t *end;

	if (words.len == 0)
		return;
	end = memchr(words.ptr, '\n', words.len);
	cal_log(CAL_LOG_FAILURE, "%.*s", (int)(end == NULL ? words.len :
	    (size_t)(end - words.ptr)), (const char *)words.ptr);
	if (end != NULL)
		cal_log_block(CAL_LOG_FAILURE, cal_slice_of(end + 1,
		    words.len - (size_t)(end + 1 - words.ptr)));
}

static void
print(struct cal_item *item)
{
	struct cal_batch *batch = item->batch;

	batch->held_bytes -= item->record.len;
	/* Nothing stands for a call that the user gave up, or behind it. */
	if (item->in_vain && !batch->failed)
		batch->mute = true;
	if (!batch->mute) {
		cal_out_put(batch->out, cal_buf_view(&item->record));
		CAL_FAULT("stdout-written");
		say(item);
	}
	if (item->status != 0 && batch->stopping &&
	    !batch->conf.options->unordered)
		batch->mute = true;
	item_free(item);
}

static void
print_ready(struct cal_batch *batch)
{
	struct cal_item *item;

	while ((item = TAILQ_FIRST(&batch->items)) != NULL &&
	    item->state == CAL_ITEM_DONE)
		print(item);
}

static void go_on(struct cal_batch *batch);

void
cal_batch_item_done(struct cal_item *item)
{
	struct cal_batch *batch = item->batch;

	item->state = CAL_ITEM_DONE;
	batch->calling--;
	batch->held_bytes += item->record.len;
	if (item->stopped && item->status != 0) {
		cal_buf_clear(&item->words);    /* our own doing */
		item->status = 0;
		item->in_vain = true;
	}
	batch->failed |= item->status != 0;
	batch->status = cal_exit_worse(batch->status, item->status);
	if (item->status != 0 && !batch->conf.options->keep_going)
		cal_batch_stop(batch);
	if (batch->conf.options->unordered)
		print(item);
	/* The next call leaves with this answer, not with the last of many. */
	if (!batch->going_on)
		go_on(batch);
	wake(batch);
}

static struct cal_item *
item_new(struct cal_batch *batch)
{
	struct cal_item *item;

	item = cal_spare_take(&batch->spare_items, sizeof(*item));
	*item = (struct cal_item){ .batch = batch };
	item->number = ++batch->read;
	item->start = ev_now(batch->conf.loop);
	cal_attempt_init(item);
	TAILQ_INSERT_TAIL(&batch->items, item, next);
	batch->count++;
	batch->calling++;
	return item;
}

static void
take(struct cal_batch *batch, struct cal_slice record)
{
	struct cal_item *item = item_new(batch);
	struct cal_err err;

	if (cal_item_read(item, batch->conf.options, record, &err) == CAL_OK) {
		cal_attempt_start(item);
		return;
	}
	cal_item_refused(item, batch->conf.options, &err);
	cal_batch_item_done(item);
}

/* A record that could not even be read as one. */
static void
refuse_record(struct cal_batch *batch, const struct cal_err *err)
{
	struct cal_item *item = item_new(batch);

	cal_item_refused(item, batch->conf.options, err);
	cal_batch_item_done(item);
}

static bool
wants_more(const struct cal_batch *batch)
{
	const struct cal_call_options *options = batch->conf.options;

	return !batch->input_over && !batch->stopping &&
	    batch->calling < options->jobs &&
	    batch->count < CAL_BATCH_AHEAD * options->jobs &&
	    batch->held_bytes < 4 * options->max_body &&
	    !cal_out_full(batch->out);
}

static void
read_more(struct cal_batch *batch)
{
	const struct cal_call_options *options = batch->conf.options;
	struct cal_slice record;
	struct cal_err err;
	int rc;

	while (wants_more(batch)) {
		rc = cal_source_next(batch->source, &record, &err);
		if (rc == CAL_EAGAIN)
			return;
		if (rc == CAL_EGONE) {
			batch->input_over = true;
			return;
		}
		if (rc == CAL_OK)
			take(batch, record);
		else
			refuse_record(batch, &err);
		if (rc == CAL_EIO || (options->count > 0 &&
		    batch->read >= options->count))
			batch->input_over = true;
	}
}

static void
finish(struct cal_batch *batch)
{
	if (batch->done)
		return;
	batch->done = true;
	batch->conf.done(batch->conf.arg);
}

/* Prints what can be printed, and calls what can be called. */
static void
go_on(struct cal_batch *batch)
{
	batch->going_on = true;
	print_ready(batch);
	read_more(batch);
	print_ready(batch);
	batch->going_on = false;
}

static void
on_turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_batch *batch = timer->data;

	(void)loop;
	(void)revents;
	go_on(batch);
	/* Signals are heard as long as the output waits for its reader. */
	if ((batch->input_over || batch->stopping) && batch->calling == 0 &&
	    cal_out_empty(batch->out))
		finish(batch);
}

static void
on_patience_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	finish(timer->data);
}

static void
on_input(void *arg)
{
	wake(arg);
}

static void
on_gone(void *arg)
{
	struct cal_batch *batch = arg;

	batch->reader_gone = true;
	cal_batch_stop(batch);
}

static void
on_failed(void *arg, const struct cal_err *err)
{
	struct cal_batch *batch = arg;

	cal_log(CAL_LOG_FAILURE, "%s", err->text);
	batch->status = cal_exit_worse(batch->status, -(int)err->code);
	cal_batch_stop(batch);
}

int
cal_batch_open(struct cal_batch **batchp, const struct cal_batch_conf *conf,
    struct cal_err *err)
{
	struct cal_out_conf out = {
		.loop = conf->loop,
		.fd = STDOUT_FILENO,
		.gone = on_gone,
		.failed = on_failed,
		.room = on_input,
	};
	struct cal_source_conf source = {
		.loop = conf->loop,
		.options = &conf->options->source,
		.shape = &conf->options->shape,
		.max_body = conf->options->max_body,
		.ready = on_input,
	};
	struct cal_batch *batch;
	int rc;

	*batchp = NULL;
	CAL_NEW(batch);
	batch->conf = *conf;
	TAILQ_INIT(&batch->items);
	ev_init(&batch->turn, on_turn);
	batch->turn.data = batch;
	ev_timer_init(&batch->patience, on_patience_over, PATIENCE, 0);
	batch->patience.data = batch;
	out.arg = batch;
	batch->out = cal_out_open(&out);
	source.arg = batch;
	if ((rc = cal_source_open(&batch->source, &source, err)) != CAL_OK) {
		cal_batch_close(batch, true, NULL);
		return rc;
	}
	wake(batch);
	*batchp = batch;
	return CAL_OK;
}

void
cal_batch_stop(struct cal_batch *batch)
{
	struct cal_item *item;

	if (batch->stopping)
		return;
	batch->stopping = true;
	TAILQ_FOREACH(item, &batch->items, next) {
		if (item->state == CAL_ITEM_DONE)
			continue;
		item->stopped = true;
		/* One that rests ends as all others: by an answer. */
		if (item->state == CAL_ITEM_RESTING) {
			ev_timer_stop(batch->conf.loop, &item->rest);
			cal_attempt_start(item);
		}
		if (item->call != NULL)
			cal_call_cancel(item->call);
	}
	ev_timer_start(batch->conf.loop, &batch->patience);
	wake(batch);
}

int
cal_batch_status(const struct cal_batch *batch)
{
	return batch->status;
}

bool
cal_batch_reader_gone(const struct cal_batch *batch)
{
	return batch->reader_gone;
}

bool
cal_batch_timed_out(const struct cal_batch *batch)
{
	return batch->timed_out;
}

void
cal_batch_close(struct cal_batch *batch, bool wait, int *statusp)
{
	struct cal_item *item;
	struct cal_err err;
	int rc;

	if (batch == NULL)
		return;
	batch->stopping = true;
	ev_clear_pending(batch->conf.loop, &batch->turn);
	ev_timer_stop(batch->conf.loop, &batch->patience);
	if (!wait)
		cal_out_drop(batch->out);
	rc = cal_out_close(batch->out, &err);
	if (rc == CAL_EGONE)
		batch->reader_gone = true;
	else if (rc != CAL_OK)
		on_failed(batch, &err);
	while ((item = TAILQ_FIRST(&batch->items)) != NULL) {
		cal_call_free(item->call);
		item_free(item);
	}
	cal_spares_release(&batch->spare_items);
	cal_source_close(batch->source);
	if (statusp != NULL)
		*statusp = batch->status;
	free(batch);
}
