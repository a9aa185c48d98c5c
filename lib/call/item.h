/*
 * One message of the input: how it is read, and how what came of it is
 * printed.
 */
#ifndef CAL_CALL_ITEM_H
#define CAL_CALL_ITEM_H

#include <ev.h>
#include <sys/queue.h>

#include "call/options.h"
#include "rpc/call.h"

struct cal_batch;

enum cal_item_state {
	CAL_ITEM_CALLING,
	CAL_ITEM_RESTING,       /* between an attempt and its repetition */
	CAL_ITEM_DONE,          /* its record waits to be printed */
};

struct cal_item {
	struct cal_batch *batch;
	TAILQ_ENTRY(cal_item) next;
	uint64_t number;                /* of the input record, from 1 */
	enum cal_item_state state;

	struct cal_buf text;            /* the input; slices point into it */
	struct cal_buf scratch, keys, found;
	struct cal_slice method, key, body;     /* body: wire bytes */

	struct cal_call *call;
	uint32_t seq;
	bool has_seq;
	uint64_t attempts;
	double start;
	bool stopped;                   /* by us: its failure is none, */
	bool in_vain;                   /* and there was one */
	ev_timer rest;

	struct cal_buf record;          /* what is printed */
	struct cal_buf words;           /* what is said on stderr */
	int status;                     /* exit status of it alone */
};

/*
 * Takes one input record apart.  CAL_EDATA when it is not what it should be:
 * the item can still be printed.
 */
int cal_item_read(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice record, struct cal_err *err);

/* Fills record, words and status from an answer. */
void cal_item_answered(struct cal_item *item,
    const struct cal_call_options *options, const struct cal_answer *answer);

/* The same for an input that could not be sent. */
void cal_item_refused(struct cal_item *item,
    const struct cal_call_options *options, const struct cal_err *err);

void cal_item_release(struct cal_item *item);

#endif
