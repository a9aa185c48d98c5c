/* Unit tests of stream/consumer, on a transport in the hands of the test. */
#include "fake_conn.h"
#include "loop.h"
#include "base/log.h"
#include "stream/consumer.h"

/* What the consumer told. */
static struct {
	size_t ready, messages, gaps, failed, ended;
	uint64_t missing, number;
	struct cal_err err;
	char topic[32], body[32];
	struct cal_hold *hold;
	bool take;
} told;

static struct cal_consumer *consumer;

static void
on_ready(void *arg)
{
	(void)arg;
	told.ready++;
}

static void
copy(char text[32], struct cal_slice slice)
{
	assert_true(slice.len < 32);
	if (slice.len > 0)
		memcpy(text, slice.ptr, slice.len);
	text[slice.len] = '\0';
}

static void
on_message(void *arg, struct cal_delivery *delivery)
{
	(void)arg;
	told.messages++;
	told.number = delivery->number;
	copy(told.topic, delivery->topic);
	copy(told.body, delivery->body);
	if (told.take)
		told.hold = cal_message_take(delivery->message);
}

static void
on_gap(void *arg, struct cal_slice topic, uint64_t missing)
{
	(void)arg;
	(void)topic;
	told.gaps++;
	told.missing = missing;
}

static void
on_failed(void *arg, const struct cal_err *err)
{
	(void)arg;
	told.failed++;
	told.err = *err;
}

static void
on_ended(void *arg)
{
	(void)arg;
	told.ended++;
}

static struct cal_url urls[3];

static struct cal_consumer_conf
plain_conf(void)
{
	return (struct cal_consumer_conf){
		.loop = loop, .urls = urls, .urls_count = 2, .max_body = 100,
		.ready = on_ready, .message = on_message, .gap = on_gap,
		.failed = on_failed, .ended = on_ended,
	};
}

static void
open_consumer(const struct cal_consumer_conf *conf)
{
	static const char *const names[] = { "a", "b", "c" };
	struct cal_err err;
	size_t i;

	for (i = 0; i < COUNT(urls); i++) {
		urls[i].scheme = CAL_IPC;
		strcpy(urls[i].path, names[i]);
	}
	memset(&told, 0, sizeof(told));
	ev_now_update(loop);
	assert_int_equal(cal_consumer_open(&consumer, conf, &err), CAL_OK);
}

static void
tell_up(size_t number, bool up)
{
	static struct cal_link link;
	const struct cal_conn_conf *conf = &fakes[number].conn.conf;

	(up ? conf->events->up : conf->events->down)(conf->arg, &link);
}

static void
bring(size_t number, struct cal_message *message)
{
	static struct cal_link link;
	const struct cal_conn_conf *conf = &fakes[number].conn.conf;

	conf->events->message(conf->arg, &link, message);
}

/* A message with a counter below 128; topic may be NULL. */
static void
bring_counted(size_t number, const char *topic, uint8_t seq)
{
	uint8_t header[] = { 0x92, 0xc0, seq };
	struct cal_message message = { .word = CAL_WORD_UPPER,
	    .header = cal_slice_of(header, sizeof(header)),
	    .payload = BYTES("body") };

	if (topic != NULL)
		message.pre[message.pre_count++] = cal_slice_text(topic);
	bring(number, &message);
}

static void
close_consumer(void)
{
	cal_consumer_close(consumer);
	assert_false(fakes[0].open || fakes[1].open || fakes[2].open);
	(void)fakes_forget(NULL);
}

/* All have been there, if not at the same time, and it is said once. */
static void
test_ready(void **state)
{
	const struct cal_consumer_conf conf = plain_conf();
	char *url;

	(void)state;
	open_consumer(&conf);
	assert_int_equal(fakes_open, 2);
	assert_int_equal(fakes[0].conn.conf.pattern, CAL_PATTERN_SUBSCRIBE);
	url = cal_consumer_address(consumer, 1);
	assert_string_equal(url, "ipc://b");
	free(url);
	tell_up(0, true);
	tell_up(0, false);
	settle();
	assert_int_equal(told.ready, 0);
	tell_up(1, true);
	assert_int_equal(told.ready, 0);
	tell_up(0, true);
	WAIT_FOR(told.ready == 1);
	tell_up(1, false);
	tell_up(1, true);
	assert_int_equal(told.ready, 1);
	close_consumer();
}

