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
 *
 * struct cal_reaper collects the dead: one per process, on one loop from
 * ev_loop_new (libev's default loop reaps children itself).  It makes the
 * process a subreaper, so that descendants that left their group are still
 * ours to find.
 */
#ifndef CAL_EXEC_CHILD_H
#define CAL_EXEC_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct ev_loop;
struct cal_reaper;
struct cal_child;

/*
 * Raises the soft limit of descriptors to the hard one and remembers the old
 * one for children.  Must be called before the first thread is made.
 */
int cal_reaper_open(struct cal_reaper **reaperp, struct ev_loop *loop,
    struct cal_err *err);
void cal_reaper_close(struct cal_reaper *reaper);       /* no child is left */

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

/*
 * CAL_ETEMP when the system has no room just now (EAGAIN, ENOMEM, EMFILE,
 * ENFILE), CAL_ENOCMD when path is not there, CAL_ENOEXEC when it cannot be
 * executed, else CAL_EOS.
 */
int cal_child_start(struct cal_child **childp, struct cal_reaper *reaper,
    const struct cal_child_conf *conf, cal_child_done_fn *done, void *arg,
    struct cal_err *err);

/*
 * TERM (and CONT) to the group, KILL after kill_after, then KILL to whatever
 * of it escaped its group and is still our descendant; done follows.  A second
 * call kills at once.
 */
void cal_child_stop(struct cal_child *child);
void cal_child_kill(struct cal_child *child);

/* Processes that children left behind after a good end, so far. */
uint64_t cal_reaper_left_behind(const struct cal_reaper *reaper);

/* Kills every descendant that is left; for the end of the process. */
void cal_reaper_sweep(struct cal_reaper *reaper);

#endif
