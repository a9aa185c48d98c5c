/* Keys, entries and the pace of reading: what servers and callers share. */
#include <stdio.h>

#include "base/hex.h"
#include "transport/redis_rpc.h"

enum {
	AHEAD_FIRST = 16,
	AHEAD_MAX = 1024,
	AHEAD_BYTES = 8 << 20,
};

void
cal_redis_keys_init(struct cal_redis_keys *keys, const char *stream)
{
	(void)snprintf(keys->bind, sizeof(keys->bind), "%.*s.bind",
	    CAL_URL_NAME_MAX, stream);
	(void)snprintf(keys->conn, sizeof(keys->conn), "%.*s.conn",
	    CAL_URL_NAME_MAX, stream);
	(void)snprintf(keys->cancel, sizeof(keys->cancel), "%.*s.cancel",
	    CAL_URL_NAME_MAX, stream);
}

void
cal_redis_keys_answers(const struct cal_redis_keys *keys,
    struct cal_slice cid, char *key)
{
	size_t len = strlen(keys->conn);

	memcpy(key, keys->conn, len);
	key[len] = '.';
	cal_hex_text(key + len + 1, cid);
}

void
cal_redis_send_cancel(struct cal_redis_session *session,
    struct cal_redis_words *words, const struct cal_redis_keys *keys,
    struct cal_slice hdr, struct cal_slice msg)
{
	cal_redis_begin(words, "XADD");
	cal_redis_add_text(words, keys->cancel);
	cal_redis_add_text(words, "MAXLEN");
	cal_redis_add_text(words, "~");
	cal_redis_add_number(words, CAL_REDIS_KEPT_COUNT);
	cal_redis_add_text(words, "*");
	cal_redis_add_frames(words, hdr, msg);
	cal_redis_send(session, words, 0, NULL, NULL);
	cal_redis_begin(words, "EXPIRE");
	cal_redis_add_text(words, keys->cancel);
	cal_redis_add_number(words, CAL_REDIS_KEPT);
	cal_redis_send(session, words, 0, NULL, NULL);
}

size_t
cal_redis_ahead(const struct cal_redis_ahead *ahead, size_t room)
{
	size_t count = ahead->count == 0 ? AHEAD_FIRST : ahead->count;

	return count < room ? count : room;
}

void
cal_redis_ahead_came(struct cal_redis_ahead *ahead, size_t count,
    size_t bytes)
{
	size_t asked = cal_redis_ahead(ahead, SIZE_MAX);

	if (bytes > AHEAD_BYTES) {
		ahead->count = (size_t)((double)count * AHEAD_BYTES /
		    (double)bytes);
		if (ahead->count == 0)
			ahead->count = 1;
	} else if (bytes <= AHEAD_BYTES / 2) {
		ahead->count = asked * 2 < AHEAD_MAX ? asked * 2 : AHEAD_MAX;
	}
}

void
cal_redis_ahead_lost(struct cal_redis_ahead *ahead)
{
	ahead->count = 1;
}

static void
on_grace_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	*(bool *)timer->data = true;
}

bool
cal_redis_drain(struct ev_loop *loop, double grace, bool (*busy)(void *arg),
    void *arg)
{
	bool over = grace <= 0;
	ev_timer timer;

	ev_timer_init(&timer, on_grace_over, grace, 0);
	timer.data = &over;
	ev_now_update(loop);
	if (!over)
		ev_timer_start(loop, &timer);
	while (busy(arg) && !over)
		(void)ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &timer);
	return !busy(arg);
}
