/*
 * A connection for RPC over Redis in the hands of a test: what comes up is
 * kept, requests are answered by hand, entries are written by hand.
 */
#ifndef CAL_TESTS_REDIS_RPC_H
#define CAL_TESTS_REDIS_RPC_H

#include "codec/mp.h"
#include "loop.h"
#include "redis_server.h"
#include "transport/redis_rpc.h"

enum { RPC_KEPT = 64 };

struct rpc_got {
	struct cal_link *link;
	struct cal_buf header, payload;
	uint64_t receipt, age_ms;
};

struct rpc {
	struct cal_conn *conn;
	struct cal_conn_redis redis;    /* before rpc_open */
	size_t ups, downs, readies, rooms, refusals;
	struct cal_link *link;          /* the last one that came up */
	struct cal_err refusal;
	struct rpc_got got[RPC_KEPT];
	size_t count;
	bool answers;                   /* each request at once */
	size_t failures;
	uint64_t failed;                /* the receipt of the last */
	struct cal_err failure;
};

static struct rpc rpc;

static inline void
on_rpc_up(void *arg, struct cal_link *link)
{
	struct rpc *r = arg;

	r->ups++;
	r->link = link;
}

static inline void
on_rpc_down(void *arg, struct cal_link *link)
{
	struct rpc *r = arg;

	assert_non_null(link);
	r->downs++;
}

static inline int
rpc_answer(struct rpc *r, struct cal_link *link, uint64_t receipt,
    const char *text)
{
	struct cal_frames frames = {
		.word = CAL_WORD_UPPER,
		.header = BYTES("header"),
		.payload = cal_slice_text(text),
		.receipt = receipt,
	};

	return cal_conn_send(r->conn, link, &frames, NULL);
}

static inline void
on_rpc_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	struct rpc *r = arg;
	struct rpc_got *got = &r->got[r->count % RPC_KEPT];

	assert_int_equal(message->word, CAL_WORD_UPPER);
	r->count++;
	cal_buf_clear(&got->header);
	cal_buf_clear(&got->payload);
	cal_buf_put(&got->header, message->header.ptr, message->header.len);
	cal_buf_put(&got->payload, message->payload.ptr,
	    message->payload.len);
	got->link = link;
	got->receipt = message->receipt;
	got->age_ms = message->age_ms;
	if (r->answers && message->receipt != 0)
		assert_int_equal(rpc_answer(r, link, message->receipt, "done"),
		    CAL_OK);
}

static inline void
on_rpc_ready(void *arg)
{
	((struct rpc *)arg)->readies++;
}

static inline void
on_rpc_room(void *arg)
{
	((struct rpc *)arg)->rooms++;
}

static inline void
on_rpc_refused(void *arg, const struct cal_err *err)
{
	struct rpc *r = arg;

	r->refusals++;
	r->refusal = *err;
}

static inline void
on_rpc_failed(void *arg, struct cal_link *link, uint64_t receipt,
    const struct cal_err *err)
{
	struct rpc *r = arg;

	assert_ptr_equal(link, r->link);
	r->failures++;
	r->failed = receipt;
	r->failure = *err;
}

static const struct cal_conn_events rpc_events = {
	.up = on_rpc_up,
	.down = on_rpc_down,
	.message = on_rpc_message,
	.ready = on_rpc_ready,
	.room = on_rpc_room,
	.refused = on_rpc_refused,
	.failed = on_rpc_failed,
};

/* rpc.redis stays as it was set. */
static inline void
rpc_open(bool bind)
{
	struct cal_conn_conf conf = {
		.loop = loop,
		.bind = bind,
		.pattern = CAL_PATTERN_RPC,
		.max_body = 1 << 20,
		.redis = &rpc.redis,
		.events = &rpc_events,
		.arg = &rpc,
	};
	struct cal_err err;

	redis_url(&conf.url, "svc");
	assert_int_equal(cal_conn_open(&rpc.conn, &conf, &err), CAL_OK);
	assert_true(cal_conn_is_silent(rpc.conn));
}

static inline bool
rpc_close(double grace)
{
	bool all = cal_conn_close(rpc.conn, grace);
	size_t i;

	rpc.conn = NULL;
	for (i = 0; i < RPC_KEPT; i++) {
		cal_buf_release(&rpc.got[i].header);
		cal_buf_release(&rpc.got[i].payload);
	}
	memset(&rpc, 0, sizeof(rpc));
	return all;
}

/* A request or CANCEL; cid and rto may be NULL. */
struct asked {
	enum cal_rpc_type type;
	uint32_t seq;
	const uint8_t *cid;
	const char *rto;
	bool has_dl;
	uint64_t dl;
};

static inline void
rpc_write(const char *key, const struct asked *asked)
{
	struct cal_buf raw = { .max = 0 }, hdr = { .max = 0 },
	    msg = { .max = 0 };
	struct cal_rpcmsg head = { .type = asked->type };
	size_t meth, okey;

	cal_rpcmsg_put_method(&raw, BYTES("f"));
	meth = raw.len;
	cal_rpcmsg_put_key(&raw, BYTES(""));
	okey = raw.len;
	cal_rpcmsg_put_seq(&raw, asked->seq);
	head.id.meth = cal_slice_of(raw.ptr, meth);
	head.id.okey = cal_slice_of(raw.ptr + meth, okey - meth);
	head.id.seq = cal_slice_of(raw.ptr + okey, raw.len - okey);
	head.has_dl = asked->has_dl;
	head.dl = asked->dl;
	if (asked->cid != NULL)
		head.cid = cal_slice_of(asked->cid, CAL_RPCMSG_CID);
	if (asked->rto != NULL)
		head.rto = cal_slice_text(asked->rto);
	cal_rpcmsg_write(&head, &hdr, &msg);
	freeReplyObject(redis_do("XADD %s * hdr %b msg %b", key, hdr.ptr,
	    hdr.len, msg.ptr, msg.len));
	cal_buf_release(&raw);
	cal_buf_release(&hdr);
	cal_buf_release(&msg);
}

/* A request of the caller whose cid is this number. */
static inline void
rpc_ask(uint32_t caller, uint32_t seq)
{
	uint8_t cid[CAL_RPCMSG_CID] = { 0 };
	struct asked asked = { CAL_RPC_FUNCTION, .seq = seq, .cid = cid };

	memcpy(cid, &caller, sizeof(caller));
	rpc_write("svc.bind", &asked);
}

static inline int
rpc_enter(void **state)
{
	return folder_enter(state) != 0 || open_loop(state) != 0 ? -1 :
	    (redis_start(NULL), 0);
}

static inline int
rpc_leave(void **state)
{
	redis_stop();
	(void)close_loop(state);
	return folder_leave(state);
}

#endif
