/*
 * Ends of streams, and what their events said; and sockets of libzmq in the
 * hands of the test at the other side of them.
 */
#ifndef CAL_TESTS_STREAMS_H
#define CAL_TESTS_STREAMS_H

#include <errno.h>
#include <unistd.h>
#include <zmq.h>

#include "loop.h"
#include "transport/zmq.h"

/* One end: what it is said to be, then what came. */
struct stream {
	struct cal_conn *conn;
	const struct cal_conn_keys *keys;
	const struct cal_slice *topics;
	size_t topics_count;
	size_t ups, downs, refusals;
	struct cal_err refusal;
	size_t rooms, readers;          /* events */
	size_t count;                   /* messages */
	struct cal_buf log;             /* "TOPIC|HEADER|BODY " of each */
	bool quiet;                     /* counts only */
	size_t pause_after;             /* messages; 0: no pause */
};

static inline void
on_stream_up(void *arg, struct cal_link *link)
{
	assert_non_null(link);
	((struct stream *)arg)->ups++;
}

static inline void
on_stream_down(void *arg, struct cal_link *link)
{
	assert_non_null(link);
	((struct stream *)arg)->downs++;
}

static inline void
on_stream_message(void *arg, struct cal_link *link,
    struct cal_message *message)
{
	struct stream *stream = arg;

	assert_non_null(link);
	assert_int_equal(message->word, CAL_WORD_UPPER);
	assert_in_range(message->pre_count, 0, 1);
	if (++stream->count == stream->pause_after)
		cal_conn_pause(stream->conn, true);
	if (stream->quiet)
		return;
	if (message->pre_count == 1)
		cal_buf_put(&stream->log, message->pre[0].ptr,
		    message->pre[0].len);
	cal_buf_put_byte(&stream->log, '|');
	cal_buf_put(&stream->log, message->header.ptr, message->header.len);
	cal_buf_put_byte(&stream->log, '|');
	cal_buf_put(&stream->log, message->payload.ptr,
	    message->payload.len);
	cal_buf_put_byte(&stream->log, ' ');
}

static inline void
on_stream_refused(void *arg, const struct cal_err *err)
{
	struct stream *stream = arg;

	stream->refusals++;
	stream->refusal = *err;
}

static inline void
on_stream_room(void *arg)
{
	((struct stream *)arg)->rooms++;
}

static inline void
on_stream_readers(void *arg)
{
	((struct stream *)arg)->readers++;
}

static const struct cal_conn_events stream_events = {
	.up = on_stream_up,
	.message = on_stream_message,
	.down = on_stream_down,
	.refused = on_stream_refused,
	.room = on_stream_room,
	.readers = on_stream_readers,
};

static inline int
stream_try(struct stream *stream, enum cal_pattern pattern,
    const char *address, bool bind)
{
	struct cal_conn_conf conf = {
		.loop = loop, .bind = bind, .pattern = pattern,
		.topics = stream->topics,
		.topics_count = stream->topics_count,
		.keys = stream->keys, .max_body = 1 << 20,
		.events = &stream_events, .arg = stream,
	};
	struct cal_err err;

	assert_int_equal(cal_url_parse(&conf.url, address, bind, &err),
	    CAL_OK);
	return cal_conn_open(&stream->conn, &conf, &err);
}

/* Fields that say what it is stay; what came before is forgotten. */
static inline void
stream_open(struct stream *stream, enum cal_pattern pattern,
    const char *address, bool bind)
{
	stream->ups = stream->downs = stream->refusals = 0;
	stream->rooms = stream->readers = stream->count = 0;
	cal_buf_clear(&stream->log);
	assert_int_equal(stream_try(stream, pattern, address, bind), CAL_OK);
}

/* A second one does nothing. */
static inline void
stream_close(struct stream *stream)
{
	(void)cal_conn_close(stream->conn, 0);
	cal_buf_release(&stream->log);
	memset(stream, 0, sizeof(*stream));
}

/* Connects to whoever is bound as other. */
static inline void
stream_dial(struct stream *stream, enum cal_pattern pattern,
    const struct stream *other)
{
	char *address = cal_conn_address(other->conn);

	stream_open(stream, pattern, address, false);
	free(address);
}

