/*
 * The lower layer: moves the frames of messages between this process and
 * others, and says who is there.  A row per kind of address.
 *
 * Events come from the loop only, never from inside a call of this interface,
 * in this order for one link: up, any number of messages, down.  During an
 * event everything may be called but cal_conn_close.
 *
 * Sending never blocks: what does not fit into the connection now (ZeroMQ
 * takes 1000 messages of any size for each) waits in a queue per link, up to
 * CAL_CONN_QUEUE messages and 4 times max_body bytes; what does not fit there
 * is refused.
 *
 * Streams go one way, to whoever is there.  A connection that publishes has no
 * queue but the transport's own (CAL_CONN_AHEAD messages for each reader): its
 * owner waits for room.  One that consumes has one link, whoever is behind it:
 * to connect it goes up and down, to bind it is up from the first message on.
 * What a connection brought before it ended may come behind its down.
 *
 * Redis keeps what it is given: whoever publishes is told when it has it
 * (events->stored), and whoever consumes settles what he was given
 * (cal_conn_settle).  There are no readers to count and nobody is PINGed.
 */
#ifndef CAL_TRANSPORT_TRANSPORT_H
#define CAL_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/allow.h"
#include "base/url.h"
#include "transport/message.h"

struct ev_loop;

enum {
	CAL_CONN_QUEUE = 100000,
	CAL_LINK_NAME = 40,
	CAL_CONN_AHEAD = 64,    /* published to one reader, and not yet sent */
	CAL_CONN_PREFIXES = 64,
	CAL_CONN_PREFIX = 255,
	CAL_CONN_ASKED = 1 << 20,       /* bytes of a reader's subscriptions */
	CAL_CONN_WINDOW = 100,  /* of what Redis has, taken and not settled */
};

/* What is spoken over a connection, and which end of it is ours. */
enum cal_pattern {
	CAL_PATTERN_RPC,
	CAL_PATTERN_PUBLISH,    /* each message to every reader (PUB) */
	CAL_PATTERN_SUBSCRIBE,  /* … of which we are one (SUB) */
	CAL_PATTERN_PUSH,       /* each message to one reader */
	CAL_PATTERN_PULL,       /* … of which we are one */
};

/* What becomes of a message that was taken from Redis. */
enum cal_settle {
	CAL_SETTLE_DONE,        /* never to be given to anybody again */
	CAL_SETTLE_DEAD,        /* the same, but kept in the stream NAME.dead */
	CAL_SETTLE_BACK,        /* somebody else may have it, in time */
};

struct cal_conn;

/*
 * The other side of one connection, between up and down.  Over a connecting
 * ZeroMQ socket there is one, which goes up and down; over a binding one each
 * peer is one from its first message on.
 */
struct cal_link {
	void *above;                    /* whoever uses the transport */
	char name[CAL_LINK_NAME];       /* an opaque printable word */
	struct cal_user *user;          /* whose key it has; NULL: not known */
	bool barred;                    /* its key is not let in any more */

	/*
	 * Calls that leave over it say these two, so that their answers find
	 * back to us (cid, rto); empty: they need not.
	 */
	struct cal_slice cid, rto;
};

struct cal_conn_events {
	void (*up)(void *arg, struct cal_link *link);
	void (*message)(void *arg, struct cal_link *link,
	    struct cal_message *message);
	void (*down)(void *arg, struct cal_link *link);

	/*
	 * Its user, or what that may do, is another one now, or it is barred;
	 * only during cal_conn_recheck.  May be NULL.
	 */
	void (*changed)(void *arg, struct cal_link *link);

	/* No connection will ever come up: CAL_EDENIED, in words. */
	void (*refused)(void *arg, const struct cal_err *err);

	/*
	 * One more message was counted as malformed; barred: whoever sent it
	 * is not let in any more.  May be NULL.
	 */
	void (*malformed)(void *arg, bool barred);

	/*
	 * Publishing, and requests over Redis: what was refused with
	 * CAL_EAGAIN may have room now.
	 */
	void (*room)(void *arg);

	/* Publishing: cal_conn_readers may have another answer now. */
	void (*readers)(void *arg);

	/*
	 * Publishing to Redis: it has the next of the messages that were
	 * published, in their order, by this id.  May be NULL.
	 */
	void (*stored)(void *arg, struct cal_slice id);

	/*
	 * Redis: nothing is taken or published any more, but for what still
	 * comes.  CAL_OK: the end was reached (conf.redis->leave); otherwise
	 * what went wrong for good.  Once at most.  May be NULL.
	 */
	void (*ended)(void *arg, const struct cal_err *err);

	/* Redis: so many messages of a stream will never come: they were gone
	 * before they could be read, or lost with a connection after they were
	 * acknowledged.  May be NULL. */
	void (*trimmed)(void *arg, uint64_t count);

	/* Redis, RPC that binds: requests are taken from now on.  Once. */
	void (*ready)(void *arg);

	/*
	 * Redis, RPC that connects: it did not take what was sent over link
	 * with this receipt, which nobody will ever see.  CAL_ETEMP: it may
	 * take the same later.
	 */
	void (*failed)(void *arg, struct cal_link *link, uint64_t receipt,
	    const struct cal_err *err);

