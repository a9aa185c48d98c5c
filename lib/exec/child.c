/*
 * A child and its three pipes.
 *
 * The input is written at once as far as the pipe takes it, which for most is
 * all; only the rest waits for the loop.  Outputs are read by the loop, at
 * most READ_MAX bytes of each at a time, so that a flood holds up nobody.
 * When the child was reaped, what it wrote before is in the pipes: exactly
 * that is read, whoever else still holds their other ends, and done is called.
 */
#include "exec/child.h"
#include "base/fault.h"
#include "base/io.h"
#include "base/mem.h"
#include "exec/tail.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { READ_MAX = 65536, WRITE_MAX = 262144 };

struct cal_child {
	struct cal_watch watch;
	struct cal_reaper *reaper;
	struct ev_loop *loop;
	struct cal_slice input;         /* what is still to be written */
	int in, out, errs;              /* our ends; -1: closed */
	ev_io in_io, out_io, errs_io;
	ev_timer kill_timer;
	double kill_after;
	size_t max_output;
	struct cal_tail tail;
	bool killed;                    /* nothing of it shall be left */
	struct cal_child_end end;
	cal_child_done_fn *done;
	void *arg;
};

/* Where bytes are read first, since most children write few. */
static uint8_t scratch[READ_MAX];

static void
close_io(struct ev_loop *loop, ev_io *w, int *fdp)
{
	ev_io_stop(loop, w);
	cal_io_close(fdp);
}

static void
free_child(struct cal_child *child)
{
	close_io(child->loop, &child->in_io, &child->in);
	close_io(child->loop, &child->out_io, &child->out);
	close_io(child->loop, &child->errs_io, &child->errs);
	ev_timer_stop(child->loop, &child->kill_timer);
	cal_tail_release(&child->tail);
	cal_buf_release(&child->end.output);
	cal_buf_release(&child->end.tail);
	free(child);
}

/* Stopping. */

static void
kill_group(struct cal_child *child)
{
	child->killed = true;
	ev_timer_stop(child->loop, &child->kill_timer);
	(void)kill(-child->watch.pid, SIGKILL);
}

static void
on_kill_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	kill_group(w->data);
}

void
cal_child_kill(struct cal_child *child)
{
	child->end.stopped = true;
	kill_group(child);
}

void
cal_child_stop(struct cal_child *child)
{
	if (child->killed) {
		cal_child_kill(child);
		return;
	}
	child->killed = true;
	child->end.stopped = true;
	/* One that is halted gets TERM only when it goes on. */
	(void)kill(-child->watch.pid, SIGTERM);
	(void)kill(-child->watch.pid, SIGCONT);
	/* The loop's time may be old, and the timer would be early. */
	ev_now_update(child->loop);
	ev_timer_set(&child->kill_timer, child->kill_after, 0);
	ev_timer_start(child->loop, &child->kill_timer);
}

/* The input. */

/* Writes what the pipe takes.  A child need not read its input. */
static void
write_input(struct cal_child *child)
{
	size_t len = child->input.len;
	ssize_t n;

	if (len > WRITE_MAX)
		len = WRITE_MAX;
	n = write(child->in, child->input.ptr, len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		close_io(child->loop, &child->in_io, &child->in);
		return;
	}
	child->input.ptr += n;
	child->input.len -= (size_t)n;
	if (child->input.len > 0)
		return;
	CAL_FAULT("body-written");
	close_io(child->loop, &child->in_io, &child->in);
}

static void
on_input(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	write_input(w->data);
}

/* The outputs. */

static void
take_output(struct cal_child *child, size_t len)
{
	if (child->end.overflow)
		return;
	if (len > child->max_output - child->end.output.len) {
		child->end.overflow = true;
		cal_buf_release(&child->end.output);
		kill_group(child);
		return;
	}
#ifdef CAL_FAULTS
	if (child->end.output.len == 0)
		CAL_FAULT("first-output");
#endif
	cal_buf_put(&child->end.output, scratch, len);
}

static ssize_t
read_part(struct cal_child *child, int fd, size_t len)
{
	ssize_t n;

	do
		n = read(fd, scratch, len < READ_MAX ? len : READ_MAX);
	while (n == -1 && errno == EINTR);
	if (n > 0 && fd == child->out)
		take_output(child, (size_t)n);
	else if (n > 0)
		cal_tail_add(&child->tail, scratch, (size_t)n);
	return n;
}

