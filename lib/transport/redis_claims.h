/*
 * Claims: the messages of a group that this process has taken from a stream
 * and not settled, and those that others left behind.
 *
 * Redis knows for each message that a group was given whose it is, how long
 * ago it was given or claimed, and how often.  A claim is renewed every third
 * of a lease; what is not renewed for a whole lease anybody may claim.  So one
 * who was stopped for longer, or cut off, may find that others have his
 * messages by now.  Whatever is said of a message is therefore a script in
 * Redis, which first looks whose it is: nobody settles, renews or gives back
 * what another one has.
 *
 * Inside the Redis transport, over a session of its caller that does not
 * block.  In this order, each time that both sessions are up: the caller makes
 * sure of the group, calls cal_redis_claims_recover, and reads with
 * XREADGROUP … > from events->ready on.  No such read may be on its way before
 * that: of what Redis says is ours, whatever was not taken here is taken for
 * lost on the way, and comes with events->claimed.
 *
 * Counts are of messages that were begun, not of those that were fetched:
 * XREADGROUP counts the first time, cal_redis_claims_begin each further one.  So
 * one that only waited behind another, which killed its process, is as innocent
 * as before.
 */
#ifndef CAL_TRANSPORT_REDIS_CLAIMS_H
#define CAL_TRANSPORT_REDIS_CLAIMS_H

#include "transport/redis.h"

enum {
	CAL_REDIS_NAME_MAX = CAL_URL_NAME_MAX,  /* of a consumer */
	CAL_REDIS_CLAIM_BATCH = 100,    /* messages of one command */
	CAL_REDIS_CLAIM_BYTES = 8 << 20,        /* that are claimed at once, if
	                                           one alone has not more */
	CAL_REDIS_LOCK_MS = 4000,       /* of a consumer's name */
};

struct cal_redis_claims;

struct cal_redis_claims_conf {
	struct ev_loop *loop;
	struct cal_redis_session *session;      /* lent; it stays open longer */
	const char *stream, *group;     /* copied, as consumer is */
	const char *consumer;           /* the name that was given; empty: one
	                                   is made up that nobody else has */
	bool durable;                   /* a Redis that may forget is told of */
	double lease;                   /* seconds, above 0 */
	unsigned max_deliver;           /* then to NAME.dead; 0: never */
	size_t max_bytes;               /* of one message: a larger one is
	                                   claimed without its fields, as one
	                                   that is gone; 0: any.  A reply has
	                                   room for that and
	                                   CAL_REDIS_CLAIM_BYTES */

	/*
	 * All from the loop.  What was ours before is here again: XREADGROUP
	 * may begin.  Once after each recover, unless the session goes down
	 * first.
	 */
	void (*ready)(void *arg);

	/* How many more messages may be claimed now. */
	size_t (*room)(void *arg);

	/*
	 * One was claimed, and its receipt is taken already; entry is lent.
	 * The caller settles what is not for it.
	 */
	void (*claimed)(void *arg, const struct cal_redis_entry *entry,
	    uint64_t receipt);

	/* So many were gone before they were done.  May be NULL. */
	void (*trimmed)(void *arg, uint64_t count);

	/* The group or the stream is not there any more: make it, recover. */
	void (*gone)(void *arg);

	/*
	 * For good, once: CAL_ETEMP: another process has the name of the
	 * consumer; otherwise as cal_redis_kind says of REFUSED.
	 */
	void (*failed)(void *arg, const struct cal_err *err);

	/* What cal_redis_claims_leave wanted is done.  Once.  May be NULL. */
	void (*left)(void *arg);
	void *arg;
};

struct cal_redis_claims *cal_redis_claims_new(
    const struct cal_redis_claims_conf *conf);

/*
 * No event comes any more.  What was not settled stays ours until its lease is
 * over.
 */
void cal_redis_claims_free(struct cal_redis_claims *claims);

/* For XREADGROUP; lent. */
const char *cal_redis_claims_consumer(const struct cal_redis_claims *claims);

/*
 * The session is up, the group is there, nothing is being read.  Takes the
 * lock of a name that was given (NAME.lock.GROUP.CONSUMER; one that is not free
 * for as long as a dead owner's would last is CAL_ETEMP), sees what of ours is
 * still ours, settles again what was on its way, takes what was lost on its
 * way; then events->ready.
 */
void cal_redis_claims_recover(struct cal_redis_claims *claims);

/*
 * The session is down, or the group is about to be made again: nothing is said
 * to Redis until recover is called.
 */
void cal_redis_claims_halt(struct cal_redis_claims *claims);

/* The caller has more room than before. */
void cal_redis_claims_go_on(struct cal_redis_claims *claims);

/*
 * A message came with XREADGROUP.  Its receipt; 0: it is here already, since
 * it was so long on its way to one who was stopped that it was claimed.
 */
uint64_t cal_redis_claims_take(struct cal_redis_claims *claims,
    struct cal_slice id);

/*
 * Its deliveries, the next one included.  0: others have it by now, and it is
 * not to be handed up; settle it with BACK.
 */
unsigned cal_redis_claims_deliveries(const struct cal_redis_claims *claims,
    uint64_t receipt);

/*
 * That delivery is now, and Redis is told.  The same number; 0: settle it with
 * BACK.
 */
unsigned cal_redis_claims_begin(struct cal_redis_claims *claims,
    uint64_t receipt);

/*
 * The receipt is used up.  DONE: XACK.  DEAD: copied to NAME.dead, and XACK, in
 * one step; with why (NULL: no reason; cut to CAL_DEAD_REASON bytes).  BACK: it
 * stays pending, and whoever looks next may claim it.  Gathered during a turn
 * of the loop, and said again after a lost connection.  Where it is another
 * one's by now nothing happens to it, and "lost lease" is logged.
 */
void cal_redis_claims_settle(struct cal_redis_claims *claims,
    uint64_t receipt, enum cal_settle settle, const char *why);

/* The same without a word to Redis: the caller's own MULTI settles it. */
void cal_redis_claims_forget(struct cal_redis_claims *claims,
    uint64_t receipt);

/* What stands in the way of reading, in words; NULL: nothing known. */
const char *cal_redis_claims_trouble(const struct cal_redis_claims *claims);

/* Does Redis know of everything that was settled? */
bool cal_redis_claims_idle(const struct cal_redis_claims *claims);

/* Taken and not settled. */
size_t cal_redis_claims_count(const struct cal_redis_claims *claims);

/*
 * Claims nothing any more.  When all is settled, and Redis knows: the consumer
 * is deleted if nothing is pending for it, and its name is free; then
 * events->left.  While the session is down that waits for it.  Nothing may be
 * read with XREADGROUP from here on.
 */
void cal_redis_claims_leave(struct cal_redis_claims *claims);

#endif
