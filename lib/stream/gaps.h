/*
 * Counters of publishers, and what they say of messages that never came.
 *
 * A counter belongs to a topic at one source.  The first message that is seen
 * of it begins it; one with a lower number, or the same, begins it anew, as
 * after a restart of its publisher, and nothing is missing then.
 */
#ifndef CAL_STREAM_GAPS_H
#define CAL_STREAM_GAPS_H

#include "base/buf.h"

struct cal_gaps;

/* Of max counters; of those that come later nothing is told. */
struct cal_gaps *cal_gaps_new(size_t max);
void cal_gaps_free(struct cal_gaps *gaps);

/* A message came: how many are missing in front of it? */
uint64_t cal_gaps_note(struct cal_gaps *gaps, uint32_t source,
    struct cal_slice topic, uint64_t seq);

#endif
