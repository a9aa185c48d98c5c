/*
 * Calls from input to output: reads messages, keeps a number of calls in
 * flight, prints answers in the order of the input (or as they come), and
 * knows the exit status of the whole.
 */
#ifndef CAL_CALL_BATCH_H
#define CAL_CALL_BATCH_H

#include "call/options.h"
#include "rpc/peer.h"

struct ev_loop;
struct cal_batch;

enum { CAL_BATCH_AHEAD = 16 };  /* answers held back: times jobs */

struct cal_batch_conf {
	struct ev_loop *loop;
	const struct cal_call_options *options;
	struct cal_peer *peer;          /* lent */

	/*
	 * Once, from the loop: all is answered and printed; or, after a stop,
	 * the time for that is over.
	 */
	void (*done)(void *arg);
	void *arg;
};

/* CAL_ENOINPUT when the file of -d cannot be read. */
int cal_batch_open(struct cal_batch **batchp,
    const struct cal_batch_conf *conf, struct cal_err *err);

/*
 * Ends early: nothing more is read, calls in flight are cancelled; done comes
 * when all of them are answered.
 */
void cal_batch_stop(struct cal_batch *batch);

/* The exit status so far. */
int cal_batch_status(const struct cal_batch *batch);

/* Has the reader of our output gone? */
bool cal_batch_reader_gone(const struct cal_batch *batch);

/* Was there a time-out, so that it is worth to ask whether anybody lives? */
bool cal_batch_timed_out(const struct cal_batch *batch);

/*
 * Writes what is left to be printed, waiting for its reader or not, and frees
 * all.
 */
void cal_batch_close(struct cal_batch *batch, bool wait, int *statusp);

#endif
