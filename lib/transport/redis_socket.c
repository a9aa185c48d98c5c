/*
 * A connection to Redis on the loop.
 *
 * Writing and the watch over silence have the lowest priority: what is sent in
 * one turn leaves in one write, and what came while this process itself stood
 * still is read before anybody is declared dead.
 */
#include "transport/redis_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/secret.h"

enum {
	CHUNK = 16 << 10,       /* bytes of one read, … */
	CHUNKS = 16,            /* … of which there are so many in one turn */
	OUT_KEPT = 1 << 20,     /* bytes; a larger buffer is given back */
};

struct cal_redis_socket {
	struct cal_redis_socket_conf conf;
	int fd;
	struct cal_redis_reader reader;
	struct cal_buf out;
	size_t sent;                    /* of out */

	bool connected, blocked, wipe;
	bool over, closed;              /* ended; closed by its owner */
	bool busy;                      /* events go out: not to be freed */
	char why[CAL_ERR_TEXT];
	ev_io readable, writable;
	ev_timer silence;
	ev_timer turn;                  /* only ever fed */
};

/* Its end. */

static void
socket_free(struct cal_redis_socket *rs)
{
	cal_redis_reader_release(&rs->reader);
	if (rs->out.ptr != NULL)
		cal_secret_wipe(rs->out.ptr, rs->out.cap);
	cal_buf_release(&rs->out);
	free(rs);
}

static void
stop(struct cal_redis_socket *rs)
{
	struct ev_loop *loop = rs->conf.loop;

	rs->over = true;
	ev_io_stop(loop, &rs->readable);
	ev_io_stop(loop, &rs->writable);
	ev_timer_stop(loop, &rs->silence);
	ev_clear_pending(loop, &rs->turn);
	cal_io_close(&rs->fd);
}

void
cal_redis_socket_end(struct cal_redis_socket *rs, const char *why)
{
	if (rs->over)
		return;
	stop(rs);
	(void)snprintf(rs->why, sizeof(rs->why), "%s", why);
	ev_feed_event(rs->conf.loop, &rs->turn, 0);
}

void
cal_redis_socket_close(struct cal_redis_socket *rs)
{
	if (rs == NULL)
		return;
	stop(rs);
	rs->closed = true;
	if (!rs->busy)
		socket_free(rs);
}

/* Around all that tells the owner something, who may close meanwhile. */
static void
leave(struct cal_redis_socket *rs)
{
	rs->busy = false;
	if (rs->closed)
		socket_free(rs);
}

/* Reading. */

static void
end_errno(struct cal_redis_socket *rs, int errnum)
{
	struct cal_err err;

	(void)cal_fail_errno(&err, CAL_EUNAVAIL, errnum,
	    rs->connected ? "the connection broke" : "cannot connect");
	cal_redis_socket_end(rs, err.text);
}

static void
deliver(struct cal_redis_socket *rs)
{
	struct cal_err err;
	redisReply *reply;

	while (!rs->over) {
		if (cal_redis_reader_next(&rs->reader, &reply, &err) != CAL_OK)
			cal_redis_socket_end(rs, err.text);
		if (reply == NULL)
			return;
		rs->conf.reply(rs->conf.arg, reply);
		freeReplyObject(reply);
	}
}

static void
receive(struct cal_redis_socket *rs)
{
	char chunk[CHUNK];
	ssize_t got = CHUNK;
	int i;

	for (i = 0; i < CHUNKS && got == CHUNK && !rs->over; i++) {
		got = recv(rs->fd, chunk, sizeof(chunk), 0);
		if (got == 0)
			cal_redis_socket_end(rs, "Redis hung up");
		else if (got == -1 && errno != EAGAIN && errno != EINTR)
			end_errno(rs, errno);
		if (got <= 0)
			return;
		if (ev_is_active(&rs->silence))
			ev_timer_again(rs->conf.loop, &rs->silence);
		cal_redis_reader_feed(&rs->reader, chunk, (size_t)got);
		deliver(rs);
	}
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct cal_redis_socket *rs = io->data;

	(void)loop;
	(void)revents;
	rs->busy = true;
	receive(rs);
	leave(rs);
}

/* Writing. */

static void
sent_all(struct cal_redis_socket *rs)
{
	if (rs->wipe && rs->out.ptr != NULL)
		cal_secret_wipe(rs->out.ptr, rs->out.cap);
	rs->wipe = false;
	rs->sent = 0;
	cal_buf_clear(&rs->out);
	if (rs->out.cap > OUT_KEPT)
		cal_buf_release(&rs->out);
	rs->blocked = false;
	ev_io_stop(rs->conf.loop, &rs->writable);
}

