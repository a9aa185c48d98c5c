/*
 * In place of the session with Redis, for tests of what is spoken over it: it
 * keeps the commands that it is given, and the test answers them, one by one
 * and in their order.
 */
#ifndef CAL_TESTS_FALSE_SESSION_H
#define CAL_TESTS_FALSE_SESSION_H

#include "transport/redis.h"
#include "unit.h"

enum { COMMANDS = 20000 };

struct cal_redis_session {
	struct cal_redis_session_conf conf;
	bool up;
	const char *trouble;
	bool put_off;
	size_t restarts;
	struct {
		cal_redis_fn *fn;
		void *arg;
	} commands[COMMANDS];
	size_t given, answered;
	struct cal_buf said;            /* "WORD WORD …\n" of each command */
};

static struct cal_redis_session session;

int
cal_redis_session_open(struct cal_redis_session **sessionp,
    const struct cal_redis_session_conf *conf, struct cal_err *err)
{
	(void)err;
	session = (struct cal_redis_session){ .conf = *conf };
	*sessionp = &session;
	return CAL_OK;
}

bool
cal_redis_session_is_up(const struct cal_redis_session *s)
{
	return s->up;
}

const char *
cal_redis_session_trouble(const struct cal_redis_session *s)
{
	return s->trouble;
}

bool
cal_redis_session_is_put_off(const struct cal_redis_session *s)
{
	return s->put_off;
}

void
cal_redis_send(struct cal_redis_session *s,
    const struct cal_redis_words *words, unsigned block_ms, cal_redis_fn *fn,
    void *arg)
{
	size_t i, begin = 0;

	(void)block_ms;
	assert_true(s->up);
	assert_in_range(s->given, 0, COMMANDS - 1);
	for (i = 0; i < words->count; i++) {
		cal_buf_put(&s->said, words->bytes.ptr + begin,
		    words->ends[i] - begin);
		cal_buf_put_byte(&s->said, i + 1 < words->count ? ' ' : '\n');
		begin = words->ends[i];
	}
	s->commands[s->given].fn = fn;
	s->commands[s->given++].arg = arg;
}

void
cal_redis_session_restart(struct cal_redis_session *s)
{
	s->restarts++;
}

/* reply: NULL if the connection ended. */
static inline void
session_answer(const redisReply *reply)
{
	size_t number = session.answered++;

	assert_in_range(number, 0, session.given - 1);
	session.commands[number].fn(session.commands[number].arg, reply);
}

static inline void
session_answer_text(int type, const char *text)
{
	char copy[200];
	redisReply reply = { .type = type, .str = copy, .len = strlen(text) };

	(void)snprintf(copy, sizeof(copy), "%s", text);
	session_answer(&reply);
}

static inline void
session_answer_number(long long number)
{
	redisReply reply = {
		.type = REDIS_REPLY_INTEGER, .integer = number,
	};

	session_answer(&reply);
}

static inline void
session_connect(void)
{
	session.up = true;
	session.conf.up(session.conf.arg);
}

static inline void
session_lose(void)
{
	session.up = false;
	while (session.answered < session.given)
		session_answer(NULL);
	session.conf.down(session.conf.arg);
}

void
cal_redis_session_close(struct cal_redis_session *s)
{
	s->up = false;
	while (s->answered < s->given)
		session_answer(NULL);
	cal_buf_release(&s->said);
}

/* What was said since the last time. */
#define assert_said(text) do { \
	assert_string_equal(cal_buf_text(&session.said), text); \
	cal_buf_clear(&session.said); \
} while (0)

#endif
