/*
 * Unit tests of transport/redis_read, over a Redis of the test's own: what is
 * handed up, when, and how much is taken for it.
 */
#include "loop.h"
#include "redis_server.h"
#include "transport/redis.h"

enum { HOLDS = 64 };

static struct {
	struct cal_conn *conn;
	struct cal_conn_redis redis;
	const char *group, *consumer;
	const struct cal_slice *topics;
	size_t topics_count;
	size_t ups, downs, malformed, lefts, ends, refusals;
	uint64_t trimmed;
	struct cal_err end;
	size_t count;                   /* messages */
	struct cal_buf log;             /* "TOPIC:BODY " of each */
	struct cal_buf id;              /* of the last */
	unsigned deliveries;            /* of it */
	size_t pause_after;
	bool take;
	struct cal_hold *holds[HOLDS];
	struct cal_slice bodies[HOLDS];
} tap;

static void
on_up(void *arg, struct cal_link *link)
{
	(void)arg;
	assert_non_null(link);
	tap.ups++;
}

static void
on_down(void *arg, struct cal_link *link)
{
	(void)arg;
	assert_non_null(link);
	tap.downs++;
}

static void
on_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	(void)arg;
	(void)link;
	assert_int_equal(message->word, CAL_WORD_UPPER);
	assert_int_equal(tap.ups, tap.downs + 1);
	if (message->pre_count > 0)
		cal_buf_put(&tap.log, message->pre[0].ptr,
		    message->pre[0].len);
	cal_buf_put_byte(&tap.log, ':');
	cal_buf_put(&tap.log, message->payload.ptr, message->payload.len);
	cal_buf_put_byte(&tap.log, ' ');
	cal_buf_clear(&tap.id);
	cal_buf_put(&tap.id, message->id.ptr, message->id.len);
	tap.deliveries = message->deliveries;
	if (tap.take) {
		tap.bodies[tap.count] = message->payload;
		tap.holds[tap.count] = cal_message_take(message);
	}
	if (++tap.count == tap.pause_after)
		cal_conn_pause(tap.conn, true);
}

static void
on_malformed(void *arg, bool barred)
{
	(void)arg;
	assert_false(barred);
	tap.malformed++;
}

static void
on_trimmed(void *arg, uint64_t count)
{
	(void)arg;
	tap.trimmed += count;
}

static void
on_left(void *arg)
{
	(void)arg;
	tap.lefts++;
}

static void
on_ended(void *arg, const struct cal_err *err)
{
	(void)arg;
	tap.ends++;
	tap.end = *err;
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	(void)arg;
	tap.refusals++;
	tap.end = *err;
}

static const struct cal_conn_events events = {
	.up = on_up,
	.down = on_down,
	.message = on_message,
	.malformed = on_malformed,
	.trimmed = on_trimmed,
	.left = on_left,
	.ended = on_ended,
	.refused = on_refused,
};

static int
try_open(struct cal_err *err)
{
	struct cal_conn_conf conf = {
		.loop = loop, .pattern = CAL_PATTERN_SUBSCRIBE,
		.topics = tap.topics, .topics_count = tap.topics_count,
		.max_body = 1 << 20, .redis = &tap.redis, .events = &events,
	};

	redis_url(&conf.url, "s");
	if (tap.group != NULL)
		strcpy(conf.url.redis.group, tap.group);
	if (tap.consumer != NULL)
		strcpy(conf.url.redis.consumer, tap.consumer);
	return cal_conn_open(&tap.conn, &conf, err);
}

static void
open_tap(void)
{
	struct cal_err err;

	tap.count = tap.ups = tap.downs = tap.ends = tap.lefts = 0;
	cal_buf_clear(&tap.log);
	assert_int_equal(try_open(&err), CAL_OK);
}

static void
close_tap(void)
{
	(void)cal_conn_close(tap.conn, 0);
	tap.conn = NULL;
}

/* The tap is up, and reads. */
static void
begin(void)
{
	open_tap();
	assert_int_equal(tap.ups, 0);
	WAIT_FOR(tap.ups == 1);
}

static int
enter(void **state)
{
	memset(&tap, 0, sizeof(tap));
	if (open_loop(state) != 0 || folder_enter(state) != 0)
		return -1;
	redis_start(NULL);
	return 0;
}

