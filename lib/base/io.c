/*
 * Descriptors and files.  Interrupted calls are repeated here, so that nobody
 * else has to think of it.
 */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { LOAD_STEP = 65536 };

void
cal_io_sanitize(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
			continue;
		/* The lowest one that is free, which is fd. */
		if (open("/dev/null", O_RDWR) == -1)
			return;
	}
}

int
cal_io_pipe(int fds[2], int ours, struct cal_err *err)
{
	fds[0] = fds[1] = -1;
	if (pipe2(fds, O_CLOEXEC) == -1)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot make a pipe");
	/* Each end has a description of its own: only ours is changed. */
	if (fcntl(fds[ours], F_SETFL, O_NONBLOCK) == -1) {
		int reason = errno;

		cal_io_close(&fds[0]);
		cal_io_close(&fds[1]);
		return cal_fail_errno(err, CAL_EOS, reason,
		    "cannot prepare a pipe");
	}
	return CAL_OK;
}

void
cal_io_close(int *fdp)
{
	int saved = errno;

	if (*fdp == -1)
		return;
	/* Interrupted or not, Linux has closed it: never twice. */
	(void)close(*fdp);
	*fdp = -1;
	errno = saved;
}

ssize_t
cal_io_read(int fd, struct cal_buf *buf, size_t len)
{
	uint8_t *room = cal_buf_room(buf, len);
	ssize_t n;

	do
		n = read(fd, room, len);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		cal_buf_grown(buf, (size_t)n);
	return n;
}

ssize_t
cal_io_fill(int fd, void *ptr, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, (uint8_t *)ptr + len, size - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* Somebody else may have made the description non-blocking. */
static int
wait_for(int fd, short events)
{
	struct pollfd item = { .fd = fd, .events = events };

	while (poll(&item, 1, -1) == -1)
		if (errno != EINTR)
			return -1;
	return 0;
}

int
cal_io_write_all(int fd, const void *ptr, size_t len)
{
	const uint8_t *p = ptr;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			if (wait_for(fd, POLLOUT) == -1)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

/* One byte is read beyond the limit, to see it. */
int
cal_io_load_fd(struct cal_buf *buf, int fd, const char *name,
    struct cal_err *err)
{
	size_t step;
	ssize_t n;

	for (;;) {
		step = LOAD_STEP;
		if (buf->max != 0 && buf->max - buf->len < step)
			step = buf->max - buf->len + 1;
		n = cal_io_read(fd, buf, step);
		if (n == 0)
			return CAL_OK;
		if (n == -1 && errno == EAGAIN && wait_for(fd, POLLIN) == 0)
			continue;
		if (n == -1)
			return cal_fail_errno(err,
			    errno == EISDIR ? CAL_ENOINPUT : CAL_EIO, errno,
			    "cannot read '%s'", name);
		if (buf->max != 0 && buf->len > buf->max) {
			cal_buf_cut(buf, buf->max);
			return cal_fail(err, CAL_EDATA,
			    "'%s' is larger than %zu bytes", name, buf->max);
		}
	}
}

int
cal_io_load(struct cal_buf *buf, const char *path, struct cal_err *err)
{
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return cal_io_load_fd(buf, STDIN_FILENO, "standard input",
		    err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return cal_fail_errno(err, CAL_ENOINPUT, errno,
		    "cannot open '%s'", path);
	rc = cal_io_load_fd(buf, fd, path, err);
	cal_io_close(&fd);
	return rc;
}
