/*
 * A consumer: stream messages from one address or several, read and checked.
 *
 * What cannot be read is dropped, counted and logged at most once a second, and
 * stops nothing: frames that are no stream message, a header that is none, a
 * compressed body that is broken or too large, a topic that was not asked for.
 * A time that cannot be read costs the message nothing.
 */
#ifndef CAL_STREAM_CONSUMER_H
#define CAL_STREAM_CONSUMER_H

#include "codec/streammsg.h"
#include "transport/transport.h"

struct cal_consumer;

enum { CAL_CONSUMER_URLS = 64, CAL_CONSUMER_TOPICS = 10000 };

/* By which a message is settled; one of zeros is none. */
struct cal_receipt {
	size_t source;                  /* the address it came from */
	uint64_t number;
};

/* One message; lent during the event, unless its hold is taken. */
struct cal_delivery {
	uint64_t number;                /* of those handed up, from 1 */
	struct cal_slice topic;         /* empty: none */
	struct cal_streammsg head;
	struct cal_slice body;          /* expanded, where it was compressed */
	struct cal_message *message;    /* cal_message_take(message) */
	struct cal_buf *expanded;       /* what body lies in then; may be moved
	                                   away; NULL: body is the message's */
	struct cal_receipt receipt;     /* to be settled, once */
};

struct cal_consumer_conf {
	struct ev_loop *loop;
	const struct cal_url *urls;     /* lent while it opens */
	size_t urls_count;              /* 1 to CAL_CONSUMER_URLS */
	bool bind, distribute, insecure;
	const struct cal_slice *topics; /* prefixes; lent; broadcast only;
	                                   none: all, without a topic too */
	size_t topics_count;
	const struct cal_conn_keys *keys;
	const struct cal_conn_redis *redis;     /* lent; NULL: as zeroed */
	size_t max_body;
	double connect_timeout;         /* for all of them; 0: for ever */

	/*
	 * All from the loop.  Once: bound, or connected to every address, and
	 * the subscriptions had a moment to get there.
	 */
	void (*ready)(void *arg);
	void (*message)(void *arg, struct cal_delivery *delivery);
	/*
	 * Messages will never come, of this topic, in front of the message that
	 * is told next: counters of a publisher say so.  They are those of a
	 * topic at one address, where one publisher is: to begin anew is no
	 * gap.  Not told of messages that others share, nor beyond
	 * CAL_CONSUMER_TOPICS topics.  With an empty topic also: Redis had them
	 * no more.  May be NULL.
	 */
	void (*gap)(void *arg, struct cal_slice topic, uint64_t missing);
	/*
	 * CAL_EUNAVAIL: not ready in time, which may still come; otherwise an
	 * address is of no use: CAL_EDENIED: it will not let us in, or what
	 * else Redis says.  Each of both once at most.
	 */
	void (*failed)(void *arg, const struct cal_err *err);
	/* Redis: all addresses are read to their ends, as redis->leave wants.
	 * Once. */
	void (*ended)(void *arg);
	/* Once, after cal_consumer_leave. */
	void (*left)(void *arg);
	void *arg;
};

struct cal_consumer_counts {
	uint64_t messages;      /* handed up */
	uint64_t malformed;     /* dropped */
	uint64_t missing;       /* as gaps were told */
};

/* Codes as of cal_conn_open. */
int cal_consumer_open(struct cal_consumer **consumerp,
    const struct cal_consumer_conf *conf, struct cal_err *err);

/* The real URL of one address.  The caller frees. */
char *cal_consumer_address(const struct cal_consumer *consumer,
    size_t number);

/* No message comes until it is called again with false. */
void cal_consumer_pause(struct cal_consumer *consumer, bool pause);

/* As cal_conn_want, of each address. */
void cal_consumer_want(struct cal_consumer *consumer, size_t count);

/* As cal_conn_begin and cal_conn_settle. */
bool cal_consumer_begin(struct cal_consumer *consumer,
    struct cal_receipt receipt);
void cal_consumer_settle(struct cal_consumer *consumer,
    struct cal_receipt receipt, enum cal_settle settle, const char *why);

/*
 * Takes nothing any more, and leaves its groups when all is settled; left
 * follows.  False: there is nothing to leave.
 */
bool cal_consumer_leave(struct cal_consumer *consumer);

void cal_consumer_counts(const struct cal_consumer *consumer,
    struct cal_consumer_counts *counts);

/* The list of those who are let in was read again. */
void cal_consumer_recheck(struct cal_consumer *consumer);

/* Closes; no event comes any more. */
void cal_consumer_close(struct cal_consumer *consumer);

#endif
