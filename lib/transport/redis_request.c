/*
 * From an entry of NAME.bind to a request that is handed up.  An entry that is
 * none is acknowledged, too, so that nobody reads it again.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "transport/redis_serve.h"

/* A request that did not begin goes back, behind all others, once. */
static const char put_back[] =
    "if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 1 then\n"
    "  redis.call('XADD', KEYS[1], '*', 'hdr', ARGV[3], 'msg', ARGV[4])\n"
    "  redis.call('XDEL', KEYS[1], ARGV[2])\n"
    "end\n"
    "return 1\n";

void
cal_redis_request_free(struct cal_redis_request *request)
{
	if (--request->users == 0)
		free(request);
}

static void
on_hold_free(struct cal_hold *hold)
{
	cal_redis_request_free((struct cal_redis_request *)hold);
}

void
cal_redis_request_forget(struct cal_redis_request *request)
{
	if (request->claim != 0)
		cal_redis_claims_forget(request->rs->claims, request->claim);
	request->claim = 0;
}

void
cal_redis_request_over(struct cal_redis_request *request)
{
	struct cal_redis_caller *caller = request->caller;

	request->rs->taken--;
	if (caller == NULL)
		return;
	request->caller = NULL;
	TAILQ_REMOVE(&caller->requests, request, next);
	if (TAILQ_EMPTY(&caller->requests))
		cal_redis_caller_moved(request->rs, caller);
}

void
cal_redis_request_discard(struct cal_redis_request *request)
{
	cal_redis_request_forget(request);
	cal_redis_request_over(request);
	cal_redis_request_free(request);
}

static void
count_malformed(struct cal_redis_server *rs)
{
	const struct cal_conn_conf *conf = &rs->conn.conf;

	rs->conn.counts.malformed++;
	if (conf->events->malformed != NULL)
		conf->events->malformed(conf->arg, false);
}

/* A caller never chooses a key for us: it is the one of his cid, or none. */
static bool
may_answer(struct cal_redis_server *rs, const struct cal_rpcmsg *head)
{
	char key[CAL_REDIS_KEY_MAX + 1];

	if (head->rto.len == 0)
		return true;
	cal_redis_keys_answers(&rs->keys, head->cid, key);
	if (head->cid.len > 0 && cal_slice_is(head->rto, key))
		return true;
	cal_log_gated(&rs->rto_gate, CAL_LOG_WARNING, "dropped a request "
	    "whose answer was to go to a stream that is not its caller's");
	return false;
}

/* What an entry is good for.  One that breaks the rules is counted. */
static enum cal_redis_errand
judge(struct cal_redis_request *request, const struct cal_redis_entry *entry)
{
	struct cal_redis_server *rs = request->rs;
	bool echoable = false;

	if (entry->gone || entry->meta)
		return CAL_REDIS_DROP;
	if (entry->has_hdr && entry->has_msg) {
		if (cal_rpcmsg_read_header(&request->head, request->hdr,
		    &echoable, NULL) != CAL_OK)
			request->head.type = echoable ? CAL_RPC_FUNCTION :
			    CAL_RPC_NULL;
		if (request->head.type == CAL_RPC_CANCEL)
			return CAL_REDIS_PASS_ON;
		if (request->head.type == CAL_RPC_FUNCTION &&
		    may_answer(rs, &request->head))
			return CAL_REDIS_RUN;
	}
	count_malformed(rs);
	return CAL_REDIS_DROP;
}

static struct cal_redis_request *
request_new(struct cal_redis_server *rs, const struct cal_redis_entry *entry,
    uint64_t claim)
{
	struct cal_redis_request *request;
	struct cal_redis_id id;
	uint8_t *at;

	request = cal_malloc(sizeof(*request) + entry->hdr.len +
	    entry->msg.len);
	memset(request, 0, sizeof(*request));
	request->hold.free = on_hold_free;
	request->users = 1;
	request->rs = rs;
	request->claim = claim;
	if (cal_redis_id_read(&id, entry->id)) {
		cal_redis_id_write(request->id, &id);
		request->ms = id.ms;
		if (cal_redis_id_compare(&id, &rs->last) > 0)
			rs->last = id;
	}
	at = request->bytes;
	request->hdr = cal_slice_keep(&at, entry->hdr);
	request->msg = cal_slice_keep(&at, entry->msg);
	request->errand = judge(request, entry);
	rs->taken++;
	return request;
}

/* How long it waited, by Redis' clock, in milliseconds. */
static uint64_t
age_of(const struct cal_redis_request *request)
{
	const struct cal_redis_server *rs = request->rs;
	double now = (cal_clock_now() + rs->clock) * 1000;

	if (!rs->has_clock || now <= (double)request->ms)
		return 0;
	return (uint64_t)(now - (double)request->ms);
}

/* Nobody waits for it any more. */
static bool
is_stale(const struct cal_redis_request *request)
{
	const struct cal_rpcmsg *head = &request->head;

	return (head->has_dl && age_of(request) >= head->dl) ||
	    cal_redis_cancels_has(request->rs->cancels, head);
}

