/*
 * MULTI and EXEC.  A command that Redis does not take says why itself; EXEC
 * only says that there was one.
 */
#include "transport/redis_multi.h"

#include "base/mem.h"
#include "base/spare.h"

struct cal_redis_multi {
	struct cal_redis_session *session;
	cal_redis_multi_fn *fn;
	void *arg;
	enum cal_redis_kind kind;       /* of the first that was not taken */
	struct cal_err why;
};

static struct cal_spares spares;

static void
on_queued(void *arg, const redisReply *reply)
{
	struct cal_redis_multi *multi = arg;

	if (multi->kind == CAL_REDIS_OK)
		multi->kind = cal_redis_kind(reply, &multi->why);
}

static void
on_done(void *arg, const redisReply *reply)
{
	struct cal_redis_multi *multi = arg;

	on_queued(multi, reply);
	if (reply == NULL)
		multi->kind = cal_redis_kind(reply, &multi->why);
	else if (multi->kind == CAL_REDIS_OK &&
	    reply->type != REDIS_REPLY_ARRAY) {
		multi->kind = CAL_REDIS_REFUSED;
		(void)cal_fail(&multi->why, CAL_EPROTO,
		    "EXEC was not answered by an array");
	}
	multi->fn(multi->arg, multi->kind, reply, &multi->why);
	cal_spare_give(&spares, multi);
}

static void
say(struct cal_redis_multi *multi, const char *name, cal_redis_fn *fn)
{
	struct cal_redis_words words = { .count = 0 };

	cal_redis_begin(&words, name);
	cal_redis_send(multi->session, &words, 0, fn, multi);
	cal_redis_words_release(&words);
}

struct cal_redis_multi *
cal_redis_multi_begin(struct cal_redis_session *session,
    cal_redis_multi_fn *fn, void *arg)
{
	struct cal_redis_multi *multi = cal_spare_take(&spares,
	    sizeof(*multi));

	multi->session = session;
	multi->fn = fn;
	multi->arg = arg;
	multi->kind = CAL_REDIS_OK;
	multi->why.code = CAL_OK;
	say(multi, "MULTI", on_queued);
	return multi;
}

void
cal_redis_multi_add(struct cal_redis_multi *multi,
    const struct cal_redis_words *words)
{
	cal_redis_send(multi->session, words, 0, on_queued, multi);
}

void
cal_redis_multi_end(struct cal_redis_multi *multi)
{
	say(multi, "EXEC", on_done);
}
