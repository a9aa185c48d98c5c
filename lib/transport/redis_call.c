/*
 * A caller over Redis.
 *
 * There is one link, to whoever serves: it is up from the moment when it is
 * known where in NAME.conn the answers to us begin, and stays so.  A connection
 * that is lost takes nothing with it but what was on its way: answers wait in
 * Redis, and are read over the next one.
 */
#include <stdlib.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/spare.h"
#include "transport/redis_inbox.h"

enum { MANY = 10000 };                  /* requests without their reply */

struct cal_redis_client {
	struct cal_conn conn;
	struct cal_link link;
	struct cal_redis_keys keys;
	uint8_t cid[CAL_RPCMSG_CID];
	char rto[CAL_REDIS_KEY_MAX + 1];
	struct cal_redis_session *writer;
	struct cal_redis_inbox *inbox;
	struct cal_redis_words words;
	bool refused, used, closing;
	bool crowded;                   /* somebody was told EAGAIN */
	size_t out;                     /* requests without their reply, */
	size_t out_bytes;
	struct cal_spares spares;
};

/* A request on its way into NAME.bind. */
struct parcel {
	struct cal_redis_client *rc;
	uint64_t receipt;
	size_t bytes;
};

static bool
is_usable(const struct cal_redis_client *rc)
{
	return cal_redis_inbox_is_known(rc->inbox) &&
	    cal_redis_session_is_up(rc->writer);
}

static void
refuse(void *arg, const struct cal_err *err)
{
	struct cal_redis_client *rc = arg;

	if (rc->refused || rc->closing)
		return;
	rc->refused = true;
	rc->conn.conf.events->refused(rc->conn.conf.arg, err);
}

/* Others' answers are nobody's business.  Those without a cid may be ours. */
static void
on_answer(void *arg, const struct cal_redis_entry *entry)
{
	struct cal_redis_client *rc = arg;
	struct cal_message message = {
		.word = CAL_WORD_UPPER,
		.header = entry->hdr,
		.payload = entry->msg,
		.id = entry->id,
	};
	struct cal_rpcmsg head;

	if (cal_rpcmsg_read_header(&head, entry->hdr, NULL, NULL) != CAL_OK ||
	    head.type == CAL_RPC_FUNCTION || head.type == CAL_RPC_CANCEL ||
	    (head.cid.len > 0 && !cal_slice_same(head.cid, rc->link.cid)))
		return;
	rc->conn.conf.events->message(rc->conn.conf.arg, &rc->link, &message);
}

static void
on_known(void *arg)
{
	struct cal_redis_client *rc = arg;

	rc->conn.conf.events->up(rc->conn.conf.arg, &rc->link);
}

static void
on_writer_up(void *arg)
{
	struct cal_redis_client *rc = arg;

	if (rc->closing)
		return;
	cal_redis_inbox_begin(rc->inbox);
	if (cal_redis_inbox_is_known(rc->inbox) &&
	    rc->conn.conf.events->room != NULL)
		rc->conn.conf.events->room(rc->conn.conf.arg);
}

static void
on_writer_down(void *arg)
{
	(void)arg;
}

/* Calling. */

static void
on_stored(void *arg, const redisReply *reply)
{
	struct parcel *parcel = arg;
	struct cal_redis_client *rc = parcel->rc;
	const struct cal_conn_events *events = rc->conn.conf.events;
	struct cal_err why;
	enum cal_redis_kind kind = cal_redis_kind(reply, &why);
	uint64_t receipt = parcel->receipt;

	rc->out--;
	rc->out_bytes -= parcel->bytes;
	cal_spare_give(&rc->spares, parcel);
	if (kind == CAL_REDIS_LATER)
		why.code = CAL_ETEMP;
	/* Of what was lost on its way nobody knows whether it arrived. */
	if (kind != CAL_REDIS_OK && kind != CAL_REDIS_LOST && receipt != 0 &&
	    events->failed != NULL)
		events->failed(rc->conn.conf.arg, &rc->link, receipt, &why);
	if (rc->crowded && rc->out < MANY / 2 && is_usable(rc)) {
		rc->crowded = false;
		if (events->room != NULL)
			events->room(rc->conn.conf.arg);
	}
}

static void
send_request(struct cal_redis_client *rc, const struct cal_frames *frames,
    struct cal_slice payload)
{
	struct parcel *parcel = cal_spare_take(&rc->spares, sizeof(*parcel));

	*parcel = (struct parcel){ .rc = rc, .receipt = frames->receipt };
	parcel->bytes = frames->header.len + payload.len;
	rc->out++;
	rc->out_bytes += parcel->bytes;
	rc->used = true;
	cal_redis_begin(&rc->words, "XADD");
	cal_redis_add_text(&rc->words, rc->keys.bind);
	cal_redis_add_text(&rc->words, "*");
	cal_redis_add_frames(&rc->words, frames->header, payload);
	cal_redis_send(rc->writer, &rc->words, 0, on_stored, parcel);
}

