/*
 * The peers of a ZeroMQ socket, and what waits for them.
 *
 * libzmq tells that a connection ended by its descriptor only, and descriptors
 * are used again, often before the end is heard of.  So a link whose descriptor
 * was closed, or carries the messages of another, is a suspect: it is sent a
 * PING, and is gone when the ROUTER knows its routing id no more.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "transport/zmq.h"

static struct cal_slice
fd_key(const int *fd)
{
	return cal_slice_of(fd, sizeof(*fd));
}

static void
name_link(struct cal_zmq_link *zl)
{
	static uint32_t prefix;

	if (prefix == 0)
		prefix = cal_random_u32() | 1;
	(void)snprintf(zl->link.name, sizeof(zl->link.name), "%08x-%llu",
	    prefix, (unsigned long long)++zl->zc->serial);
}

struct cal_zmq_link *
cal_zmq_link_new(struct cal_zmq_conn *zc, struct cal_slice id)
{
	struct cal_zmq_link *zl;

	CAL_NEW(zl);
	zl->zc = zc;
	zl->fd = -1;
	zl->id_len = id.len < sizeof(zl->id) ? id.len : sizeof(zl->id);
	if (id.len > 0)
		memcpy(zl->id, id.ptr, zl->id_len);
	TAILQ_INIT(&zl->queue);
	name_link(zl);
	TAILQ_INSERT_TAIL(&zc->links, zl, in_links);
	if (id.len > 0)
		(void)cal_map_put(zc->by_id, id, zl);
	return zl;
}

static void
forget_fd(struct cal_zmq_link *zl)
{
	if (zl->fd != -1 && cal_map_find(zl->zc->by_fd, fd_key(&zl->fd)) == zl)
		(void)cal_map_remove(zl->zc->by_fd, fd_key(&zl->fd));
	zl->fd = -1;
}

static void
no_suspect(struct cal_zmq_link *zl)
{
	if (zl->probes > 0)
		TAILQ_REMOVE(&zl->zc->suspects, zl, in_suspects);
	zl->probes = 0;
}

static void
suspect(struct cal_zmq_link *zl)
{
	struct cal_zmq_conn *zc = zl->zc;

	if (zl->probes == 0)
		TAILQ_INSERT_TAIL(&zc->suspects, zl, in_suspects);
	zl->probes = CAL_ZMQ_PROBES;
	if (!ev_is_active(&zc->probe))
		ev_timer_again(zc->conn.conf.loop, &zc->probe);
}

/* Whoever had this descriptor before has it no more. */
static void
take_fd(struct cal_zmq_link *zl, int fd)
{
	struct cal_zmq_link *before;

	forget_fd(zl);
	zl->fd = fd;
	if (fd == -1)
		return;
	before = cal_map_put(zl->zc->by_fd, fd_key(&fd), zl);
	if (before == NULL)
		return;
	before->fd = -1;
	suspect(before);
}

/* Most messages come from whoever sent the one before. */
static struct cal_zmq_link *
find_id(struct cal_zmq_conn *zc, struct cal_slice id)
{
	struct cal_zmq_link *zl = zc->recent;

	if (zl == NULL || zl->id_len != id.len ||
	    memcmp(zl->id, id.ptr, id.len) != 0)
		zl = cal_map_find(zc->by_id, id);
	if (zl == NULL)
		zl = cal_zmq_link_new(zc, id);
	zc->recent = zl;
	return zl;
}

/*
 * A routing id that libzmq made up is one of one connection, so that a
 * descriptor once known is enough.  They have five bytes, the first of them
 * zero.  A peer may choose such a one, too, but not know which others have.
 */
static bool
is_made_up(struct cal_slice id)
{
	return id.len == 5 && id.ptr[0] == 0;
}

/*
 * Whoever may choose a routing id may choose one that another has, and is sent
 * what was meant for that one as soon as he has left: nothing is asked anew
 * between our decision to send and libzmq's look for the id.  So with keys
 * there are none but those that libzmq counts on from a random number, which
 * no peer ever sees.
 */
static bool
may_have(struct cal_zmq_conn *zc, struct cal_slice id)
{
	if (zc->conn.conf.keys == NULL || is_made_up(id))
		return true;
	cal_log_gated(&zc->gate, CAL_LOG_WARNING, "a peer that chose its own "
	    "routing id is not heard: with keys it may have none");
	return false;
}

struct cal_zmq_link *
cal_zmq_link_find(struct cal_zmq_conn *zc, struct cal_slice id,
    const zmq_msg_t *part)
{
	struct cal_zmq_link *zl;
	int fd;

	if (!may_have(zc, id))
		return NULL;
	zl = find_id(zc, id);
	if (zc->conn.conf.keys != NULL && !cal_zmq_keys_own(zl, part)) {
		/* Somebody else has the routing id now. */
		cal_zmq_link_down(zl);
		zl = find_id(zc, id);
		if (!cal_zmq_keys_own(zl, part)) {
			cal_zmq_link_free(zl);
			return NULL;
		}
	}
	if (zl->fd == -1 || !is_made_up(id)) {
		fd = zmq_msg_get(part, ZMQ_SRCFD);
		if (zl->fd != fd)
			take_fd(zl, fd);
	}
	cal_zmq_link_up(zl);
	return zl;
}

void
cal_zmq_link_up(struct cal_zmq_link *zl)
{
	if (zl->up)
		return;
	zl->up = true;
	zl->zc->conn.conf.events->up(zl->zc->conn.conf.arg, &zl->link);
}

