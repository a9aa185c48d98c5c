/*
 * Unit tests of transport/redis_publish: what is sent when, what is told, and
 * in which order, whatever Redis answers.
 */
#include "base/log.h"
#include "false_session.h"
#include "loop.h"
#include "transport/redis_outbox.h"

struct owner {
	struct cal_conn *conn;
	struct cal_buf stored;          /* "ID " of each */
	size_t rooms, ends;
	struct cal_err end;
};

static struct owner owner;
static struct cal_conn_redis redis;

static void
on_link(void *arg, struct cal_link *link)
{
	(void)arg;
	assert_non_null(link);
}

static void
on_stored(void *arg, struct cal_slice id)
{
	struct owner *o = arg;

	cal_buf_put(&o->stored, id.ptr, id.len);
	cal_buf_put_byte(&o->stored, ' ');
}

static void
on_room(void *arg)
{
	((struct owner *)arg)->rooms++;
}

static void
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

static void
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

static int
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

static void
take(const char *id)
{
	session_answer_text(REDIS_REPLY_STRING, id);
}

static void
refuse(const char *words)
{
	session_answer_text(REDIS_REPLY_ERROR, words);
}

#define assert_stored(text) do { \
	assert_string_equal(cal_buf_text(&owner.stored), text); \
	cal_buf_clear(&owner.stored); \
} while (0)

static void
assert_open(uint64_t unsent, uint64_t unknown)
{
	assert_int_equal(owner.conn->counts.unsent, unsent);
	assert_int_equal(owner.conn->counts.unknown, unknown);
}

static bool
left(void)
{
	uint64_t progress;

	return owner.conn->ops->left(owner.conn, &progress);
}

/* Connected, and one message was confirmed: now two may be on their way. */
static void
begin_warm(void)
{
	begin();
	session_connect();
	PUT("warm");
	take("0-1");
	assert_said("XADD s * hdr h msg warm\n");
	assert_stored("0-1 ");
}

static int
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

static int
leave(void **state)
{
	if (owner.conn != NULL)
		(void)owner.conn->ops->close(owner.conn, 0);
	cal_buf_release(&owner.stored);
	return close_loop(state);
}

static void
test_words(void **state)
{
	(void)state;
	redis.max_len = 7;
	begin();
	session_connect();
	assert_int_equal(put("t", "b"), CAL_OK);
	assert_said("XADD s MAXLEN ~ 7 * hdr h msg b topic t\n");
}

/* What comes before the connection waits; more and more go at a time. */
static void
test_pipeline(void **state)
{
	(void)state;
	begin();
	PUT("1");
	PUT("2");
	PUT("3");
	PUT("4");
	PUT("5");
	assert_open(5, 0);
	assert_false(left());
	session_connect();
	assert_said("XADD s * hdr h msg 1\n");
	assert_open(4, 1);
	take("1-1");
	assert_said("XADD s * hdr h msg 2\nXADD s * hdr h msg 3\n");
	take("1-2");
	assert_said("XADD s * hdr h msg 4\nXADD s * hdr h msg 5\n");
	take("1-3");
	take("1-4");
	assert_false(left());
	take("1-5");
	assert_true(left());
	assert_open(0, 0);
	assert_stored("1-1 1-2 1-3 1-4 1-5 ");
	assert_int_equal(owner.ends, 0);
}

static void
test_room(void **state)
{
	int i;

	(void)state;
	begin();
	for (i = 0; i < CAL_REDIS_AHEAD; i++)
		PUT("");
	assert_int_equal(put("", ""), CAL_EAGAIN);
	session_connect();
	for (i = 0; i < CAL_REDIS_AHEAD / 2; i++) {
		assert_int_equal(owner.rooms, 0);
		take("1-1");
	}
	assert_int_equal(owner.rooms, 1);
	PUT("");
}

/* Of bytes there are four times as many as in the largest body. */
static void
test_room_bytes(void **state)
{
	char body[1001];

	(void)state;
	memset(body, '1', 1000);
	body[1000] = '\0';
	begin();
	PUT(body);
	PUT(body);
	PUT(body);
	PUT(body);
	assert_int_equal(put("", "2"), CAL_EAGAIN);
	PUT("");
}

/*
 * Only what was refused goes again, before what was not sent yet, and alone;
 * ids are told in the order of the messages.
 */
static void
test_refused_for_now(void **state)
{
	(void)state;
	begin_warm();
	PUT("1");
	PUT("2");
	PUT("3");
	assert_said("XADD s * hdr h msg 1\nXADD s * hdr h msg 2\n");
	refuse("OOM command not allowed when used memory > 'maxmemory'.");
	PUT("4");
	assert_said("");
	take("1-2");
	assert_stored("");
	assert_said("");
	assert_open(3, 0);
	WAIT_FOR(session.said.len > 0);
	assert_said("XADD s * hdr h msg 1\n");
	take("1-3");
	assert_stored("1-3 1-2 ");
	assert_said("XADD s * hdr h msg 3\nXADD s * hdr h msg 4\n");
	take("1-4");
	take("1-5");
	assert_stored("1-4 1-5 ");
	assert_true(left());
	assert_int_equal(owner.ends, 0);
}

