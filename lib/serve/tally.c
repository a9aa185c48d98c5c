/* Counters as JSON, requests as a line each. */
#include "base/log.h"
#include "cli/counters.h"
#include "cli/event.h"
#include "serve/tally.h"

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
		{ "stale", now->peer.stale },
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

void
cal_tally_request(const struct cal_job *job, const struct cal_outcome *outcome,
    double seconds, bool delivered, bool json)
{
	struct cal_event event;

	if (!cal_log_wants(CAL_LOG_INFO))
		return;
	cal_event_begin(&event, "request", json);
	cal_event_put_job(&event, job, outcome, seconds);
	cal_event_put_bool(&event, "delivered", delivered);
	cal_event_say(&event);
}