/* Later, as all events; who comes says nothing then. */
static void
test_bound(void **state)
{
	struct cal_consumer_conf conf = plain_conf();

	(void)state;
	conf.bind = conf.distribute = true;
	conf.connect_timeout = 0.01;
	open_consumer(&conf);
	assert_int_equal(fakes[0].conn.conf.pattern, CAL_PATTERN_PULL);
	assert_true(fakes[0].conn.conf.bind);
	assert_int_equal(told.ready, 0);
	settle();
	assert_int_equal(told.ready, 1);
	tell_up(0, true);
	tell_up(0, false);
	turn_loop();
	turn_loop();
	assert_int_equal(told.failed, 0);
	close_consumer();
}

static void
test_late(void **state)
{
	struct cal_consumer_conf conf = plain_conf();

	(void)state;
	conf.connect_timeout = 0.02;
	open_consumer(&conf);
	fakes[1].trouble = "nobody listens there";
	tell_up(0, true);
	WAIT_FOR(told.failed > 0);
	assert_int_equal(told.err.code, CAL_EUNAVAIL);
	assert_string_equal(told.err.text, "no connection to ipc://b within "
	    "0.02 s: nobody listens there");
	/* It may still come. */
	tell_up(1, true);
	WAIT_FOR(told.ready == 1);
	close_consumer();

	open_consumer(&conf);
	tell_up(0, true);
	tell_up(1, true);
	turn_loop();
	turn_loop();
	turn_loop();
	assert_int_equal(told.failed, 0);
	close_consumer();
}

static void
test_refused(void **state)
{
	struct cal_consumer_conf conf = plain_conf();
	struct cal_err err;
	size_t i;

	(void)state;
	open_consumer(&conf);
	(void)cal_fail(&err, CAL_EDENIED, "it does not know the key");
	for (i = 0; i < 2; i++)
		fakes[i].conn.conf.events->refused(fakes[i].conn.conf.arg,
		    &err);
	assert_int_equal(told.failed, 1);
	assert_int_equal(told.err.code, CAL_EDENIED);
	assert_string_equal(told.err.text,
	    "ipc://a: it does not know the key");
	close_consumer();
}

/* Those that were opened before are closed. */
static void
test_cannot_open(void **state)
{
	struct cal_consumer_conf conf = plain_conf();
	struct cal_err err;

	(void)state;
	fake_refusal = CAL_ENOHOST;
	assert_int_equal(cal_consumer_open(&consumer, &conf, &err),
	    CAL_ENOHOST);
	assert_null(consumer);
	fake_refusal = 0;
	cal_consumer_close(NULL);
}

static void
test_messages(void **state)
{
	const struct cal_consumer_conf conf = plain_conf();
	struct cal_consumer_counts counts;
	struct cal_hold hold;
	struct cal_message message = { .word = CAL_WORD_UPPER,
	    .header = BYTES("\x91\xc0"), .payload = BYTES("1"),
	    .hold = &hold };

	(void)state;
	open_consumer(&conf);
	bring_counted(0, NULL, 1);
	assert_int_equal(told.number, 1);
	assert_string_equal(told.topic, "");
	assert_string_equal(told.body, "body");
	bring_counted(1, "t", 1);
	assert_int_equal(told.number, 2);
	assert_string_equal(told.topic, "t");
	told.take = true;
	bring(0, &message);
	assert_ptr_equal(told.hold, &hold);
	assert_null(message.hold);
	/* What cannot be read is dropped and counted. */
	message.header = BYTES("");
	bring(0, &message);
	message.header = BYTES("\x91\xc0");
	message.word = CAL_WORD_PING;
	bring(1, &message);
	assert_int_equal(told.messages, 3);
	fakes[0].conn.counts.malformed = 5;
	cal_consumer_counts(consumer, &counts);
	assert_int_equal(counts.messages, 3);
	assert_int_equal(counts.malformed, 7);
	assert_int_equal(counts.missing, 0);
	cal_consumer_pause(consumer, true);
	assert_true(fakes[0].paused && fakes[1].paused);
	cal_consumer_pause(consumer, false);
	assert_false(fakes[0].paused || fakes[1].paused);
	cal_consumer_recheck(consumer);
	assert_true(fakes[0].rechecked && fakes[1].rechecked);
	close_consumer();
}

