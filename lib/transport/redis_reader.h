/*
 * Inside the reader of a stream in Redis: what its files share.  Nobody else
 * includes this.
 *
 * One session only reads.  There is one question at a time; what is asked next
 * is a row of a table in redis_ask.c, by the step at which the reader is:
 *
 *      without a group         with one
 *      END  (once, if it       LOOK   (if it was taken away)
 *            is to be known)   GROUP
 *      NEW                     PLACE
 *                              HISTORY, or RECOVER with conf.redis->ack
 *                              NEW
 *
 * Entries come in batches, of which two are held at most: while the messages
 * of one are handed up, the next is read.  Without ack, those of a group are
 * handed up when Redis has confirmed that they are acknowledged: what was not
 * comes again, from our own history, when there is a connection again; and
 * what was, and is not handed up, nobody gets.
 */
#ifndef CAL_TRANSPORT_REDIS_READER_H
#define CAL_TRANSPORT_REDIS_READER_H

#include "base/log.h"
#include "transport/redis_batch.h"
#include "transport/redis_group.h"
#include "transport/redis_trail.h"

enum {
	CAL_REDIS_BATCHES = 2,
	CAL_REDIS_COUNT_MAX = 1000,     /* entries of one read */
};

enum cal_redis_step {
	CAL_REDIS_END, CAL_REDIS_LOOK, CAL_REDIS_GROUP, CAL_REDIS_PLACE,
	CAL_REDIS_HISTORY, CAL_REDIS_NEW,
};

struct cal_redis_reader {
	struct cal_conn conn;
	struct cal_link link;
	struct cal_conn_redis conf;     /* conn.conf.redis, or zeros */
	char *name;                     /* of the consumer */
	struct cal_redis_group group;   /* its group is NULL: there is none */
	struct cal_redis_session *reads;
	struct cal_redis_session *other;        /* NULL without a group */
	struct cal_redis_words words;

	enum cal_redis_step step;
	bool asked;                     /* the answer is still to come */
	bool up;                        /* and it was said */
	bool placed;                    /* it is known where to begin */
	bool lost;                      /* the group was taken away */
	bool paused, leaving, closing;
	bool ended;                     /* nothing more will come */
	bool reached;                   /* what was the end is read */
	bool watches;                   /* trail is checked */
	struct cal_redis_trail trail;
	struct cal_redis_id end;        /* of what is to be read */
	struct cal_redis_id past;       /* of own history, so far */

	struct cal_redis_batches batches;
	size_t batches_count, held;     /* entries that were not handed up */
	size_t want;                    /* as of cal_conn_want */
	size_t fit;                     /* entries that one read may bring */
	size_t largest;                 /* bytes of an entry, lately */

	/* Acknowledged, for all that is known, but not handed up. */
	struct cal_redis_id *unsure;
	size_t unsure_count;

	long long client;               /* the connection that reads; 0: not
	                                   known */
	double rest_s;                  /* of the next rest, seconds */
	ev_timer rest;                  /* what was refused is tried again */
	ev_timer turn;                  /* only ever fed */
	struct cal_err trouble;         /* its code is CAL_OK: there is none */
	struct cal_log_gate gate, gone_gate;
};

/* redis_ask.c: the connection is there, or not any more. */
void cal_redis_reader_begin(struct cal_redis_reader *rd);
void cal_redis_reader_lost(struct cal_redis_reader *rd);

/* redis_ask.c: asks what is to be asked now, if anything is. */
void cal_redis_reader_ask(struct cal_redis_reader *rd);

/* redis_ask.c: leaves the group, where one is.  True: that is over. */
void cal_redis_reader_leave(struct cal_redis_reader *rd);

/* redis_taken.c: takes the entries of a reply in; how many these are. */
size_t cal_redis_reader_take(struct cal_redis_reader *rd,
    const redisReply *reply);

/* redis_taken.c: hands up what may be. */
void cal_redis_reader_hand_up(struct cal_redis_reader *rd);

/* redis_taken.c: own history is read: what did not come again is lost. */
void cal_redis_reader_settle_unsure(struct cal_redis_reader *rd);

/* redis_taken.c: frees all that is held. */
void cal_redis_reader_drop(struct cal_redis_reader *rd);

/* redis_read.c: does in the next turn what may be done. */
void cal_redis_reader_wake(struct cal_redis_reader *rd);

/* redis_read.c: it is over, well or not. */
void cal_redis_reader_end(struct cal_redis_reader *rd,
    const struct cal_err *why);

/* redis_read.c: so many will never come. */
void cal_redis_reader_miss(struct cal_redis_reader *rd, uint64_t count);

#endif
