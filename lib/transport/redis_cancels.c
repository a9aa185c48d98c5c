/*
 * Hearing of CANCELs and remembering them.
 *
 * Whoever has no cid counts his calls from 0, as the next one does who has
 * none: his CANCEL holds for what runs, and for nothing that comes later.
 */
#include "transport/redis_cancels.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/mem.h"

enum {
	SEQ_MAX = 9,                    /* bytes of a number in msgpack */
	COUNT = 100,                    /* of one read */
};
static const double REST = 0.5;         /* seconds after what may pass */

struct cancelled {
	TAILQ_ENTRY(cancelled) next;
	size_t len;
	uint8_t name[CAL_RPCMSG_CID + SEQ_MAX];
};

struct cal_redis_cancels {
	struct cal_redis_cancels_conf conf;
	struct cal_redis_session *session;
	struct cal_redis_words words;
	char last[CAL_REDIS_ID_MAX + 1];        /* the one heard last */
	bool known;
	ev_timer rest;
	struct cal_map *by_name;
	TAILQ_HEAD(, cancelled) all;            /* the oldest first */
};

/* By cid and number.  False: nothing by which it could be found again. */
static bool
name_of(struct cancelled *cancelled, const struct cal_rpcmsg *head)
{
	if (head->cid.len != CAL_RPCMSG_CID || head->id.seq.len > SEQ_MAX)
		return false;
	memcpy(cancelled->name, head->cid.ptr, head->cid.len);
	memcpy(cancelled->name + head->cid.len, head->id.seq.ptr,
	    head->id.seq.len);
	cancelled->len = head->cid.len + head->id.seq.len;
	return true;
}

static void
forget(struct cal_redis_cancels *rc, struct cancelled *cancelled)
{
	(void)cal_map_remove(rc->by_name, cal_slice_of(cancelled->name,
	    cancelled->len));
	TAILQ_REMOVE(&rc->all, cancelled, next);
	free(cancelled);
}

static void
remember(struct cal_redis_cancels *rc, const struct cal_rpcmsg *head)
{
	struct cancelled *cancelled, name;

	if (!name_of(&name, head) || cal_redis_cancels_has(rc, head))
		return;
	if (cal_map_count(rc->by_name) >= CAL_REDIS_CANCELS)
		forget(rc, TAILQ_FIRST(&rc->all));
	cancelled = cal_memdup(&name, sizeof(name));
	TAILQ_INSERT_TAIL(&rc->all, cancelled, next);
	(void)cal_map_put(rc->by_name, cal_slice_of(cancelled->name,
	    cancelled->len), cancelled);
}

bool
cal_redis_cancels_has(const struct cal_redis_cancels *rc,
    const struct cal_rpcmsg *head)
{
	struct cancelled name;

	return name_of(&name, head) && cal_map_find(rc->by_name,
	    cal_slice_of(name.name, name.len)) != NULL;
}

static void
hear(struct cal_redis_cancels *rc, const struct cal_redis_entry *entry)
{
	struct cal_rpcmsg head;

	if (!entry->has_hdr || entry->meta ||
	    cal_rpcmsg_read_header(&head, entry->hdr, NULL, NULL) != CAL_OK ||
	    head.type != CAL_RPC_CANCEL)
		return;
	remember(rc, &head);
	rc->conf.heard(rc->conf.arg, &head, entry->hdr, entry->msg);
}

static void listen(struct cal_redis_cancels *rc);

static void
hear_all(struct cal_redis_cancels *rc, const redisReply *entries)
{
	struct cal_redis_entry entry;
	struct cal_redis_id id;
	size_t i;

	for (i = 0; i < entries->elements; i++) {
		if (!cal_redis_entry(&entry, entries, i) ||
		    !cal_redis_id_read(&id, entry.id))
			continue;
		cal_redis_id_write(rc->last, &id);
		hear(rc, &entry);
	}
}

static void
on_read(void *arg, const redisReply *reply)
{
	struct cal_redis_cancels *rc = arg;
	const redisReply *entries = cal_redis_entries(reply, rc->conf.key);
	struct cal_err err;

	switch (cal_redis_kind(reply, &err)) {
	case CAL_REDIS_LOST:
		return;
	case CAL_REDIS_REFUSED:
		rc->conf.refused(rc->conf.arg, &err);
		return;
	case CAL_REDIS_GONE:
	case CAL_REDIS_LATER:
	case CAL_REDIS_EXISTS:
		ev_timer_set(&rc->rest, REST, 0);
		ev_timer_start(rc->conf.loop, &rc->rest);
		return;
	case CAL_REDIS_OK:
		break;
	}
	if (entries != NULL) {
		hear_all(rc, entries);
	} else if (!rc->known) {
		rc->known = true;
		rc->conf.known(rc->conf.arg);
	}
	listen(rc);
}

/* At first what is there already, without waiting for more. */
static void
listen(struct cal_redis_cancels *rc)
{
	if (!cal_redis_session_is_up(rc->session))
		return;
	cal_redis_begin(&rc->words, "XREAD");
	cal_redis_add_text(&rc->words, "COUNT");
	cal_redis_add_number(&rc->words, COUNT);
	if (rc->known) {
		cal_redis_add_text(&rc->words, "BLOCK");
		cal_redis_add_number(&rc->words, CAL_REDIS_BLOCK_MS);
	}
	cal_redis_add_text(&rc->words, "STREAMS");
	cal_redis_add_text(&rc->words, rc->conf.key);
	cal_redis_add_text(&rc->words, rc->last);
	cal_redis_send(rc->session, &rc->words,
	    rc->known ? CAL_REDIS_BLOCK_MS : 0, on_read, rc);
}

static void
on_up(void *arg)
{
	listen(arg);
}

static void
on_down(void *arg)
{
	struct cal_redis_cancels *rc = arg;

	ev_timer_stop(rc->conf.loop, &rc->rest);
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	struct cal_redis_cancels *rc = arg;

	rc->conf.refused(rc->conf.arg, err);
}

static void
on_rest(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	listen(timer->data);
}

int
cal_redis_cancels_open(struct cal_redis_cancels **cancelsp,
    const struct cal_redis_cancels_conf *conf, struct cal_err *err)
{
	struct cal_redis_session_conf session = {
		.loop = conf->loop,
		.url = conf->url,
		.max_body = conf->max_body,
		.up = on_up,
		.down = on_down,
		.refused = on_refused,
	};
	struct cal_redis_cancels *rc;
	int rc_open;

	*cancelsp = NULL;
	CAL_NEW(rc);
	rc->conf = *conf;
	rc->by_name = cal_map_new();
	TAILQ_INIT(&rc->all);
	memcpy(rc->last, "0-0", sizeof("0-0"));
	ev_init(&rc->rest, on_rest);
	rc->rest.data = rc;
	session.arg = rc;
	rc_open = cal_redis_session_open(&rc->session, &session, err);
	if (rc_open != CAL_OK) {
		cal_redis_cancels_close(rc);
		return rc_open;
	}
	*cancelsp = rc;
	return CAL_OK;
}

void
cal_redis_cancels_close(struct cal_redis_cancels *rc)
{
	if (rc == NULL)
		return;
	ev_timer_stop(rc->conf.loop, &rc->rest);
	cal_redis_session_close(rc->session);
	while (!TAILQ_EMPTY(&rc->all))
		forget(rc, TAILQ_FIRST(&rc->all));
	cal_map_free(rc->by_name);
	cal_redis_words_release(&rc->words);
	free(rc);
}

bool
cal_redis_cancels_known(const struct cal_redis_cancels *rc)
{
	return rc->known;
}