static int
leave(void **state)
{
	close_tap();
	cal_buf_release(&tap.log);
	cal_buf_release(&tap.id);
	redis_stop();
	return close_loop(state) | folder_leave(state);
}

static void
add(const char *body)
{
	(void)redis_number("XADD s * hdr h msg %s", body);
}

static void
add_many(size_t from, size_t count)
{
	char body[24];

	for (; count > 0; count--) {
		(void)snprintf(body, sizeof(body), "%zu", from++);
		add(body);
	}
}

#define assert_got(text) assert_string_equal(cal_buf_text(&tap.log), text)

static long long
pending(void)
{
	return redis_number("XPENDING s g - + 1000");
}

/* From now on, when nothing else is said; a message keeps its memory. */
static void
test_alone(void **state)
{
	size_t i;

	(void)state;
	add("before");
	tap.take = true;
	begin();
	assert_null(cal_conn_trouble(tap.conn));
	assert_true(cal_conn_is_silent(tap.conn));
	add("one");
	(void)redis_number("XADD s 9999999999999-5 hdr h msg two topic t");
	WAIT_FOR(tap.count == 2);
	assert_got(":one t:two ");
	assert_string_equal(cal_buf_text(&tap.id), "9999999999999-5");
	assert_int_equal(tap.deliveries, 0);
	close_tap();
	assert_slice(tap.bodies[0], "one");
	for (i = 0; i < tap.count; i++)
		cal_hold_free(tap.holds[i]);
}

static void
test_starts(void **state)
{
	struct cal_err err;

	(void)state;
	(void)redis_number("XADD s 1-1 hdr h msg 1");
	(void)redis_number("XADD s 5-0 hdr h msg 2");
	(void)redis_number("XADD s 5-1 hdr h msg 3");
	tap.redis.leave = true;
	tap.redis.start = "0";
	open_tap();
	WAIT_FOR(tap.ends == 1);
	assert_int_equal(tap.end.code, CAL_OK);
	assert_int_equal(tap.ups, 1);
	assert_got(":1 :2 :3 ");
	close_tap();
	tap.redis.start = "5";
	open_tap();
	WAIT_FOR(tap.ends == 1);
	assert_got(":3 ");
	close_tap();
	tap.redis.start = "$";
	open_tap();
	WAIT_FOR(tap.ends == 1);
	assert_int_equal(tap.ups, 1);
	assert_got("");
	close_tap();
	tap.redis.start = "five";
	assert_int_equal(try_open(&err), CAL_EUSAGE);
	assert_null(tap.conn);
}

/* What comes while it is paused is held, or stays in Redis; nothing is lost. */
static void
test_pause(void **state)
{
	(void)state;
	tap.pause_after = 3;
	begin();
	add_many(0, 500);
	WAIT_FOR(tap.count == 3);
	settle();
	assert_int_equal(tap.count, 3);
	cal_conn_pause(tap.conn, false);
	assert_int_equal(tap.count, 3);
	WAIT_FOR(tap.count == 500);
}

static void
test_topics(void **state)
{
	static const struct cal_slice topics[] = {
		{ (const uint8_t *)"a", 1 }, { (const uint8_t *)"bc", 2 },
	};

	(void)state;
	tap.topics = topics;
	tap.topics_count = COUNT(topics);
	begin();
	add("none");
	(void)redis_number("XADD s * hdr h msg 1 topic b");
	(void)redis_number("XADD s * hdr h msg 2 topic bcd");
	(void)redis_number("XADD s * hdr h msg 3 topic a");
	WAIT_FOR(tap.count == 2);
	assert_got("bcd:2 a:3 ");
	assert_int_equal(tap.malformed, 0);
}

/* Acknowledged before it is handed up. */
static void
test_group(void **state)
{
	(void)state;
	add("before");
	tap.group = "g";
	begin();
	WAIT_FOR(tap.count == 1);
	assert_int_equal(tap.deliveries, 1);
	assert_int_equal(pending(), 0);
	(void)redis_number("XADD s * meta x");
	(void)redis_number("XADD s * msg 1");
	add("after");
	WAIT_FOR(tap.count == 2);
	assert_got(":before :after ");
	assert_int_equal(tap.malformed, 2);
	assert_int_equal(tap.conn->counts.malformed, 2);
	assert_int_equal(pending(), 0);
}

