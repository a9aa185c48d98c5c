/*
 * Who reads what a socket publishes, and the connections of one that reads.
 *
 * The monitor tells of connections by their descriptors, and a subscription
 * carries the descriptor over which it came.  Descriptors are used again, but
 * not before the monitor told that the connection ended, nor before it told of
 * the next: so all that it has to tell is heard before a subscription is
 * booked, and what comes late over a connection that has ended is nobody's.
 *
 * Of a PUSH the monitor tells who connected and who left, by descriptors, and
 * that some handshake succeeded, without one; who is no reader at all leaves
 * without a word about his handshake.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "transport/zmq.h"

/* Subscriptions and ends of them: at once, and more a second. */
enum { WORDS = 20000, WORDS_PACE = 1000 };

static struct cal_slice
fd_key(const int *fd)
{
	return cal_slice_of(fd, sizeof(*fd));
}

static struct cal_zmq_reader *
find_reader(struct cal_zmq_conn *zc, int fd)
{
	return cal_map_find(zc->by_fd, fd_key(&fd));
}

static void
remove_reader(struct cal_zmq_conn *zc, struct cal_zmq_reader *reader)
{
	(void)cal_map_remove(zc->by_fd, fd_key(&reader->fd));
	TAILQ_REMOVE(&zc->readers, reader, in_readers);
	cal_zmq_behind_remove(zc, reader);
	zc->readers_changed = true;
	cal_buf_release(&reader->prefixes);
	free(reader);
}

/*
 * libzmq does not read while its queue is full, and forgets what the system
 * still has for it when the connection breaks.  Of a publisher that has left,
 * everything is there, however long it takes, until we ask whether he lives:
 * his host knows nothing of him any more, and breaks it.  So nobody asks while
 * we rest, and takes what is there before it is asked again.
 */
static void
look_for_other_side(const struct cal_zmq_conn *zc,
    const struct cal_zmq_reader *reader)
{
	int on = !zc->paused;

	if (zc->conn.conf.url.scheme == CAL_TCP)
		(void)setsockopt(reader->fd, SOL_SOCKET, SO_KEEPALIVE, &on,
		    sizeof(on));
}

void
cal_zmq_readers_rest(struct cal_zmq_conn *zc)
{
	const struct cal_zmq_reader *reader;

	TAILQ_FOREACH(reader, &zc->readers, in_readers)
		look_for_other_side(zc, reader);
}

static void
add_reader(struct cal_zmq_conn *zc, int fd)
{
	struct cal_zmq_reader *reader = find_reader(zc, fd);

	if (reader != NULL)
		remove_reader(zc, reader);
	CAL_NEW(reader);
	reader->fd = fd;
	reader->since = cal_clock_now();
	TAILQ_INSERT_TAIL(&zc->readers, reader, in_readers);
	(void)cal_map_put(zc->by_fd, fd_key(&fd), reader);
	if (zc->paused)
		look_for_other_side(zc, reader);
}

void
cal_zmq_readers_forget(struct cal_zmq_conn *zc)
{
	while (!TAILQ_EMPTY(&zc->readers))
		remove_reader(zc, TAILQ_FIRST(&zc->readers));
	zc->shaken = 0;
}

/* Is the connection older than a handshake may be? */
static bool
is_old(const struct cal_zmq_reader *reader)
{
	return cal_clock_now() - reader->since >
	    CAL_ZMQ_HANDSHAKE_MS / 1000.0 + 1;
}

/* A young one that left may have been no reader: then there are fewer left. */
static void
on_disconnected(struct cal_zmq_conn *zc, int fd)
{
	struct cal_zmq_reader *reader = find_reader(zc, fd);

	if (reader == NULL)
		return;
	if (is_old(reader) && zc->shaken > 0)
		zc->shaken--;
	remove_reader(zc, reader);
	if (zc->shaken > cal_map_count(zc->by_fd))
		zc->shaken = cal_map_count(zc->by_fd);
}

void
cal_zmq_readers_event(struct cal_zmq_conn *zc, uint16_t event, uint32_t value)
{
	switch (event) {
	case ZMQ_EVENT_ACCEPTED:
	case ZMQ_EVENT_CONNECTED:
		add_reader(zc, (int)value);
		break;
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		if (zc->shaken < cal_map_count(zc->by_fd))
			zc->shaken++;
		zc->readers_changed = true;
		break;
	case ZMQ_EVENT_DISCONNECTED:
		on_disconnected(zc, (int)value);
		break;
	}
}

/* Subscriptions. */

/* The prefix at at, which then stands behind it; false: there is none. */
static bool
next_prefix(const struct cal_zmq_reader *reader, size_t *at,
    struct cal_slice *prefix)
{
	const uint8_t *ptr = reader->prefixes.ptr;

	if (*at == reader->prefixes.len)
		return false;
	*prefix = cal_slice_of(ptr + *at + 1, ptr[*at]);
	*at += 1 + prefix->len;
	return true;
}

/* Where prefix begins; beyond the end: it is not there. */
static size_t
find_prefix(const struct cal_zmq_reader *reader, struct cal_slice wanted)
{
	struct cal_slice prefix;
	size_t at = 0, start;

	do {
		start = at;
		if (!next_prefix(reader, &at, &prefix))
			break;
	} while (!cal_slice_same(prefix, wanted));
	return start;
}

