/*
 * The parent's side of processes: starting them, collecting the dead, and
 * finding what they left behind.
 *
 * There is one reaper per process, on one loop from ev_loop_new (libev's
 * default loop reaps children itself).  It makes the process a subreaper, so
 * that descendants that left their group become our children when their
 * parent dies; each process that it starts carries CAL_REQUEST=<unique> in its
 * environment, by which its orphans are known.  One that clears its
 * environment and leaves its group is no longer found.
 */
#ifndef CAL_EXEC_REAPER_H
#define CAL_EXEC_REAPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/err.h"

struct ev_loop;
struct cal_reaper;

/*
 * Raises the soft limit of descriptors to the hard one and remembers the old
 * one for children.  Must be called before the first thread is made.
 */
int cal_reaper_open(struct cal_reaper **reaperp, struct ev_loop *loop,
    struct cal_err *err);

/* No process is watched any more; not from inside a callback of one. */
void cal_reaper_close(struct cal_reaper *reaper);

struct ev_loop *cal_reaper_loop(const struct cal_reaper *reaper);

/* A descriptor of /dev/null, for reading; close-on-exec, the reaper's. */
int cal_reaper_null(const struct cal_reaper *reaper);

/*
 * Whoever opens what a process needs, and finds no descriptor, may use those
 * that are kept for that (exec/spawn.h), from a call with true to one with
 * false.
 */
void cal_reaper_reserve(struct cal_reaper *reaper, bool use);

/* Part of the object of whoever started the process. */
enum { CAL_MARKER_SIZE = sizeof("CAL_REQUEST=") + 32 };
struct cal_watch {
	pid_t pid;                      /* also the number of its group */
	void (*ended)(struct cal_watch *watch, int status);
	char marker[CAL_MARKER_SIZE];
	LIST_ENTRY(cal_watch) entry;
};

/*
 * Starts path with fds as its 0, 1 and 2 (each above 2), in a process group of
 * its own.  ended, which the caller has set, is called once, later, from the
 * loop, when the process was reaped; watch may be freed there.
 *
 * CAL_ETEMP when the system has no room just now (EAGAIN, ENOMEM, EMFILE,
 * ENFILE, or the file is being written), CAL_ENOCMD when path is not there,
 * CAL_ENOEXEC when it cannot be executed, else CAL_EOS.
 */
int cal_reaper_spawn(struct cal_reaper *reaper, struct cal_watch *watch,
    const char *path, char *const *argv, char *const *envp, const int fds[3],
    struct cal_err *err);

/*
 * For ended: kills what is left of the group, and then for a short while
 * everything with its marker that turns up among our children.
 */
void cal_reaper_purge(struct cal_reaper *reaper,
    const struct cal_watch *watch);

/* For ended: counts the process's group when something of it is left. */
void cal_reaper_note(struct cal_reaper *reaper,
    const struct cal_watch *watch);

/* How often something was left behind after a good end. */
uint64_t cal_reaper_left_behind(const struct cal_reaper *reaper);

/* How many processes have not ended yet; and KILL to all their groups. */
size_t cal_reaper_watched(const struct cal_reaper *reaper);
void cal_reaper_kill(struct cal_reaper *reaper);

/*
 * Kills every descendant that is left, and waits for them up to a second; for
 * the end of the process.  No callback is called.
 */
void cal_reaper_sweep(struct cal_reaper *reaper);

#endif
