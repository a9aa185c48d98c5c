/*
 * Inside a session: what its files share.  Nobody else includes this.
 *
 * redis_session.c makes connections and answers commands; redis_login.c says
 * the first ones, from the connection on until it is up; redis_moved.c sees
 * that another place is the right one.
 */
#ifndef CAL_TRANSPORT_REDIS_SESSION_PARTS_H
#define CAL_TRANSPORT_REDIS_SESSION_PARTS_H

#include "transport/redis_sentinel.h"
#include "transport/redis_socket.h"

struct cal_redis_session {
	struct cal_redis_session_conf conf;
	struct cal_redis_sentinel *sentinel;    /* NULL: the URL says where */
	struct cal_url place;                   /* where others say it is: … */
	bool placed;                            /* … a node of the cluster, */
	bool moved;                             /* to be tried at once, */
	unsigned moves;                         /* after so many in a row */
	struct cal_redis_socket *socket;        /* NULL: none */
	struct cal_redis_words words;           /* of the first commands */

	struct cal_redis_ring waiting;
	unsigned block_ms;                      /* that are waited for now */

	bool up, closed;
	bool demoted;                           /* it is no master any more … */
	size_t owed;                            /* … and has to answer these */
	unsigned busy;                          /* events go out */
	ev_tstamp since;                        /* it is up */
	double delay;
	ev_timer retry;
	bool troubled, choked;
	struct cal_err trouble;
	bool refused;                           /* for good: trouble */
	bool put_off;                           /* for the moment … */
	enum cal_code ending;                   /* … by us, for this reason */
};

/* redis_session.c: one command, up or not; what it says is copied. */
void cal_redis_session_say(struct cal_redis_session *session,
    const struct cal_redis_words *words,
    const struct cal_redis_command *command);

/* redis_session.c: what stands in the way, unless it is refused for good. */
void cal_redis_session_set_trouble(struct cal_redis_session *session,
    const struct cal_err *err);

/*
 * redis_moved.c: does the reply say that this is not the right one any more?
 * What the command's owner is to be told.
 */
const redisReply *cal_redis_session_watch(struct cal_redis_session *session,
    const redisReply *reply);

/* redis_login.c: it is connected; conf.up follows, or its end. */
void cal_redis_login(struct cal_redis_session *session);

#endif
