/*
 * Feeds.  Copied bytes are all in one buffer, in their order; a lent slice
 * knows how many of them go before it.  So a turn of the loop adds any number
 * of messages, and writes them with one writev.
 */
#include "exec/feed.h"
#include "base/mem.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/uio.h>

enum {
	BUDGET = 1 << 20,               /* bytes written in a turn */
	KEEP = 65536,                   /* memory that is not given back */
	PIPE_FEW = 65536,               /* what a pipe holds if not told */
	PIPE_MANY = 1 << 20,            /* the most that anybody may ask for */
	/* Slices of a whole budget, the bytes between them, and rests. */
	PARTS = 2 * (BUDGET / CAL_FEED_LENT + 2),
};

struct lent {
	size_t before;                  /* copied bytes since the last one */
	struct cal_slice bytes;         /* what is still to be written */
	STAILQ_ENTRY(lent) next;
};

struct cal_feed {
	struct ev_loop *loop;
	int fd;
	struct cal_buf copied;
	size_t used;                    /* of copied: they are written */
	size_t behind;                  /* of copied: behind all lent ones */
	STAILQ_HEAD(, lent) lents;
	uint64_t added, written;
	bool over;                      /* nobody reads */
	bool grown;                     /* the pipe, or it cannot be */
	ev_io writable;
	ev_timer flush;                 /* only ever fed: at the turn's end */
	void (*broken)(void *arg);
	void *arg;
};

static uint64_t
waiting(const struct cal_feed *feed)
{
	return feed->added - feed->written;
}

/* Gathering. */

struct parts {
	struct iovec list[PARTS];
	int count;
	size_t room;                    /* bytes that may still be added */
	size_t len;
};

static void
put_part(struct parts *parts, const uint8_t *ptr, size_t len)
{
	if (len > parts->room)
		len = parts->room;
	if (len == 0 || parts->count == PARTS)
		return;
	/* writev only reads them. */
	parts->list[parts->count++] = (struct iovec){
		.iov_base = (void *)(uintptr_t)ptr, .iov_len = len,
	};
	parts->room -= len;
	parts->len += len;
}

static void
gather(struct parts *parts, const struct cal_feed *feed, size_t room)
{
	const uint8_t *copied = feed->copied.ptr;
	const struct lent *lent;
	size_t pos = feed->used;

	parts->count = 0;
	parts->len = 0;
	parts->room = room;
	STAILQ_FOREACH(lent, &feed->lents, next) {
		if (lent->before > 0)
			put_part(parts, copied + pos, lent->before);
		pos += lent->before;
		put_part(parts, lent->bytes.ptr, lent->bytes.len);
		if (parts->room == 0 || parts->count == PARTS)
			return;
	}
	if (feed->behind > 0)
		put_part(parts, copied + pos, feed->behind);
}

/* Forgetting what was written. */

static void
drop_lent(struct cal_feed *feed)
{
	struct lent *lent = STAILQ_FIRST(&feed->lents);

	STAILQ_REMOVE_HEAD(&feed->lents, next);
	free(lent);
}

static void
advance(struct cal_feed *feed, size_t len)
{
	struct lent *lent;
	size_t *copied, step;

	feed->written += len;
	while (len > 0) {
		lent = STAILQ_FIRST(&feed->lents);
		copied = lent != NULL ? &lent->before : &feed->behind;
		step = len < *copied ? len : *copied;
		*copied -= step;
		feed->used += step;
		len -= step;
		if (lent == NULL)
			continue;
		step = len < lent->bytes.len ? len : lent->bytes.len;
		lent->bytes.ptr += step;
		lent->bytes.len -= step;
		len -= step;
		if (lent->bytes.len == 0)
			drop_lent(feed);
	}
}

/*
 * Moves at most as many bytes as were written since it last did: each byte is
 * moved once, on the whole.
 */
static void
give_back(struct cal_feed *feed)
{
	size_t rest = feed->copied.len - feed->used;
	struct cal_buf kept = { 0 };

	if (feed->used < rest || (feed->used < KEEP && rest > 0))
		return;
	if (rest == 0 && feed->copied.cap <= KEEP) {
		cal_buf_clear(&feed->copied);
	} else {
		cal_buf_put(&kept, feed->copied.ptr + feed->used, rest);
		cal_buf_move(&feed->copied, &kept);
	}
	feed->used = 0;
}

