/*
 * The other side of a peer, in the hands of a test: a connection over
 * loop:// whose messages are kept, and written as the test wants them.
 */
#ifndef CAL_TESTS_RAW_SIDE_H
#define CAL_TESTS_RAW_SIDE_H

#include "codec/rpcmsg.h"
#include "loop.h"
#include "transport/transport.h"

enum { RAW_KEPT = 32 };

/* BYTES for an initialiser of static data. */
#define BYTES_OF(literal) \
	{ (const uint8_t *)(literal), sizeof(literal) - 1 }

struct raw_message {
	enum cal_word word;
	struct cal_buf header, payload, pre;    /* pre: all, one by one */
	size_t pre_count;
	struct cal_buf plain;
	struct cal_rpcmsg msg;                  /* of raw_read */
};

struct raw_side {
	struct cal_conn *conn;
	struct cal_link *link;                  /* NULL: down */
	size_t ups, downs, count;
	struct raw_message got[RAW_KEPT];
};

static inline void
on_raw_up(void *arg, struct cal_link *link)
{
	struct raw_side *raw = arg;

	raw->link = link;
	raw->ups++;
}

static inline void
on_raw_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	struct raw_side *raw = arg;
	struct raw_message *got = &raw->got[raw->count++];
	size_t i;

	assert_in_range(raw->count, 1, RAW_KEPT);
	assert_ptr_equal(raw->link, link);
	got->word = message->word;
	cal_buf_put(&got->header, message->header.ptr, message->header.len);
	cal_buf_put(&got->payload, message->payload.ptr, message->payload.len);
	for (i = 0; i < message->pre_count; i++)
		cal_buf_put(&got->pre, message->pre[i].ptr,
		    message->pre[i].len);
	got->pre_count = message->pre_count;
}

static inline void
on_raw_down(void *arg, struct cal_link *link)
{
	struct raw_side *raw = arg;

	assert_ptr_equal(raw->link, link);
	raw->link = NULL;
	raw->downs++;
}

static inline void
raw_open(struct raw_side *raw, const char *name, bool bind)
{
	static const struct cal_conn_events events = {
		.up = on_raw_up,
		.message = on_raw_message,
		.down = on_raw_down,
	};
	struct cal_conn_conf conf = {
		.loop = loop, .bind = bind, .max_body = 10 << 20,
		.events = &events, .arg = raw,
	};
	struct cal_err err;

	memset(raw, 0, sizeof(*raw));
	conf.url.scheme = CAL_LOOPBACK;
	(void)snprintf(conf.url.path, sizeof(conf.url.path), "%s", name);
	assert_int_equal(cal_conn_open(&raw->conn, &conf, &err), CAL_OK);
}

/* Forgets what came so far. */
static inline void
raw_clear(struct raw_side *raw)
{
	size_t i;

	for (i = 0; i < raw->count; i++) {
		cal_buf_release(&raw->got[i].header);
		cal_buf_release(&raw->got[i].payload);
		cal_buf_release(&raw->got[i].pre);
		cal_buf_release(&raw->got[i].plain);
	}
	memset(raw->got, 0, sizeof(raw->got));
	raw->count = 0;
}

static inline void
raw_close(struct raw_side *raw)
{
	assert_true(cal_conn_close(raw->conn, 0));
	raw->conn = NULL;
	raw->link = NULL;
	raw_clear(raw);
}

static inline void
raw_send(struct raw_side *raw, enum cal_word word, struct cal_slice header,
    struct cal_slice payload)
{
	struct cal_frames frames = {
		.word = word, .header = header, .payload = payload,
	};

	assert_non_null(raw->link);
	assert_int_equal(cal_conn_send(raw->conn, raw->link, &frames, NULL),
	    CAL_OK);
}

/* Sends a message whose id holds raw msgpack. */
static inline void
raw_send_msg(struct raw_side *raw, const struct cal_rpcmsg *msg)
{
	struct cal_buf header = { .max = 0 }, payload = { .max = 0 };

	cal_rpcmsg_write(msg, &header, &payload);
	raw_send(raw, CAL_WORD_UPPER, cal_buf_view(&header),
	    cal_buf_view(&payload));
	cal_buf_release(&header);
	cal_buf_release(&payload);
}

/* The message that came as number i, decoded. */
static inline struct cal_rpcmsg *
raw_read(struct raw_side *raw, size_t i)
{
	struct raw_message *got = &raw->got[i];
	struct cal_err err;

	assert_in_range(i + 1, 1, raw->count);
	assert_int_equal(got->word, CAL_WORD_UPPER);
	assert_int_equal(cal_rpcmsg_read_header(&got->msg,
	    cal_buf_view(&got->header), NULL, &err), CAL_OK);
	assert_int_equal(cal_rpcmsg_read_payload(&got->msg,
	    cal_buf_view(&got->payload), &got->plain, 10 << 20, &err), CAL_OK);
	return &got->msg;
}

/* What was not asked for by the test itself: PINGs taken out of the count. */
static inline size_t
raw_count(const struct raw_side *raw, enum cal_word word)
{
	size_t i, count = 0;

	for (i = 0; i < raw->count; i++)
		count += raw->got[i].word == word;
	return count;
}

#endif
