/* Unit tests of stream/publisher, over a transport that does as it is told. */
#include "stream/publisher.h"
#include "fake_conn.h"
#include "loop.h"

struct owner {
	struct cal_publisher *publisher;
	size_t drained, room, sent, failed;
	struct cal_err why;
};

static void
on_drained(void *arg)
{
	((struct owner *)arg)->drained++;
}

static void
on_room(void *arg)
{
	((struct owner *)arg)->room++;
}

static void
on_sent(void *arg)
{
	((struct owner *)arg)->sent++;
}

static void
on_failed(void *arg, const struct cal_err *err)
{
	struct owner *owner = arg;

	owner->failed++;
	owner->why = *err;
}

static const struct cal_url urls[] = {
	{ .scheme = CAL_IPC, .path = "/a" },
	{ .scheme = CAL_IPC, .path = "/b" },
};

/* Zero in conf: what tests mostly want. */
static void
open_publisher(struct owner *owner, struct cal_publisher_conf conf)
{
	struct cal_err err;

	*owner = (struct owner){ .failed = 0 };
	conf.loop = loop;
	conf.urls = urls;
	conf.urls_count += conf.urls_count == 0;
	conf.bind = true;
	conf.max_body += conf.max_body == 0 ? 1000 : 0;
	conf.drained = on_drained;
	conf.room = on_room;
	conf.sent = on_sent;
	conf.failed = on_failed;
	conf.arg = owner;
	assert_int_equal(cal_publisher_open(&owner->publisher, &conf, &err),
	    CAL_OK);
}

static void
put(struct owner *owner, const char *topic, const char *body)
{
	struct cal_streammsg head = { .stamp = { .known = true } };

	cal_publisher_put(owner->publisher, cal_slice_text(topic), &head,
	    cal_slice_text(body));
}

static void
assert_counts(const struct owner *owner, uint64_t sent, uint64_t missed,
    uint64_t waiting)
{
	struct cal_publisher_counts counts;

	cal_publisher_counts(owner->publisher, &counts);
	assert_int_equal(counts.sent, sent);
	assert_int_equal(counts.missed, missed);
	assert_int_equal(counts.waiting, waiting);
}

#define assert_log(fake, text) \
	assert_string_equal(cal_buf_text(&(fake)->log), text)

static void
end(struct owner *owner)
{
	assert_true(cal_publisher_close(owner->publisher, 2));
	settle();
}

static void
test_at_once(void **state)
{
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){ 0 });
	assert_int_equal(fakes[0].conn.conf.pattern, CAL_PATTERN_PUBLISH);
	fakes[0].room = 10;
	put(&owner, "", "1");
	put(&owner, "topic", "2");
	assert_log(&fakes[0], ":1 topic:2 ");
	assert_counts(&owner, 2, 0, 0);
	end(&owner);
	assert_true(fakes[0].grace == 2);
}

/* A full one is asked again when it has room, not for each message. */
static void
test_queue(void **state)
{
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){ .no_drop = true });
	fakes[0].room = 1;
	put(&owner, "", "1");
	put(&owner, "", "2");
	put(&owner, "", "3");
	put(&owner, "", "4");
	settle();
	assert_int_equal(fakes[0].asked, 2);
	assert_counts(&owner, 1, 0, 3);
	assert_int_equal(owner.sent + owner.drained + owner.room, 0);
	fake_gives_room(&fakes[0], 2);
	assert_int_equal(owner.sent, 0);        /* later, from the loop */
	settle();
	assert_int_equal(owner.sent, 1);
	assert_int_equal(owner.drained, 0);
	assert_counts(&owner, 3, 0, 1);
	fake_gives_room(&fakes[0], 5);
	settle();
	assert_int_equal(owner.drained, 1);
	assert_log(&fakes[0], ":1 :2 :3 :4 ");
	put(&owner, "", "5");
	assert_counts(&owner, 5, 0, 0);
	end(&owner);
}

static void
test_full(void **state)
{
	struct owner owner;
	int i;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){
	    .no_drop = true, .max_body = 100 });
	for (i = 0; i < CAL_PUBLISHER_QUEUE; i++) {
		assert_false(cal_publisher_full(owner.publisher));
		put(&owner, "", "");
	}
	assert_true(cal_publisher_full(owner.publisher));
	fake_gives_room(&fakes[0], CAL_PUBLISHER_QUEUE);
	settle();
	assert_int_equal(owner.room, 1);
	assert_false(cal_publisher_full(owner.publisher));
	/* Bytes fill it as well; one message always has room. */
	for (i = 0; i < 4; i++) {
		assert_false(cal_publisher_full(owner.publisher));
		put(&owner, "", "0123456789012345678901234567890123456789"
		    "012345678901234567890123456789012345678901234567890123"
		    "456789");
	}
	assert_true(cal_publisher_full(owner.publisher));
	fake_gives_room(&fakes[0], 1);
	settle();
	assert_int_equal(owner.room, 2);
	end(&owner);
}

