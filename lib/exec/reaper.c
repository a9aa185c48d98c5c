/*
 * The reaper.
 *
 * SIGCHLD says that somebody died; waitpid(-1) then tells who until nobody is
 * left, since signals merge.  While some are reaped, those that are started in
 * their place may die, and so on without end: after a few the loop has its
 * turn, and the signal is sent on to ourselves.  A number that is in the table
 * is a process of ours; any other is an orphan that became our child because
 * we are a subreaper, and its death is all there is to know.
 *
 * A hunt looks for the orphans of one process that was stopped.  It lasts a
 * few rounds of a timer, since a process becomes our child only when its
 * parent has died, and that parent may be an orphan that was just killed.
 */
#include "exec/reaper.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "exec/kin.h"
#include "exec/spawn.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	BUCKETS = 256,                  /* numbers follow each other */
	HUNT_ROUNDS = 5,
	SWEEP_ROUNDS = 500,
	SWEEP_PAUSE_MS = 2,
	REAP_MAX = 16,                  /* in one turn of the loop */
};
static const double hunt_pause = 0.05;

struct hunt {
	char marker[CAL_MARKER_SIZE];
	int rounds;
	LIST_ENTRY(hunt) entry;
};

struct cal_reaper {
	struct ev_loop *loop;
	struct cal_spawner spawner;
	int null_fd;
	ev_signal sigchld;
	ev_timer timer;                 /* runs while there are hunts */
	LIST_HEAD(, cal_watch) table[BUCKETS];
	size_t watched;                 /* in the table */
	LIST_HEAD(, hunt) hunts;
	struct cal_buf env;             /* of the process being started */
	uint64_t left_behind;
	uint64_t salt, number;          /* of markers */
};

static void on_sigchld(struct ev_loop *loop, ev_signal *w, int revents);
static void on_timer(struct ev_loop *loop, ev_timer *w, int revents);

int
cal_reaper_open(struct cal_reaper **reaperp, struct ev_loop *loop,
    struct cal_err *err)
{
	struct cal_reaper *reaper;
	int rc;

	*reaperp = NULL;
	CAL_NEW(reaper);
	if ((rc = cal_spawner_init(&reaper->spawner, err)) != CAL_OK) {
		free(reaper);
		return rc;
	}
	reaper->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (reaper->null_fd == -1) {
		rc = cal_fail_errno(err, CAL_EOS, errno,
		    "cannot open '/dev/null'");
		cal_spawner_release(&reaper->spawner);
		free(reaper);
		return rc;
	}
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	cal_random_bytes(&reaper->salt, sizeof(reaper->salt));
	reaper->loop = loop;
	ev_signal_init(&reaper->sigchld, on_sigchld, SIGCHLD);
	reaper->sigchld.data = reaper;
	ev_signal_start(loop, &reaper->sigchld);
	ev_timer_init(&reaper->timer, on_timer, hunt_pause, hunt_pause);
	reaper->timer.data = reaper;
	*reaperp = reaper;
	return CAL_OK;
}

void
cal_reaper_close(struct cal_reaper *reaper)
{
	struct hunt *hunt;

	if (reaper == NULL)
		return;
	ev_signal_stop(reaper->loop, &reaper->sigchld);
	ev_timer_stop(reaper->loop, &reaper->timer);
	while ((hunt = LIST_FIRST(&reaper->hunts)) != NULL) {
		LIST_REMOVE(hunt, entry);
		free(hunt);
	}
	(void)close(reaper->null_fd);
	cal_spawner_release(&reaper->spawner);
	cal_buf_release(&reaper->env);
	free(reaper);
}

struct ev_loop *
cal_reaper_loop(const struct cal_reaper *reaper)
{
	return reaper->loop;
}

int
cal_reaper_null(const struct cal_reaper *reaper)
{
	return reaper->null_fd;
}

uint64_t
cal_reaper_left_behind(const struct cal_reaper *reaper)
{
	return reaper->left_behind;
}

/* Starting. */

/* The environment with the marker in front, in memory that is kept. */
static char *const *
mark(struct cal_reaper *reaper, struct cal_watch *watch, char *const *envp)
{
	char *marker = watch->marker, *end = NULL;
	size_t count = 0;

	(void)snprintf(watch->marker, sizeof(watch->marker),
	    "CAL_REQUEST=%016llx%016llx", (unsigned long long)reaper->salt,
	    (unsigned long long)reaper->number++);
	while (envp[count] != NULL)
		count++;
	cal_buf_clear(&reaper->env);
	cal_buf_put(&reaper->env, &marker, sizeof(marker));
	cal_buf_put(&reaper->env, envp, count * sizeof(*envp));
	cal_buf_put(&reaper->env, &end, sizeof(end));
	return (char *const *)(void *)reaper->env.ptr;
}

int
cal_reaper_spawn(struct cal_reaper *reaper, struct cal_watch *watch,
    const char *path, char *const *argv, char *const *envp, const int fds[3],
    struct cal_err *err)
{
	int rc;