	/* Redis: what cal_conn_leave wanted is done.  Once at most.  May be
	 * NULL. */
	void (*left)(void *arg);
};

/*
 * CURVE: who binds is its server, who connects its client, whatever is spoken
 * over it.  Everything is lent, for as long as the connection is open.
 */
struct cal_conn_keys {
	const struct cal_keys *own;
	const uint8_t *server;          /* to connect: the other side's key */
	const struct cal_allow *allow;  /* to bind: NULL lets every key in */
	const char *domain;             /* to bind: of ZAP, not empty */
};

/* What is particular to Redis; zeroed: as its comments say of 0. */
struct cal_conn_redis {
	/* SUBSCRIBE. */
	const char *start;      /* an id behind which it begins, "0", or "$" for
	                           now; NULL: "$", or "0" for a group that is
	                           created now; lent while it is open */
	bool leave;             /* ended at what is the end now */
	bool ack;               /* settled messages only are acknowledged; else
	                           at once when they are read */
	double lease;           /* seconds until others may claim them; ack;
	                           also of RPC with at_least_once */
	unsigned max_deliver;   /* then to NAME.dead; 0: never; ack */
	size_t window;          /* taken and not settled: 0: CAL_CONN_WINDOW;
	                           also of RPC that binds */

	/* RPC that binds: acknowledge with the answer, not before. */
	bool at_least_once;

	/* PUBLISH. */
	uint64_t max_len;       /* the stream is trimmed to about so many */
	unsigned replicas;      /* that must have it, … */
	unsigned replicas_ms;   /* … within this time */
	double pause;           /* before what Redis refuses for the moment goes
	                           out again, twice as long each time; 0:
	                           0.05 s */
	unsigned retries;       /* so often a message goes out again of which it
	                           is not known whether Redis has it */
	double patience;        /* to go on trying, from the first failure with
	                           a message at hand; 0: for ever */
};

struct cal_conn_conf {
	struct ev_loop *loop;
	struct cal_url url;
	bool bind;
	enum cal_pattern pattern;

	/*
	 * SUBSCRIBE: prefixes of what is wanted; none: all; lent while it is
	 * open.  Of one of 246 to 255 bytes only the first 245 count.
	 */
	const struct cal_slice *topics;
	size_t topics_count;

	const struct cal_conn_keys *keys;       /* NULL: nothing is encrypted */
	bool insecure;          /* may be open to the network unencrypted */
	size_t max_body;        /* frames may have 4 times as much, or 2 MiB */
	const struct cal_conn_redis *redis;     /* lent while it is open; NULL:
	                                           as zeroed */
	const struct cal_conn_events *events;   /* static */
	void *arg;
};

struct cal_conn_counts {
	uint64_t malformed;     /* messages without the three frames, or of a
	                           stream's publisher who was removed */
	uint64_t undeliverable; /* peer gone, or its queue full */
	uint64_t stale;         /* requests that were too old, or cancelled,
	                           before they could be handed up */

	/* Publishing to Redis: of what it was given, just now. */
	uint64_t unsent;        /* it does not have them */
	uint64_t unknown;       /* it may or may not have them */
};

struct cal_transport {
	enum cal_scheme scheme;
	int (*open)(struct cal_conn **connp, const struct cal_conn_conf *conf,
	    struct cal_err *err);
	char *(*address)(const struct cal_conn *conn);
	int (*send)(struct cal_conn *conn, struct cal_link *link,
	    const struct cal_frames *frames, struct cal_buf *own);
	bool (*idle)(const struct cal_conn *conn);
	const char *(*trouble)(const struct cal_conn *conn);
	void (*recheck)(struct cal_conn *conn);
	bool (*close)(struct cal_conn *conn, double grace);

	/* Of streams; NULL: the transport has none. */
	int (*publish)(struct cal_conn *conn, const struct cal_frames *frames,
	    bool force, bool *missedp);
	size_t (*readers)(const struct cal_conn *conn, struct cal_slice topic);
	bool (*is_read)(const struct cal_conn *conn);
	bool (*left)(const struct cal_conn *conn, uint64_t *progressp);
	void (*pause)(struct cal_conn *conn, bool pause);
	void (*want)(struct cal_conn *conn, size_t count);      /* or NULL */

	/* Of what is kept; NULL: nothing is. */
	void (*settle)(struct cal_conn *conn, uint64_t receipt,
	    enum cal_settle settle, const char *why);
	bool (*begin)(struct cal_conn *conn, uint64_t receipt);
	void (*leave)(struct cal_conn *conn);
	bool silent;            /* nobody is asked what he is, by PING */
};

/* Every connection begins with this. */
struct cal_conn {
	const struct cal_transport *ops;
	struct cal_conn_conf conf;
	struct cal_conn_counts counts;
};

/*
 * Opens url.  To bind: an address that is not loopback without keys or
 * insecure is CAL_ECONFIG, an address in use CAL_EOS.  To connect: a host that
 * does not resolve is CAL_ENOHOST; no connection yet is no error.
 */
