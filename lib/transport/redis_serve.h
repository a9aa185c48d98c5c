/*
 * Inside a server over Redis: what its files share.  Nobody else includes
 * this.
 *
 * redis_serve.c has the sessions, redis_intake.c the group and what is read of
 * it; redis_request.c the way of an entry of NAME.bind to whoever answers it,
 * redis_acks.c a part of that way; redis_answer.c the way back; redis_caller.c
 * the links.
 *
 * A request has a claim from the moment when it was read.  At most once is
 * done: it is acknowledged and deleted, and when Redis has confirmed that (and
 * that it was us who did it), it is handed up.  At least once is done: it is
 * handed up, and acknowledged and deleted in one step with its answer.  What is
 * not confirmed when a connection ends is forgotten here; the claims bring back
 * what Redis still has.
 */
#ifndef CAL_TRANSPORT_REDIS_SERVE_H
#define CAL_TRANSPORT_REDIS_SERVE_H

#include <sys/queue.h>

#include "base/log.h"
#include "base/map.h"
#include "transport/redis_cancels.h"
#include "transport/redis_claims.h"
#include "transport/redis_multi.h"

enum { CAL_REDIS_CALLERS = 1000 };      /* links; above these, idle ones go */
static const double CAL_REDIS_PAUSE = 0.2;      /* seconds, and then twice as
                                                   many each time */

/* What is done with an entry. */
enum cal_redis_errand {
	CAL_REDIS_RUN,                  /* handed up */
	CAL_REDIS_PASS_ON,              /* a CANCEL that came astray */
	CAL_REDIS_DROP,
};

struct cal_redis_request {
	struct cal_hold hold;           /* first: what a message keeps */
	unsigned users;                 /* the hold, and its way through us */
	struct cal_redis_server *rs;
	enum cal_redis_errand errand;
	uint64_t claim;                 /* 0: Redis has it no more */
	struct cal_redis_caller *caller;        /* NULL: not handed up */
	TAILQ_ENTRY(cal_redis_request) next;
	char id[CAL_REDIS_ID_MAX + 1];
	uint64_t ms;                    /* of the id */
	struct cal_slice hdr, msg;
	struct cal_rpcmsg head;         /* slices of hdr */
	uint8_t bytes[];
};
TAILQ_HEAD(cal_redis_requests, cal_redis_request);

struct cal_redis_caller {
	struct cal_link link;           /* first */
	struct cal_redis_requests requests;     /* handed up, not answered */
	TAILQ_ENTRY(cal_redis_caller) next;     /* in idle, or in busy */
	uint8_t cid[CAL_RPCMSG_CID];    /* unless it is anybody */
};
TAILQ_HEAD(cal_redis_callers, cal_redis_caller);

struct cal_redis_answer {
	struct cal_redis_server *rs;
	struct cal_redis_request *request;      /* acknowledged with it; NULL */
	char key[CAL_REDIS_KEY_MAX + 1];        /* where it goes; empty:
	                                           only acknowledged */
	bool own;                       /* that is of one caller */
	bool sent;                      /* and not confirmed */
	struct cal_buf hdr, msg;
	TAILQ_ENTRY(cal_redis_answer) next;
};
TAILQ_HEAD(cal_redis_answers, cal_redis_answer);

struct cal_redis_server {
	struct cal_conn conn;
	struct cal_redis_keys keys;
	const char *group;
	struct cal_redis_session *reader, *writer;
	struct cal_redis_cancels *cancels;
	struct cal_redis_claims *claims;
	struct cal_redis_words words;   /* being put together */
	bool at_least_once;

	/* How far it is. */
	bool grouping;                  /* the group is being made sure of */
	bool begun;                     /* … and was, since both were up */
	bool recovered;                 /* so that XREADGROUP may be said, */
	bool reading;                   /* and was */
	bool paused, closing, refused, told;
	bool leaving, left;             /* the group */
	ev_timer rest;                  /* after what may pass */
	double pause;                   /* how long it is */
	ev_timer late;                  /* until it is ready */
	struct cal_redis_ahead ahead;
	struct cal_redis_id last;       /* the highest one read */
	long long reader_id;            /* by which it is unblocked; 0: none */
	bool has_clock;
	double clock;                   /* Redis' less ours, in seconds */
	struct cal_log_gate lost_gate, later_gate, rto_gate;

