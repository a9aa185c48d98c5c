/*
 * Answers to a caller over Redis: read from the stream of its own and from
 * NAME.conn, behind what was there before it asked for anything.  Inside the
 * Redis transport.
 */
#ifndef CAL_TRANSPORT_REDIS_INBOX_H
#define CAL_TRANSPORT_REDIS_INBOX_H

#include "transport/redis_rpc.h"

struct cal_redis_inbox;

struct cal_redis_inbox_conf {
	struct ev_loop *loop;
	const struct cal_url *url;      /* lent while it is open, as are these */
	const char *own, *shared;       /* keys */
	size_t max_body;
	struct cal_redis_session *writer;       /* does not block */

	/*
	 * All from the loop.  known: answers to what is asked from now on will
	 * be read; once.  came: an entry; lent.
	 */
	void (*known)(void *arg);
	void (*came)(void *arg, const struct cal_redis_entry *entry);
	void (*refused)(void *arg, const struct cal_err *err);
	void *arg;
};

int cal_redis_inbox_open(struct cal_redis_inbox **inboxp,
    const struct cal_redis_inbox_conf *conf, struct cal_err *err);

/* No event comes any more; replies to what was said over writer may. */
void cal_redis_inbox_stop(struct cal_redis_inbox *inbox);

/* After writer was closed. */
void cal_redis_inbox_close(struct cal_redis_inbox *inbox);

/* The writer is up. */
void cal_redis_inbox_begin(struct cal_redis_inbox *inbox);

bool cal_redis_inbox_is_known(const struct cal_redis_inbox *inbox);

/* Why it is not known yet, in words; NULL: nothing stands in the way. */
const char *cal_redis_inbox_trouble(const struct cal_redis_inbox *inbox);

#endif
