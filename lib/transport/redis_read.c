/*
 * Reading a stream in Redis: its beginning, what its owner says to it, its end.
 *
 * Whatever the owner says is done in the next turn of the loop, since events
 * never come from inside a call.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_tap.h"

enum { FIRST = 16 };    /* entries of the first read, whose size nobody knows */

void
cal_redis_tap_wake(struct cal_redis_tap *tap)
{
	if (!ev_is_pending(&tap->turn))
		ev_feed_event(tap->conn.conf.loop, &tap->turn, 0);
}

void
cal_redis_tap_end(struct cal_redis_tap *tap, const struct cal_err *why)
{
	if (tap->over)
		return;
	tap->over = true;
	if (tap->conn.conf.events->ended != NULL)
		tap->conn.conf.events->ended(tap->conn.conf.arg, why);
}

void
cal_redis_tap_miss(struct cal_redis_tap *tap, uint64_t count)
{
	if (count > 0 && tap->conn.conf.events->trimmed != NULL)
		tap->conn.conf.events->trimmed(tap->conn.conf.arg, count);
}

/* Turns. */

static void
on_turn(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_tap *tap = timer->data;
	const struct cal_err fine = { .code = CAL_OK };

	(void)loop;
	(void)revents;
	cal_redis_tap_hand_up(tap);
	cal_redis_tap_ask(tap);
	if (tap->reached && tap->batches_count == 0 &&
	    TAILQ_EMPTY(&tap->parcels))
		cal_redis_tap_end(tap, &fine);
	if (tap->leaving)
		cal_redis_tap_go_on_leaving(tap);
}

static void
on_rest_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	cal_redis_tap_ask(timer->data);
}

/* Sessions. */

static void
on_reads_up(void *arg)
{
	cal_redis_tap_begin(arg);
}

static void
on_reads_down(void *arg)
{
	cal_redis_tap_lose(arg);
	cal_redis_tap_wake(arg);
}

static void
on_other_up(void *arg)
{
	cal_redis_tap_ask(arg);
	cal_redis_tap_wake(arg);
}

/* Whose claims are not renewed must not read; and recovery begins anew. */
static void
on_other_down(void *arg)
{
	struct cal_redis_tap *tap = arg;

	if (tap->claims != NULL) {
		cal_redis_claims_halt(tap->claims);
		cal_redis_session_restart(tap->reads);
	}
	cal_redis_tap_wake(tap);
}

/* Both are, and it is told once. */
static void
on_refused(void *arg, const struct cal_err *err)
{
	struct cal_redis_tap *tap = arg;

	if (tap->over)
		return;
	tap->over = true;
	tap->conn.conf.events->refused(tap->conn.conf.arg, err);
}

static int
open_sessions(struct cal_redis_tap *tap, struct cal_err *err)
{
	struct cal_redis_session_conf conf = {
		.loop = tap->conn.conf.loop,
		.url = &tap->conn.conf.url,
		.max_body = tap->conn.conf.max_body,
		.up = on_reads_up,
		.down = on_reads_down,
		.refused = on_refused,
		.arg = tap,
	};
	int rc = cal_redis_session_open(&tap->reads, &conf, err);

	if (rc != CAL_OK || tap->group.group == NULL)
		return rc;
	conf.up = on_other_up;
	conf.down = on_other_down;
	return cal_redis_session_open(&tap->other, &conf, err);
}

/* The rows of the table. */

static void
tap_pause(struct cal_conn *conn, bool pause)
{
	struct cal_redis_tap *tap = (struct cal_redis_tap *)conn;

	tap->paused = pause;
	if (tap->claims != NULL)
		cal_redis_claims_go_on(tap->claims);
	cal_redis_tap_wake(tap);
}

static void
tap_want(struct cal_conn *conn, size_t count)
{
	struct cal_redis_tap *tap = (struct cal_redis_tap *)conn;

	tap->want = count;
	if (tap->claims != NULL)
		cal_redis_claims_go_on(tap->claims);
	cal_redis_tap_wake(tap);
}

static void
tap_leave(struct cal_conn *conn)
{
	struct cal_redis_tap *tap = (struct cal_redis_tap *)conn;

	tap->leaving = true;
	cal_redis_tap_wake(tap);
}

static void
tap_settle(struct cal_conn *conn, uint64_t receipt, enum cal_settle settle,
    const char *why)
{
	struct cal_redis_tap *tap = (struct cal_redis_tap *)conn;

	cal_redis_claims_settle(tap->claims, receipt, settle, why);
	cal_redis_claims_go_on(tap->claims);
	cal_redis_tap_wake(tap);
}

static bool
tap_begin(struct cal_conn *conn, uint64_t receipt)
{
	struct cal_redis_tap *tap = (struct cal_redis_tap *)conn;

	return cal_redis_claims_begin(tap->claims, receipt) > 0;
}

