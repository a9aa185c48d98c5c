/*
 * The handler kind "pool": long-lived workers, which all jobs of one method
 * share.
 *
 * All are started with the pool.  One that ends is started again after a
 * pause: 0.1 s, doubled up to 10 s as long as they end without having answered
 * anything.  A job goes to the worker that has the fewest; while none is there
 * it waits, or is refused (CAL_ETEMP) when the next start is far off.
 *
 * Outcomes: RESULT with what the worker answered; FAILURE as it told; FAILURE
 * WorkerDied when it ended in between, or said what is no answer; FAILURE
 * HandlerTimeout; CANCELLED.
 */
#ifndef CAL_EXEC_POOL_H
#define CAL_EXEC_POOL_H

#include "exec/command.h"
#include "exec/dialect.h"

struct cal_pool_conf {
	struct cal_command_conf command;
	const char *method;             /* NULL: any; else in CAL_METHOD */
	const char *name;               /* in words, for workers of any
	                                   method; NULL: "*"; lent */
	const struct cal_dialect *dialect;
	size_t processes;
	size_t depth;                   /* requests in one process */
	size_t max_answer;              /* bytes */
	uint64_t *deaths;               /* lent; counts workers that ended
	                                   without being told to; or NULL */
};

/*
 * Are there descriptors for so many workers, and for all the rest?  They stay,
 * and so do their pipes.  CAL_EOS.
 */
int cal_pool_check_room(size_t workers, struct cal_err *err);

/* Codes as of cal_command_new: the command is looked for once. */
int cal_pool_new(struct cal_handler **handlerp,
    const struct cal_pool_conf *conf, struct cal_err *err);

#endif
