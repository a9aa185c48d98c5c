/*
 * What an answer means: its word for -J, its exit status, and the words for
 * people.
 */
#ifndef CAL_CALL_VERDICT_H
#define CAL_CALL_VERDICT_H

#include "rpc/call.h"

/* One of "result", "failure", "error", "cancelled", "timeout", "lost". */
const char *cal_verdict_status(const struct cal_answer *answer);

/* The exit status of a run whose only call was answered so. */
int cal_verdict_exit(const struct cal_answer *answer);

/* Is it certain that it did not run, so that it can be repeated? */
bool cal_verdict_repeatable(int status);

/* The exit status for --exit-remote. */
int cal_verdict_remote(const struct cal_answer *answer);

/*
 * "NAME: REPR" or what err says, to the end of out;
 * what a peer says is cleaned.
 */
void cal_verdict_words(struct cal_buf *out, const struct cal_answer *answer);

/* The name, repr and traceback for -J, whatever the kind; lent. */
struct cal_slice cal_verdict_name(const struct cal_answer *answer);

#endif
