/*
 * Inside the claims: what redis_claims.c (their beginning and end, and what is
 * said at which time), redis_claims_settle.c (what becomes of each),
 * redis_claims_take.c (those that are found), redis_claims_script.c (what Redis
 * is asked) and redis_claims_ask.c (what else it may answer) share.  Nobody
 * else includes this.
 */
#ifndef CAL_TRANSPORT_REDIS_CLAIMS_PARTS_H
#define CAL_TRANSPORT_REDIS_CLAIMS_PARTS_H

#include <sys/queue.h>

#include "base/log.h"
#include "transport/redis_claims.h"

/* One message that is ours; its address is the receipt. */
struct cal_redis_claim {
	char id[CAL_REDIS_ID_MAX + 1];
	unsigned deliveries;            /* as Redis has to know */
	bool counted;                   /* … and does know, of the next one */
	bool found;                     /* not read, but claimed */
	bool lost;                      /* another one has it */
	bool over;                      /* in no list: freed with its last ask */
	bool sent;                      /* settled, and Redis was told */
	bool again;                     /* … not for the first time */
	enum cal_settle settle;
	char *why;                      /* of DEAD; or NULL */
	unsigned asks;                  /* answers that will look at it */
	TAILQ_ENTRY(cal_redis_claim) next;
};
TAILQ_HEAD(cal_redis_claim_list, cal_redis_claim);

/* What Redis was asked of some claims, and has not answered. */
struct cal_redis_ask {
	struct cal_redis_claims *claims;        /* NULL: they are gone */
	/* reply is an array; state of a claim: below. */
	void (*answer)(struct cal_redis_ask *ask, const redisReply *reply);
	void (*failed)(struct cal_redis_ask *ask);      /* or NULL */
	void (*last)(struct cal_redis_claims *claims);
	TAILQ_ENTRY(cal_redis_ask) next;
	size_t count;
	struct cal_redis_claim *list[CAL_REDIS_CLAIM_BATCH];
};
TAILQ_HEAD(cal_redis_asks, cal_redis_ask);

/* Whose a message is, as the scripts say. */
enum cal_redis_whose {
	CAL_REDIS_ANOTHERS = -1,
	CAL_REDIS_NOBODYS = 0,          /* done, or its group knows it not */
	CAL_REDIS_OURS = 1,
	CAL_REDIS_TRIMMED = 2,          /* to be put away, and not there */
};

enum cal_redis_claims_state {
	CAL_REDIS_HALTED,
	CAL_REDIS_CHECKING,             /* what is still ours, and our name */
	CAL_REDIS_FETCHING,             /* what was lost on its way to us */
	CAL_REDIS_RUNNING,
	CAL_REDIS_OVER,                 /* failed, or left */
};

struct cal_redis_claims {
	struct cal_redis_claims_conf conf;
	char *stream, *dead, *lock;     /* keys; lock NULL: nobody else has our
	                                   name */
	char *group, *consumer;
	char token[33];                 /* of the lock */
	enum cal_redis_claims_state state;
	struct cal_redis_claim_list held;
	struct cal_redis_claim_list settled;    /* Redis does not know yet */
	size_t count;                   /* of held, */
	size_t found;                   /* and of these, that were found */
	struct cal_redis_asks asks;
	struct cal_redis_words words;
	bool was_gone;                  /* the group was: pending is nothing */
	bool was_ready;                 /* what is pending came to us alive */
	bool said_wait;
	bool leaving;                   /* is wanted, */
	bool said_leave;                /* Redis was told, */
	bool left;                      /* and knows */
	struct cal_redis_ask *taking;   /* a page was asked for, */
	bool due;                       /* or will be as soon as may be */
	char start[CAL_REDIS_ID_MAX + 2];       /* of the next page */
	ev_timer turn;                  /* only ever fed */
	ev_timer again;                 /* what was refused for now */
	ev_timer renew, reap;
	double name_deadline;           /* 0: nobody else has it */
	struct cal_log_gate lost_gate, later_gate;
	struct cal_err why;             /* it failed, */
	bool tell;                      /* which nobody was told yet */
};

/* redis_claims.c */

/* What is to be told is told at the end of this turn. */
void cal_redis_claims_wake(struct cal_redis_claims *claims);

/*
 * redis_claims_ask.c: sends claims->words, about what ask has; the answer frees
 * it.  Its claims are kept until then.
 */
void cal_redis_claims_ask(struct cal_redis_ask *ask);
struct cal_redis_ask *cal_redis_ask_new(struct cal_redis_claims *claims);
void cal_redis_ask_drop(struct cal_redis_ask *ask);
void cal_redis_ask_add(struct cal_redis_ask *ask,
    struct cal_redis_claim *claim);

/* The state of the number'th claim of an array of them. */
enum cal_redis_whose cal_redis_ask_whose(const redisReply *reply,
    size_t number);

/* redis_claims_settle.c */
struct cal_redis_claim *cal_redis_claim_new(struct cal_redis_claims *claims,
    struct cal_slice id, bool found);

/* One that is held, or NULL. */
struct cal_redis_claim *cal_redis_claim_find(
    const struct cal_redis_claims *claims, struct cal_slice id);

/* It is over, in no list: freed, as soon as no answer looks at it. */
void cal_redis_claim_free(struct cal_redis_claim *claim);

/* Another one has it; says so, once, unless it is quiet. */
void cal_redis_claim_lose(struct cal_redis_claims *claims,
    struct cal_redis_claim *claim);

/* Tells Redis of all that was settled and not told. */
void cal_redis_claims_tell(struct cal_redis_claims *claims);

/*
 * Renews all, and marks those that are lost.  last (or NULL) follows when Redis
 * has answered all of it, without an error in the last command; there is always
 * one.
 */
void cal_redis_claims_renew(struct cal_redis_claims *claims,
    void (*last)(struct cal_redis_claims *claims));

/* redis_claims_take.c: the next page of what is there, as soon as there is
 * room. */
void cal_redis_claims_fetch(struct cal_redis_claims *claims);

/* redis_claims.c: that was the last page. */
void cal_redis_claims_fetched(struct cal_redis_claims *claims);

/* redis_claims_script.c: begin a command in claims->words. */
enum cal_redis_script {
	CAL_REDIS_SCRIPT_ACK,           /* ID... */
	CAL_REDIS_SCRIPT_BACK,          /* idle ms, ID... */
	CAL_REDIS_SCRIPT_DEAD,          /* ID, deliveries, reason */
	CAL_REDIS_SCRIPT_RENEW,         /* 1 to take what is nobody's, ID... */
	CAL_REDIS_SCRIPT_COUNT,         /* ID, deliveries */
	CAL_REDIS_SCRIPT_TAKE,          /* idle ms (-1: ours), start, page, room,
	                                   bytes, max_deliver, reason, ID that
	                                   is not to be taken... */
	CAL_REDIS_SCRIPT_LEAVE,
};
void cal_redis_script_begin(struct cal_redis_claims *claims,
    enum cal_redis_script script);

#endif
