/*
 * Standard output without waiting.  A pipe is opened a second time, which
 * gives a description of our own that may be non-blocking; a socket takes a
 * flag with each write; files and terminals are written as they are.
 */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "cli/out.h"

struct cal_out {
	struct cal_out_conf conf;
	struct cal_buf buf;
	int fd;                 /* the pipe's second description, or conf.fd */
	bool socket, pipe;
	bool was_full, over;
	uint64_t added, written;
	ev_io writable, hangup;
	ev_timer flush;         /* only ever fed: at the end of the turn */
};

static ssize_t
write_some(struct cal_out *out, struct cal_slice text)
{
	struct pollfd can = { .fd = out->fd, .events = POLLOUT };

	if (out->socket)
		return send(out->fd, text.ptr, text.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (out->pipe && out->fd == out->conf.fd) {
		/* A pipe that could not be opened again. */
		if (poll(&can, 1, 0) != 1) {
			errno = EAGAIN;
			return -1;
		}
		if (text.len > PIPE_BUF)
			text.len = PIPE_BUF;
	}
	return write(out->fd, text.ptr, text.len);
}

static void
stop(struct cal_out *out)
{
	out->over = true;
	ev_io_stop(out->conf.loop, &out->writable);
	ev_io_stop(out->conf.loop, &out->hangup);
	ev_clear_pending(out->conf.loop, &out->flush);
}

static void
fail(struct cal_out *out, int reason)
{
	struct cal_err err;

	stop(out);
	if (reason == EPIPE || reason == ECONNRESET) {
		out->conf.gone(out->conf.arg);
		return;
	}
	(void)cal_fail_errno(&err, CAL_EIO, reason,
	    "cannot write to standard output");
	out->conf.failed(out->conf.arg, &err);
}

/* Writes what can be written now.  The errno that ended it, or 0. */
static int
write_out(struct cal_out *out)
{
	struct cal_slice rest = cal_buf_view(&out->buf);
	int reason = 0;
	ssize_t n;

	while (rest.len > 0 && reason == 0) {
		n = write_some(out, rest);
		if (n > 0) {
			rest.ptr += n;
			rest.len -= (size_t)n;
			out->written += (uint64_t)n;
		} else if (errno != EINTR) {
			reason = errno;
		}
	}
	cal_buf_consume(&out->buf, out->buf.len - rest.len);
	return reason;
}

static void
flush(struct cal_out *out)
{
	int reason = write_out(out);

	if (reason == EAGAIN || reason == EWOULDBLOCK) {
		ev_io_start(out->conf.loop, &out->writable);
		return;
	}
	if (reason != 0)
		fail(out, reason);
	else
		ev_io_stop(out->conf.loop, &out->writable);
}

static void
flush_and_tell(struct cal_out *out)
{
	flush(out);
	if (out->over || (!cal_out_empty(out) &&
	    (!out->was_full || cal_out_full(out))))
		return;
	out->was_full = false;
	out->conf.room(out->conf.arg);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	flush_and_tell(io->data);
}

static void
on_flush(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	flush_and_tell(timer->data);
}

/* Readable means on a pipe's end for writing: nobody reads there any more. */
static void
on_hangup(struct ev_loop *loop, ev_io *io, int revents)
{
	struct cal_out *out = io->data;
	struct pollfd state = { .fd = io->fd };

	(void)revents;
	if (poll(&state, 1, 0) == 1 &&
	    (state.revents & (POLLERR | POLLHUP)) != 0)
		fail(out, EPIPE);
	else
		ev_io_stop(loop, io);   /* a socket that sends us something */
}

static int
open_again(int fd)
{
	char path[40];
	int again;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return again == -1 ? fd : again;
}

struct cal_out *
cal_out_open(const struct cal_out_conf *conf)
{
	struct cal_out *out;
	struct stat st;

	CAL_NEW(out);
	out->conf = *conf;
	out->fd = conf->fd;
	if (fstat(conf->fd, &st) == 0) {
		out->pipe = S_ISFIFO(st.st_mode);
		out->socket = S_ISSOCK(st.st_mode);
	}
	if (out->pipe)
		out->fd = open_again(conf->fd);
	ev_io_init(&out->writable, on_writable, out->fd, EV_WRITE);
	out->writable.data = out;
	ev_io_init(&out->hangup, on_hangup, out->fd, EV_READ);
	out->hangup.data = out;
	ev_init(&out->flush, on_flush);
	ev_set_priority(&out->flush, EV_MINPRI);
	out->flush.data = out;
	if (out->pipe || out->socket)
		ev_io_start(conf->loop, &out->hangup);
	return out;
}

void
cal_out_put(struct cal_out *out, struct cal_slice bytes)
{
	out->added += bytes.len;
	if (out->over)
		return;
	cal_buf_put(&out->buf, bytes.ptr, bytes.len);
	if (cal_out_full(out))
		out->was_full = true;
	if (!ev_is_pending(&out->flush) && !ev_is_active(&out->writable))
		ev_feed_event(out->conf.loop, &out->flush, 0);
}

bool
cal_out_full(const struct cal_out *out)
{
	return out->buf.len >= CAL_OUT_FULL;
}

uint64_t
cal_out_added(const struct cal_out *out)
{
	return out->added;
}

uint64_t
cal_out_written(const struct cal_out *out)
{
	return out->written;
}

bool
cal_out_empty(const struct cal_out *out)
{
	return out->over || out->buf.len == 0;
}

void
cal_out_drop(struct cal_out *out)
{
	cal_buf_clear(&out->buf);
}

int
cal_out_close(struct cal_out *out, struct cal_err *err)
{
	struct cal_slice text;
	int rc = CAL_OK;

	if (out == NULL)
		return CAL_OK;
	if (out->over)                  /* and that was told */
		cal_buf_clear(&out->buf);
	stop(out);
	text = cal_buf_view(&out->buf);
	if (cal_io_write_all(out->conf.fd, text.ptr, text.len) == -1)
		rc = errno == EPIPE ? CAL_EGONE : cal_fail_errno(err, CAL_EIO,
		    errno, "cannot write to standard output");
	if (out->fd != out->conf.fd)
		cal_io_close(&out->fd);
	cal_buf_release(&out->buf);
	free(out);
	return rc;
}