	envp = mark(reaper, watch, envp);
	rc = cal_spawner_run(&reaper->spawner, &watch->pid, path, argv, envp,
	    fds, err);
	if (rc != CAL_OK)
		return rc;
	LIST_INSERT_HEAD(&reaper->table[watch->pid % BUCKETS], watch, entry);
	reaper->watched++;
	return CAL_OK;
}

void
cal_reaper_reserve(struct cal_reaper *reaper, bool use)
{
	cal_spawner_reserve(&reaper->spawner, use);
}

static struct cal_watch *
find_watch(struct cal_reaper *reaper, pid_t pid)
{
	struct cal_watch *watch;

	LIST_FOREACH(watch, &reaper->table[pid % BUCKETS], entry)
		if (watch->pid == pid)
			return watch;
	return NULL;
}

/* Hunting. */

static void
look_at(struct cal_reaper *reaper, pid_t pid, struct cal_buf *env)
{
	struct hunt *hunt;

	cal_kin_environ(env, pid);
	LIST_FOREACH(hunt, &reaper->hunts, entry) {
		if (cal_kin_has(env, hunt->marker)) {
			(void)kill(pid, SIGKILL);
			return;
		}
	}
}

/* Kills the orphans that some hunt looks for. */
static void
look_around(struct cal_reaper *reaper)
{
	struct cal_buf pids = { 0 }, env = { 0 };
	size_t pos;
	pid_t pid;

	cal_reaper_reserve(reaper, true);
	cal_kin_list(&pids);
	for (pos = 0; pos < pids.len; pos += sizeof(pid)) {
		memcpy(&pid, pids.ptr + pos, sizeof(pid));
		if (find_watch(reaper, pid) == NULL)
			look_at(reaper, pid, &env);
	}
	cal_reaper_reserve(reaper, false);
	cal_buf_release(&pids);
	cal_buf_release(&env);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct cal_reaper *reaper = w->data;
	struct hunt *hunt, *next;

	(void)revents;
	look_around(reaper);
	for (hunt = LIST_FIRST(&reaper->hunts); hunt != NULL; hunt = next) {
		next = LIST_NEXT(hunt, entry);
		if (--hunt->rounds > 0)
			continue;
		LIST_REMOVE(hunt, entry);
		free(hunt);
	}
	if (LIST_EMPTY(&reaper->hunts))
		ev_timer_stop(loop, w);
}

void
cal_reaper_purge(struct cal_reaper *reaper, const struct cal_watch *watch)
{
	struct hunt *hunt;

	(void)kill(-watch->pid, SIGKILL);
	CAL_NEW(hunt);
	memcpy(hunt->marker, watch->marker, sizeof(hunt->marker));
	hunt->rounds = HUNT_ROUNDS;
	LIST_INSERT_HEAD(&reaper->hunts, hunt, entry);
	look_around(reaper);
	if (!ev_is_active(&reaper->timer)) {
		ev_timer_set(&reaper->timer, hunt_pause, hunt_pause);
		ev_timer_start(reaper->loop, &reaper->timer);
	}
}

void
cal_reaper_note(struct cal_reaper *reaper, const struct cal_watch *watch)
{
	/* Not ours to signal any more, but there. */
	if (kill(-watch->pid, 0) == 0 || errno == EPERM)
		reaper->left_behind++;
}

/* Reaping. */

static void
on_sigchld(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct cal_reaper *reaper = w->data;
	struct cal_watch *watch;
	bool orphans = false;
	int status, count = 0;
	pid_t pid;

	(void)loop;
	(void)revents;
	while (count < REAP_MAX && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		count++;
		watch = find_watch(reaper, pid);
		if (watch != NULL) {
			LIST_REMOVE(watch, entry);
			reaper->watched--;
			watch->ended(watch, status);
		} else {
			orphans = true;
		}
	}
	if (count == REAP_MAX)
		ev_feed_signal(SIGCHLD);
	/* The children of one that was killed may be ours now. */
	if (orphans && !LIST_EMPTY(&reaper->hunts))
		look_around(reaper);
}

size_t
cal_reaper_watched(const struct cal_reaper *reaper)
{
	return reaper->watched;
}

void
cal_reaper_kill(struct cal_reaper *reaper)
{
	struct cal_watch *watch;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		LIST_FOREACH(watch, &reaper->table[i], entry)
			(void)kill(-watch->pid, SIGKILL);
}

static void
kill_kin(void)
{
	struct cal_buf pids = { 0 };
	size_t pos;
	pid_t pid;

	cal_kin_list(&pids);
	for (pos = 0; pos < pids.len; pos += sizeof(pid)) {
		memcpy(&pid, pids.ptr + pos, sizeof(pid));
		(void)kill(pid, SIGKILL);
	}
	cal_buf_release(&pids);
}

void
cal_reaper_sweep(struct cal_reaper *reaper)
{
	const struct timespec pause = { .tv_nsec = SWEEP_PAUSE_MS * 1000000 };
	int round;
	pid_t pid;

	cal_reaper_reserve(reaper, true);
	for (round = 0; round < SWEEP_ROUNDS; round++) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid == -1 && errno == ECHILD)
			return;
		kill_kin();
		(void)nanosleep(&pause, NULL);
	}
}