/* Only a request has a receipt: what has none is a CANCEL. */
static int
call_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own)
{
	struct cal_redis_client *rc = (struct cal_redis_client *)conn;
	struct cal_slice payload = own == NULL ? frames->payload :
	    cal_buf_view(own);

	(void)link;
	if (frames->word != CAL_WORD_UPPER)
		return CAL_EGONE;       /* nobody would hear it */
	if (!is_usable(rc))
		return CAL_EAGAIN;
	if (frames->receipt == 0) {
		cal_redis_send_cancel(rc->writer, &rc->words, &rc->keys,
		    frames->header, payload);
		return CAL_OK;
	}
	if (rc->out >= MANY || (rc->out > 0 &&
	    rc->out_bytes > 4 * conn->conf.max_body)) {
		rc->crowded = true;
		return CAL_EAGAIN;
	}
	send_request(rc, frames, payload);
	return CAL_OK;
}

static const char *
call_trouble(const struct cal_conn *conn)
{
	const struct cal_redis_client *rc =
	    (const struct cal_redis_client *)conn;
	const char *words = cal_redis_session_trouble(rc->writer);

	if (is_usable(rc))
		return NULL;
	if (words == NULL)
		words = cal_redis_inbox_trouble(rc->inbox);
	return words != NULL ? words : "Redis does not answer";
}

static bool
call_idle(const struct cal_conn *conn)
{
	const struct cal_redis_client *rc =
	    (const struct cal_redis_client *)conn;

	return cal_redis_session_pending(rc->writer) == 0;
}

/* Leaving. */

static bool
is_leaving(void *arg)
{
	struct cal_redis_client *rc = arg;

	return cal_redis_session_is_up(rc->writer) &&
	    cal_redis_session_pending(rc->writer) > 0;
}

/* Nobody reads our answers any more. */
static void
leave(struct cal_redis_client *rc)
{
	if (!rc->used || !cal_redis_session_is_up(rc->writer))
		return;
	cal_redis_begin(&rc->words, "DEL");
	cal_redis_add_text(&rc->words, rc->rto);
	cal_redis_send(rc->writer, &rc->words, 0, NULL, NULL);
}

static bool
call_close(struct cal_conn *conn, double grace)
{
	struct cal_redis_client *rc = (struct cal_redis_client *)conn;
	struct ev_loop *loop = conn->conf.loop;
	static const struct cal_conn_events nobody = { .up = NULL };
	bool all = true;

	rc->closing = true;
	rc->conn.conf.events = &nobody;
	cal_redis_inbox_stop(rc->inbox);
	if (rc->writer != NULL) {
		leave(rc);
		all = cal_redis_drain(loop, grace, is_leaving, rc);
	}
	cal_redis_session_close(rc->writer);
	cal_redis_inbox_close(rc->inbox);
	cal_spares_release(&rc->spares);
	cal_redis_words_release(&rc->words);
	free(rc);
	return all;
}

static const struct cal_transport ops = {
	.scheme = CAL_REDIS,
	.address = cal_redis_address,
	.send = call_send,
	.idle = call_idle,
	.trouble = call_trouble,
	.close = call_close,
	.silent = true,
};

static int
open_sessions(struct cal_redis_client *rc, struct cal_err *err)
{
	const struct cal_conn_conf *conf = &rc->conn.conf;
	struct cal_redis_session_conf session = {
		.loop = conf->loop,
		.url = &conf->url,
		.max_body = conf->max_body,
		.up = on_writer_up,
		.down = on_writer_down,
		.refused = refuse,
		.arg = rc,
	};
	struct cal_redis_inbox_conf inbox = {
		.loop = conf->loop,
		.url = &conf->url,
		.own = rc->rto,
		.shared = rc->keys.conn,
		.max_body = conf->max_body,
		.known = on_known,
		.came = on_answer,
		.refused = refuse,
		.arg = rc,
	};
	int code;

	code = cal_redis_session_open(&rc->writer, &session, err);
	if (code != CAL_OK)
		return code;
	inbox.writer = rc->writer;
	return cal_redis_inbox_open(&rc->inbox, &inbox, err);
}

int
cal_redis_call_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err)
{
	struct cal_redis_client *rc;
	int code;

	*connp = NULL;
	CAL_NEW(rc);
	rc->conn.ops = &ops;
	rc->conn.conf = *conf;
	cal_redis_keys_init(&rc->keys, conf->url.redis.stream);
	cal_random_bytes(rc->cid, sizeof(rc->cid));
	rc->link.cid = cal_slice_of(rc->cid, sizeof(rc->cid));
	cal_redis_keys_answers(&rc->keys, rc->link.cid, rc->rto);
	rc->link.rto = cal_slice_text(rc->rto);
	cal_hex_text(rc->link.name, rc->link.cid);
	if ((code = open_sessions(rc, err)) != CAL_OK) {
		(void)call_close(&rc->conn, 0);
		return code;
	}
	*connp = &rc->conn;
	return CAL_OK;
}
