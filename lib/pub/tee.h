/*
 * -T: what was read is written out, too, in the order of the input, each record
 * when its message was handed over.  --print-id: what Redis calls it, too.
 */
#ifndef CAL_PUB_TEE_H
#define CAL_PUB_TEE_H

#include "pub/post.h"

struct ev_loop;
struct cal_tee;

struct cal_tee_conf {
	struct ev_loop *loop;
	int fd;                                 /* stays the caller's */
	const struct cal_shape *shape;          /* lent */

	/* As those of cli/out. */
	void (*gone)(void *arg);
	void (*failed)(void *arg, const struct cal_err *err);
	void (*room)(void *arg);
	void *arg;
};

struct cal_tee *cal_tee_open(const struct cal_tee_conf *conf);

/* Keeps the record that became post, the message of that number. */
void cal_tee_put(struct cal_tee *tee, struct cal_slice record,
    const struct cal_post *post, uint64_t number);

/* So many of those that are kept, from the oldest on, were handed over. */
void cal_tee_write(struct cal_tee *tee, uint64_t count);

/* Writes a line of its own. */
void cal_tee_say(struct cal_tee *tee, struct cal_slice line);

/* Of the output. */
bool cal_tee_full(const struct cal_tee *tee);
bool cal_tee_empty(const struct cal_tee *tee);

/*
 * Writes what is left of the output, waiting for its reader or not, forgets
 * what was never handed over, and frees all.  Codes as of cal_out_close.
 */
int cal_tee_close(struct cal_tee *tee, bool wait, struct cal_err *err);

#endif
