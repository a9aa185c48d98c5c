/* How it goes, and how it went: counters, and what did not arrive. */
#include <inttypes.h>

#include "base/log.h"
#include "cli/counters.h"
#include "cli/die.h"
#include "pub/flow_parts.h"

void
cal_flow_counts(const struct cal_flow *flow,
    struct cal_publisher_counts *counts)
{
	if (flow->publisher != NULL)
		cal_publisher_counts(flow->publisher, counts);
	else
		*counts = flow->last;
}

void
cal_flow_fail(struct cal_flow *flow, const struct cal_err *err)
{
	cal_log(CAL_LOG_FAILURE, "%s", err->text);
	flow->status = cal_exit_worse(flow->status,
	    cal_exit_status(err->code));
}

static void
say(const struct cal_flow *flow, const struct cal_publisher_counts *now)
{
	const struct cal_counter counters[] = {
		{ "read", flow->read },
		{ "refused", flow->refused },
		{ "sent", now->sent },
		{ "missed", now->missed },
		{ "unread", now->unread },
		{ "waiting", now->waiting },
		{ "unknown", now->unknown },
		{ "log_lost", cal_log_lost() },
	};

	CAL_COUNTERS_SAY(counters);
}

void
cal_flow_say(const struct cal_flow *flow)
{
	struct cal_publisher_counts now;

	cal_flow_counts(flow, &now);
	say(flow, &now);
}

void
cal_flow_tell(struct cal_flow *flow, bool all)
{
	const struct cal_publisher_counts *counts = &flow->last;

	if (counts->unknown > 0)
		cal_log(CAL_LOG_FAILURE, "%" PRIu64 " message%s may or may "
		    "not be in Redis", counts->unknown, counts->unknown == 1 ?
		    "" : "s");
	if (counts->waiting > 0)
		cal_log(CAL_LOG_FAILURE, "%" PRIu64 " message%s not handed "
		    "over", counts->waiting, counts->waiting == 1 ? " was" :
		    "s were");
	if (counts->missed > 0)
		cal_log(CAL_LOG_FAILURE, "a subscriber missed up to %" PRIu64
		    " of %" PRIu64 " message%s", counts->missed, counts->sent,
		    counts->sent == 1 ? "" : "s");
	if (counts->unread > 0)
		cal_log(CAL_LOG_FAILURE, "%" PRIu64 " of %" PRIu64 " message%s "
		    "found no subscriber", counts->unread, counts->sent,
		    counts->sent == 1 ? "" : "s");
	if (!all)
		cal_log(CAL_LOG_FAILURE, "%s", CAL_FLOW_NOT_LEFT);
	if (counts->unknown > 0)
		flow->status = cal_exit_worse(flow->status,
		    cal_exit_status(CAL_EUNKNOWN));
	/* Why the rest was not handed over has a status of its own. */
	if ((counts->waiting > 0 && !flow->failed) || counts->missed > 0 ||
	    counts->unread > 0 || !all)
		flow->status = cal_exit_worse(flow->status,
		    cal_exit_status(CAL_ETEMP));
}