/* A replica is left for whoever has its name after a while. */
static void
test_readonly(void **state)
{
	(void)state;
	redis.pause = 0.01;
	redis.patience = 0.5;
	begin_warm();
	PUT("1");
	PUT("2");
	session.said.len = 0;
	refuse("READONLY You can't write against a read only replica.");
	refuse("READONLY You can't write against a read only replica.");
	WAIT_FOR(session.restarts == 1);
	PUT("3");
	assert_said("");
	session_lose();
	assert_open(3, 0);
	session_connect();
	assert_said("XADD s * hdr h msg 1\n");
	refuse("READONLY You can't write against a read only replica.");
	WAIT_FOR(session.restarts == 2);
	session_lose();
	WAIT_FOR(owner.ends == 1);
	assert_int_equal(owner.end.code, CAL_ETEMP);
	assert_non_null(strstr(owner.end.text, "READONLY"));
	assert_open(3, 0);
}

static void
test_refused_twice(void **state)
{
	(void)state;
	redis.pause = 0.01;
	begin();
	session_connect();
	PUT("1");
	PUT("2");
	assert_said("XADD s * hdr h msg 1\n");
	refuse("BUSY Redis is busy running a script.");
	WAIT_FOR(session.said.len > 0);
	assert_said("XADD s * hdr h msg 1\n");
	refuse("BUSY Redis is busy running a script.");
	assert_said("");
	WAIT_FOR(session.said.len > 0);
	assert_said("XADD s * hdr h msg 1\n");
	take("1-1");
	assert_said("XADD s * hdr h msg 2\n");
	take("1-2");
	assert_stored("1-1 1-2 ");
}

static void
test_patience(void **state)
{
	(void)state;
	redis.patience = 0.2;
	redis.pause = 0.01;
	begin_warm();
	PUT("1");
	PUT("2");
	refuse("MISCONF Redis is configured to save RDB snapshots");
	refuse("MISCONF Redis is configured to save RDB snapshots");
	while (owner.ends == 0) {
		turn_loop();
		if (session.answered < session.given)
			refuse("MISCONF Redis is configured to …");
	}
	assert_int_equal(owner.end.code, CAL_ETEMP);
	assert_non_null(strstr(owner.end.text, "for 0.2 s: MISCONF Redis is"));
	assert_open(2, 0);
	assert_int_equal(put("", "3"), CAL_EAGAIN);
	assert_stored("");
}

/* Patience is that of messages: without one nothing has to be there. */
static void
test_nobody_there(void **state)
{
	double start;

	(void)state;
	redis.patience = 0.1;
	begin();
	session.trouble = "cannot connect: No";
	start = cal_clock_now();
	while (cal_clock_now() - start < 0.2)
		turn_loop();
	assert_int_equal(owner.ends, 0);
	ev_now_update(loop);
	PUT("1");
	WAIT_FOR(owner.ends == 1);
	assert_int_equal(owner.end.code, CAL_EUNAVAIL);
	assert_string_equal(owner.end.text,
	    "no connection to Redis within 0.1 s: cannot connect: No");
	assert_open(1, 0);
}

/* It is there, but says at the door that it has no time. */
static void
test_put_off(void **state)
{
	(void)state;
	redis.patience = 0.1;
	begin();
	session.trouble = "LOADING Redis is loading";
	session.put_off = true;
	PUT("1");
	WAIT_FOR(owner.ends == 1);
	assert_int_equal(owner.end.code, CAL_ETEMP);
}

static void
on_over(struct ev_loop *l, ev_timer *timer, int revents)
{
	(void)l;
	(void)revents;
	*(bool *)timer->data = true;
}

/* What is on its way when the time is over is answered all the same. */
static void
test_comes_late(void **state)
{
	bool over = false;
	ev_timer later;

	(void)state;
	redis.patience = 0.05;
	begin();
	ev_now_update(loop);
	PUT("1");
	ev_timer_init(&later, on_over, 0.1, 0);
	later.data = &over;
	ev_timer_start(loop, &later);
	session_connect();
	assert_said("XADD s * hdr h msg 1\n");
	WAIT_FOR(over);
	take("1-1");
	assert_stored("1-1 ");
	assert_int_equal(owner.ends, 0);
}

/* Others still have their answers before the end is told. */
static void
test_refused(void **state)
{
	(void)state;
	begin_warm();
	PUT("1");
	PUT("2");
	PUT("3");
	refuse("WRONGTYPE Operation against a key");
	assert_int_equal(owner.ends, 0);
	refuse("WRONGTYPE Operation against a key");
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_ECONFIG);
	assert_open(3, 0);
	session.said.len = 0;
	settle();
	assert_said("");
}

static void
test_cluster(void **state)
{
	(void)state;
	begin_warm();
	PUT("1");
	refuse("MOVED 3999 127.0.0.1:6381");
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_EDATA);
}

