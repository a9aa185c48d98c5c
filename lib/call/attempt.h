/*
 * Inside a batch: what its files share.  Nobody else includes this.
 *
 * batch.c reads and prints items, attempt.c calls for one, and again.
 */
#ifndef CAL_CALL_ATTEMPT_H
#define CAL_CALL_ATTEMPT_H

#include "base/spare.h"
#include "call/batch.h"
#include "call/item.h"
#include "cli/out.h"
#include "cli/source.h"

TAILQ_HEAD(cal_items, cal_item);

struct cal_batch {
	struct cal_batch_conf conf;
	struct cal_source *source;
	struct cal_out *out;
	struct cal_items items;
	struct cal_spares spare_items;
	size_t count, calling;          /* items; those not done */
	size_t held_bytes;              /* of records that wait */
	uint64_t read;
	bool input_over, stopping, reader_gone, timed_out, done;
	bool going_on;                  /* right now, in go_on */
	bool failed;                    /* a call did, by itself */
	bool mute;                      /* nothing more is printed */
	int status;
	ev_timer turn;                  /* only ever fed */
	ev_timer patience;              /* after a stop */
};

/* batch.c: record, words and status of the item are known. */
void cal_batch_item_done(struct cal_item *item);

/* attempt.c: calls for an item, once, or again after a rest. */
void cal_attempt_init(struct cal_item *item);
void cal_attempt_start(struct cal_item *item);

#endif
