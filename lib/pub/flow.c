/*
 * Everything is done in turns of the loop: what was handed over is written,
 * more is read while there is room, and the end is seen.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "pub/flow_parts.h"

static const double LOOK = 0.01;        /* seconds between two looks */
static const double LAST_MOMENT = 0.1;  /* for what was given up already */

static void
wake(struct cal_flow *flow)
{
	if (!flow->done && !ev_is_pending(&flow->turn))
		ev_feed_event(flow->conf.loop, &flow->turn, 0);
}

/* True if a message was handed over since the last time. */
static bool
see_progress(struct cal_flow *flow)
{
	struct cal_publisher_counts counts;
	uint64_t before = flow->sent;

	cal_flow_counts(flow, &counts);
	flow->sent = counts.sent;
	if (flow->tee != NULL)
		cal_tee_write(flow->tee, flow->sent - before);
	return flow->sent != before;
}

static bool
all_is_out(const struct cal_flow *flow)
{
	struct cal_publisher_counts counts;

	cal_flow_counts(flow, &counts);
	return counts.waiting == 0 &&
	    (flow->tee == NULL || cal_tee_empty(flow->tee));
}

static void
on_turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_flow *flow = timer->data;
	bool progress = see_progress(flow);

	(void)loop;
	(void)revents;
	cal_flow_read(flow);
	progress |= see_progress(flow);
	if (!flow->input_over)
		return;
	if (flow->failed)
		cal_flow_finish(flow);
	else
		cal_flow_linger(flow, progress);
	if (all_is_out(flow))
		cal_flow_see_end(flow);
}

static void
on_pause_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	wake(timer->data);
}

/* There is input, or room, or progress. */
static void
on_change(void *arg)
{
	wake(arg);
}

/* --print-id. */
static void
on_stored(void *arg, struct cal_slice id)
{
	struct cal_flow *flow = arg;

	if (flow->tee != NULL)
		cal_tee_say(flow->tee, id);
}

static void
on_publisher_failed(void *arg, const struct cal_err *err)
{
	struct cal_flow *flow = arg;

	cal_flow_fail(flow, err);
	flow->failed = true;
	flow->input_over = true;
	wake(flow);
}

/* Whoever subscribes still gets what was read. */
static void
on_output_failed(void *arg, const struct cal_err *err)
{
	struct cal_flow *flow = arg;

	cal_flow_fail(flow, err);
	flow->input_over = true;
	wake(flow);
}

static void
on_reader_gone(void *arg)
{
	struct cal_flow *flow = arg;

	flow->reader_gone = true;
	cal_flow_stop(flow, 0);
}

static int
open_publisher(struct cal_flow *flow, struct cal_err *err)
{
	const struct cal_pub_options *options = flow->conf.options;
	struct cal_publisher_conf conf = {
		.loop = flow->conf.loop,
		.urls = options->urls,
		.urls_count = options->urls_count,
		.bind = options->bind,
		.distribute = options->distribute,
		.no_drop = options->no_drop,
		.insecure = options->keys.insecure,
		.keys = flow->conf.keys,
		.redis = &options->redis.conn,
		.max_body = options->max_body,
		.wait_readers = options->wait_readers,
		.wait_timeout = options->connect_timeout,
		.drained = on_change,
		.room = on_change,
		.sent = on_change,
		.stored = options->print_id ? on_stored : NULL,
		.failed = on_publisher_failed,
		.arg = flow,
	};

	return cal_publisher_open(&flow->publisher, &conf, err);
}

static void
say_addresses(const struct cal_flow *flow)
{
	char *url;
	size_t i;

	for (i = 0; i < flow->conf.options->urls_count; i++) {
		url = cal_publisher_address(flow->publisher, i);
		cal_log(CAL_LOG_INFO, "publishing at %s", url);
		free(url);
	}
}

static void
init_timer(struct cal_flow *flow, ev_timer *timer,
    void (*fn)(struct ev_loop *, ev_timer *, int))
{
	ev_init(timer, fn);
	timer->data = flow;
}

int
cal_flow_open(struct cal_flow **flowp, const struct cal_flow_conf *conf,
    struct cal_err *err)
{
	struct cal_flow *flow;
	int rc;

