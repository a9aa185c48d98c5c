/*
 * What a server counts, and what it says of single requests.
 */
#ifndef CAL_SERVE_TALLY_H
#define CAL_SERVE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/peer.h"
#include "work/job.h"

struct cal_tally {
	uint64_t results, failures, errors, cancelled;
	uint64_t busy;                  /* of errors: no room, shutting down */
	uint64_t dropped;               /* queued, but their caller left */
};

/* What is true just now, and what others count. */
struct cal_tally_now {
	struct cal_peer_counts peer;
	uint64_t waiting, running, worker_deaths, left_behind, log_lost;
};

void cal_tally_add(struct cal_tally *tally, const struct cal_outcome *outcome);

/* One line of JSON on stderr, whatever the level. */
void cal_tally_say(const struct cal_tally *tally,
    const struct cal_tally_now *now);

/* One line about a request that has ended, with -v. */
void cal_tally_request(const struct cal_job *job,
    const struct cal_outcome *outcome, double seconds, bool delivered,
    bool json);

#endif
