/*
 * posix_spawn with the manners that every child gets: default signals, an
 * empty mask, a process group of its own, descriptors 0, 1 and 2 only, and
 * the limits of descriptors and of core files that we were started with.
 *
 * Peers that only connect can take all descriptors that there are; so some of
 * them are kept in reserve for the pipes of processes.
 */
#ifndef CAL_EXEC_SPAWN_H
#define CAL_EXEC_SPAWN_H

#include <spawn.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"

enum { CAL_SPAWN_RESERVE = 1024 };

struct cal_spawner {
	posix_spawnattr_t attr;
	struct rlimit given;            /* descriptors, as we were started */
	struct rlimit full;             /* all that we may have */
	struct rlimit kept;             /* less the reserve */
};

/*
 * Raises our soft limit of descriptors to the hard one, less a quarter, or
 * CAL_SPAWN_RESERVE, in reserve.
 */
int cal_spawner_init(struct cal_spawner *spawner, struct cal_err *err);
void cal_spawner_release(struct cal_spawner *spawner);

/*
 * From now on, or not any more, the reserve may be used, by all threads: not
 * for longer than it takes.  Starting a process ends it.
 */
void cal_spawner_reserve(struct cal_spawner *spawner, bool use);

/* fds are above 2.  Codes as of cal_reaper_spawn. */
int cal_spawner_run(struct cal_spawner *spawner, pid_t *pidp,
    const char *path, char *const *argv, char *const *envp, const int fds[3],
    struct cal_err *err);

#endif
