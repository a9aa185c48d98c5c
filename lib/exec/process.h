/*
 * A process with pipes to us: what a command that lives for one job (child.h)
 * and a worker that lives for many (worker.h) have in common.
 *
 * It is the first member of the object of whoever keeps it.
 */
#ifndef CAL_EXEC_PROCESS_H
#define CAL_EXEC_PROCESS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "exec/reaper.h"

struct cal_process_conf {
	struct cal_reaper *reaper;
	const char *path;               /* what is executed: no search */
	char *const *argv;
	char *const *envp;              /* CAL_REQUEST is added by us */
	double kill_after;              /* seconds from TERM to KILL */
	bool no_input;                  /* its stdin is /dev/null */
};

struct cal_process {
	struct cal_watch watch;
	struct cal_reaper *reaper;
	struct ev_loop *loop;
	int in, out, errs;              /* our ends, which never block; -1:
	                                   closed */
	ev_timer kill_timer;
	double kill_after;
	bool killed;                    /* nothing of it shall be left */
	bool reaped;                    /* its number may be another's now */
	void (*ended)(struct cal_process *process, int status);
};

/*
 * Starts it.  ended is called once, later, from the loop, when it was reaped;
 * what it wrote before is still in the pipes.  Nothing has to be released when
 * this fails; codes as of cal_reaper_spawn, and CAL_ETEMP for want of
 * descriptors.
 */
int cal_process_start(struct cal_process *process,
    const struct cal_process_conf *conf,
    void (*ended)(struct cal_process *process, int status),
    struct cal_err *err);

/*
 * TERM (and CONT) to the group, KILL after kill_after; ended follows.  A
 * second call kills at once.  Neither does anything to one that has ended.
 */
void cal_process_stop(struct cal_process *process);
void cal_process_kill(struct cal_process *process);

/*
 * From ended, once: closes what is open (whoever watches a descriptor stops
 * that first, and may have closed it himself) and stops the timer.  purge:
 * what is left of the group, and what escaped it and is still our descendant,
 * is killed; else it is counted.
 */
void cal_process_release(struct cal_process *process, bool purge);

/* How many bytes are in the pipe behind fd now; 0 for -1. */
size_t cal_process_there(int fd);

#endif