static void
on_output(struct ev_loop *loop, ev_io *w, int revents)
{
	struct cal_child *child = w->data;
	bool is_out = w == &child->out_io;
	ssize_t n = read_part(child, is_out ? child->out : child->errs,
	    READ_MAX);

	(void)revents;
	if (n == 0 || (n == -1 && errno != EAGAIN))
		close_io(loop, w, is_out ? &child->out : &child->errs);
}

/* Reads as many bytes as are in the pipe now. */
static void
drain(struct cal_child *child, int fd)
{
	int there = 0;
	ssize_t n;

	if (fd == -1 || ioctl(fd, FIONREAD, &there) == -1)
		return;
	for (; there > 0; there -= (int)n)
		if ((n = read_part(child, fd, (size_t)there)) <= 0)
			return;
}

/* The end. */

static void
on_ended(struct cal_watch *watch, int status)
{
	struct cal_child *child = (struct cal_child *)(void *)watch;

	CAL_FAULT("exited");
	drain(child, child->out);
	drain(child, child->errs);
	if (child->killed)
		cal_reaper_purge(child->reaper, watch);
	else
		cal_reaper_note(child->reaper, watch);
	child->end.status = status;
	child->end.tail_cut = child->tail.cut;
	cal_tail_take(&child->tail, &child->end.tail);
	child->done(child->arg, &child->end);
	free_child(child);
}

/* The beginning. */

static struct cal_child *
new_child(struct cal_reaper *reaper, const struct cal_child_conf *conf)
{
	struct cal_child *child;

	CAL_NEW(child);
	child->watch.ended = on_ended;
	child->reaper = reaper;
	child->loop = cal_reaper_loop(reaper);
	child->input = conf->input;
	child->in = child->out = child->errs = -1;
	child->kill_after = conf->kill_after;
	child->max_output = conf->max_output;
	cal_tail_init(&child->tail, conf->max_tail);
	ev_timer_init(&child->kill_timer, on_kill_timer, 0, 0);
	ev_init(&child->in_io, on_input);
	ev_init(&child->out_io, on_output);
	ev_init(&child->errs_io, on_output);
	child->kill_timer.data = child->in_io.data = child;
	child->out_io.data = child->errs_io.data = child;
	return child;
}

/* Our end to *oursp, the child's to *theirsp. */
static int
open_pipe(int *oursp, int *theirsp, int ours, struct cal_err *err)
{
	int fds[2], rc;

	if ((rc = cal_io_pipe(fds, ours, err)) != CAL_OK) {
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
open_pipes(struct cal_child *child, int theirs[3], struct cal_err *err)
{
	int rc = CAL_OK;

	theirs[0] = theirs[1] = theirs[2] = -1;
	if (child->input.len > 0)
		rc = open_pipe(&child->in, &theirs[0], 1, err);
	if (rc == CAL_OK)
		rc = open_pipe(&child->out, &theirs[1], 0, err);
	if (rc == CAL_OK)
		rc = open_pipe(&child->errs, &theirs[2], 0, err);
	return rc;
}

static void
start_watching(struct cal_child *child)
{
	if (child->input.len > 0)
		write_input(child);
	if (child->in != -1) {
		ev_io_set(&child->in_io, child->in, EV_WRITE);
		ev_io_start(child->loop, &child->in_io);
	}
	ev_io_set(&child->out_io, child->out, EV_READ);
	ev_io_start(child->loop, &child->out_io);
	ev_io_set(&child->errs_io, child->errs, EV_READ);
	ev_io_start(child->loop, &child->errs_io);
}

int
cal_child_start(struct cal_child **childp, struct cal_reaper *reaper,
    const struct cal_child_conf *conf, cal_child_done_fn *done, void *arg,
    struct cal_err *err)
{
	struct cal_child *child = new_child(reaper, conf);
	int theirs[3], fds[3], i, rc;

	*childp = NULL;
	child->done = done;
	child->arg = arg;
	if ((rc = open_pipes(child, theirs, err)) == CAL_OK) {
		for (i = 0; i < 3; i++)
			fds[i] = theirs[i];
		if (fds[0] == -1)
			fds[0] = cal_reaper_null(reaper);
		rc = cal_reaper_spawn(reaper, &child->watch, conf->path,
		    conf->argv, conf->envp, fds, err);
	}
	for (i = 0; i < 3; i++)
		cal_io_close(&theirs[i]);
	if (rc != CAL_OK) {
		free_child(child);
		return rc;
	}
	CAL_FAULT("spawned");
	start_watching(child);
	*childp = child;
	return CAL_OK;
}