	*flowp = NULL;
	CAL_NEW(flow);
	flow->conf = *conf;
	init_timer(flow, &flow->turn, on_turn);
	init_timer(flow, &flow->pause, on_pause_over);
	init_timer(flow, &flow->look, cal_flow_look);
	flow->look.repeat = LOOK;
	init_timer(flow, &flow->linger, cal_flow_give_up);
	if ((rc = open_publisher(flow, err)) != CAL_OK) {
		free(flow);
		return rc;
	}
	cal_pace_init(&flow->pace, conf->options->rate,
	    conf->options->interval);
	if (conf->options->number)
		flow->numbers = cal_numbers_new();
	say_addresses(flow);
	*flowp = flow;
	return CAL_OK;
}

char *
cal_flow_addresses(const struct cal_flow *flow)
{
	struct cal_buf all = { .max = 0 };
	char *one, *text;
	size_t i;

	for (i = 0; i < flow->conf.options->urls_count; i++) {
		one = cal_publisher_address(flow->publisher, i);
		cal_buf_printf(&all, "%s%s", i == 0 ? "" : "\n", one);
		free(one);
	}
	text = cal_strdup(cal_buf_text(&all));
	cal_buf_release(&all);
	return text;
}

int
cal_flow_start(struct cal_flow *flow, struct cal_err *err)
{
	const struct cal_pub_options *options = flow->conf.options;
	struct cal_source_conf source = {
		.loop = flow->conf.loop,
		.options = &options->source,
		.shape = &options->shape,
		.max_body = options->max_body,
		.ready = on_change,
		.arg = flow,
	};
	struct cal_tee_conf tee = {
		.loop = flow->conf.loop,
		.fd = STDOUT_FILENO,
		.shape = &options->shape,
		.gone = on_reader_gone,
		.failed = on_output_failed,
		.room = on_change,
		.arg = flow,
	};
	int rc;

	if ((rc = cal_source_open(&flow->source, &source, err)) != CAL_OK)
		return rc;
	if (options->tee || options->print_id)
		flow->tee = cal_tee_open(&tee);
	wake(flow);
	return CAL_OK;
}

void
cal_flow_recheck(struct cal_flow *flow)
{
	cal_publisher_recheck(flow->publisher);
}

void
cal_flow_stop(struct cal_flow *flow, double seconds)
{
	flow->input_over = true;
	flow->stopping = true;
	ev_timer_stop(flow->conf.loop, &flow->linger);
	ev_timer_set(&flow->linger, seconds, 0);
	ev_timer_start(flow->conf.loop, &flow->linger);
	wake(flow);
}

bool
cal_flow_reader_gone(const struct cal_flow *flow)
{
	return flow->reader_gone;
}

void
cal_flow_end(struct cal_flow *flow, double grace)
{
	uint64_t progress;
	bool all, left;

	flow->done = true;
	if (flow->gave_up && grace > LAST_MOMENT)
		grace = LAST_MOMENT;
	(void)see_progress(flow);
	cal_publisher_counts(flow->publisher, &flow->last);
	left = cal_publisher_left(flow->publisher, &progress) ||
	    cal_publisher_confirms(flow->publisher);
	all = cal_publisher_close(flow->publisher, grace);
	all &= left || !flow->gave_up;
	flow->publisher = NULL;
	cal_flow_tell(flow, all);
}

static void
stop_timer(struct cal_flow *flow, ev_timer *timer)
{
	ev_clear_pending(flow->conf.loop, timer);
	ev_timer_stop(flow->conf.loop, timer);
}

void
cal_flow_close(struct cal_flow *flow, bool wait, int *statusp)
{
	struct cal_err err;
	int rc;

	flow->done = true;
	stop_timer(flow, &flow->turn);
	stop_timer(flow, &flow->pause);
	stop_timer(flow, &flow->look);
	stop_timer(flow, &flow->linger);
	rc = cal_tee_close(flow->tee, wait, &err);
	if (rc != CAL_OK && rc != CAL_EGONE)
		cal_flow_fail(flow, &err);
	cal_source_close(flow->source);
	cal_numbers_free(flow->numbers);
	cal_post_release(&flow->post);
	*statusp = flow->status;
	free(flow);
}