/* Every address gets every message, each at its own pace. */
static void
test_broadcast(void **state)
{
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){
	    .urls_count = 2, .no_drop = true });
	fakes[0].room = 100;
	put(&owner, "", "1");
	put(&owner, "", "2");
	assert_log(&fakes[0], ":1 :2 ");
	assert_counts(&owner, 0, 0, 2);
	fake_gives_room(&fakes[1], 1);
	assert_log(&fakes[1], ":1 ");
	assert_counts(&owner, 1, 0, 1);
	put(&owner, "", "3");
	fake_gives_room(&fakes[1], 10);
	assert_log(&fakes[1], ":1 :2 :3 ");
	assert_log(&fakes[0], ":1 :2 :3 ");
	assert_counts(&owner, 3, 0, 0);
	end(&owner);
}

/* Each to one, in turn; a full one keeps nothing back. */
static void
test_distribute(void **state)
{
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){
	    .urls_count = 2, .distribute = true });
	assert_int_equal(fakes[0].conn.conf.pattern, CAL_PATTERN_PUSH);
	fakes[0].room = 2;
	fakes[1].room = 100;
	put(&owner, "", "1");
	put(&owner, "", "2");
	put(&owner, "", "3");
	put(&owner, "", "4");
	put(&owner, "", "5");
	put(&owner, "", "6");
	assert_log(&fakes[0], ":1 :3 ");
	assert_log(&fakes[1], ":2 :4 :5 :6 ");
	fakes[1].room = 0;
	put(&owner, "", "7");
	put(&owner, "", "8");
	assert_counts(&owner, 6, 0, 2);
	fake_gives_room(&fakes[0], 1);
	fake_gives_room(&fakes[1], 1);
	assert_log(&fakes[0], ":1 :3 :7 ");
	assert_log(&fakes[1], ":2 :4 :5 :6 :8 ");
	assert_counts(&owner, 8, 0, 0);
	assert_int_equal(fakes[0].forced + fakes[1].forced, 0);
	end(&owner);
}

static bool
has_missed(const struct owner *owner, uint64_t missed)
{
	struct cal_publisher_counts counts;

	cal_publisher_counts(owner->publisher, &counts);
	return counts.missed == missed;
}

/* Who takes nothing is passed over after a while, until he takes something. */
static void
test_patience(void **state)
{
	double start = cal_clock_now();
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){ .urls_count = 2 });
	ev_now_update(loop);
	fakes[0].room = 100;
	put(&owner, "", "1");
	put(&owner, "", "2");
	assert_counts(&owner, 0, 0, 2);
	WAIT_FOR(has_missed(&owner, 2));
	assert_true(cal_clock_now() - start >= CAL_PUBLISHER_PATIENCE * 0.9);
	assert_log(&fakes[1], ":1 :2 ");
	/* From now on at once, and counted once. */
	put(&owner, "", "3");
	assert_counts(&owner, 3, 3, 0);
	fake_gives_room(&fakes[1], 2);
	put(&owner, "", "4");
	assert_counts(&owner, 4, 3, 0);
	put(&owner, "", "5");
	put(&owner, "", "6");
	assert_counts(&owner, 5, 3, 1);
	assert_log(&fakes[0], ":1 :2 :3 :4 :5 :6 ");
	end(&owner);
}

/* Who takes something now and then holds the others up, and misses nothing. */
static void
test_progress(void **state)
{
	double stop = cal_clock_now() + 3 * CAL_PUBLISHER_PATIENCE;
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){ 0 });
	put(&owner, "", "1");
	put(&owner, "", "2");
	while (cal_clock_now() < stop) {
		put(&owner, "", "x");
		fake_gives_room(&fakes[0], 1);
		turn_loop();
	}
	assert_true(has_missed(&owner, 0));
	assert_int_equal(fakes[0].forced, 0);
	end(&owner);
}

static void
test_no_drop(void **state)
{
	double stop = cal_clock_now() + 2 * CAL_PUBLISHER_PATIENCE;
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){ .no_drop = true });
	put(&owner, "", "1");
	while (cal_clock_now() < stop)
		turn_loop();
	assert_counts(&owner, 0, 0, 1);
	end(&owner);
}

