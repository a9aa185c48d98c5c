/*
 * Inside the ZeroMQ transport: what its files share.  Nobody else includes
 * this.
 *
 * Of RPC, who binds is a ROUTER, who connects is a DEALER; streams have the
 * sockets that their patterns are named after, whoever binds.  zmq.c opens and
 * closes connections, zmq_socket.c their sockets, zmq_pump.c moves messages,
 * zmq_link.c knows the peers and their queues, zmq_stream.c publishes,
 * zmq_readers.c knows to whom, zmq_behind.c who of them is behind, and
 * zmq_left.c what they do not have yet; zmq_monitor.c hears who came and went,
 * zmq_client.c what that means to a connecting end, zmq_keys.c encrypts,
 * zmq_zap.c lets clients in, and zmq_context.c is libzmq's beginning and end.
 *
 * libzmq's descriptor is only a hint that something may have happened, and any
 * call may swallow the hint.  So every callback that touched the socket ends
 * in one pump (cal_zmq_pump, or cal_zmq_wake from outside of one): receive
 * until there is nothing, send what waits, and if something was sent after the
 * last receive, ask ZMQ_EVENTS, again while it says so.  A receive that finds
 * nothing has emptied the socket's mailbox: what comes later gives a new hint,
 * and asking again would be a system call for nothing.
 */
#ifndef CAL_TRANSPORT_ZMQ_H
#define CAL_TRANSPORT_ZMQ_H

#include <arpa/inet.h>
#include <ev.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <zmq.h>

#include "base/log.h"
#include "base/map.h"
#include "transport/greeting.h"
#include "transport/transport.h"

enum {
	CAL_ZMQ_PARTS = 1 + CAL_MESSAGE_PRE + 3,
	CAL_ZMQ_BUDGET = 256,           /* messages a turn of the loop */
	CAL_ZMQ_ID_MAX = 255,
	CAL_ZMQ_PROBES = 5,
	CAL_ZMQ_HANDSHAKE_MS = 5000,
	CAL_ZMQ_USER_ID = CAL_KEY_TEXT + 24,    /* key, "#", number, NUL */
};

/* A message being received; becomes a hold when it is taken. */
struct cal_zmq_inbox {
	struct cal_hold hold;
	size_t count;
	zmq_msg_t parts[CAL_ZMQ_PARTS];
};

/* A message that waits because the pipe to its peer is full. */
struct cal_zmq_waiting {
	TAILQ_ENTRY(cal_zmq_waiting) next;
	size_t bytes;
	size_t count;
	zmq_msg_t parts[];
};
TAILQ_HEAD(cal_zmq_waitings, cal_zmq_waiting);

struct cal_zmq_conn;

/* What a socket of a pattern is like; a row in zmq_socket.c. */
struct cal_zmq_kind {
	int bind, connect;              /* the sockets' types */
	struct {
		int option, value;
	} options[5];                   /* up to the first 0 */
	int64_t max_message;            /* 0: by max_body */
	int bind_events;                /* that the monitor tells */
	bool publishes;

	/* Takes one message off the socket.  False when there is none. */
	bool (*receive)(struct cal_zmq_conn *zc);
};

struct cal_zmq_link {
	struct cal_link link;
	struct cal_zmq_conn *zc;
	uint8_t id[CAL_ZMQ_ID_MAX];     /* routing id; none on a DEALER */
	size_t id_len;
	int fd;                         /* the connection's; -1: not known */
	bool up;
	char user_id[CAL_ZMQ_USER_ID];  /* of its connection; CURVE only */

	struct cal_zmq_waitings queue;
	size_t queue_count, queue_bytes;
	TAILQ_ENTRY(cal_zmq_link) in_blocked;   /* while queue is not empty */

	int probes;                     /* left to send; 0: no suspect */
	TAILQ_ENTRY(cal_zmq_link) in_suspects;
	TAILQ_ENTRY(cal_zmq_link) in_links;
};
TAILQ_HEAD(cal_zmq_links, cal_zmq_link);

/* A connection of a stream's socket; if that publishes, reading or not yet. */
struct cal_zmq_reader {
	int fd;
	double since;
	struct cal_buf prefixes;        /* a byte of length before each */
	size_t count;                   /* of prefixes */
	size_t asked;                   /* bytes of all its subscriptions */
	uint64_t words;                 /* subscriptions and ends of them */
	bool many;                      /* it has more than are kept */
	bool behind;
	double taking;                  /* bytes since then; 0: it does not */
	TAILQ_ENTRY(cal_zmq_reader) in_readers;
	TAILQ_ENTRY(cal_zmq_reader) in_behind;
};
TAILQ_HEAD(cal_zmq_readers, cal_zmq_reader);