/* A counter is one of a topic at an address. */
static void
test_gaps(void **state)
{
	struct cal_consumer_conf conf = plain_conf();
	struct cal_consumer_counts counts;

	(void)state;
	open_consumer(&conf);
	bring_counted(0, "t", 5);
	bring_counted(1, "t", 9);
	bring_counted(0, "u", 3);
	bring_counted(0, "t", 6);
	assert_int_equal(told.gaps, 0);
	bring_counted(0, "t", 9);
	assert_int_equal(told.missing, 2);
	bring_counted(1, "t", 11);
	assert_int_equal(told.missing, 1);
	bring_counted(1, "t", 1);
	assert_int_equal(told.gaps, 2);
	cal_consumer_counts(consumer, &counts);
	assert_int_equal(counts.missing, 3);
	close_consumer();

	/* Others get what is missing here. */
	conf.distribute = true;
	open_consumer(&conf);
	bring_counted(0, "t", 5);
	bring_counted(0, "t", 9);
	assert_int_equal(told.gaps, 0);
	close_consumer();

	conf.distribute = false;
	conf.gap = NULL;
	open_consumer(&conf);
	bring_counted(0, "t", 5);
	bring_counted(0, "t", 9);
	cal_consumer_counts(consumer, &counts);
	assert_int_equal(counts.missing, 3);
	close_consumer();
}

static int
open_all(void **state)
{
	const struct cal_log_conf quiet = {
		.program = "unit test", .level = CAL_LOG_FAILURE,
	};

	cal_log_setup(&quiet);
	return open_loop(state);
}

/* Redis says when a stream ends, and what is gone; and it is up at once. */
static void
test_redis(void **state)
{
	const struct cal_conn_events *events;
	const struct cal_conn_redis redis = { .leave = true };
	struct cal_consumer_conf conf = plain_conf();
	struct cal_err err = { .code = CAL_OK };

	(void)state;
	conf.redis = &redis;
	fakes[0].silent = fakes[1].silent = true;
	open_consumer(&conf);
	assert_ptr_equal(fakes[0].conn.conf.redis, &redis);
	tell_up(0, true);
	tell_up(1, true);
	assert_int_equal(told.ready, 1);
	cal_consumer_want(consumer, 7);
	assert_int_equal(fakes[1].want, 7);
	events = fakes[0].conn.conf.events;
	events->trimmed(fakes[0].conn.conf.arg, 5);
	assert_int_equal(told.gaps, 1);
	assert_int_equal(told.missing, 5);
	events->ended(fakes[0].conn.conf.arg, &err);
	assert_int_equal(told.ended, 0);
	events->ended(fakes[1].conn.conf.arg, &err);
	assert_int_equal(told.ended, 1);
	assert_int_equal(told.failed, 0);
	(void)cal_fail(&err, CAL_ECONFIG, "no stream");
	events->ended(fakes[1].conn.conf.arg, &err);
	assert_int_equal(told.failed, 1);
	assert_int_equal(told.err.code, CAL_ECONFIG);
	assert_string_equal(told.err.text, "ipc://b: no stream");
	close_consumer();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cannot_open),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_redis),
	};

	return cmocka_run_group_tests(tests, open_all, close_loop);
}
