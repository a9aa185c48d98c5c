/*
 * Readers who fell behind.
 *
 * A socket that is told to drop (ZMQ_XPUB_NODROP 0) leaves whoever is full out
 * for good, until libzmq's thread has taken half of what waits for him; and it
 * says neither whom it left out nor when he is in again.  So we look at his
 * connection: as long as it takes no byte, nothing is taken of what waits for
 * him.  When it does take some, libzmq's thread is given a moment to take all,
 * in which nothing is published: then he is in again, or the connection takes
 * nothing any more.
 */
#include <poll.h>

#include "base/clock.h"
#include "transport/zmq.h"

static const double MOMENT = 0.01;      /* seconds */

/* Also one that ended: the monitor will tell. */
static bool
takes_bytes(const struct cal_zmq_reader *reader)
{
	struct pollfd item = { .fd = reader->fd, .events = POLLOUT };

	return poll(&item, 1, 0) > 0;
}

static void
fall_behind(struct cal_zmq_conn *zc, struct cal_zmq_reader *reader)
{
	if (!reader->behind)
		TAILQ_INSERT_TAIL(&zc->behind, reader, in_behind);
	reader->behind = true;
	reader->taking = 0;
}

void
cal_zmq_behind_remove(struct cal_zmq_conn *zc, struct cal_zmq_reader *reader)
{
	if (reader->behind)
		TAILQ_REMOVE(&zc->behind, reader, in_behind);
	reader->behind = false;
}

static bool
may_want(const struct cal_zmq_reader *reader, const struct cal_frames *frames)
{
	struct cal_slice topic = { NULL, 0 };

	if (frames->pre_count > 0)
		topic = frames->pre[0];
	return reader->many || cal_zmq_reader_wants(reader, topic);
}

/*
 * Only who wants the message can have had no room for it.  Whose connection
 * takes bytes is not full, or will not be in a moment.
 */
void
cal_zmq_behind_fall(struct cal_zmq_conn *zc, const struct cal_frames *frames)
{
	struct cal_zmq_reader *reader;
	bool all = true;

	TAILQ_FOREACH(reader, &zc->readers, in_readers)
		if (may_want(reader, frames) && !takes_bytes(reader)) {
			fall_behind(zc, reader);
			all = false;
		}
	if (!all)
		return;
	TAILQ_FOREACH(reader, &zc->readers, in_readers)
		if (may_want(reader, frames))
			fall_behind(zc, reader);
}

bool
cal_zmq_behind_returns(struct cal_zmq_conn *zc)
{
	struct cal_zmq_reader *reader, *next;
	bool returns = false;
	double now;

	for (reader = TAILQ_FIRST(&zc->behind); reader != NULL;
	    reader = next) {
		next = TAILQ_NEXT(reader, in_behind);
		if (!takes_bytes(reader)) {
			reader->taking = 0;
			continue;
		}
		now = cal_clock_now();
		if (reader->taking == 0)
			reader->taking = now;
		if (now - reader->taking < MOMENT) {
			returns = true;
			continue;
		}
		cal_zmq_behind_remove(zc, reader);
		/* What libzmq's thread told the socket, it now knows. */
		(void)cal_zmq_events(zc);
	}
	return returns;
}

bool
cal_zmq_behind_misses(const struct cal_zmq_conn *zc,
    const struct cal_frames *frames)
{
	const struct cal_zmq_reader *reader;

	TAILQ_FOREACH(reader, &zc->behind, in_behind)
		if (may_want(reader, frames))
			return true;
	return false;
}