static bool
tap_idle(const struct cal_conn *conn)
{
	const struct cal_redis_tap *tap = (const struct cal_redis_tap *)conn;

	return tap->claims == NULL || cal_redis_claims_idle(tap->claims);
}

static const char *
tap_trouble(const struct cal_conn *conn)
{
	const struct cal_redis_tap *tap = (const struct cal_redis_tap *)conn;
	const char *text = cal_redis_session_trouble(tap->reads);

	if (text == NULL && tap->claims != NULL)
		text = cal_redis_claims_trouble(tap->claims);
	if (text == NULL && tap->troubled)
		text = tap->trouble.text;
	return text;
}

static bool
tap_close(struct cal_conn *conn, double grace)
{
	struct cal_redis_tap *tap = (struct cal_redis_tap *)conn;
	struct ev_loop *loop = conn->conf.loop;

	(void)grace;
	tap->closing = true;
	cal_redis_session_close(tap->reads);
	cal_redis_tap_drop(tap);
	cal_redis_keep_close(tap);
	cal_redis_session_close(tap->other);
	ev_timer_stop(loop, &tap->rest);
	ev_clear_pending(loop, &tap->rest);
	ev_clear_pending(loop, &tap->turn);
	cal_redis_words_release(&tap->words);
	free(tap->name);
	free(tap);
	return true;
}

static const struct cal_transport row = {
	.scheme = CAL_REDIS,
	.address = cal_redis_address,
	.send = cal_redis_send_nothing,
	.idle = tap_idle,
	.trouble = tap_trouble,
	.close = tap_close,
	.pause = tap_pause,
	.want = tap_want,
	.leave = tap_leave,
	.settle = tap_settle,
	.begin = tap_begin,
	.silent = true,
};

/* The beginning. */

/* "5" stands for "5-0". */
static int
read_start(struct cal_redis_tap *tap, struct cal_err *err)
{
	char text[CAL_REDIS_ID_MAX + 1];
	const char *start = tap->conf.start;

	if (strcmp(start, "$") == 0)
		return CAL_OK;
	if (strlen(start) + 2 <= CAL_REDIS_ID_MAX) {
		(void)snprintf(text, sizeof(text), "%s%s", start,
		    strchr(start, '-') == NULL ? "-0" : "");
		if (cal_redis_id_read(&tap->trail.last, cal_slice_text(text)))
			return CAL_OK;
	}
	return cal_fail(err, CAL_EUSAGE, "'%s' is no id of a message", start);
}

static void
fill_in(struct cal_redis_tap *tap)
{
	struct cal_url_redis *url = &tap->conn.conf.url.redis;

	if (tap->conn.conf.redis != NULL)
		tap->conf = *tap->conn.conf.redis;
	if (tap->conf.start == NULL)
		tap->conf.start = url->group[0] == '\0' ? "$" : "0";
	if (tap->conf.window == 0)
		tap->conf.window = CAL_CONN_WINDOW;
	if (tap->conf.window > CAL_REDIS_COUNT_MAX)
		tap->conf.window = CAL_REDIS_COUNT_MAX;
	tap->name = url->consumer[0] == '\0' ? cal_redis_group_name() :
	    cal_strdup(url->consumer);
	tap->group = (struct cal_redis_group){
		.stream = url->stream,
		.group = url->group[0] == '\0' ? NULL : url->group,
		.consumer = tap->name,
	};
}

static struct cal_redis_tap *
tap_new(const struct cal_conn_conf *conf)
{
	struct cal_redis_tap *tap;

	CAL_NEW(tap);
	tap->conn.ops = &row;
	tap->conn.conf = *conf;
	TAILQ_INIT(&tap->batches);
	TAILQ_INIT(&tap->parcels);
	ev_init(&tap->turn, on_turn);
	ev_init(&tap->rest, on_rest_over);
	tap->turn.data = tap->rest.data = tap;
	fill_in(tap);
	(void)snprintf(tap->link.name, sizeof(tap->link.name), "redis");
	tap->watches = true;
	tap->want = SIZE_MAX;
	tap->fit = tap->conf.window < FIRST ? tap->conf.window : FIRST;
	tap->placed = !tap->conf.leave && (tap->group.group != NULL ||
	    strcmp(tap->conf.start, "$") != 0);
	return tap;
}

int
cal_redis_read_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err)
{
	struct cal_redis_tap *tap = tap_new(conf);
	int rc;

	*connp = NULL;
	if ((rc = read_start(tap, err)) == CAL_OK)
		rc = open_sessions(tap, err);
	if (rc == CAL_OK && tap->conf.ack)
		rc = cal_redis_keep_open(tap, err);
	if (rc != CAL_OK) {
		(void)tap_close(&tap->conn, 0);
		return rc;
	}
	*connp = &tap->conn;
	return CAL_OK;
}
