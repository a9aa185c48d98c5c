#include "transport/redis_durable.h"

#include "base/log.h"

/* Does a line of INFO begin so? */
static bool
says(const redisReply *reply, const char *line)
{
	struct cal_slice text = cal_redis_text(reply);

	return memmem(text.ptr, text.len, line, strlen(line)) != NULL;
}

static void
on_persistence(void *arg, const redisReply *reply)
{
	(void)arg;
	if (reply != NULL && says(reply, "\naof_enabled:0"))
		cal_log(CAL_LOG_WARNING, "Redis keeps no append-only file "
		    "(appendonly no): at a crash it forgets messages");
}

static void
on_memory(void *arg, const redisReply *reply)
{
	(void)arg;
	if (reply != NULL && says(reply, "\nmaxmemory_policy:allkeys"))
		cal_log(CAL_LOG_WARNING, "Redis makes room by removing any "
		    "keys (maxmemory-policy allkeys-...): also streams");
}

static void
ask(struct cal_redis_session *session, struct cal_redis_words *words,
    const char *section, cal_redis_fn *fn)
{
	cal_redis_begin(words, "INFO");
	cal_redis_add_text(words, section);
	cal_redis_send(session, words, 0, fn, NULL);
}

void
cal_redis_durable_check(struct cal_redis_session *session,
    struct cal_redis_words *words)
{
	ask(session, words, "persistence", on_persistence);
	ask(session, words, "memory", on_memory);
}