struct cal_zmq_conn {
	struct cal_conn conn;
	const struct cal_zmq_kind *kind;
	void *context;                  /* lent by zmq.c */
	void *socket;
	void *monitor;
	char *address;                  /* as libzmq takes it */
	char numeric[INET6_ADDRSTRLEN + 2];     /* its host; tcp */
	bool ipv6;
	int lock;                       /* of an ipc path; -1: none */
	ev_io io, monitor_io;
	ev_timer retry;                 /* while somebody is blocked */
	ev_timer more;                  /* while a pump left something */
	ev_timer probe;                 /* while there are suspects */
	ev_timer reopen;                /* the socket, if it is of no use */
	bool pumping;
	bool sent;                      /* since the last receive */
	struct cal_zmq_inbox *inbox;    /* for the next message */

	struct cal_map *by_id;          /* ROUTER */
	struct cal_map *by_fd;
	struct cal_zmq_links links, blocked, suspects;
	struct cal_zmq_link *recent;    /* the last that sent something */
	struct cal_zmq_link *server;    /* all but ROUTER: the only link */

	/* Streams only. */
	bool paused;
	bool wants_room;                /* it was told that there is none */
	bool readers_changed;           /* and nobody was told yet */
	struct cal_zmq_readers readers, behind;
	size_t shaken;                  /* of them: who shook hands */
	struct cal_map *admitted;       /* keys, where they are told apart */
	bool rechecked;                 /* whose messages are, is looked up */
	unsigned attempts;              /* to bind again */

	uint64_t serial;
	struct cal_log_gate gate;       /* of peers that are not heard */
	bool asked_for;                 /* the ZAP handler knows it */
	LIST_ENTRY(cal_zmq_conn) in_zap;

	bool connected;                 /* since it was last tried again */
	double connected_at;
	unsigned failures;              /* of the handshake, in a row */
	double first_failure;
	bool mismatch;                  /* of mechanisms: libzmq is sure */
	struct cal_greeting *greeting;  /* being asked for, or NULL */
	bool refused;
	const char *trouble;
};

/* zmq_socket.c */
const struct cal_zmq_kind *cal_zmq_kind(enum cal_pattern pattern);
int cal_zmq_set_int(struct cal_zmq_conn *zc, int option, int value);
int cal_zmq_socket_open(struct cal_zmq_conn *zc, struct cal_err *err);
void cal_zmq_socket_close(struct cal_zmq_conn *zc, double grace);

/* Cuts everybody off, and is there again at the same address in a moment. */
void cal_zmq_socket_rebind(struct cal_zmq_conn *zc);
void cal_zmq_socket_reopen(struct ev_loop *loop, ev_timer *timer,
    int revents);

/* zmq_pump.c */
void cal_zmq_pump(struct cal_zmq_conn *zc);
void cal_zmq_drain(struct cal_zmq_conn *zc);    /* receives all, no budget */
void cal_zmq_wake(struct cal_zmq_conn *zc);     /* a pump in this turn */
int cal_zmq_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own);
int cal_zmq_send_parts(struct cal_zmq_conn *zc, zmq_msg_t *parts,
    size_t count);
struct cal_zmq_inbox *cal_zmq_inbox_new(void);

/* As zmq_msg_recv and zmq_msg_send, whoever catches signals. */
int cal_zmq_recv_part(struct cal_zmq_conn *zc, zmq_msg_t *part);
int cal_zmq_send_part(struct cal_zmq_conn *zc, zmq_msg_t *part, bool more);

/* ZMQ_EVENTS; whatever came for the socket is looked at before. */
int cal_zmq_events(struct cal_zmq_conn *zc);

/* The frames as parts: returns how many. */
size_t cal_zmq_fill(zmq_msg_t *parts, const struct cal_frames *frames,
    struct cal_buf *own);

bool cal_zmq_receive(struct cal_zmq_conn *zc);  /* a row's */

/* zmq_stream.c */
int cal_zmq_publish(struct cal_conn *conn, const struct cal_frames *frames,
    bool force, bool *missedp);
void cal_zmq_pause(struct cal_conn *conn, bool pause);
void cal_zmq_stream_tell(struct cal_zmq_conn *zc);      /* the owner */