static void
hand_up(struct cal_redis_request *request)
{
	struct cal_redis_server *rs = request->rs;
	struct cal_redis_caller *caller = cal_redis_caller_get(rs,
	    request->head.cid);
	struct cal_message message = {
		.word = CAL_WORD_UPPER,
		.header = request->hdr,
		.payload = request->msg,
		.hold = &request->hold,
		.receipt = (uintptr_t)request,
		.id = cal_slice_text(request->id),
		.age_ms = age_of(request),
	};
	bool first = TAILQ_EMPTY(&caller->requests);

	request->users++;
	request->caller = caller;
	TAILQ_INSERT_TAIL(&caller->requests, request, next);
	if (first)
		cal_redis_caller_moved(rs, caller);
	rs->conn.conf.events->message(rs->conn.conf.arg, &caller->link,
	    &message);
	cal_hold_free(message.hold);
}

static void
on_put_back(void *arg, const redisReply *reply)
{
	struct cal_redis_request *request = arg;

	(void)reply;
	request->rs->busy--;
	cal_redis_request_discard(request);
}

/* It is ours in Redis, or, acknowledged, here only. */
static void
give_back(struct cal_redis_request *request, bool acknowledged)
{
	struct cal_redis_server *rs = request->rs;
	struct cal_redis_words *words = &rs->words;

	if (acknowledged) {
		cal_redis_begin(words, "XADD");
		cal_redis_add_text(words, rs->keys.bind);
		cal_redis_add_text(words, "*");
		cal_redis_add_frames(words, request->hdr, request->msg);
	} else {
		cal_redis_begin(words, "EVAL");
		cal_redis_add_text(words, put_back);
		cal_redis_add_number(words, 1);
		cal_redis_add_text(words, rs->keys.bind);
		cal_redis_add_text(words, rs->group);
		cal_redis_add_text(words, request->id);
		cal_redis_add(words, request->hdr);
		cal_redis_add(words, request->msg);
	}
	rs->busy++;
	cal_redis_send(rs->writer, words, 0, on_put_back, request);
}

void
cal_redis_request_acked(struct cal_redis_request *request)
{
	struct cal_redis_server *rs = request->rs;

	CAL_FAULT("acked");
	if (request->errand == CAL_REDIS_PASS_ON)
		cal_redis_send_cancel(rs->writer, &rs->words, &rs->keys,
		    request->hdr, request->msg);
	if (request->errand != CAL_REDIS_RUN) {
		cal_redis_request_discard(request);
	} else if (is_stale(request)) {
		rs->conn.counts.stale++;
		cal_redis_request_discard(request);
	} else if (rs->closing) {
		give_back(request, true);
	} else {
		hand_up(request);
	}
}

/* Begins with a request; acks has what is acknowledged first. */
static void
begin(struct cal_redis_request *request, struct cal_redis_acks *acks)
{
	struct cal_redis_server *rs = request->rs;
	bool run = request->errand == CAL_REDIS_RUN;

	if (run && is_stale(request)) {
		rs->conn.counts.stale++;
		request->errand = CAL_REDIS_DROP;
		cal_redis_acks_add(acks, request);
	} else if (run && (rs->paused || rs->closing)) {
		give_back(request, false);
	} else if (!run || !rs->at_least_once) {
		cal_redis_acks_add(acks, request);
	} else if (cal_redis_claims_begin(rs->claims, request->claim) == 0) {
		cal_redis_request_discard(request);     /* another one's */
	} else {
		hand_up(request);
	}
}

void
cal_redis_requests_take(struct cal_redis_server *rs,
    const redisReply *entries)
{
	struct cal_redis_acks *acks = cal_redis_acks_new(rs);
	struct cal_redis_entry entry;
	size_t i, bytes = 0;
	uint64_t claim;

	CAL_FAULT("read");
	for (i = 0; i < entries->elements; i++) {
		if (!cal_redis_entry(&entry, entries, i))
			continue;
		bytes += entry.hdr.len + entry.msg.len;
		claim = cal_redis_claims_take(rs->claims, entry.id);
		if (claim == 0)
			continue;       /* it is here already */
		begin(request_new(rs, &entry, claim), acks);
		if (cal_redis_acks_full(acks)) {
			cal_redis_acks_send(acks);
			acks = cal_redis_acks_new(rs);
		}
	}
	cal_redis_acks_send(acks);
	cal_redis_ahead_came(&rs->ahead, entries->elements, bytes);
}

void
cal_redis_request_claimed(struct cal_redis_server *rs,
    const struct cal_redis_entry *entry, uint64_t claim)
{
	struct cal_redis_acks *acks = cal_redis_acks_new(rs);

	if (entry->gone) {
		count_malformed(rs);
		cal_log(CAL_LOG_WARNING, "dropped a request that is larger "
		    "than any may be");
	}
	begin(request_new(rs, entry, claim), acks);
	cal_redis_acks_send(acks);
}

void
cal_redis_request_cancel(struct cal_redis_server *rs,
    const struct cal_rpcmsg *head, struct cal_slice hdr, struct cal_slice msg)
{
	struct cal_redis_caller *caller = cal_redis_caller_find(rs, head->cid);
	struct cal_message message = {
		.word = CAL_WORD_UPPER,
		.header = hdr,
		.payload = msg,
	};
	struct cal_redis_request *request;

	if (caller == NULL || rs->closing)
		return;
	/* Whoever is handed it stops all of this name. */
	TAILQ_FOREACH(request, &caller->requests, next)
		if (cal_rpcmsg_same_id(&request->head.id, &head->id)) {
			rs->conn.conf.events->message(rs->conn.conf.arg,
			    &caller->link, &message);
			return;
		}
}
