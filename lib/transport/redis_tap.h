/*
 * Inside the reader of a stream in Redis, a tap: what its files share.  Nobody
 * else includes this.
 *
 * One session only reads.  It is asked one question at a time; what is asked
 * next is a row of a table in redis_ask.c, by the step at which the tap is:
 *
 *      without a group         with one
 *      END  (if it is to be    LOOK  (if the group was taken away)
 *            known where that  GROUP
 *            is, once)         PLACE
 *      NEW                     HISTORY, or with ack RECOVER
 *                              NEW
 *
 * Entries come in batches, of which two are held at most: while the messages
 * of one are handed up the next is read.  Those of a group are handed up when
 * Redis has confirmed that they are acknowledged.  What it has not comes again,
 * out of our own history, when there is a connection again; of what is
 * acknowledged, but was not confirmed, nobody knows, so that it is lost.
 *
 * With ack they are handed up at once, and are claims (redis_claims.h) until
 * they are settled; what others left behind comes one by one, in parcels.
 */
#ifndef CAL_TRANSPORT_REDIS_TAP_H
#define CAL_TRANSPORT_REDIS_TAP_H

#include "base/log.h"
#include "transport/redis_batch.h"
#include "transport/redis_claims.h"
#include "transport/redis_group.h"
#include "transport/redis_trail.h"

enum {
	CAL_REDIS_BATCHES = 2,
	CAL_REDIS_COUNT_MAX = 1000,     /* entries of one read */
};

enum cal_redis_step {
	CAL_REDIS_END, CAL_REDIS_LOOK, CAL_REDIS_GROUP, CAL_REDIS_PLACE,
	CAL_REDIS_HISTORY, CAL_REDIS_RECOVER, CAL_REDIS_NEW,
};

/* A message that was claimed, with a copy of its entry. */
struct cal_redis_parcel {
	struct cal_hold hold;           /* first */
	struct cal_redis_entry entry;
	uint64_t receipt;
	TAILQ_ENTRY(cal_redis_parcel) in_queue;
	uint8_t bytes[];
};
TAILQ_HEAD(cal_redis_parcels, cal_redis_parcel);

struct cal_redis_tap {
	struct cal_conn conn;
	struct cal_link link;
	struct cal_conn_redis conf;     /* conn.conf.redis, or zeros */
	char *name;                     /* of the consumer */
	struct cal_redis_group group;   /* its group is NULL: there is none */
	struct cal_redis_session *reads;
	struct cal_redis_session *other;        /* NULL without a group */
	struct cal_redis_claims *claims;        /* NULL without ack */
	struct cal_redis_words words;

	enum cal_redis_step step;
	bool asked;                     /* the answer is still to come */
	bool up;                        /* and that was said */
	bool placed;                    /* it is known where we are */
	bool found;                     /* the group was there, once */
	bool paused, closing;
	bool leaving, deleting, left;   /* the group; the consumer; said */
	bool cutting;                   /* a read short */
	bool over;                      /* nothing is asked any more */
	bool reached;                   /* the end, of conf.leave */
	bool watches;                   /* looks at what was trimmed */
	struct cal_redis_trail trail;   /* its last: also with a group */
	struct cal_redis_id end;        /* of the stream, when we began */
	struct cal_redis_id past;       /* of own history, so far */

	struct cal_redis_batches batches;
	struct cal_redis_parcels parcels;
	size_t batches_count, held;     /* entries that were not handed up */
	size_t missed;                  /* that were trimmed, and not told */
	size_t want;                    /* as cal_conn_want says */
	size_t fit;                     /* entries that one read may bring */
	size_t largest;                 /* bytes of an entry, lately */

	/* Maybe acknowledged, and not handed up. */
	struct cal_redis_id *unsure;
	size_t unsure_count;

	long long client;               /* the connection that reads; 0: which
	                                   one it is is not known */
	double rest_s;                  /* the next one, in seconds */
	ev_timer rest;                  /* then it is asked again */
	ev_timer turn;                  /* only ever fed */
	bool troubled;
	struct cal_err trouble;
	struct cal_log_gate gate, gone_gate;
};

/* redis_ask.c: the connection is there; it is lost. */
void cal_redis_tap_begin(struct cal_redis_tap *tap);
void cal_redis_tap_lose(struct cal_redis_tap *tap);

/* redis_ask.c: asks what is to be asked now, if anything is. */
void cal_redis_tap_ask(struct cal_redis_tap *tap);

/* redis_ask.c: the group, or the stream, was taken away. */
void cal_redis_tap_miss_group(struct cal_redis_tap *tap);

/* redis_ask.c: Redis says no; what comes of that. */
void cal_redis_tap_fail(struct cal_redis_tap *tap, enum cal_redis_kind kind,
    const struct cal_err *why);

/*
 * redis_taken.c: takes the entries out of an answer, and acknowledges those of
 * a group.  How many these are.
 */
size_t cal_redis_tap_take(struct cal_redis_tap *tap, const redisReply *reply);

/* redis_taken.c: hands up what may be. */
void cal_redis_tap_hand_up(struct cal_redis_tap *tap);

/* redis_taken.c: own history is read; what did not come again is lost. */
void cal_redis_tap_settle(struct cal_redis_tap *tap);

/* redis_taken.c: frees all that is held. */
void cal_redis_tap_drop(struct cal_redis_tap *tap);

/* redis_taken.c: hands an entry up whose bytes hold keeps, or settles it. */
void cal_redis_tap_give(struct cal_redis_tap *tap,
    const struct cal_redis_entry *entry, uint64_t receipt,
    struct cal_hold *hold);

/* redis_keep.c: with ack.  CAL_EUSAGE: not without a group. */
int cal_redis_keep_open(struct cal_redis_tap *tap, struct cal_err *err);
void cal_redis_keep_close(struct cal_redis_tap *tap);

/* redis_keep.c: how many more may be taken before some are settled. */
size_t cal_redis_keep_room(const struct cal_redis_tap *tap);

/* redis_keep.c: a batch is kept from here on. */
void cal_redis_keep_take(struct cal_redis_tap *tap,
    struct cal_redis_batch *batch);

/* redis_keep.c: hands up what was claimed. */
void cal_redis_keep_hand_up(struct cal_redis_tap *tap);

/* redis_keep.c: what was not handed up is for others. */
void cal_redis_keep_give_back(struct cal_redis_tap *tap);

/* redis_read.c: in the next turn it does whatever may be done. */
void cal_redis_tap_wake(struct cal_redis_tap *tap);

/* redis_read.c: it is over, well (CAL_OK) or not. */
void cal_redis_tap_end(struct cal_redis_tap *tap, const struct cal_err *why);

/* redis_read.c: the group is left. */
void cal_redis_tap_say_left(struct cal_redis_tap *tap);

/* redis_read.c: so many will never come. */
void cal_redis_tap_miss(struct cal_redis_tap *tap, uint64_t count);

#endif