/* zmq_readers.c */
size_t cal_zmq_readers_count(const struct cal_conn *conn,
    struct cal_slice topic);
bool cal_zmq_readers_any(const struct cal_conn *conn);
bool cal_zmq_readers_receive(struct cal_zmq_conn *zc);  /* rows' */
bool cal_zmq_readers_look(struct cal_zmq_conn *zc);
void cal_zmq_readers_event(struct cal_zmq_conn *zc, uint16_t event,
    uint32_t value);
void cal_zmq_readers_forget(struct cal_zmq_conn *zc);   /* all of them */
void cal_zmq_readers_rest(struct cal_zmq_conn *zc);     /* or not any more */

/* Is it given messages of the topic, or of none? */
bool cal_zmq_reader_wants(const struct cal_zmq_reader *reader,
    struct cal_slice topic);

/* zmq_behind.c: readers who have no room now fall behind. */
void cal_zmq_behind_fall(struct cal_zmq_conn *zc,
    const struct cal_frames *frames);
void cal_zmq_behind_remove(struct cal_zmq_conn *zc,
    struct cal_zmq_reader *reader);

/*
 * Looks after those who are behind.  True: one takes something again, and in a
 * moment he will have room, or be behind as before.
 */
bool cal_zmq_behind_returns(struct cal_zmq_conn *zc);

/* Is somebody behind to whom the message would have been given? */
bool cal_zmq_behind_misses(const struct cal_zmq_conn *zc,
    const struct cal_frames *frames);

/* zmq_left.c */
bool cal_zmq_left(const struct cal_conn *conn, uint64_t *progressp);

/* Before closing: false when somebody reads nothing for so many seconds. */
bool cal_zmq_left_wait(struct cal_zmq_conn *zc, double grace);

/* zmq_link.c */
struct cal_zmq_link *cal_zmq_link_new(struct cal_zmq_conn *zc,
    struct cal_slice id);

/*
 * A peer of a ROUTER, known or new; part is one of its message.  NULL: with
 * keys, one that cannot be told from others.
 */
struct cal_zmq_link *cal_zmq_link_find(struct cal_zmq_conn *zc,
    struct cal_slice id, const zmq_msg_t *part);
void cal_zmq_link_up(struct cal_zmq_link *zl);
void cal_zmq_link_down(struct cal_zmq_link *zl);
void cal_zmq_link_free(struct cal_zmq_link *zl);
int cal_zmq_link_wait(struct cal_zmq_link *zl, zmq_msg_t *parts,
    size_t count, size_t bytes);
void cal_zmq_link_flush(struct cal_zmq_link *zl);
void cal_zmq_link_drop(struct cal_zmq_link *zl);        /* what waits */
void cal_zmq_link_suspect(struct cal_zmq_conn *zc, int fd);
void cal_zmq_link_probe(struct cal_zmq_conn *zc);

/* zmq_context.c: one for all; every open has its close. */
int cal_zmq_context_open(void **contextp, struct cal_err *err);
bool cal_zmq_context_last(void);        /* is there one user of it left? */
void cal_zmq_context_close(void);

/* zmq_zap.c: answers for the clients of a server, until it leaves. */
int cal_zmq_zap_join(struct cal_zmq_conn *zc, struct cal_err *err);
const char *cal_zmq_zap_domain(const struct cal_zmq_conn *zc);
void cal_zmq_zap_leave(struct cal_zmq_conn *zc);

/* zmq_keys.c */
int cal_zmq_keys_set(struct cal_zmq_conn *zc, struct cal_err *err);
void cal_zmq_keys_recheck(struct cal_conn *conn);

/*
 * Did part come over the link's connection?  The first one tells whose it is.
 * Servers with keys only.
 */
bool cal_zmq_keys_own(struct cal_zmq_link *zl, const zmq_msg_t *part);

/* Did part, of a stream, come from somebody who is not let in any more? */
bool cal_zmq_keys_barred(struct cal_zmq_conn *zc, const zmq_msg_t *part);

/* zmq_client.c: an event of a connecting end's monitor. */
void cal_zmq_client_event(struct cal_zmq_conn *zc, uint16_t event,
    uint32_t value);

/* zmq_monitor.c */
int cal_zmq_monitor_open(struct cal_zmq_conn *zc, struct cal_err *err);
void cal_zmq_monitor_read(struct cal_zmq_conn *zc);
void cal_zmq_monitor_close(struct cal_zmq_conn *zc);

#endif