void
cal_zmq_link_drop(struct cal_zmq_link *zl)
{
	struct cal_zmq_waiting *waiting;
	size_t i;

	if (zl->queue_count > 0)
		TAILQ_REMOVE(&zl->zc->blocked, zl, in_blocked);
	while ((waiting = TAILQ_FIRST(&zl->queue)) != NULL) {
		TAILQ_REMOVE(&zl->queue, waiting, next);
		for (i = 0; i < waiting->count; i++)
			(void)zmq_msg_close(&waiting->parts[i]);
		free(waiting);
		zl->zc->conn.counts.undeliverable++;
	}
	zl->queue_count = 0;
	zl->queue_bytes = 0;
}

void
cal_zmq_link_down(struct cal_zmq_link *zl)
{
	struct cal_zmq_conn *zc = zl->zc;

	no_suspect(zl);
	cal_zmq_link_drop(zl);
	if (zl->up) {
		zl->up = false;
		zc->conn.conf.events->down(zc->conn.conf.arg, &zl->link);
	}
	if (zl->id_len > 0)
		cal_zmq_link_free(zl);
}

void
cal_zmq_link_free(struct cal_zmq_link *zl)
{
	no_suspect(zl);
	cal_zmq_link_drop(zl);
	forget_fd(zl);
	cal_user_unuse(zl->link.user);
	if (zl->zc->recent == zl)
		zl->zc->recent = NULL;
	if (zl->id_len > 0)
		(void)cal_map_remove(zl->zc->by_id,
		    cal_slice_of(zl->id, zl->id_len));
	TAILQ_REMOVE(&zl->zc->links, zl, in_links);
	free(zl);
}

/* Takes the parts over, unless the queue is full. */
int
cal_zmq_link_wait(struct cal_zmq_link *zl, zmq_msg_t *parts, size_t count,
    size_t bytes)
{
	struct cal_zmq_waiting *waiting;
	size_t i;

	if (zl->queue_count >= CAL_CONN_QUEUE || (zl->queue_count > 0 &&
	    zl->queue_bytes + bytes > 4 * zl->zc->conn.conf.max_body))
		return CAL_EAGAIN;
	waiting = cal_malloc(sizeof(*waiting) + count * sizeof(*parts));
	waiting->bytes = bytes;
	waiting->count = count;
	for (i = 0; i < count; i++) {
		(void)zmq_msg_init(&waiting->parts[i]);
		(void)zmq_msg_move(&waiting->parts[i], &parts[i]);
	}
	if (zl->queue_count++ == 0)
		TAILQ_INSERT_TAIL(&zl->zc->blocked, zl, in_blocked);
	zl->queue_bytes += bytes;
	TAILQ_INSERT_TAIL(&zl->queue, waiting, next);
	return CAL_OK;
}

void
cal_zmq_link_flush(struct cal_zmq_link *zl)
{
	struct cal_zmq_waiting *waiting;
	int rc;

	while ((waiting = TAILQ_FIRST(&zl->queue)) != NULL) {
		rc = cal_zmq_send_parts(zl->zc, waiting->parts, waiting->count);
		if (rc == CAL_EGONE)
			cal_zmq_link_drop(zl);
		if (rc != CAL_OK)
			return;
		TAILQ_REMOVE(&zl->queue, waiting, next);
		zl->queue_bytes -= waiting->bytes;
		if (--zl->queue_count == 0)
			TAILQ_REMOVE(&zl->zc->blocked, zl, in_blocked);
		free(waiting);
	}
}

static bool
answers_to_id(struct cal_zmq_link *zl)
{
	zmq_msg_t parts[4];
	size_t i;
	int rc;

	(void)zmq_msg_init_size(&parts[0], zl->id_len);
	memcpy(zmq_msg_data(&parts[0]), zl->id, zl->id_len);
	(void)zmq_msg_init_size(&parts[1], 4);
	memcpy(zmq_msg_data(&parts[1]), "PING", 4);
	(void)zmq_msg_init(&parts[2]);
	(void)zmq_msg_init(&parts[3]);
	rc = cal_zmq_send_parts(zl->zc, parts, 4);
	if (rc != CAL_OK)
		for (i = 0; i < 4; i++)
			(void)zmq_msg_close(&parts[i]);
	return rc != CAL_EGONE;
}

/* Sends every suspect a PING; those that are gone go down. */
void
cal_zmq_link_probe(struct cal_zmq_conn *zc)
{
	struct cal_zmq_link *zl, *next;

	for (zl = TAILQ_FIRST(&zc->suspects); zl != NULL; zl = next) {
		next = TAILQ_NEXT(zl, in_suspects);
		if (!answers_to_id(zl))
			cal_zmq_link_down(zl);
		else if (zl->probes == 1)
			no_suspect(zl);
		else
			zl->probes--;
	}
	if (TAILQ_EMPTY(&zc->suspects))
		ev_timer_stop(zc->conn.conf.loop, &zc->probe);
	else if (!ev_is_active(&zc->probe))
		ev_timer_again(zc->conn.conf.loop, &zc->probe);
	cal_zmq_wake(zc);
}

/*
 * A connection with this descriptor ended; not the one that has it now, if
 * that turns out to be there.
 */
void
cal_zmq_link_suspect(struct cal_zmq_conn *zc, int fd)
{
	struct cal_zmq_link *zl = cal_map_find(zc->by_fd, fd_key(&fd));

	if (zl == NULL)
		return;
	suspect(zl);
	/* Many end at once: only the timer counts the probes of the others. */
	if (!answers_to_id(zl))
		cal_zmq_link_down(zl);
	cal_zmq_wake(zc);
}
