/* Counters as JSON, requests as a line each. */
#include "base/clean.h"
#include "base/log.h"
#include "cli/counters.h"
#include "codec/json.h"
#include "serve/tally.h"

static const char *
verdict_name(const struct cal_outcome *outcome)
{
	switch (outcome->verdict) {
	case CAL_VERDICT_RESULT:
		return "result";
	case CAL_VERDICT_FAILURE:
		return "failure";
	case CAL_VERDICT_ERROR:
		return "error";
	case CAL_VERDICT_CANCELLED:
		break;
	}
	return "cancelled";
}

void
cal_tally_add(struct cal_tally *tally, const struct cal_outcome *outcome)
{
	switch (outcome->verdict) {
	case CAL_VERDICT_RESULT:
		tally->results++;
		break;
	case CAL_VERDICT_FAILURE:
		tally->failures++;
		break;
	case CAL_VERDICT_ERROR:
		tally->errors++;
		if (outcome->name != NULL && strcmp(outcome->name, "Busy") == 0)
			tally->busy++;
		break;
	case CAL_VERDICT_CANCELLED:
		tally->cancelled++;
		break;
	}
}

void
cal_tally_say(const struct cal_tally *tally, const struct cal_tally_now *now)
{
	const struct cal_counter counters[] = {
		{ "requests", now->peer.requests },
		{ "results", tally->results },
		{ "failures", tally->failures },
		{ "errors", tally->errors + now->peer.refused },
		{ "busy", tally->busy },
		{ "cancelled", tally->cancelled },
		{ "dropped", tally->dropped },
		{ "undeliverable", now->peer.undeliverable },
		{ "malformed", now->peer.malformed },
		{ "unexpected", now->peer.unexpected },
		{ "waiting", now->waiting },
		{ "running", now->running },
		{ "worker_deaths", now->worker_deaths },
		{ "left_behind", now->left_behind },
		{ "log_lost", now->log_lost },
	};

	CAL_COUNTERS_SAY(counters);
}

/* A line must fit into one write; a key may be longer than that. */
enum { SHOWN_MAX = 256 };

static void
put_text(struct cal_buf *line, const char *name, struct cal_slice value)
{
	if (value.len == 0)
		return;
	cal_buf_printf(line, " %s=", name);
	cal_clean_percent(line, value);
}

static void
put_json(struct cal_buf *line, const char *name, struct cal_slice value)
{
	if (value.len == 0)
		return;
	cal_buf_printf(line, ",\"%s\":", name);
	cal_json_quote_lossy(line, value);
}

static struct cal_slice
shown(struct cal_slice value)
{
	if (value.len > SHOWN_MAX)
		value.len = SHOWN_MAX;
	return value;
}

void
cal_tally_request(const struct cal_job *job, const struct cal_outcome *outcome,
    double seconds, bool delivered, bool json)
{
	void (*put)(struct cal_buf *, const char *, struct cal_slice) =
	    json ? put_json : put_text;
	struct cal_buf line = { .max = 0 };

	if (!cal_log_wants(CAL_LOG_INFO))
		return;
	cal_buf_put_text(&line, json ? "{\"event\":\"request\"" : "request");
	put(&line, "method", job->method);
	put(&line, "key", shown(job->key));
	put(&line, "seq", job->seq);
	put(&line, "peer", job->peer);
	put(&line, "user", job->user);
	put(&line, "status", cal_slice_text(verdict_name(outcome)));
	if (outcome->name != NULL)
		put(&line, "name", cal_slice_text(outcome->name));
	if (outcome->verdict == CAL_VERDICT_CANCELLED)
		put(&line, "why", cal_slice_text(cal_stop_why(outcome->stop)));
	cal_buf_printf(&line, json ? ",\"ms\":%.3f,\"in\":%zu,\"out\":%zu,"
	    "\"delivered\":%s}" : " ms=%.3f in=%zu out=%zu delivered=%s",
	    seconds * 1000, job->body.len, outcome->body.len,
	    delivered ? "true" : "false");
	cal_log_line(CAL_LOG_INFO, cal_buf_view(&line));
	cal_buf_release(&line);
}