int cal_conn_open(struct cal_conn **connp, const struct cal_conn_conf *conf,
    struct cal_err *err);

/* The real URL, with the port that was taken.  The caller frees. */
char *cal_conn_address(const struct cal_conn *conn);

/*
 * Sends to a link that is up.  own may be NULL; else payload is its contents,
 * and it is emptied.  CAL_EGONE: the peer is not there any more, CAL_EAGAIN:
 * its queue is full.  Both are counted as undeliverable.
 */
int cal_conn_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own);

/*
 * Publishes, over PUBLISH and PUSH; frames->pre is the topic, if it has one.
 * CAL_EAGAIN, with nothing sent: a reader has no room (PUSH: none has, or
 * nobody is there); events->room follows.  Not counted in counts.
 *
 * force, over PUBLISH: readers without room fall behind.  Until they take
 * something again nobody waits for them, and they miss what is published
 * meanwhile, which makes *missedp true (nothing makes it false).  For a moment
 * it is CAL_EAGAIN all the same: when one of them seems to take something, but
 * may not yet be given anything.
 */
int cal_conn_publish(struct cal_conn *conn, const struct cal_frames *frames,
    bool force, bool *missedp);

/*
 * How many would be given a message of this topic (empty: none) now: distinct
 * connections with a subscription that fits it, or, over PUSH, all of them.
 * A connection with more than CAL_CONN_PREFIXES subscriptions, or with one of
 * more than CAL_CONN_PREFIX bytes, counts always.  One that asks for more than
 * CAL_CONN_ASKED bytes, sends anything else, or changes its mind too often, is
 * cut off.
 */
size_t cal_conn_readers(const struct cal_conn *conn, struct cal_slice topic);

/* PUBLISH: is anybody there who subscribed, to whatever topic? */
bool cal_conn_is_read(const struct cal_conn *conn);

/*
 * Publishing: has everything left for the readers, as far as the system tells
 * just now?  What was published a moment ago may not be seen yet.  *progressp
 * changes whenever a reader has taken some.
 */
bool cal_conn_left(const struct cal_conn *conn, uint64_t *progressp);

/*
 * SUBSCRIBE, PULL, and RPC that binds over Redis: no message comes until it is
 * called again with false; what is sent meanwhile waits on the way, or goes to
 * others.
 */
void cal_conn_pause(struct cal_conn *conn, bool pause);

/*
 * A group in Redis: with these its owner would have enough for now.  No more
 * are taken out of the group, which others may have, until it is said anew;
 * not said: as many as the window has.
 */
void cal_conn_want(struct cal_conn *conn, size_t count);

/* Does topic begin with one of the prefixes?  None: everything is wanted. */
static inline bool
cal_topic_is_wanted(const struct cal_slice *prefixes, size_t count,
    struct cal_slice topic)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (cal_slice_begins(topic, prefixes[i]))
			return true;
	return count == 0;
}

/*
 * Settles a message that was taken from Redis; why (or NULL) is kept with a
 * dead one.  A receipt that is 0 is none, and nothing happens; nothing is to
 * be settled where nothing is kept.
 */
void cal_conn_settle(struct cal_conn *conn, uint64_t receipt,
    enum cal_settle settle, const char *why);

/*
 * Its owner is about to do what the message says, for the first time or once
 * more: that is one delivery.  What only waited, while another one killed its
 * process, has none.  Until it is settled its claim is renewed.  False: others
 * have it by now, and it is not to be done here; settle it with BACK.
 */
bool cal_conn_begin(struct cal_conn *conn, uint64_t receipt);

/*
 * Consuming: nothing is taken any more.  When all is settled, and Redis knows,
 * our consumer leaves its group, and events->left follows; that may last as
 * long as Redis cannot be reached.  False: there is nothing to leave.
 */
bool cal_conn_leave(struct cal_conn *conn);

/* Is there no PING over it? */
bool cal_conn_is_silent(const struct cal_conn *conn);

/* Has everything been handed to the system's side of the transport? */
bool cal_conn_idle(const struct cal_conn *conn);

/* What stands in the way of a connection, in words; NULL: nothing known. */
const char *cal_conn_trouble(const struct cal_conn *conn);

/*
 * The list of those who are let in was read again: every link is looked up.  A
 * stream whose readers cannot be cut off one by one, and which has one who is
 * not let in any more, is closed and bound again at the same address: the
 * others connect again, and miss what was on its way to them.
 */
void cal_conn_recheck(struct cal_conn *conn);

/* May the other side call method? */
bool cal_link_may(const struct cal_link *link, struct cal_slice method);

/*
 * Closes; what was handed over gets grace seconds to leave.  True when it all
 * left.  No event comes any more; links are gone without down.
 */
bool cal_conn_close(struct cal_conn *conn, double grace);

extern const struct cal_transport cal_transport_zmq_tcp;
extern const struct cal_transport cal_transport_zmq_ipc;
extern const struct cal_transport cal_transport_loopback;
extern const struct cal_transport cal_transport_redis;
extern const struct cal_transport cal_transport_redis_unix;
extern const struct cal_transport cal_transport_redis_sentinel;

#endif
