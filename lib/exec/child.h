/*
 * Child processes: the one place that starts them.
 *
 * A child gets its input from memory, its output is collected up to a limit,
 * of its stderr the end is kept.  It leads a process group of its own, has
 * default signals, an empty mask, descriptors 0, 1 and 2 only, and the
 * resource limits that we were started with.
 *
 * A child is over when it was reaped and its pipes are drained, not at the end
 * of the file: a daemon that it left behind keeps nobody waiting.
 */
#ifndef CAL_EXEC_CHILD_H
#define CAL_EXEC_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "exec/reaper.h"

struct cal_child;

struct cal_child_conf {
	const char *path;               /* what is executed: no search */
	char *const *argv;
	char *const *envp;              /* CAL_REQUEST is added by us */
	struct cal_slice input;         /* lent until done */
	size_t max_output;              /* more: it is killed */
	size_t max_tail;                /* of stderr */
	double kill_after;              /* seconds from TERM to KILL */
};

struct cal_child_end {
	int status;                     /* as from waitpid(2) */
	bool overflow;                  /* wrote more than max_output */
	bool stopped;                   /* by cal_child_stop */
	struct cal_buf output;          /* whoever wants it moves it out */
	struct cal_buf tail;
	bool tail_cut;                  /* stderr was longer */
};

/* Once, later, from the loop; the child is freed afterwards. */
typedef void cal_child_done_fn(void *arg, struct cal_child_end *end);

/* Codes as of cal_reaper_spawn. */
int cal_child_start(struct cal_child **childp, struct cal_reaper *reaper,
    const struct cal_child_conf *conf, cal_child_done_fn *done, void *arg,
    struct cal_err *err);

/*
 * TERM (and CONT) to the group, KILL after kill_after, then KILL to whatever
 * of it escaped its group and is still our descendant; done follows.  A second
 * call kills at once.
 */
void cal_child_stop(struct cal_child *child);

/* Kills at once; done follows. */
void cal_child_kill(struct cal_child *child);

#endif
