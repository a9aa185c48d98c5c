/*
 * One connection to Redis, from the attempt to its end, and its parts: for the
 * session, and nobody else.
 */
#ifndef CAL_TRANSPORT_REDIS_SOCKET_H
#define CAL_TRANSPORT_REDIS_SOCKET_H

#include "transport/redis.h"

/* The reader of replies: redis_reader.c.  Stays where it is. */
struct cal_redis_reader {
	redisReader *reader;
	size_t max, left;               /* bytes of one reply */
	const char *too_large;          /* what was; NULL: nothing */
};

void cal_redis_reader_init(struct cal_redis_reader *rr, size_t max);
void cal_redis_reader_release(struct cal_redis_reader *rr);
void cal_redis_reader_feed(struct cal_redis_reader *rr, const char *bytes,
    size_t len);

/*
 * The next reply, which the caller frees; NULL: it is not there yet.
 * CAL_EPROTO: it is none, or beyond a limit, and so is all that follows.
 */
int cal_redis_reader_next(struct cal_redis_reader *rr, redisReply **replyp,
    struct cal_err *err);

/*
 * Resolves the host and begins to connect *fdp, which is close-on-exec and does
 * not block: redis_dial.c.  CAL_ENOHOST, CAL_EUNAVAIL (nothing listens),
 * CAL_EOS.
 */
int cal_redis_dial(int *fdp, const struct cal_url *url, struct cal_err *err);

struct cal_redis_socket;

/* All from the loop; during each of them the socket may be closed. */
struct cal_redis_socket_conf {
	struct ev_loop *loop;
	const struct cal_url *url;      /* lent while it is open */
	size_t reply_max;
	void (*connected)(void *arg);
	void (*reply)(void *arg, const redisReply *reply);      /* lent */
	/* Once, and then nothing else comes; why is in words, cleaned. */
	void (*ended)(void *arg, const char *why);
	void *arg;
};

/* Begins to connect; errors of cal_redis_dial. */
int cal_redis_socket_open(struct cal_redis_socket **socketp,
    const struct cal_redis_socket_conf *conf, struct cal_err *err);

/* Sends a command, at the end of this turn of the loop.  Copies. */
void cal_redis_socket_send(struct cal_redis_socket *rs,
    const struct cal_redis_words *words);

/* What is sent now holds a password: wiped from memory once it has left. */
void cal_redis_socket_wipe(struct cal_redis_socket *rs);

/*
 * From now on silence of so many seconds is the end, until it is said anew; 0:
 * there may be silence.  It is no silence while Redis still takes what does not
 * fit into the kernel's buffers.
 */
void cal_redis_socket_wait(struct cal_redis_socket *rs, double seconds);

/* Ends it: no reply comes any more, and ended follows from the loop. */
void cal_redis_socket_end(struct cal_redis_socket *rs, const char *why);

/* Nothing comes any more.  NULL is no error. */
void cal_redis_socket_close(struct cal_redis_socket *rs);

/* Commands that wait for their answers, in order: redis_ring.c. */
struct cal_redis_command {
	cal_redis_fn *fn;               /* NULL: nobody asks */
	void *arg;
	unsigned block_ms;
};

struct cal_redis_ring {                 /* zeroed: empty */
	struct cal_redis_command *commands;
	size_t first, count, room;
};

void cal_redis_ring_put(struct cal_redis_ring *ring,
    const struct cal_redis_command *command);
/* Of one that is not empty: the first, which stays, or is taken. */
const struct cal_redis_command *cal_redis_ring_first(
    const struct cal_redis_ring *ring);
struct cal_redis_command cal_redis_ring_take(struct cal_redis_ring *ring);
void cal_redis_ring_release(struct cal_redis_ring *ring);

/* Writes a command as Redis reads it. */
void cal_redis_words_write(const struct cal_redis_words *words,
    struct cal_buf *out);

#endif
