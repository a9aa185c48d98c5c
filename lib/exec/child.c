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
#include "exec/process.h"
#include "exec/tail.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_MAX = 65536, WRITE_MAX = 262144 };

struct cal_child {
	struct cal_process process;
	struct cal_slice input;         /* what is still to be written */
	ev_io in_io, out_io, errs_io;
	size_t max_output;
	struct cal_tail tail;
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
	cal_tail_release(&child->tail);
	cal_buf_release(&child->end.output);
	cal_buf_release(&child->end.tail);
	free(child);
}

/* Stopping. */

void
cal_child_kill(struct cal_child *child)
{
	child->end.stopped = true;
	cal_process_kill(&child->process);
}

void
cal_child_stop(struct cal_child *child)
{
	child->end.stopped = true;
	cal_process_stop(&child->process);
}

/* The input. */

static void
close_input(struct cal_child *child)
{
	close_io(child->process.loop, &child->in_io, &child->process.in);
}

/* Writes what the pipe takes.  A child need not read its input. */
static void
write_input(struct cal_child *child)
{
	size_t len = child->input.len;
	ssize_t n;

	if (len > WRITE_MAX)
		len = WRITE_MAX;
	n = write(child->process.in, child->input.ptr, len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		close_input(child);
		return;
	}
	child->input.ptr += n;
	child->input.len -= (size_t)n;
	if (child->input.len > 0)
		return;
	CAL_FAULT("body-written");
	close_input(child);
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
		cal_process_kill(&child->process);
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
	if (n > 0 && fd == child->process.out)
		take_output(child, (size_t)n);
	else if (n > 0)
		cal_tail_add(&child->tail, scratch, (size_t)n);
	return n;
}

static void
on_output(struct ev_loop *loop, ev_io *w, int revents)
{
	struct cal_child *child = w->data;
	int *fdp = w == &child->out_io ? &child->process.out :
	    &child->process.errs;
	ssize_t n = read_part(child, *fdp, READ_MAX);

	(void)revents;
	if (n == 0 || (n == -1 && errno != EAGAIN))
		close_io(loop, w, fdp);
}

/* Reads as many bytes as are in the pipe now. */
static void
drain(struct cal_child *child, int fd)
{
	size_t there = cal_process_there(fd);
	ssize_t n;

	for (; there > 0; there -= (size_t)n)
		if ((n = read_part(child, fd, there)) <= 0)
			return;
}

/* The end. */

static void
on_ended(struct cal_process *process, int status)
{
	struct cal_child *child = (struct cal_child *)(void *)process;

	drain(child, process->out);
	drain(child, process->errs);
	ev_io_stop(process->loop, &child->in_io);
	ev_io_stop(process->loop, &child->out_io);
	ev_io_stop(process->loop, &child->errs_io);
	cal_process_release(process, process->killed);
	child->end.status = status;
	child->end.tail_cut = child->tail.cut;
	cal_tail_take(&child->tail, &child->end.tail);
	child->done(child->arg, &child->end);
	free_child(child);
}

/* The beginning. */

static struct cal_child *
new_child(const struct cal_child_conf *conf, cal_child_done_fn *done,
    void *arg)
{
	struct cal_child *child;

	CAL_NEW(child);
	child->input = conf->input;
	child->max_output = conf->max_output;
	child->done = done;
	child->arg = arg;
	cal_tail_init(&child->tail, conf->max_tail);
	ev_init(&child->in_io, on_input);
	ev_init(&child->out_io, on_output);
	ev_init(&child->errs_io, on_output);
	child->in_io.data = child;
	child->out_io.data = child->errs_io.data = child;
	return child;
}

static void
start_watching(struct cal_child *child)
{
	struct cal_process *process = &child->process;

	if (process->in != -1)
		write_input(child);
	if (process->in != -1) {
		ev_io_set(&child->in_io, process->in, EV_WRITE);
		ev_io_start(process->loop, &child->in_io);
	}
	ev_io_set(&child->out_io, process->out, EV_READ);
	ev_io_start(process->loop, &child->out_io);
	ev_io_set(&child->errs_io, process->errs, EV_READ);
	ev_io_start(process->loop, &child->errs_io);
}

int
cal_child_start(struct cal_child **childp, struct cal_reaper *reaper,
    const struct cal_child_conf *conf, cal_child_done_fn *done, void *arg,
    struct cal_err *err)
{
	const struct cal_process_conf process_conf = {
		.reaper = reaper,
		.path = conf->path,
		.argv = conf->argv,
		.envp = conf->envp,
		.kill_after = conf->kill_after,
		.no_input = conf->input.len == 0,
	};
	struct cal_child *child = new_child(conf, done, arg);
	int rc;

	*childp = NULL;
	rc = cal_process_start(&child->process, &process_conf, on_ended, err);
	if (rc != CAL_OK) {
		free_child(child);
		return rc;
	}
	start_watching(child);
	*childp = child;
	return CAL_OK;
}
