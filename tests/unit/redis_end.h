/*
 * A session of transport/redis in the hands of a test: what it hears is
 * counted, and commands are said in words.
 */
#ifndef CAL_TESTS_REDIS_END_H
#define CAL_TESTS_REDIS_END_H

#include "loop.h"
#include "transport/redis.h"

struct end {
	struct cal_redis_session *session;
	struct cal_url url;
	size_t ups, downs, refusals;
	struct cal_err refusal;
	size_t answers, lost;
	enum cal_redis_kind kind;       /* of the last answer */
	struct cal_err why;
	char text[64];
	struct cal_redis_words words;
};

static struct end end;

static inline void
on_up(void *arg)
{
	struct end *e = arg;

	assert_int_equal(e->ups, e->downs);
	assert_true(e->session == NULL ||
	    cal_redis_session_is_up(e->session));
	e->ups++;
}

/* All that waited was answered before. */
static inline void
on_down(void *arg)
{
	struct end *e = arg;

	e->downs++;
	assert_int_equal(e->ups, e->downs);
	assert_false(cal_redis_session_is_up(e->session));
	assert_int_equal(cal_redis_session_pending(e->session), 0);
}

static inline void
on_refused(void *arg, const struct cal_err *err)
{
	struct end *e = arg;

	e->refusals++;
	e->refusal = *err;
}

static inline void
on_answer(void *arg, const redisReply *reply)
{
	struct end *e = arg;
	struct cal_slice text = cal_redis_text(reply);

	e->kind = cal_redis_kind(reply, &e->why);
	e->lost += reply == NULL;
	e->answers++;
	(void)snprintf(e->text, sizeof(e->text), "%.*s", (int)text.len,
	    (const char *)text.ptr);
}

static inline void
end_open(void)
{
	struct cal_redis_session_conf conf = {
		.loop = loop, .url = &end.url, .max_body = 10 << 20,
		.up = on_up, .down = on_down, .refused = on_refused,
		.arg = &end,
	};
	struct cal_err err;

	assert_int_equal(cal_redis_session_open(&end.session, &conf, &err),
	    CAL_OK);
	assert_int_equal(end.ups, 0);
}

/* Sends the words of text, which spaces part. */
static inline void
end_send(const char *text, unsigned block_ms)
{
	char copy[256], *rest = copy, *word;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	cal_redis_begin(&end.words, strsep(&rest, " "));
	while ((word = strsep(&rest, " ")) != NULL)
		cal_redis_add_text(&end.words, word);
	cal_redis_send(end.session, &end.words, block_ms, on_answer, &end);
}

static inline void
end_close(void)
{
	cal_redis_session_close(end.session);
	end.session = NULL;
	cal_redis_words_release(&end.words);
}

#endif
