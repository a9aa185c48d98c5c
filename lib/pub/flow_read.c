/*
 * Records become messages, one by one, while the publisher and the output have
 * room, and when the pace lets the next one come.
 */
#include "base/log.h"
#include "base/random.h"
#include "cli/die.h"
#include "pub/flow_parts.h"

/* Input that is no message, or cannot be read. */
static void
refuse(struct cal_flow *flow, const struct cal_err *err)
{
	struct cal_buf words = { .max = 0 };

	cal_shape_put_number(&flow->conf.options->shape, &words, flow->read);
	cal_buf_put_text(&words, err->text);
	cal_log(CAL_LOG_FAILURE, "%s", cal_buf_text(&words));
	cal_buf_release(&words);
	flow->refused++;
	flow->status = cal_exit_worse(flow->status,
	    cal_exit_status(err->code));
	if (!flow->conf.options->keep_going || err->code == CAL_EIO)
		flow->input_over = true;
}

/* What a record alone does not say. */
static int
mark(struct cal_flow *flow, uint8_t mid[CAL_STREAMMSG_MID],
    struct cal_err *err)
{
	struct cal_post *post = &flow->post;

	if (flow->conf.options->mark || flow->conf.options->retry > 0) {
		cal_random_bytes(mid, CAL_STREAMMSG_MID);
		post->head.mid = cal_slice_of(mid, CAL_STREAMMSG_MID);
	}
	if (flow->numbers == NULL)
		return CAL_OK;
	post->head.has_seq = true;
	return cal_numbers_next(flow->numbers, post->topic, &post->head.seq,
	    err);
}

static void
take(struct cal_flow *flow, struct cal_slice record)
{
	struct cal_post *post = &flow->post;
	uint8_t mid[CAL_STREAMMSG_MID];
	struct cal_err err;

	if (cal_post_read(post, flow->conf.options, record, &err) != CAL_OK ||
	    mark(flow, mid, &err) != CAL_OK) {
		refuse(flow, &err);
		return;
	}
	cal_publisher_put(flow->publisher, post->topic, &post->head,
	    post->body);
	if (flow->conf.options->tee)
		cal_tee_put(flow->tee, record, post, flow->read);
}

static bool
has_room(const struct cal_flow *flow)
{
	return !flow->input_over && !cal_publisher_full(flow->publisher) &&
	    (flow->tee == NULL || !cal_tee_full(flow->tee));
}

/* What was given is published again and again, with time between. */
static bool
comes_again(const struct cal_flow *flow)
{
	return flow->conf.options->interval > 0 &&
	    cal_source_again(flow->source);
}

/* One record ahead, so that the end is seen at once, whatever the pace. */
static bool
look_ahead(struct cal_flow *flow)
{
	struct cal_ahead *ahead = &flow->ahead;

	while (!ahead->there) {
		ahead->rc = cal_source_next(flow->source, &ahead->record,
		    &ahead->err);
		if (ahead->rc == CAL_EAGAIN)
			return false;
		ahead->there = ahead->rc != CAL_EGONE;
		if (!ahead->there && !comes_again(flow)) {
			flow->input_over = true;
			return false;
		}
	}
	return true;
}

/* May the next one come now?  If not, the timer runs. */
static bool
is_due(struct cal_flow *flow)
{
	struct ev_loop *loop = flow->conf.loop;
	double wait = cal_pace_wait(&flow->pace, ev_now(loop));

	if (wait > 0 && !ev_is_active(&flow->pause)) {
		ev_timer_set(&flow->pause, wait, 0);
		ev_timer_start(loop, &flow->pause);
	}
	return wait == 0;
}

void
cal_flow_read(struct cal_flow *flow)
{
	struct cal_ahead *ahead = &flow->ahead;
	uint64_t count = flow->conf.options->count;

	while (has_room(flow) && look_ahead(flow) && is_due(flow)) {
		ahead->there = false;
		flow->read++;
		cal_pace_step(&flow->pace, ev_now(flow->conf.loop));
		if (ahead->rc == CAL_OK)
			take(flow, ahead->record);
		else
			refuse(flow, &ahead->err);
		if (count > 0 && flow->read >= count)
			flow->input_over = true;
	}
}
