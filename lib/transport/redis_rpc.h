/*
 * What both sides of RPC over Redis share.  Inside the Redis transport.
 *
 * A service has its requests in NAME.bind, which a group of servers reads, each
 * request by one of them; CANCELs in NAME.cancel, which each server reads; and
 * answers in NAME.conn.CID, where CID is the cid of a caller in hex, or in
 * NAME.conn for callers who have none, as the Python library has it.  An entry
 * has the fields hdr and msg: the two frames of a message.
 */
#ifndef CAL_TRANSPORT_REDIS_RPC_H
#define CAL_TRANSPORT_REDIS_RPC_H

#include "codec/rpcmsg.h"
#include "transport/redis.h"

enum {
	CAL_REDIS_CID_HEX = 2 * CAL_RPCMSG_CID,
	CAL_REDIS_KEY_MAX = CAL_URL_NAME_MAX + 6 + CAL_REDIS_CID_HEX,
	CAL_REDIS_KEPT = 3600,          /* seconds: answers, CANCELs */
	CAL_REDIS_KEPT_COUNT = 10000,   /* about: CANCELs, answers in the
	                                   stream that belongs to nobody */
};

/* Bytes of an entry: no message that is one has more. */
#define CAL_REDIS_ENTRY_MAX(max_body) \
	((max_body) > (512 << 10) ? 4 * (max_body) : (size_t)(2 << 20))

struct cal_redis_keys {
	char bind[CAL_REDIS_KEY_MAX + 1];
	char conn[CAL_REDIS_KEY_MAX + 1];
	char cancel[CAL_REDIS_KEY_MAX + 1];
};

void cal_redis_keys_init(struct cal_redis_keys *keys, const char *stream);

/* The stream of answers to this cid; key has room for CAL_REDIS_KEY_MAX + 1. */
void cal_redis_keys_answers(const struct cal_redis_keys *keys,
    struct cal_slice cid, char *key);

/* Writes a CANCEL to where all servers read it, and lets it be kept. */
void cal_redis_send_cancel(struct cal_redis_session *session,
    struct cal_redis_words *words, const struct cal_redis_keys *keys,
    struct cal_slice hdr, struct cal_slice msg);

/*
 * How many entries a read asks for: few at first, and then as many as are
 * likely to fit into one reply, which has a limit.
 */
struct cal_redis_ahead {
	size_t count;           /* 0: as at first */
};
size_t cal_redis_ahead(const struct cal_redis_ahead *ahead, size_t room);

/* So many came, of so many bytes in all. */
void cal_redis_ahead_came(struct cal_redis_ahead *ahead, size_t count,
    size_t bytes);

/* The connection ended under a read, maybe since its reply was too large. */
void cal_redis_ahead_lost(struct cal_redis_ahead *ahead);

/*
 * Turns the loop until busy says no, or for so many seconds.  False: it still
 * is.
 */
bool cal_redis_drain(struct ev_loop *loop, double grace,
    bool (*busy)(void *arg), void *arg);

#endif
