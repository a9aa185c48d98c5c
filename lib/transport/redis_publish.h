/*
 * Inside publishing to Redis: what its files share.  Nobody else includes this.
 *
 * redis_publish.c is the row of the transport, with the session's events and
 * the end; redis_publish_send.c sends, and hears what Redis answers.
 */
#ifndef CAL_TRANSPORT_REDIS_PUBLISH_H
#define CAL_TRANSPORT_REDIS_PUBLISH_H

#include <ev.h>

#include "transport/redis_outbox.h"

struct cal_redis_publish {
	struct cal_conn conn;
	struct cal_redis_session *session;
	struct cal_redis_outbox outbox;
	struct cal_redis_words words;
	struct cal_link link;
	struct cal_conn_redis redis;
	bool up, was_up;                /* was: ever */
	bool full;                      /* and nobody was told of room since */
	bool held;                      /* something was refused for now, and
	                                   its pause is not over */
	bool asked;                     /* WAIT is on its way */
	bool over, ended;               /* nothing is sent; it was told, too */
	struct cal_err why;             /* the end, or the last refusal */
	size_t limit;                   /* on their way at a time */
	size_t again;                   /* lost with this connection */
	double pause;                   /* the last one; 0: all is well */
	uint64_t told;
	ev_timer turn;                  /* only ever fed: asks for replicas */
	ev_timer retry;                 /* when a pause is over */
	ev_timer patience;              /* from the first failure on */
};

/* redis_publish_send.c: sends what may be sent now. */
void cal_redis_publish_pump(struct cal_redis_publish *p);

/* redis_publish_send.c: the timers turn and retry. */
void cal_redis_publish_ask(struct ev_loop *loop, ev_timer *timer, int revents);
void cal_redis_publish_retry(struct ev_loop *loop, ev_timer *timer,
    int revents);

/* redis_publish_send.c: the connection ended before replicas were heard of. */
void cal_redis_publish_doubt(struct cal_redis_publish *p);

/* redis_publish.c: something stands in the way of what waits. */
void cal_redis_publish_impede(struct cal_redis_publish *p);

/* redis_publish.c: nothing more is sent, since …; the first reason counts. */
void cal_redis_publish_end(struct cal_redis_publish *p,
    const struct cal_err *why);

/* redis_publish.c: tells that, once nothing is on its way any more. */
void cal_redis_publish_tell_end(struct cal_redis_publish *p);

#endif
