/* Events, put together as lines. */
#include <inttypes.h>

#include "base/clean.h"
#include "base/log.h"
#include "cli/event.h"
#include "codec/json.h"

/* A line must fit into one write; a key may be longer than that. */
enum { SHOWN_MAX = 256 };

void
cal_event_begin(struct cal_event *event, const char *name, bool json)
{
	*event = (struct cal_event){ .json = json };
	cal_buf_printf(&event->line, json ? "{\"event\":\"%s\"" : "%s", name);
}

static void
put_name(struct cal_event *event, const char *name)
{
	cal_buf_printf(&event->line, event->json ? ",\"%s\":" : " %s=", name);
}

void
cal_event_put(struct cal_event *event, const char *name,
    struct cal_slice value)
{
	if (value.len == 0)
		return;
	if (value.len > SHOWN_MAX)
		value.len = SHOWN_MAX;
	put_name(event, name);
	if (event->json)
		cal_json_quote_lossy(&event->line, value);
	else
		cal_clean_percent(&event->line, value);
}

void
cal_event_put_number(struct cal_event *event, const char *name,
    uint64_t number)
{
	put_name(event, name);
	cal_buf_printf(&event->line, "%" PRIu64, number);
}

void
cal_event_put_bool(struct cal_event *event, const char *name, bool value)
{
	put_name(event, name);
	cal_buf_put_text(&event->line, value ? "true" : "false");
}

void
cal_event_put_job(struct cal_event *event, const struct cal_job *job,
    const struct cal_outcome *outcome, double seconds)
{
	cal_event_put(event, "method", job->method);
	cal_event_put(event, "topic", job->topic);
	cal_event_put(event, "key", job->key);
	cal_event_put(event, "seq", job->seq);
	cal_event_put(event, "id", job->id);
	if (job->deliveries > 1)
		cal_event_put_number(event, "delivery", job->deliveries);
	cal_event_put(event, "peer", job->peer);
	cal_event_put(event, "user", job->user);
	cal_event_put(event, "status",
	    cal_slice_text(cal_outcome_word(outcome)));
	if (outcome->name != NULL)
		cal_event_put(event, "name", cal_slice_text(outcome->name));
	if (outcome->verdict == CAL_VERDICT_CANCELLED)
		cal_event_put(event, "why",
		    cal_slice_text(cal_stop_why(outcome->stop)));
	put_name(event, "ms");
	cal_buf_printf(&event->line, "%.3f", seconds * 1000);
	cal_event_put_number(event, "in", job->body.len);
	cal_event_put_number(event, "out", outcome->body.len);
}

void
cal_event_say(struct cal_event *event)
{
	if (event->json)
		cal_buf_put_byte(&event->line, '}');
	cal_log_line(CAL_LOG_INFO, cal_buf_view(&event->line));
	cal_buf_release(&event->line);
}
