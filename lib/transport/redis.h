/*
 * Inside the Redis transport: what its files share.  Nobody else includes
 * this.
 *
 * A session is one connection to Redis, with what is to be said again when it
 * is made anew: redis_session.c.  redis_command.c puts commands together, and
 * redis_reply.c reads what Redis answers.  What is spoken over sessions is in
 * redis_publish.c, redis_read.c (streams), redis_serve.c and redis_call.c
 * (RPC), a row each; redis.c chooses among them.
 *
 * A blocking read holds its connection, so whoever reads has two sessions:
 * one that only ever reads, and one for everything else.
 *
 * Of hiredis there are its replies and their reader, which redis_reader.c gives
 * limits.  Its asynchronous contexts (0.14) have no time-outs, leave their
 * descriptor to children, and abort the process when an answer comes that
 * nobody asked for, so the connection itself is ours: redis_socket.c.
 */
#ifndef CAL_TRANSPORT_REDIS_H
#define CAL_TRANSPORT_REDIS_H

#include <ev.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/url.h"
#include "transport/transport.h"

enum {
	CAL_REDIS_WORDS = 4096,         /* of one command */
	CAL_REDIS_REPLY_MAX = 64 << 20, /* bytes of one reply, or 8 times
	                                   max_body, whichever is more */
	CAL_REDIS_ELEMENTS = 1 << 20,   /* of one array in a reply */
	CAL_REDIS_ID_MAX = 41,          /* "18446744073709551615-" twice */
	CAL_REDIS_BLOCK_MS = 1000,      /* of a read that blocks */
};

/* What a reply says; by the first word of an error. */
enum cal_redis_kind {
	CAL_REDIS_OK,           /* it is no error */
	CAL_REDIS_GONE,         /* NOGROUP, UNBLOCKED: the group or the stream
	                           was taken away */
	CAL_REDIS_LATER,        /* LOADING, READONLY, MISCONF, OOM, NOREPLICAS,
	                           BUSY, MASTERDOWN, CLUSTERDOWN, TRYAGAIN: the
	                           same may work after a while */
	CAL_REDIS_EXISTS,       /* BUSYGROUP */
	CAL_REDIS_REFUSED,      /* everything else: the same will not work:
	                           NOAUTH, WRONGPASS, NOPERM (CAL_EDENIED),
	                           WRONGTYPE (CAL_ECONFIG), MOVED, ASK,
	                           CROSSSLOT (CAL_EDATA: a cluster), EXECABORT,
	                           unknown ones (CAL_EPROTO) */
	CAL_REDIS_LOST,         /* there is none: the connection ended, and
	                           whether Redis did it is not known */
};

/*
 * What reply (NULL: the connection ended) says; why may be NULL.  For all but
 * CAL_REDIS_OK why has the code and Redis' own words, cleaned; LATER has
 * CAL_EAGAIN, GONE and EXISTS CAL_EGONE, LOST CAL_EUNAVAIL.
 */
enum cal_redis_kind cal_redis_kind(const redisReply *reply,
    struct cal_err *why);

/* One entry of a stream, inside a reply. */
struct cal_redis_entry {
	struct cal_slice id;
	bool gone;              /* it was trimmed: there are no fields */
	bool meta;              /* a Python peer's note of itself: skipped */
	bool has_hdr, has_msg;
	struct cal_slice hdr, msg, topic;       /* empty: none */
	bool is_dead;           /* it has an "orig-id" */
	struct cal_dead dead;   /* reason is cut; what is longer than it can be
	                           is left out */
};

/*
 * Reads the number'th entry of an array of entries, as XRANGE, XCLAIM and each
 * stream of XREAD and XREADGROUP give it.  A field that comes twice counts by
 * its first.  False: it is no entry at all.
 */
bool cal_redis_entry(struct cal_redis_entry *entry, const redisReply *entries,
    size_t number);

/*
 * The entries of stream in a reply of XREAD or XREADGROUP; NULL: none (also
 * of a nil reply).
 */
const redisReply *cal_redis_entries(const redisReply *reply,
    const char *stream);

/*
 * Where else the key is, of an error MOVED.  It may name no host, which is from
 * then.  False: it is none, or names no place.
 */
bool cal_redis_moved(struct cal_url *place, const redisReply *reply,
    const char *from);

/* The text of a string reply, or empty. */
struct cal_slice cal_redis_text(const redisReply *reply);

