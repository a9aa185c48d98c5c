/*
 * Publishing to Redis over a session that does as it is told, and what it told
 * its owner.
 */
#ifndef CAL_TESTS_REDIS_PUBLISHING_H
#define CAL_TESTS_REDIS_PUBLISHING_H

#include "base/log.h"
#include "false_session.h"
#include "loop.h"

struct owner {
	struct cal_conn *conn;
	struct cal_buf stored;          /* "ID " of each */
	size_t rooms, ends;
	struct cal_err end;
};

static struct owner owner;
static struct cal_conn_redis redis;

static inline void
on_link(void *arg, struct cal_link *link)
{
	(void)arg;
	assert_non_null(link);
}

static inline void
on_stored(void *arg, struct cal_slice id)
{
	struct owner *o = arg;

	cal_buf_put(&o->stored, id.ptr, id.len);
	cal_buf_put_byte(&o->stored, ' ');
}

static inline void
on_room(void *arg)
{
	((struct owner *)arg)->rooms++;
}

static inline void
on_ended(void *arg, const struct cal_err *err)
{
	struct owner *o = arg;

	o->ends++;
	o->end = *err;
}

static const struct cal_conn_events events = {
	.up = on_link,
	.down = on_link,
	.room = on_room,
	.stored = on_stored,
	.ended = on_ended,
};

static inline void
begin(void)
{
	struct cal_conn_conf conf = {
		.loop = loop, .bind = true, .pattern = CAL_PATTERN_PUBLISH,
		.max_body = 1000, .redis = &redis, .events = &events,
		.arg = &owner,
		.url = { .scheme = CAL_REDIS, .redis.stream = "s" },
	};
	struct cal_err err;

	assert_int_equal(cal_redis_publish_open(&owner.conn, &conf, &err),
	    CAL_OK);
}

static inline int
put(const char *topic, const char *body)
{
	struct cal_slice pre = cal_slice_text(topic);
	struct cal_frames frames = {
		.header = BYTES("h"),
		.payload = cal_slice_text(body),
		.pre = &pre,
		.pre_count = pre.len > 0,
	};
	bool missed = false;

	return owner.conn->ops->publish(owner.conn, &frames, false, &missed);
}

#define PUT(body) assert_int_equal(put("", body), CAL_OK)

static inline void
take(const char *id)
{
	session_answer_text(REDIS_REPLY_STRING, id);
}

static inline void
refuse(const char *words)
{
	session_answer_text(REDIS_REPLY_ERROR, words);
}

#define assert_stored(text) do { \
	assert_string_equal(cal_buf_text(&owner.stored), text); \
	cal_buf_clear(&owner.stored); \
} while (0)

static inline void
assert_open(uint64_t unsent, uint64_t unknown)
{
	assert_int_equal(owner.conn->counts.unsent, unsent);
	assert_int_equal(owner.conn->counts.unknown, unknown);
}

static inline bool
left(void)
{
	uint64_t progress;

	return owner.conn->ops->left(owner.conn, &progress);
}

/* Connected, and one message was confirmed: now two may be on their way. */
static inline void
begin_warm(void)
{
	begin();
	session_connect();
	PUT("warm");
	take("0-1");
	assert_said("XADD s * hdr h msg warm\n");
	assert_stored("0-1 ");
}

static inline int
enter(void **state)
{
	const struct cal_log_conf quiet = {
		.program = "test", .level = CAL_LOG_FAILURE,
	};

	cal_log_setup(&quiet);
	owner = (struct owner){ .conn = NULL };
	redis = (struct cal_conn_redis){ .max_len = 0 };
	return open_loop(state);
}

static inline int
leave(void **state)
{
	if (owner.conn != NULL)
		(void)owner.conn->ops->close(owner.conn, 0);
	cal_buf_release(&owner.stored);
	return close_loop(state);
}

#endif