/* Before it hung up it may have said why. */
static void
write_failed(struct cal_redis_socket *rs, int errnum)
{
	receive(rs);
	if (!rs->over)
		end_errno(rs, errnum);
}

static void
flush(struct cal_redis_socket *rs)
{
	ssize_t put;

	while (rs->sent < rs->out.len) {
		put = send(rs->fd, rs->out.ptr + rs->sent,
		    rs->out.len - rs->sent, MSG_NOSIGNAL);
		if (put == -1 && errno == EINTR)
			continue;
		if (put == -1 && errno != EAGAIN) {
			write_failed(rs, errno);
			return;
		}
		if (put == -1) {
			rs->blocked = true;
			ev_io_start(rs->conf.loop, &rs->writable);
			return;
		}
		rs->sent += (size_t)put;
	}
	sent_all(rs);
}

static void
on_connected(struct cal_redis_socket *rs)
{
	int errnum = 0;
	socklen_t len = sizeof(errnum);

	if (getsockopt(rs->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) == -1)
		errnum = errno;
	if (errnum != 0) {
		end_errno(rs, errnum);
		return;
	}
	rs->connected = true;
	ev_io_stop(rs->conf.loop, &rs->writable);
	ev_io_start(rs->conf.loop, &rs->readable);
	rs->conf.connected(rs->conf.arg);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct cal_redis_socket *rs = io->data;

	(void)revents;
	rs->busy = true;
	if (!rs->connected) {
		on_connected(rs);
	} else {
		if (ev_is_active(&rs->silence))
			ev_timer_again(loop, &rs->silence);
		flush(rs);
	}
	leave(rs);
}

static void
on_silence(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_socket *rs = timer->data;

	(void)loop;
	(void)revents;
	cal_redis_socket_end(rs, rs->connected ? "Redis does not answer" :
	    "nothing answers there");
}

/* The end of a turn in which something was sent, or it ended. */
static void
on_turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_socket *rs = timer->data;

	(void)loop;
	(void)revents;
	rs->busy = true;
	if (rs->over)
		rs->conf.ended(rs->conf.arg, rs->why);
	else if (!rs->blocked)
		flush(rs);
	leave(rs);
}

void
cal_redis_socket_send(struct cal_redis_socket *rs,
    const struct cal_redis_words *words)
{
	if (rs->over)
		return;
	/* What was sent makes room before the buffer grows. */
	if (rs->sent > rs->out.len / 2) {
		cal_buf_consume(&rs->out, rs->sent);
		rs->sent = 0;
	}
	cal_redis_words_write(words, &rs->out);
	ev_feed_event(rs->conf.loop, &rs->turn, 0);
}

void
cal_redis_socket_wipe(struct cal_redis_socket *rs)
{
	rs->wipe = true;
}

void
cal_redis_socket_wait(struct cal_redis_socket *rs, double seconds)
{
	if (rs->over)
		return;
	if (seconds > 0)
		ev_now_update(rs->conf.loop);
	rs->silence.repeat = seconds;
	ev_timer_again(rs->conf.loop, &rs->silence);
}

/* The beginning. */

int
cal_redis_socket_open(struct cal_redis_socket **socketp,
    const struct cal_redis_socket_conf *conf, struct cal_err *err)
{
	struct cal_redis_socket *rs;
	int fd = -1, rc;

	*socketp = NULL;
	if ((rc = cal_redis_dial(&fd, conf->url, err)) != CAL_OK)
		return rc;
	CAL_NEW(rs);
	rs->conf = *conf;
	rs->fd = fd;
	cal_redis_reader_init(&rs->reader, conf->reply_max);
	ev_io_init(&rs->readable, on_readable, fd, EV_READ);
	ev_io_init(&rs->writable, on_writable, fd, EV_WRITE);
	ev_init(&rs->silence, on_silence);
	ev_init(&rs->turn, on_turn);
	ev_set_priority(&rs->silence, EV_MINPRI);
	ev_set_priority(&rs->turn, EV_MINPRI);
	rs->readable.data = rs->writable.data = rs;
	rs->silence.data = rs->turn.data = rs;
	ev_io_start(conf->loop, &rs->writable);
	*socketp = rs;
	return CAL_OK;
}
