/*
 * Processes with pipes.  The reaper knows when one is dead; here are its three
 * pipes, and the way to its end: TERM, and KILL if that is not enough.
 */
#include "exec/process.h"
#include "base/fault.h"
#include "base/io.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>

/* The end. */

static void
on_reaped(struct cal_watch *watch, int status)
{
	struct cal_process *process = (struct cal_process *)(void *)watch;

	CAL_FAULT("exited");
	process->reaped = true;
	ev_timer_stop(process->loop, &process->kill_timer);
	process->ended(process, status);
}

static void
close_all(struct cal_process *process)
{
	cal_io_close(&process->in);
	cal_io_close(&process->out);
	cal_io_close(&process->errs);
}

void
cal_process_release(struct cal_process *process, bool purge)
{
	if (purge)
		cal_reaper_purge(process->reaper, &process->watch);
	else
		cal_reaper_note(process->reaper, &process->watch);
	ev_timer_stop(process->loop, &process->kill_timer);
	close_all(process);
}

size_t
cal_process_there(int fd)
{
	int there = 0;

	if (fd == -1 || ioctl(fd, FIONREAD, &there) == -1 || there < 0)
		return 0;
	return (size_t)there;
}

/* Stopping. */

void
cal_process_kill(struct cal_process *process)
{
	process->killed = true;
	if (process->reaped)
		return;
	ev_timer_stop(process->loop, &process->kill_timer);
	(void)kill(-process->watch.pid, SIGKILL);
}

static void
on_kill_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	cal_process_kill(w->data);
}

void
cal_process_stop(struct cal_process *process)
{
	if (process->killed || process->reaped) {
		cal_process_kill(process);
		return;
	}
	process->killed = true;
	/* One that is halted gets TERM only when it goes on. */
	(void)kill(-process->watch.pid, SIGTERM);
	(void)kill(-process->watch.pid, SIGCONT);
	/* The loop's time may be old, and the timer would be early. */
	ev_now_update(process->loop);
	ev_timer_set(&process->kill_timer, process->kill_after, 0);
	ev_timer_start(process->loop, &process->kill_timer);
}

/* The beginning. */

/*
 * With the reserve only when there is nothing else, and for no longer than it
 * takes: the limit is libzmq's as well, and its thread stands by to accept
 * whoever knocks.
 */
static int
open_reserved(struct cal_reaper *reaper, int fds[2], int ours,
    struct cal_err *err)
{
	static struct cal_log_gate gate = { .period = 60 };
	int rc;

	cal_reaper_reserve(reaper, true);
	rc = cal_io_pipe(fds, ours, err);
	cal_reaper_reserve(reaper, false);
	cal_log_gated(&gate, CAL_LOG_WARNING, "descriptors are used up: who "
	    "connects now has to wait, and commands are started with those "
	    "kept in reserve");
	return rc;
}

/* Our end to *oursp, the process's to *theirsp. */
static int
open_pipe(struct cal_reaper *reaper, int *oursp, int *theirsp, int ours,
    struct cal_err *err)
{
	int fds[2], rc;

	rc = cal_io_pipe(fds, ours, err);
	if (rc != CAL_OK && errno == EMFILE)
		rc = open_reserved(reaper, fds, ours, err);
	if (rc != CAL_OK) {
		/* No descriptors now; there may be some later. */
		if (err != NULL)
			err->code = CAL_ETEMP;
		return CAL_ETEMP;
	}
	*oursp = fds[ours];
	*theirsp = fds[!ours];
	return CAL_OK;
}

static int
open_pipes(struct cal_process *process, int theirs[3], bool no_input,
    struct cal_err *err)
{
	int rc = CAL_OK;

	theirs[0] = theirs[1] = theirs[2] = -1;
	if (!no_input)
		rc = open_pipe(process->reaper, &process->in,
		    &theirs[0], 1, err);
	if (rc == CAL_OK)
		rc = open_pipe(process->reaper, &process->out,
		    &theirs[1], 0, err);
	if (rc == CAL_OK)
		rc = open_pipe(process->reaper, &process->errs,
		    &theirs[2], 0, err);
	return rc;
}

static int
spawn(struct cal_process *process, const struct cal_process_conf *conf,
    struct cal_err *err)
{
	int theirs[3], fds[3], i, rc;

	rc = open_pipes(process, theirs, conf->no_input, err);
	if (rc == CAL_OK) {
		for (i = 0; i < 3; i++)
			fds[i] = theirs[i];
		if (conf->no_input)
			fds[0] = cal_reaper_null(conf->reaper);
		rc = cal_reaper_spawn(conf->reaper, &process->watch,
		    conf->path, conf->argv, conf->envp, fds, err);
	}
	for (i = 0; i < 3; i++)
		cal_io_close(&theirs[i]);
	return rc;
}

int
cal_process_start(struct cal_process *process,
    const struct cal_process_conf *conf,
    void (*ended)(struct cal_process *process, int status),
    struct cal_err *err)
{
	int rc;

	*process = (struct cal_process){
		.watch.ended = on_reaped,
		.reaper = conf->reaper,
		.loop = cal_reaper_loop(conf->reaper),
		.in = -1, .out = -1, .errs = -1,
		.kill_after = conf->kill_after,
		.ended = ended,
	};
	ev_timer_init(&process->kill_timer, on_kill_timer, 0, 0);
	process->kill_timer.data = process;
	if ((rc = spawn(process, conf, err)) != CAL_OK) {
		close_all(process);
		return rc;
	}
	CAL_FAULT("spawned");
	return CAL_OK;
}
