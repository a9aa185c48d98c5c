/*
 * The other side of a ZeroMQ connection, on a loop of its own: while that does
 * not turn, nobody reads over there, and the connection fills up.  Messages
 * carry numbers from 0 in their headers.
 */
#ifndef CAL_TESTS_FAR_SIDE_H
#define CAL_TESTS_FAR_SIDE_H

#include <sys/stat.h>
#include <unistd.h>

#include "loop.h"
#include "transport/transport.h"

struct side {
	struct ev_loop *loop;
	struct cal_conn *conn;
	struct cal_link *link;                  /* NULL: down */
	uint32_t sent, got;
};

static struct ev_loop *far_loop;
static char folder[] = "/tmp/cal-far-XXXXXX";

static inline int
open_far(void **state)
{
	if (mkdtemp(folder) == NULL || open_loop(state) == -1)
		return -1;
	far_loop = ev_loop_new(EVFLAG_AUTO);
	return far_loop == NULL ? -1 : 0;
}

static inline int
close_far(void **state)
{
	ev_loop_destroy(far_loop);
	(void)close_loop(state);
	return rmdir(folder);
}

static inline void
on_side_up(void *arg, struct cal_link *link)
{
	struct side *side = arg;

	side->link = link;
}

static inline void
on_side_down(void *arg, struct cal_link *link)
{
	struct side *side = arg;

	assert_ptr_equal(side->link, link);
	side->link = NULL;
}

/* Each comes once, and in order. */
static inline void
on_side_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	struct side *side = arg;
	uint32_t number;

	assert_ptr_equal(side->link, link);
	assert_int_equal(message->header.len, sizeof(number));
	memcpy(&number, message->header.ptr, sizeof(number));
	assert_int_equal(number, side->got);
	side->got++;
}

static const struct cal_conn_events side_events = {
	.up = on_side_up, .message = on_side_message, .down = on_side_down,
};

/* A URL below the folder of this test. */
static inline struct cal_url
side_url(const char *name)
{
	struct cal_url url = { .scheme = CAL_IPC };

	(void)snprintf(url.path, sizeof(url.path), "%s/%s", folder, name);
	return url;
}

static inline void
side_open(struct side *side, struct ev_loop *where, bool bind,
    size_t max_body, const struct cal_conn_events *events)
{
	struct cal_conn_conf conf = {
		.loop = where, .url = side_url("s"), .bind = bind,
		.max_body = max_body, .events = events, .arg = side,
	};
	struct cal_err err;

	memset(side, 0, sizeof(*side));
	side->loop = where;
	assert_int_equal(cal_conn_open(&side->conn, &conf, &err), CAL_OK);
}

static inline void
side_close(struct side *side)
{
	(void)cal_conn_close(side->conn, 0);
	side->conn = NULL;
	side->link = NULL;
}

static inline int
side_send(struct side *side, size_t bytes)
{
	static const uint8_t zeros[1000];
	struct cal_frames frames = {
		.word = CAL_WORD_UPPER,
		.header = cal_slice_of(&side->sent, sizeof(side->sent)),
		.payload = cal_slice_of(zeros, bytes),
	};
	int rc;

	assert_in_range(bytes, 0, sizeof(zeros));
	rc = cal_conn_send(side->conn, side->link, &frames, NULL);
	if (rc == CAL_OK)
		side->sent++;
	return rc;
}

static inline void
turn_far(void)
{
	ev_run(far_loop, EVRUN_NOWAIT);
}

/* Both sides turn until condition; this side waits. */
#define WAIT_FOR_BOTH(condition) WAIT_FOR((turn_far(), (condition)))

/* Only the other side turns. */
#define WAIT_FOR_FAR(condition) do { \
	double start_ = cal_clock_now(); \
	while (!(condition)) { \
		if (cal_clock_now() - start_ > DEADLINE) \
			fail_msg("it never came: %s", #condition); \
		turn_far(); \
	} \
} while (0)

#endif