static void
test_not_let_in(void **state)
{
	const struct cal_err why = { CAL_EDENIED, "NOAUTH" };

	(void)state;
	begin();
	PUT("1");
	session.conf.refused(session.conf.arg, &why);
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_EDENIED);
	assert_open(1, 0);
}

static void
test_lost(void **state)
{
	(void)state;
	begin_warm();
	PUT("1");
	PUT("2");
	PUT("3");
	take("1-1");
	assert_open(0, 2);
	PUT("4");
	PUT("5");
	PUT("6");
	session_lose();
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_EUNKNOWN);
	assert_stored("1-1 ");
	assert_open(1, 4);
}

/* A connection that ends while nothing is on its way costs nothing. */
static void
test_lost_idle(void **state)
{
	(void)state;
	begin_warm();
	session_lose();
	PUT("1");
	assert_said("");
	session_connect();
	assert_said("XADD s * hdr h msg 1\n");
	take("1-1");
	assert_stored("1-1 ");
	assert_int_equal(owner.ends, 0);
}

/* All on their way go again, in order, one first; so often and not more. */
static void
test_retry(void **state)
{
	(void)state;
	redis.retries = 2;
	begin_warm();
	PUT("1");
	PUT("2");
	PUT("3");
	session.said.len = 0;
	session_lose();
	assert_open(1, 2);
	session_connect();
	assert_said("XADD s * hdr h msg 1\n");
	take("2-1");
	assert_said("XADD s * hdr h msg 2\nXADD s * hdr h msg 3\n");
	session_lose();
	assert_int_equal(owner.ends, 0);
	session_connect();
	assert_said("XADD s * hdr h msg 2\n");
	session_lose();
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_EUNKNOWN);
	assert_stored("2-1 ");
	assert_open(0, 2);
}

/* Whether a first attempt did it is not known, whatever the second one says. */
static void
test_retry_refused(void **state)
{
	(void)state;
	redis.retries = 1;
	begin_warm();
	PUT("1");
	session_lose();
	session_connect();
	refuse("NOPERM this user has no permissions");
	assert_int_equal(owner.end.code, CAL_EDENIED);
	assert_open(0, 1);
}

static void
test_replicas(void **state)
{
	(void)state;
	redis.replicas = 2;
	redis.replicas_ms = 50;
	begin();
	session_connect();
	PUT("1");
	PUT("2");
	settle();
	assert_said("XADD s * hdr h msg 1\nWAIT 2 50\n");
	take("1-1");
	assert_said("");
	assert_stored("");
	assert_false(left());
	session_answer_number(3);
	assert_stored("1-1 ");
	settle();
	assert_said("XADD s * hdr h msg 2\nWAIT 2 50\n");
	take("1-2");
	PUT("3");
	session_answer_number(1);
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_ETEMP);
	assert_string_equal(owner.end.text, "within 50 ms 1 of 2 replicas "
	    "had the last 1 message, which Redis has");
	assert_stored("");
	assert_open(1, 0);
}

/* What was refused is not what replicas are asked for. */
static void
test_replicas_refused(void **state)
{
	(void)state;
	redis.replicas = 1;
	redis.replicas_ms = 50;
	redis.pause = 0.01;
	begin();
	session_connect();
	PUT("1");
	settle();
	refuse("NOREPLICAS Not enough good replicas to write.");
	session_answer_number(0);
	assert_int_equal(owner.ends, 0);
	session.said.len = 0;
	WAIT_FOR(session.said.len > 0);
	settle();
	assert_said("XADD s * hdr h msg 1\nWAIT 1 50\n");
	take("1-1");
	session_answer_number(1);
	assert_stored("1-1 ");
}

/* Its answers came, but not that of the replicas. */
static void
test_replicas_lost(void **state)
{
	(void)state;
	redis.replicas = 1;
	redis.replicas_ms = 50;
	begin();
	session_connect();
	PUT("1");
	settle();
	take("1-1");
	session_lose();
	assert_int_equal(owner.ends, 1);
	assert_int_equal(owner.end.code, CAL_EUNKNOWN);
	assert_open(0, 1);
	assert_stored("");
}

/* Replicas are asked even if Redis is quicker than we. */
static void
test_replicas_quick(void **state)
{
	(void)state;
	redis.replicas = 1;
	redis.replicas_ms = 50;
	begin();
	session_connect();
	PUT("1");
	take("1-1");
	settle();
	assert_said("XADD s * hdr h msg 1\nWAIT 1 50\n");
	session_answer_number(1);
	assert_stored("1-1 ");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_words),
		TEST(test_pipeline),
		TEST(test_room),
		TEST(test_room_bytes),
		TEST(test_refused_for_now),
		TEST(test_readonly),
		TEST(test_refused_twice),
		TEST(test_patience),
		TEST(test_nobody_there),
		TEST(test_put_off),
		TEST(test_comes_late),
		TEST(test_refused),
		TEST(test_cluster),
		TEST(test_not_let_in),
		TEST(test_lost),
		TEST(test_lost_idle),
		TEST(test_retry),
		TEST(test_retry_refused),
		TEST(test_replicas),
		TEST(test_replicas_refused),
		TEST(test_replicas_lost),
		TEST(test_replicas_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
