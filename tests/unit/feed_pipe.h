/*
 * What the unit tests of exec/feed share: a feed into a pipe.  writev is ours
 * here: it counts, looks at what is written, and is interrupted or swallows
 * everything when told to.
 */
#ifndef CAL_TESTS_FEED_PIPE_H
#define CAL_TESTS_FEED_PIPE_H

#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/io.h"
#include "exec/feed.h"

static struct {
	int calls;
	int interruptions;              /* that are still to come */
	bool swallow;                   /* take all, keep nothing */
	size_t bytes;                   /* swallowed */
	const void *sought;             /* was an iov_base */
	bool seen;
} writes;

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	size_t len = 0;
	int i;

	writes.calls++;
	if (writes.interruptions > 0) {
		writes.interruptions--;
		errno = EINTR;
		return -1;
	}
	for (i = 0; i < count; i++) {
		len += parts[i].iov_len;
		writes.seen |= parts[i].iov_base == writes.sought;
	}
	if (!writes.swallow)
		return syscall(SYS_writev, fd, parts, count);
	writes.bytes += len;
	return (ssize_t)len;
}

static struct cal_feed *feed;
static int fds[2];                      /* the pipe: both ends never block */
static int broken;                      /* how often it was told */

static inline void
on_broken(void *arg)
{
	assert_ptr_equal(arg, fds);
	broken++;
}

static inline int
set_up(void **state)
{
	struct cal_err err;

	memset(&writes, 0, sizeof(writes));
	broken = 0;
	(void)signal(SIGPIPE, SIG_IGN);
	if (open_loop(state) == -1 || cal_io_pipe(fds, 1, &err) != CAL_OK ||
	    fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
		return -1;
	feed = cal_feed_open(loop, fds[1], on_broken, fds);
	return 0;
}

static inline int
tear_down(void **state)
{
	cal_feed_close(feed);
	cal_io_close(&fds[0]);
	cal_io_close(&fds[1]);
	return close_loop(state);
}

/* Reads what is there, at most len bytes. */
static inline void
read_some(struct cal_buf *got, size_t len)
{
	ssize_t n;

	while (len > 0 && (n = cal_io_read(fds[0], got, len)) > 0)
		len -= (size_t)n;
}

static inline bool
is_written(void)
{
	return cal_feed_written(feed) == cal_feed_added(feed);
}

/* Bytes that differ from place to place. */
static inline struct cal_slice
some_bytes(uint64_t *seed, size_t len)
{
	uint8_t *bytes = cal_malloc(len);
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)next_random(seed);
	return cal_slice_of(bytes, len);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
