/*
 * posix_spawn with the manners that every child gets: default signals, an
 * empty mask, a process group of its own, descriptors 0, 1 and 2 only, and
 * the limit of descriptors that we were started with.
 */
#ifndef CAL_EXEC_SPAWN_H
#define CAL_EXEC_SPAWN_H

#include <spawn.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"

struct cal_spawner {
	posix_spawnattr_t attr;
	struct rlimit given;            /* descriptors, as we were started */
	struct rlimit raised;           /* as we have them now */
};

/* Raises our soft limit of descriptors to the hard one. */
int cal_spawner_init(struct cal_spawner *spawner, struct cal_err *err);
void cal_spawner_release(struct cal_spawner *spawner);

/* fds are above 2.  Codes as of cal_reaper_spawn. */
int cal_spawner_run(struct cal_spawner *spawner, pid_t *pidp,
    const char *path, char *const *argv, char *const *envp, const int fds[3],
    struct cal_err *err);

#endif
