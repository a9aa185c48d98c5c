/*
 * Starting a process.  posix_spawn, not fork: libzmq's threads may hold locks,
 * and a large parent is slow to copy; that exec failed comes back as its
 * result.
 */
#include "exec/spawn.h"
#include "base/secret.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_MIN = 40 };        /* with fewer descriptors: no reserve */

static int
prepare_attr(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int rc;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	if ((rc = posix_spawnattr_init(attr)) != 0)
		return rc;
	(void)posix_spawnattr_setsigdefault(attr, &all);
	(void)posix_spawnattr_setsigmask(attr, &none);
	(void)posix_spawnattr_setpgroup(attr, 0);
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

static rlim_t
reserve_of(rlim_t limit)
{
	if (limit < LIMIT_MIN)
		return 0;
	return limit / 4 < CAL_SPAWN_RESERVE ? limit / 4 : CAL_SPAWN_RESERVE;
}

int
cal_spawner_init(struct cal_spawner *spawner, struct cal_err *err)
{
	int rc;

	memset(spawner, 0, sizeof(*spawner));
	if ((rc = prepare_attr(&spawner->attr)) != 0)
		return cal_fail_errno(err, CAL_EOS, rc,
		    "cannot prepare to start processes");
	(void)getrlimit(RLIMIT_NOFILE, &spawner->given);
	spawner->full = spawner->given;
	spawner->full.rlim_cur = spawner->given.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &spawner->full) == -1)
		spawner->full = spawner->given;
	spawner->kept = spawner->full;
	spawner->kept.rlim_cur -= reserve_of(spawner->full.rlim_cur);
	cal_spawner_reserve(spawner, false);
	return CAL_OK;
}

void
cal_spawner_reserve(struct cal_spawner *spawner, bool use)
{
	(void)setrlimit(RLIMIT_NOFILE, use ? &spawner->full : &spawner->kept);
}

void
cal_spawner_release(struct cal_spawner *spawner)
{
	(void)posix_spawnattr_destroy(&spawner->attr);
}

static int
prepare_actions(posix_spawn_file_actions_t *actions, const int fds[3])
{
	int i, rc;

	if ((rc = posix_spawn_file_actions_init(actions)) != 0)
		return rc;
	for (i = 0; i < 3 && rc == 0; i++)
		rc = posix_spawn_file_actions_adddup2(actions, fds[i], i);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	if (rc != 0)
		(void)posix_spawn_file_actions_destroy(actions);
	return rc;
}

/*
 * A child inherits our limits, and a soft limit above 1024 breaks programs
 * that use select: it is set back while the child is made, as is that of core
 * files, which we deny ourselves when we hold secrets.
 */
static void
set_given_limits(const struct cal_spawner *spawner, bool scarce)
{
	struct rlimit core;

	if (!scarce)
		(void)setrlimit(RLIMIT_NOFILE, &spawner->given);
	if (cal_secret_core(&core))
		(void)setrlimit(RLIMIT_CORE, &core);
}

static void
set_own_limits(struct cal_spawner *spawner)
{
	struct rlimit core;

	cal_spawner_reserve(spawner, false);
	if (!cal_secret_core(&core))
		return;
	core.rlim_cur = 0;
	(void)setrlimit(RLIMIT_CORE, &core);
}

static bool
are_reserved(const struct cal_spawner *spawner, const int fds[3])
{
	bool reserved = false;
	int i;

	for (i = 0; i < 3; i++)
		reserved |= (rlim_t)fds[i] >= spawner->kept.rlim_cur;
	return reserved;
}

/*
 * Once the reserve is in use, others wait for it: then it is not opened to
 * them for as long as a start takes, and the child has its limit a moment
 * later.  Actions take only descriptors below the limit.
 */
static int
run(struct cal_spawner *spawner, pid_t *pidp, const char *path,
    char *const *argv, char *const *envp, const int fds[3])
{
	posix_spawn_file_actions_t actions;
	bool scarce = are_reserved(spawner, fds);
	int rc;

	if (scarce)
		cal_spawner_reserve(spawner, true);
	rc = prepare_actions(&actions, fds);
	if (scarce)
		cal_spawner_reserve(spawner, false);
	if (rc != 0)
		return rc;
	set_given_limits(spawner, scarce);
	rc = posix_spawn(pidp, path, &actions, &spawner->attr, argv, envp);
	set_own_limits(spawner);
	if (rc == 0 && scarce)
		(void)prlimit(*pidp, RLIMIT_NOFILE, &spawner->given, NULL);
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static enum cal_code
code_for(int reason, const char *path)
{
	switch (reason) {
	case EAGAIN:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case ETXTBSY:
		return CAL_ETEMP;
	case ENOENT:
		/* The file is there: its interpreter is not. */
		return access(path, F_OK) == 0 ? CAL_ENOEXEC : CAL_ENOCMD;
	case ENOTDIR:
		return CAL_ENOCMD;
	case EACCES:
	case EPERM:
	case EISDIR:
	case ENOEXEC:
	case ELOOP:
	case ELIBBAD:
		return CAL_ENOEXEC;
	}
	return CAL_EOS;
}

int
cal_spawner_run(struct cal_spawner *spawner, pid_t *pidp, const char *path,
    char *const *argv, char *const *envp, const int fds[3],
    struct cal_err *err)
{
	int rc = run(spawner, pidp, path, argv, envp, fds);

	if (rc == 0)
		return CAL_OK;
	return cal_fail_errno(err, code_for(rc, path), rc, "cannot run '%s'",
	    path);
}
