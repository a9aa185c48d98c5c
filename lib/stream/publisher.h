/*
 * A publisher: messages to whoever reads, over one address or several.
 *
 * Broadcast gives each message to every reader at every address, distribution
 * to one reader at one of them.  The first message waits until enough readers
 * are there.  What the transport does not take now waits in a queue of ours, up
 * to CAL_PUBLISHER_QUEUE messages and 4 times max_body bytes (one message
 * always has room); its owner reads on when there is room.
 *
 * A reader that takes nothing holds a broadcast up for CAL_PUBLISHER_PATIENCE
 * at most: then, until it takes something again, it misses what it has no room
 * for, and each such message is counted once.  With no_drop everybody waits for
 * it, as long as it is connected.
 *
 * Redis is no reader: it takes everything, whoever may read it some day, and
 * what it takes is sent when it has confirmed it.  Where a message goes to Redis
 * too, nobody waits for readers.
 */
#ifndef CAL_STREAM_PUBLISHER_H
#define CAL_STREAM_PUBLISHER_H

#include "codec/streammsg.h"
#include "transport/transport.h"

struct cal_publisher;

enum { CAL_PUBLISHER_QUEUE = 1000, CAL_PUBLISHER_URLS = 64 };
#define CAL_PUBLISHER_PATIENCE 0.3      /* seconds */

struct cal_publisher_conf {
	struct ev_loop *loop;
	const struct cal_url *urls;     /* lent while it opens */
	size_t urls_count;              /* 1 to CAL_PUBLISHER_URLS */
	bool bind, distribute, no_drop, insecure;
	const struct cal_conn_keys *keys;
	const struct cal_conn_redis *redis;     /* lent; NULL: as zeroed */
	size_t max_body;
	size_t wait_readers;            /* in all, before the first message */
	double wait_timeout;            /* seconds from the first message on;
	                                   0: for ever */

	/* All from the loop.  Everything was handed to the transport. */
	void (*drained)(void *arg);
	/* It was full and is not any more. */
	void (*room)(void *arg);
	/* A message was handed over: progress.  May be NULL. */
	void (*sent)(void *arg);
	/*
	 * Redis has the next message, by this id; in their order, for each
	 * address of Redis.  May be NULL.
	 */
	void (*stored)(void *arg, struct cal_slice id);
	/*
	 * Once; nothing is sent any more: CAL_EUNAVAIL (too few readers, or
	 * no Redis, in time, in words with what stands in the way),
	 * CAL_EDENIED; and from Redis CAL_ETEMP (it takes nothing now),
	 * CAL_EUNKNOWN (the connection was lost), and what else it answers.
	 */
	void (*failed)(void *arg, const struct cal_err *err);
	void *arg;
};

struct cal_publisher_counts {
	uint64_t sent;          /* messages that the transport took, and Redis,
	                           where it is one of them, confirmed */
	uint64_t missed;        /* of those: some reader did not get it; at the
	                           most, since the system does not tell all */
	uint64_t unread;        /* of those: nobody was there at all; counted
	                           if readers were waited for */
	uint64_t waiting;       /* in our queue, or not in Redis */
	uint64_t unknown;       /* Redis may or may not have them */
};

/* Codes as of cal_conn_open. */
int cal_publisher_open(struct cal_publisher **publisherp,
    const struct cal_publisher_conf *conf, struct cal_err *err);

/* The real URL of one address.  The caller frees. */
char *cal_publisher_address(const struct cal_publisher *publisher,
    size_t number);

/* Takes a copy, full or not; head's slices and topic may be empty. */
void cal_publisher_put(struct cal_publisher *publisher,
    struct cal_slice topic, const struct cal_streammsg *head,
    struct cal_slice body);

/* Whoever sees that it is full should bring no more until room. */
bool cal_publisher_full(const struct cal_publisher *publisher);

void cal_publisher_counts(const struct cal_publisher *publisher,
    struct cal_publisher_counts *counts);

/*
 * Has everything that was handed over left for the readers, as of
 * cal_conn_left, at all addresses?
 */
bool cal_publisher_left(const struct cal_publisher *publisher,
    uint64_t *progressp);

/* Is that certain, and told (sent)?  Where all addresses are of Redis. */
bool cal_publisher_confirms(const struct cal_publisher *publisher);

/* The list of those who are let in was read again. */
void cal_publisher_recheck(struct cal_publisher *publisher);

/*
 * Closes; what waits in the queue is forgotten.  What the transport took gets
 * grace seconds to leave for the kernel: true when it all left.
 */
bool cal_publisher_close(struct cal_publisher *publisher, double grace);

#endif
