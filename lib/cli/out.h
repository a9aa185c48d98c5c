/*
 * What a program prints: gathered during a turn of the loop, written at its
 * end, without ever holding the loop up.
 */
#ifndef CAL_CLI_OUT_H
#define CAL_CLI_OUT_H

#include <stdbool.h>

#include "base/buf.h"

struct ev_loop;
struct cal_out;

enum { CAL_OUT_FULL = 1 << 20 };        /* bytes that may wait for a reader */

struct cal_out_conf {
	struct ev_loop *loop;
	int fd;                         /* stays the caller's */

	/* All from the loop.  The reader is gone; no event follows. */
	void (*gone)(void *arg);
	/* Cannot be written (CAL_EIO); no event follows. */
	void (*failed)(void *arg, const struct cal_err *err);
	/* It was full and is not any more, or all is written. */
	void (*room)(void *arg);
	void *arg;
};

struct cal_out *cal_out_open(const struct cal_out_conf *conf);

/* Copies bytes; whoever sees that it is full should bring no more. */
void cal_out_put(struct cal_out *out, struct cal_slice bytes);
bool cal_out_full(const struct cal_out *out);

/*
 * Bytes that were put so far, and how many of these were written: when there
 * are as many, it is all of what was put until then.
 */
uint64_t cal_out_added(const struct cal_out *out);
uint64_t cal_out_written(const struct cal_out *out);

/* Is all written?  And: forgets what is not. */
bool cal_out_empty(const struct cal_out *out);
void cal_out_drop(struct cal_out *out);

/*
 * Writes all that is left, waiting for the reader, and closes out.  CAL_EGONE
 * when the reader is gone, CAL_EIO when something was lost, unless an event
 * told it already.
 */
int cal_out_close(struct cal_out *out, struct cal_err *err);

#endif