static inline int
stream_publish(struct stream *stream, const char *topic, const char *body,
    bool force, bool *missedp)
{
	struct cal_slice pre = cal_slice_text(topic);
	struct cal_frames frames = {
		.word = CAL_WORD_UPPER,
		.header = BYTES("h"),
		.payload = cal_slice_text(body),
		.pre = &pre,
		.pre_count = pre.len > 0,
	};
	bool missed = false;

	return cal_conn_publish(stream->conn, &frames, force,
	    missedp == NULL ? &missed : missedp);
}

#define PUBLISH(stream, topic, body) \
	assert_int_equal(stream_publish(stream, topic, body, false, NULL), \
	    CAL_OK)

static inline size_t
stream_readers(const struct stream *stream, const char *topic)
{
	return cal_conn_readers(stream->conn, cal_slice_text(topic));
}

#define assert_got(stream, text) \
	assert_string_equal(cal_buf_text(&(stream)->log), text)

/* Sockets of the test have a context of their own. */
static void *raw_context;

static inline void *
raw_socket(int type)
{
	void *socket = zmq_socket(raw_context, type);
	int linger = 0, timeout = DEADLINE * 1000;

	assert_non_null(socket);
	(void)zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger));
	(void)zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof(timeout));
	(void)zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout, sizeof(timeout));
	return socket;
}

static inline void
raw_set(void *socket, int option, int value)
{
	assert_int_equal(zmq_setsockopt(socket, option, &value,
	    sizeof(value)), 0);
}

/* topic: of a SUB; NULL: none. */
static inline void *
raw_dial(int type, const struct stream *other, const char *topic)
{
	char *address = cal_conn_address(other->conn);
	void *socket = raw_socket(type);

	if (topic != NULL)
		assert_int_equal(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic,
		    strlen(topic)), 0);
	assert_int_equal(zmq_connect(socket, address), 0);
	free(address);
	return socket;
}

/* address: where to listen, and then where it is; 64 bytes. */
static inline void
raw_listen(void *socket, char *address)
{
	double start = cal_clock_now();
	size_t len = 64;

	/* libzmq lets go of a port some time after the socket was closed. */
	while (zmq_bind(socket, address) == -1)
		if (zmq_errno() != EADDRINUSE ||
		    cal_clock_now() - start > DEADLINE)
			fail_msg("no %s: %s", address,
			    zmq_strerror(zmq_errno()));
	assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address,
	    &len), 0);
}

/* Takes a message, and looks at nothing but that it is there within ms. */
static inline bool
raw_recv_one(void *socket, int ms)
{
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	size_t size = sizeof(int);
	int more = 1;

	if (zmq_poll(&item, 1, ms) != 1)
		return false;
	while (more) {
		assert_int_not_equal(zmq_recv(socket, NULL, 0, 0), -1);
		(void)zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
	}
	return true;
}

/* A message's frames, "FRAME|FRAME|FRAME"; NULL: none within ms. */
static inline const char *
raw_recv(void *socket, int ms)
{
	static char text[512];
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	size_t len = 0, size = sizeof(int);
	int rc, more = 1;

	if (zmq_poll(&item, 1, ms) != 1)
		return NULL;
	while (more) {
		rc = zmq_recv(socket, text + len, sizeof(text) - len - 1, 0);
		assert_in_range(rc, 0, sizeof(text) - len - 2);
		len += (size_t)rc;
		text[len++] = '|';
		(void)zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
	}
	text[len - 1] = '\0';
	return text;
}

static inline void
raw_send(void *socket, const char *topic, const char *body)
{
	if (*topic != '\0')
		assert_int_not_equal(zmq_send(socket, topic, strlen(topic),
		    ZMQ_SNDMORE), -1);
	assert_int_not_equal(zmq_send(socket, "UPPER", 5, ZMQ_SNDMORE), -1);
	assert_int_not_equal(zmq_send(socket, "h", 1, ZMQ_SNDMORE), -1);
	assert_int_not_equal(zmq_send(socket, body, strlen(body), 0), -1);
}

static inline void
raw_close(void **socketp)
{
	if (*socketp != NULL)
		(void)zmq_close(*socketp);
	*socketp = NULL;
}

static inline int
open_streams(void **state)
{
	raw_context = zmq_ctx_new();
	return raw_context == NULL ? -1 : open_loop(state);
}

static inline int
close_streams(void **state)
{
	(void)zmq_ctx_term(raw_context);
	return close_loop(state);
}

#endif