/* No more is taken out of the group than is wanted. */
static void
test_want(void **state)
{
	(void)state;
	add_many(0, 100);
	tap.group = "g";
	open_tap();
	cal_conn_want(tap.conn, 3);
	tap.pause_after = 3;
	WAIT_FOR(tap.count == 3);
	settle();
	cal_conn_want(tap.conn, 0);
	cal_conn_pause(tap.conn, false);
	settle();
	assert_int_equal(tap.count, 3);
	assert_int_equal(redis_number("EVAL %s 1 s", "return "
	    "redis.call('XINFO', 'GROUPS', KEYS[1])[1][10]"), 3);
	cal_conn_want(tap.conn, SIZE_MAX);
	WAIT_FOR(tap.count == 100);
}

static void
test_leave(void **state)
{
	(void)state;
	tap.group = "g";
	begin();
	add("1");
	WAIT_FOR(tap.count == 1);
	assert_int_equal(redis_number("XINFO CONSUMERS s g"), 1);
	assert_true(cal_conn_leave(tap.conn));
	assert_int_equal(tap.lefts, 0);
	WAIT_FOR(tap.lefts == 1);
	assert_int_equal(redis_number("XINFO CONSUMERS s g"), 0);
	add("2");
	settle();
	assert_int_equal(tap.count, 1);
	close_tap();
	/* Not when it is away; and with nothing to leave it is left at once. */
	open_tap();
	redis_stop();
	assert_true(cal_conn_leave(tap.conn));
	WAIT_FOR(tap.lefts == 1);
	close_tap();
	tap.group = NULL;
	open_tap();
	assert_true(cal_conn_leave(tap.conn));
	WAIT_FOR(tap.lefts == 1);
}

/* With something pending it stays, and is there when it comes again. */
static void
test_history(void **state)
{
	(void)state;
	tap.group = "g";
	tap.consumer = "c";
	(void)redis_number("XGROUP CREATE s g 0 MKSTREAM");
	add_many(0, 5);
	(void)redis_number("XREADGROUP GROUP g c COUNT 3 STREAMS s >");
	(void)redis_number("XTRIM s MAXLEN 4");
	open_tap();
	WAIT_FOR(tap.count == 4);
	assert_got(":1 :2 :3 :4 ");
	assert_int_equal(tap.trimmed, 1);
	assert_int_equal(pending(), 0);
}

static void
test_trimmed(void **state)
{
	(void)state;
	begin();
	add("1");
	WAIT_FOR(tap.count == 1);
	cal_conn_pause(tap.conn, true);
	add_many(2, 50);
	(void)redis_number("XTRIM s MAXLEN 10");
	cal_conn_pause(tap.conn, false);
	WAIT_FOR(tap.trimmed > 0);
	add("last");
	WAIT_FOR(strstr(cal_buf_text(&tap.log), ":last ") != NULL);
	/* What a read that waited brought counts as read. */
	assert_int_equal(tap.count + tap.trimmed, 52);
}

/* Redis goes and comes: what was read is not read again. */
static void
test_again(void **state)
{
	(void)state;
	begin();
	add("1");
	WAIT_FOR(tap.count == 1);
	(void)redis_number("CLIENT KILL TYPE normal SKIPME yes");
	WAIT_FOR(tap.downs == 1);
	add("2");
	WAIT_FOR(tap.ups == 2);
	WAIT_FOR(tap.count == 2);
	assert_got(":1 :2 ");
	assert_int_equal(tap.trimmed, 0);
}

static void
test_refused(void **state)
{
	(void)state;
	(void)redis_number("SET s x");
	tap.group = "g";
	open_tap();
	WAIT_FOR(tap.ends == 1);
	assert_int_equal(tap.end.code, CAL_ECONFIG);
	close_tap();
	(void)redis_number("CONFIG SET requirepass secret");
	open_tap();
	WAIT_FOR(tap.refusals > 0);
	settle();
	assert_int_equal(tap.refusals, 1);
	assert_int_equal(tap.end.code, CAL_EDENIED);
	assert_int_equal(tap.ups, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(test_alone),
		TEST(test_starts),
		TEST(test_pause),
		TEST(test_topics),
		TEST(test_group),
		TEST(test_want),
		TEST(test_leave),
		TEST(test_history),
		TEST(test_trimmed),
		TEST(test_again),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