static void
add_prefix(struct cal_zmq_reader *reader, struct cal_slice prefix)
{
	if (find_prefix(reader, prefix) < reader->prefixes.len)
		return;
	if (reader->count == CAL_CONN_PREFIXES ||
	    prefix.len > CAL_CONN_PREFIX) {
		reader->many = true;
		return;
	}
	reader->count++;
	cal_buf_put_byte(&reader->prefixes, (uint8_t)prefix.len);
	cal_buf_put(&reader->prefixes, prefix.ptr, prefix.len);
}

static void
remove_prefix(struct cal_zmq_reader *reader, struct cal_slice prefix)
{
	struct cal_buf *all = &reader->prefixes;
	size_t at = find_prefix(reader, prefix), end = at + 1 + prefix.len;

	if (at == all->len)
		return;
	reader->count--;
	memmove(all->ptr + at, all->ptr + end, all->len - end);
	cal_buf_cut(all, all->len - 1 - prefix.len);
}

/*
 * libzmq keeps all that readers say until we have heard it, and each
 * subscription, with some 34 bytes for each byte, as long as they are there.
 * It knows no limit: who says too much is cut off behind its back.
 */
static void
cut_off(struct cal_zmq_conn *zc, const struct cal_zmq_reader *reader,
    const char *what)
{
	(void)shutdown(reader->fd, SHUT_RDWR);
	cal_log_gated(&zc->gate, CAL_LOG_WARNING, "a subscriber of '%s' %s, "
	    "and is cut off", zc->address, what);
}

/* Subscriptions that come and go: each costs the time that others wait. */
static void
count_words(struct cal_zmq_conn *zc, struct cal_zmq_reader *reader)
{
	double allowed = WORDS + WORDS_PACE * (cal_clock_now() -
	    reader->since);

	if ((double)++reader->words > allowed)
		cut_off(zc, reader, "subscribed and unsubscribed too often");
}

static void
count_asked(struct cal_zmq_conn *zc, struct cal_zmq_reader *reader,
    struct cal_slice prefix)
{
	reader->asked += prefix.len + 1;
	if (reader->asked > CAL_CONN_ASKED)
		cut_off(zc, reader, "asked for more than 1 MiB of topics");
}

/*
 * When a connection ends libzmq makes the ends of its subscriptions up: they
 * carry no descriptor, and the monitor tells of it.
 */
static void
book(struct cal_zmq_conn *zc, zmq_msg_t *part)
{
	const uint8_t *ptr = zmq_msg_data(part);
	size_t len = zmq_msg_size(part);
	struct cal_zmq_reader *reader;
	struct cal_slice prefix;
	int fd = zmq_msg_get(part, ZMQ_SRCFD);

	if (fd == -1)
		return;
	cal_zmq_monitor_read(zc);
	if ((reader = find_reader(zc, fd)) == NULL)
		return;
	if (len == 0 || ptr[0] > 1) {
		cut_off(zc, reader, "sent what is no subscription");
		return;
	}
	prefix = cal_slice_of(ptr + 1, len - 1);
	count_words(zc, reader);
	if (ptr[0] == 1) {
		add_prefix(reader, prefix);
		count_asked(zc, reader, prefix);
	} else {
		remove_prefix(reader, prefix);
		reader->asked -= prefix.len < reader->asked ? prefix.len + 1 :
		    reader->asked;
	}
	zc->readers_changed = true;
}

bool
cal_zmq_readers_receive(struct cal_zmq_conn *zc)
{
	zmq_msg_t part;
	bool got;

	zc->sent = false;
	(void)zmq_msg_init(&part);
	got = cal_zmq_recv_part(zc, &part) != -1;
	if (got)
		book(zc, &part);
	(void)zmq_msg_close(&part);
	return got;
}

/* Nothing comes over a PUSH; but who came and went has to be looked at. */
bool
cal_zmq_readers_look(struct cal_zmq_conn *zc)
{
	(void)cal_zmq_events(zc);
	return false;
}

bool
cal_zmq_reader_wants(const struct cal_zmq_reader *reader,
    struct cal_slice topic)
{
	struct cal_slice prefix;
	size_t at = 0;

	if (topic.len == 0)
		topic = cal_slice_text("UPPER");        /* its first frame */
	while (next_prefix(reader, &at, &prefix))
		if (cal_slice_begins(topic, prefix))
			return true;
	return false;
}

/* What old ones there are has succeeded, whatever was heard. */
static size_t
count_pulling(const struct cal_zmq_conn *zc)
{
	const struct cal_zmq_reader *reader;
	size_t old = 0;

	if (!zc->conn.conf.bind)
		return zc->server->up;
	TAILQ_FOREACH(reader, &zc->readers, in_readers)
		old += is_old(reader);
	return zc->shaken > old ? zc->shaken : old;
}

size_t
cal_zmq_readers_count(const struct cal_conn *conn, struct cal_slice topic)
{
	const struct cal_zmq_conn *zc = (const struct cal_zmq_conn *)conn;
	const struct cal_zmq_reader *reader;
	size_t count = 0;

	if (conn->conf.pattern == CAL_PATTERN_PUSH)
		return count_pulling(zc);
	TAILQ_FOREACH(reader, &zc->readers, in_readers)
		count += reader->many || cal_zmq_reader_wants(reader, topic);
	return count;
}

bool
cal_zmq_readers_any(const struct cal_conn *conn)
{
	const struct cal_zmq_conn *zc = (const struct cal_zmq_conn *)conn;
	const struct cal_zmq_reader *reader;

	TAILQ_FOREACH(reader, &zc->readers, in_readers)
		if (reader->count > 0 || reader->many)
			return true;
	return false;
}