/* "MS-SEQ" to numbers and back; false: it is not of this form. */
struct cal_redis_id {
	uint64_t ms, seq;
};
bool cal_redis_id_read(struct cal_redis_id *id, struct cal_slice text);
void cal_redis_id_write(char text[CAL_REDIS_ID_MAX + 1],
    const struct cal_redis_id *id);
int cal_redis_id_compare(const struct cal_redis_id *a,
    const struct cal_redis_id *b);

/*
 * One command being put together: a list of words, bytes and all.  Zeroed is
 * empty; kept and reused for the next.  Everything is copied.
 */
struct cal_redis_words {
	struct cal_buf bytes;
	size_t *ends;
	size_t count, room;
};
void cal_redis_begin(struct cal_redis_words *words, const char *name);
void cal_redis_add(struct cal_redis_words *words, struct cal_slice word);
void cal_redis_add_text(struct cal_redis_words *words, const char *word);
void cal_redis_add_number(struct cal_redis_words *words, uint64_t number);
void cal_redis_words_release(struct cal_redis_words *words);

/* The fields of a message, hdr and msg. */
void cal_redis_add_frames(struct cal_redis_words *words, struct cal_slice hdr,
    struct cal_slice msg);

/* The session. */

struct cal_redis_session;

/*
 * reply is lent; NULL: the connection ended first, and whether Redis did it is
 * not known.  Comes once, from the loop or from within
 * cal_redis_session_close.
 */
typedef void cal_redis_fn(void *arg, const redisReply *reply);

struct cal_redis_session_conf {
	struct ev_loop *loop;
	const struct cal_url *url;      /* lent for as long as it is open */
	size_t max_body;

	/*
	 * All from the loop.  up: connected, let in, the database chosen;
	 * commands may be given.  down follows each up when the connection
	 * ended, after the callbacks of all commands; a new one is tried by
	 * itself, after 0.1 to 5 s, twice as long each time and up to a half
	 * less by chance.
	 */
	void (*up)(void *arg);
	void (*down)(void *arg);
	/* Redis does not let us in (CAL_EDENIED), or there is no such database
	 * (CAL_ECONFIG): it is not tried again.  Once. */
	void (*refused)(void *arg, const struct cal_err *err);
	void *arg;
};

/*
 * Resolves the host: CAL_ENOHOST.  That nothing answers is no error.  A host
 * name is looked up again for each connection, during which the loop stands
 * still.
 */
int cal_redis_session_open(struct cal_redis_session **sessionp,
    const struct cal_redis_session_conf *conf, struct cal_err *err);

bool cal_redis_session_is_up(const struct cal_redis_session *session);

/* Did the last connection end because an answer was too large for us? */
bool cal_redis_session_was_choked(const struct cal_redis_session *session);

/* What stands in the way of a connection, in words; NULL: nothing known. */
const char *cal_redis_session_trouble(const struct cal_redis_session *session);

/* Redis is there, and lets nobody in for the moment (LOADING, …). */
bool cal_redis_session_is_put_off(const struct cal_redis_session *session);

/*
 * Sends one command; fn may be NULL.  What is sent in one turn of the loop
 * leaves in one write, in order.  An answer that takes longer than block_ms
 * (0 for all that does not block) and 5 s ends the connection.  Only while it
 * is up.
 */
void cal_redis_send(struct cal_redis_session *session,
    const struct cal_redis_words *words, unsigned block_ms, cal_redis_fn *fn,
    void *arg);

/* Commands without their answer. */
size_t cal_redis_session_pending(const struct cal_redis_session *session);

/* Ends the connection and makes a new one: down follows, and up. */
void cal_redis_session_restart(struct cal_redis_session *session);

/*
 * Closes: every command that waits is answered with NULL, during this call; no
 * other event comes.  May come during any of its events.  NULL is no error.
 */
void cal_redis_session_close(struct cal_redis_session *session);

/* redis_conn.c: the URL; and the sending of what only reads, or publishes. */
char *cal_redis_address(const struct cal_conn *conn);
int cal_redis_send_nothing(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own);

/* What is spoken, by conf->pattern and conf->bind; CAL_EUSAGE: that is not. */
int cal_redis_publish_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err);
int cal_redis_read_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err);
int cal_redis_serve_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err);
int cal_redis_call_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err);

#endif
