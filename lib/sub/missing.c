/* Sums of what is missing, and when they are said. */
#include <inttypes.h>

#include "base/clean.h"
#include "base/log.h"
#include "sub/missing.h"

static const double REST = 1;   /* seconds */

static void
say(struct cal_missing *missing)
{
	const char *plural = missing->sum == 1 ? "" : "s";
	struct cal_buf topic = { .max = 0 };

	cal_clean_text(&topic, cal_buf_view(&missing->topic), false);
	if (topic.len > 0)
		cal_log(CAL_LOG_WARNING, "missing %" PRIu64 " message%s of "
		    "topic '%s'%s", missing->sum, plural, cal_buf_text(&topic),
		    missing->others ? " and others" : "");
	else
		cal_log(CAL_LOG_WARNING, "missing %" PRIu64 " message%s",
		    missing->sum, plural);
	missing->sum = 0;
	missing->others = false;
	cal_buf_release(&topic);
}

static void
on_rest_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_missing *missing = timer->data;

	(void)revents;
	if (missing->sum == 0)
		return;
	say(missing);
	ev_timer_set(timer, REST, 0);
	ev_timer_start(loop, timer);
}

void
cal_missing_init(struct cal_missing *missing, struct ev_loop *loop)
{
	*missing = (struct cal_missing){ .loop = loop };
	ev_timer_init(&missing->rest, on_rest_over, REST, 0);
	missing->rest.data = missing;
}

/* Counters of strangers may say anything: the sum stays a number. */
void
cal_missing_add(struct cal_missing *missing, struct cal_slice topic,
    uint64_t count)
{
	if (missing->sum == 0) {
		cal_buf_clear(&missing->topic);
		cal_buf_put(&missing->topic, topic.ptr, topic.len);
	} else if (!cal_slice_same(cal_buf_view(&missing->topic), topic)) {
		missing->others = true;
	}
	missing->sum = count < UINT64_MAX - missing->sum ?
	    missing->sum + count : UINT64_MAX;
	if (ev_is_active(&missing->rest))
		return;
	say(missing);
	ev_timer_set(&missing->rest, REST, 0);
	ev_timer_start(missing->loop, &missing->rest);
}

void
cal_missing_release(struct cal_missing *missing)
{
	ev_timer_stop(missing->loop, &missing->rest);
	if (missing->sum > 0)
		say(missing);
	cal_buf_release(&missing->topic);
}