	size_t taken;                   /* requests read and not answered */
	size_t busy;                    /* what Redis was told, and has not
	                                   confirmed, beside answers */
	struct cal_map *by_cid;
	struct cal_redis_caller *anybody;       /* has no cid; or NULL */
	struct cal_redis_callers idle;  /* the least recent first */
	struct cal_redis_callers busy_callers;
	size_t callers_count;

	struct cal_redis_answers answers;
	size_t answers_count, answers_bytes;
};

/* redis_intake.c */
void cal_redis_serve_open_claims(struct cal_redis_server *rs);

/* Makes sure of the group and reads, if all that takes is there. */
void cal_redis_serve_begin(struct cal_redis_server *rs);

/* Nothing is read until it has begun again. */
void cal_redis_serve_halt(struct cal_redis_server *rs);

/* Reads more requests, if there is room for any. */
void cal_redis_serve_read(struct cal_redis_server *rs);

/* Redis cannot do it just now: begins anew after a while. */
void cal_redis_serve_rest(struct cal_redis_server *rs,
    const struct cal_err *why);

/* It will never do it. */
void cal_redis_serve_refuse(struct cal_redis_server *rs,
    const struct cal_err *why);

/* redis_request.c */

/* Takes entries that were read: an array of them. */
void cal_redis_requests_take(struct cal_redis_server *rs,
    const redisReply *entries);

/* Redis has it no more, and it was ours. */
void cal_redis_request_acked(struct cal_redis_request *request);

/* It never came to be one: forgotten and freed. */
void cal_redis_request_discard(struct cal_redis_request *request);

/* Takes one that was claimed. */
void cal_redis_request_claimed(struct cal_redis_server *rs,
    const struct cal_redis_entry *entry, uint64_t claim);

/* Its place is free, and what is left of it is its messages' matter. */
void cal_redis_request_over(struct cal_redis_request *request);

/* Redis is not to know of it any more. */
void cal_redis_request_forget(struct cal_redis_request *request);

/* One of those who use it does not any more. */
void cal_redis_request_free(struct cal_redis_request *request);

/* A CANCEL was heard: hands it up, if its request is here. */
void cal_redis_request_cancel(struct cal_redis_server *rs,
    const struct cal_rpcmsg *head, struct cal_slice hdr,
    struct cal_slice msg);

/* redis_acks.c: entries that are acknowledged and deleted together. */
struct cal_redis_acks;
struct cal_redis_acks *cal_redis_acks_new(struct cal_redis_server *rs);

/* Gives the request away. */
void cal_redis_acks_add(struct cal_redis_acks *acks,
    struct cal_redis_request *request);

/* Are these as many as one MULTI takes? */
bool cal_redis_acks_full(const struct cal_redis_acks *acks);

/* The word for one of them. */
void cal_redis_acks_say(struct cal_redis_multi *multi,
    const struct cal_redis_request *request);

/* Sends them, if there are any; they are acked, or discarded. */
void cal_redis_acks_send(struct cal_redis_acks *acks);

/* redis_caller.c */

/* The caller with this cid (empty: all those without); NULL: not here. */
struct cal_redis_caller *cal_redis_caller_find(
    const struct cal_redis_server *rs, struct cal_slice cid);

/* The same, who is here from now on; others who are idle may go down. */
struct cal_redis_caller *cal_redis_caller_get(struct cal_redis_server *rs,
    struct cal_slice cid);

/* Its requests became some, or none. */
void cal_redis_caller_moved(struct cal_redis_server *rs,
    struct cal_redis_caller *caller);
void cal_redis_callers_release(struct cal_redis_server *rs);

/* redis_answer.c */
int cal_redis_answer_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own);

/* Acknowledges a request that gets no answer. */
void cal_redis_answer_none(struct cal_redis_request *request);

/* Sends what was not, or not confirmed. */
void cal_redis_answers_flush(struct cal_redis_server *rs);

/* The connection ended: what was sent is sent again. */
void cal_redis_answers_lost(struct cal_redis_server *rs);
void cal_redis_answers_release(struct cal_redis_server *rs);

#endif
