/*
 * The transport, in the hands of a test of what stands on it: linked in place
 * of the real one.  Addresses are those of ipc URLs; a fake keeps what was
 * published, says what the test wants, and its events are called by the test.
 */
#ifndef CAL_TESTS_FAKE_CONN_H
#define CAL_TESTS_FAKE_CONN_H

#include <stdlib.h>

#include "base/mem.h"
#include "transport/transport.h"

enum { FAKES = 4 };

struct fake {
	struct cal_conn conn;
	size_t room;            /* messages that it takes */
	size_t readers;
	size_t asked;           /* how often it was asked to publish */
	size_t taken, forced;
	uint64_t progress, held;        /* of what has to leave */
	struct cal_buf log;     /* "TOPIC:BODY " of what was taken */
	const char *trouble;
	double grace;
	bool open, paused, rechecked;
	bool silent;            /* it stands for one of Redis … */
	bool leaves;            /* … in a group */
	size_t want;
	bool behind;            /* somebody fell, and takes nothing yet */
};

static struct fake fakes[FAKES];
static size_t fakes_open;
static int fake_refusal;        /* of the next open, if not 0 */

int
cal_conn_open(struct cal_conn **connp, const struct cal_conn_conf *conf,
    struct cal_err *err)
{
	struct fake *fake = &fakes[fakes_open];

	*connp = NULL;
	if (fake_refusal != 0)
		return cal_fail(err, (enum cal_code)fake_refusal,
		    "refused by the test");
	fakes_open++;
	fake->conn.conf = *conf;
	fake->open = true;
	*connp = &fake->conn;
	return CAL_OK;
}

char *
cal_conn_address(const struct cal_conn *conn)
{
	return cal_url_text(&conn->conf.url);
}

int
cal_conn_publish(struct cal_conn *conn, const struct cal_frames *frames,
    bool force, bool *missedp)
{
	struct fake *fake = (struct fake *)conn;

	fake->asked++;
	if (fake->room == 0 && !force && !fake->behind)
		return CAL_EAGAIN;
	fake->behind = fake->room == 0;
	if (fake->behind)
		*missedp = true;
	else
		fake->room--;
	fake->forced += force;
	fake->taken++;
	if (frames->pre_count > 0)
		cal_buf_put(&fake->log, frames->pre[0].ptr,
		    frames->pre[0].len);
	cal_buf_put_byte(&fake->log, ':');
	cal_buf_put(&fake->log, frames->payload.ptr, frames->payload.len);
	cal_buf_put_byte(&fake->log, ' ');
	return CAL_OK;
}

size_t
cal_conn_readers(const struct cal_conn *conn, struct cal_slice topic)
{
	(void)topic;
	return ((const struct fake *)conn)->readers;
}

bool
cal_conn_left(const struct cal_conn *conn, uint64_t *progressp)
{
	const struct fake *fake = (const struct fake *)conn;

	*progressp = fake->progress;
	return fake->held == 0;
}

bool
cal_conn_is_read(const struct cal_conn *conn)
{
	return ((const struct fake *)conn)->readers > 0;
}

void
cal_conn_pause(struct cal_conn *conn, bool pause)
{
	((struct fake *)conn)->paused = pause;
}

void
cal_conn_want(struct cal_conn *conn, size_t count)
{
	((struct fake *)conn)->want = count;
}

void
cal_conn_settle(struct cal_conn *conn, uint64_t receipt,
    enum cal_settle settle, const char *why)
{
	(void)conn;
	(void)receipt;
	(void)settle;
	(void)why;
}

bool
cal_conn_begin(struct cal_conn *conn, uint64_t receipt)
{
	(void)conn;
	(void)receipt;
	return true;
}

bool
cal_conn_leave(struct cal_conn *conn)
{
	return ((struct fake *)conn)->leaves;
}

bool
cal_conn_is_silent(const struct cal_conn *conn)
{
	return ((const struct fake *)conn)->silent;
}

int
cal_conn_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own)
{
	(void)conn;
	(void)link;
	(void)frames;
	(void)own;
	return CAL_EGONE;
}

bool
cal_conn_idle(const struct cal_conn *conn)
{
	(void)conn;
	return true;
}

const char *
cal_conn_trouble(const struct cal_conn *conn)
{
	return ((const struct fake *)conn)->trouble;
}

void
cal_conn_recheck(struct cal_conn *conn)
{
	((struct fake *)conn)->rechecked = true;
}

bool
cal_link_may(const struct cal_link *link, struct cal_slice method)
{
	(void)link;
	(void)method;
	return true;
}

bool
cal_conn_close(struct cal_conn *conn, double grace)
{
	struct fake *fake = (struct fake *)conn;

	if (conn == NULL)
		return true;
	fake->open = false;
	fake->grace = grace;
	return true;
}

/* There is room for so many more: the event that tells. */
static inline void
fake_gives_room(struct fake *fake, size_t room)
{
	fake->room += room;
	fake->conn.conf.events->room(fake->conn.conf.arg);
}

static inline void
fake_has_readers(struct fake *fake, size_t readers)
{
	fake->readers = readers;
	fake->conn.conf.events->readers(fake->conn.conf.arg);
}

static inline int
fakes_forget(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < FAKES; i++)
		cal_buf_release(&fakes[i].log);
	memset(fakes, 0, sizeof(fakes));
	fakes_open = 0;
	fake_refusal = 0;
	return 0;
}

#endif