/* The first message waits for its readers, and whatever comes behind it. */
static void
test_wait(void **state)
{
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){ .urls_count = 2,
	    .wait_readers = 3, .wait_timeout = 60 });
	fakes[0].room = fakes[1].room = 10;
	fake_has_readers(&fakes[0], 5);
	fake_has_readers(&fakes[0], 1);         /* before there is a message */
	put(&owner, "t", "1");
	put(&owner, "t", "2");
	assert_counts(&owner, 0, 0, 2);
	fake_has_readers(&fakes[1], 1);
	assert_counts(&owner, 0, 0, 2);
	fake_has_readers(&fakes[1], 2);
	assert_log(&fakes[0], "t:1 t:2 ");
	assert_log(&fakes[1], "t:1 t:2 ");
	fake_has_readers(&fakes[1], 0);         /* that is all the same now */
	put(&owner, "t", "3");
	assert_counts(&owner, 3, 0, 0);
	settle();
	assert_int_equal(owner.failed, 0);
	end(&owner);
}

/* Nobody is there any more: that is counted, where somebody was wanted. */
static void
test_unread(void **state)
{
	struct cal_publisher_counts counts;
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){ .urls_count = 2,
	    .wait_readers = 1, .wait_timeout = 60 });
	fakes[0].room = fakes[1].room = 10;
	fake_has_readers(&fakes[1], 1);
	put(&owner, "", "1");
	fake_has_readers(&fakes[1], 0);
	put(&owner, "", "2");
	put(&owner, "", "3");
	fake_has_readers(&fakes[0], 1);
	put(&owner, "", "4");
	cal_publisher_counts(owner.publisher, &counts);
	assert_int_equal(counts.sent, 4);
	assert_int_equal(counts.unread, 2);
	end(&owner);
}

static void
test_too_few(void **state)
{
	struct owner owner;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){
	    .wait_readers = 2, .wait_timeout = 0.05 });
	fakes[0].room = 10;
	fakes[0].trouble = "nobody listens there";
	fakes[0].readers = 1;
	turn_loop();
	assert_int_equal(owner.failed, 0);      /* nothing waits yet */
	put(&owner, "", "1");
	WAIT_FOR(owner.failed > 0);
	assert_int_equal(owner.why.code, CAL_EUNAVAIL);
	assert_string_equal(owner.why.text, "1 of 2 subscribers came within "
	    "0.05 s: nobody listens there");
	fake_has_readers(&fakes[0], 2);
	settle();
	assert_counts(&owner, 0, 0, 1);
	assert_int_equal(owner.failed, 1);
	end(&owner);
}

static void
test_refused(void **state)
{
	struct owner owner;
	struct cal_err err;

	(void)state;
	open_publisher(&owner, (struct cal_publisher_conf){ .urls_count = 2 });
	(void)cal_fail(&err, CAL_EDENIED, "not let in");
	fakes[1].conn.conf.events->refused(fakes[1].conn.conf.arg, &err);
	fakes[0].conn.conf.events->refused(fakes[0].conn.conf.arg, &err);
	assert_int_equal(owner.failed, 1);
	assert_int_equal(owner.why.code, CAL_EDENIED);
	assert_string_equal(owner.why.text, "ipc:///b: not let in");
	end(&owner);
}

static void
test_open(void **state)
{
	struct cal_publisher *publisher;
	struct cal_publisher_conf conf = { .loop = loop, .urls = urls,
	    .urls_count = 2 };
	struct owner owner;
	struct cal_err err;
	char *url;

	(void)state;
	fake_refusal = CAL_EOS;
	assert_int_equal(cal_publisher_open(&publisher, &conf, &err),
	    CAL_EOS);
	assert_null(publisher);
	fake_refusal = 0;
	open_publisher(&owner, (struct cal_publisher_conf){ .urls_count = 2 });
	url = cal_publisher_address(owner.publisher, 1);
	assert_string_equal(url, "ipc:///b");
	free(url);
	cal_publisher_recheck(owner.publisher);
	assert_true(fakes[0].rechecked && fakes[1].rechecked);
	end(&owner);
	assert_false(fakes[0].open || fakes[1].open);
	assert_true(cal_publisher_close(NULL, 0));
}

#define TEST(name) cmocka_unit_test_teardown(name, fakes_forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_at_once),
		TEST(test_queue),
		TEST(test_full),
		TEST(test_broadcast),
		TEST(test_distribute),
		TEST(test_patience),
		TEST(test_progress),
		TEST(test_no_drop),
		TEST(test_wait),
		TEST(test_unread),
		TEST(test_too_few),
		TEST(test_refused),
		TEST(test_open),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