static void
forget(struct cal_feed *feed)
{
	while (!STAILQ_EMPTY(&feed->lents))
		drop_lent(feed);
	cal_buf_release(&feed->copied);
	feed->used = feed->behind = 0;
}

/* Writing. */

static void
stop(struct cal_feed *feed)
{
	feed->over = true;
	ev_io_stop(feed->loop, &feed->writable);
	ev_clear_pending(feed->loop, &feed->flush);
	forget(feed);
}

/* Once, when a pipe is full and much waits.  A user may have no more. */
static bool
grow_pipe(struct cal_feed *feed)
{
	if (feed->grown || waiting(feed) <= PIPE_FEW)
		return false;
	feed->grown = true;
	return fcntl(feed->fd, F_SETPIPE_SZ, PIPE_MANY) != -1;
}

/* The errno of one write, 0: more can be written, EAGAIN: the pipe is full. */
static int
write_parts(struct cal_feed *feed, size_t *room)
{
	struct parts parts;
	ssize_t n;

	gather(&parts, feed, *room);
	do
		n = writev(feed->fd, parts.list, parts.count);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno;
	advance(feed, (size_t)n);
	*room -= (size_t)n;
	/* A pipe takes all that it has room for. */
	return (size_t)n < parts.len ? EAGAIN : 0;
}

static void
flush(struct cal_feed *feed)
{
	size_t room = BUDGET;
	int reason = 0;

	while (reason == 0 && room > 0 && waiting(feed) > 0) {
		reason = write_parts(feed, &room);
		if (reason == EAGAIN && grow_pipe(feed))
			reason = 0;
	}
	if (reason != 0 && reason != EAGAIN) {
		stop(feed);
		feed->broken(feed->arg);
		return;
	}
	give_back(feed);
	if (waiting(feed) > 0)
		ev_io_start(feed->loop, &feed->writable);
	else
		ev_io_stop(feed->loop, &feed->writable);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	flush(io->data);
}

static void
on_flush(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	flush(timer->data);
}

/* Adding. */

/* Counts what is added; true when it is to be kept. */
static bool
take_note(struct cal_feed *feed, size_t len)
{
	feed->added += len;
	if (feed->over || len == 0)
		return false;
	if (!ev_is_pending(&feed->flush) && !ev_is_active(&feed->writable))
		ev_feed_event(feed->loop, &feed->flush, 0);
	return true;
}

void
cal_feed_copy(struct cal_feed *feed, struct cal_slice bytes)
{
	if (!take_note(feed, bytes.len))
		return;
	cal_buf_put(&feed->copied, bytes.ptr, bytes.len);
	feed->behind += bytes.len;
}

void
cal_feed_lend(struct cal_feed *feed, struct cal_slice bytes)
{
	struct lent *lent;

	if (bytes.len < CAL_FEED_LENT) {
		cal_feed_copy(feed, bytes);
		return;
	}
	if (!take_note(feed, bytes.len))
		return;
	CAL_NEW(lent);
	lent->before = feed->behind;
	lent->bytes = bytes;
	feed->behind = 0;
	STAILQ_INSERT_TAIL(&feed->lents, lent, next);
}

uint64_t
cal_feed_added(const struct cal_feed *feed)
{
	return feed->added;
}

uint64_t
cal_feed_written(const struct cal_feed *feed)
{
	return feed->written;
}

/* The feed. */

struct cal_feed *
cal_feed_open(struct ev_loop *loop, int fd, void (*broken)(void *arg),
    void *arg)
{
	struct cal_feed *feed;

	CAL_NEW(feed);
	feed->loop = loop;
	feed->fd = fd;
	feed->broken = broken;
	feed->arg = arg;
	STAILQ_INIT(&feed->lents);
	/* Both after all that may add something in this turn. */
	ev_io_init(&feed->writable, on_writable, fd, EV_WRITE);
	ev_set_priority(&feed->writable, EV_MINPRI);
	feed->writable.data = feed;
	ev_init(&feed->flush, on_flush);
	ev_set_priority(&feed->flush, EV_MINPRI);
	feed->flush.data = feed;
	return feed;
}

void
cal_feed_close(struct cal_feed *feed)
{
	if (feed == NULL)
		return;
	stop(feed);
	free(feed);
}
