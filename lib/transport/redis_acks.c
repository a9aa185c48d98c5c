/*
 * Acknowledging entries.
 *
 * They are acknowledged together, each by a word of its own: Redis' answer to
 * that says whether it was still ours.  So of two servers who both believe that
 * a request is theirs, one runs it.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_serve.h"

enum { ACKS_MAX = 1000 };

struct cal_redis_acks {
	struct cal_redis_server *rs;
	struct cal_redis_requests list;
	size_t count;
};

/* Was the number'th command of a MULTI one that did something? */
static bool
did(const redisReply *reply, size_t number)
{
	return number < reply->elements &&
	    reply->element[number]->type == REDIS_REPLY_INTEGER &&
	    reply->element[number]->integer > 0;
}

static void
on_acked(void *arg, enum cal_redis_kind kind, const redisReply *reply,
    const struct cal_err *why)
{
	struct cal_redis_acks *acks = arg;
	struct cal_redis_server *rs = acks->rs;
	struct cal_redis_request *request;
	size_t i;

	rs->busy--;
	for (i = 0; (request = TAILQ_FIRST(&acks->list)) != NULL; i++) {
		TAILQ_REMOVE(&acks->list, request, next);
		cal_redis_request_forget(request);
		if (kind == CAL_REDIS_OK && did(reply, i))
			cal_redis_request_acked(request);
		else
			cal_redis_request_discard(request);
	}
	free(acks);
	if (kind == CAL_REDIS_REFUSED)
		cal_redis_serve_refuse(rs, why);
	else if (kind != CAL_REDIS_OK && kind != CAL_REDIS_LOST)
		cal_redis_serve_rest(rs, why);
	else
		cal_redis_serve_read(rs);
}

struct cal_redis_acks *
cal_redis_acks_new(struct cal_redis_server *rs)
{
	struct cal_redis_acks *acks;

	CAL_NEW(acks);
	acks->rs = rs;
	TAILQ_INIT(&acks->list);
	return acks;
}

void
cal_redis_acks_add(struct cal_redis_acks *acks,
    struct cal_redis_request *request)
{
	TAILQ_INSERT_TAIL(&acks->list, request, next);
	acks->count++;
}

bool
cal_redis_acks_full(const struct cal_redis_acks *acks)
{
	return acks->count >= ACKS_MAX;
}

void
cal_redis_acks_say(struct cal_redis_multi *multi,
    const struct cal_redis_request *request)
{
	struct cal_redis_server *rs = request->rs;

	cal_redis_begin(&rs->words, "XACK");
	cal_redis_add_text(&rs->words, rs->keys.bind);
	cal_redis_add_text(&rs->words, rs->group);
	cal_redis_add_text(&rs->words, request->id);
	cal_redis_multi_add(multi, &rs->words);
}

void
cal_redis_acks_send(struct cal_redis_acks *acks)
{
	struct cal_redis_server *rs = acks->rs;
	struct cal_redis_words *words = &rs->words;
	struct cal_redis_request *request;
	struct cal_redis_multi *multi;

	if (acks->count == 0) {
		free(acks);
		return;
	}
	multi = cal_redis_multi_begin(rs->writer, on_acked, acks);
	TAILQ_FOREACH(request, &acks->list, next)
		cal_redis_acks_say(multi, request);
	cal_redis_begin(words, "XDEL");
	cal_redis_add_text(words, rs->keys.bind);
	TAILQ_FOREACH(request, &acks->list, next)
		cal_redis_add_text(words, request->id);
	cal_redis_multi_add(multi, words);
	rs->busy++;
	cal_redis_multi_end(multi);
}
