/*
 * What happened, as a line of the log: "request method=add status=result", or
 * the same as a JSON object.
 */
#ifndef CAL_CLI_EVENT_H
#define CAL_CLI_EVENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "work/job.h"

struct cal_event {
	struct cal_buf line;
	bool json;
};

/* name is the word that the line begins with. */
void cal_event_begin(struct cal_event *event, const char *name, bool json);

/* One thing about it; an empty value is left out, a long one cut. */
void cal_event_put(struct cal_event *event, const char *name,
    struct cal_slice value);
void cal_event_put_number(struct cal_event *event, const char *name,
    uint64_t number);
void cal_event_put_bool(struct cal_event *event, const char *name, bool value);

/* What a job is about, how it ended, and how long it took. */
void cal_event_put_job(struct cal_event *event, const struct cal_job *job,
    const struct cal_outcome *outcome, double seconds);

/* Says the line, with -v, and releases. */
void cal_event_say(struct cal_event *event);

#endif
