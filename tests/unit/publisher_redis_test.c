/*
 * Unit tests of stream/publisher with addresses of Redis, over a transport that
 * does as it is told.
 */
#include "fake_conn.h"
#include "loop.h"
#include "stream/publisher.h"

static struct cal_publisher *publisher;
static struct cal_buf ids;
static size_t sent, failed;
static struct cal_err why;

static void
on_sent(void *arg)
{
	(void)arg;
	sent++;
}

static void
on_nothing(void *arg)
{
	(void)arg;
}

static void
on_stored(void *arg, struct cal_slice id)
{
	(void)arg;
	cal_buf_put(&ids, id.ptr, id.len);
	cal_buf_put_byte(&ids, ' ');
}

static void
on_failed(void *arg, const struct cal_err *err)
{
	(void)arg;
	failed++;
	why = *err;
}

static void
begin(const struct cal_url *urls, size_t count)
{
	static const struct cal_conn_redis redis = { .max_len = 3 };
	struct cal_publisher_conf conf = {
		.loop = loop, .urls = urls, .urls_count = count, .bind = true,
		.redis = &redis, .max_body = 1000, .wait_readers = 1,
		.wait_timeout = 0.01, .drained = on_nothing,
		.room = on_nothing, .sent = on_sent, .stored = on_stored,
		.failed = on_failed,
	};
	struct cal_err err;

	sent = failed = 0;
	cal_buf_clear(&ids);
	assert_int_equal(cal_publisher_open(&publisher, &conf, &err), CAL_OK);
	assert_ptr_equal(fakes[0].conn.conf.redis, &redis);
}

static void
put(const char *body)
{
	struct cal_streammsg head = { .stamp = { .known = true } };

	cal_publisher_put(publisher, cal_slice_of(NULL, 0), &head,
	    cal_slice_text(body));
}

static void
take(struct fake *fake, const char *id)
{
	fake->conn.counts.unsent--;
	fake->conn.conf.events->stored(fake->conn.conf.arg,
	    cal_slice_text(id));
}

static void
assert_counts(uint64_t done, uint64_t waiting, uint64_t unknown)
{
	struct cal_publisher_counts counts;

	cal_publisher_counts(publisher, &counts);
	assert_int_equal(counts.sent, done);
	assert_int_equal(counts.waiting, waiting);
	assert_int_equal(counts.unknown, unknown);
	assert_int_equal(counts.unread, 0);
}

static void
end(void)
{
	(void)cal_publisher_close(publisher, 0);
	cal_buf_release(&ids);
}

/* Nobody is waited for, and sent is what was confirmed. */
static void
test_confirmed(void **state)
{
	static const struct cal_url url = { .scheme = CAL_REDIS };

	(void)state;
	begin(&url, 1);
	assert_true(cal_publisher_confirms(publisher));
	fakes[0].room = 10;
	fakes[0].conn.counts.unsent = 2;
	put("1");
	put("2");
	assert_string_equal(cal_buf_text(&fakes[0].log), ":1 :2 ");
	assert_counts(0, 2, 0);
	take(&fakes[0], "1-1");
	assert_counts(1, 1, 0);
	assert_int_equal(sent, 0);      /* later, from the loop */
	settle();
	assert_int_equal(sent, 1);
	fakes[0].conn.counts.unsent = 0;
	fakes[0].conn.counts.unknown = 1;
	assert_counts(1, 0, 1);
	assert_string_equal(cal_buf_text(&ids), "1-1 ");
	end();
}

/* It sets the pace: what it does not take is never passed over. */
static void
test_full(void **state)
{
	static const struct cal_url url = { .scheme = CAL_REDIS_UNIX };
	double start;

	(void)state;
	begin(&url, 1);
	put("1");
	start = cal_clock_now();
	while (cal_clock_now() - start < 2 * CAL_PUBLISHER_PATIENCE)
		turn_loop();
	assert_int_equal(fakes[0].forced, 0);
	assert_counts(0, 1, 0);
	fake_gives_room(&fakes[0], 1);
	assert_string_equal(cal_buf_text(&fakes[0].log), ":1 ");
	end();
}

static void
test_ended(void **state)
{
	static const struct cal_url urls[] = {
		{ .scheme = CAL_REDIS, .host = "h", .port = 1,
		    .redis.stream = "s" },
		{ .scheme = CAL_REDIS, .host = "h", .port = 2,
		    .redis.stream = "s" },
	};
	const struct cal_err gone = { CAL_EUNKNOWN, "it is lost" };

	(void)state;
	begin(urls, 2);
	fakes[1].conn.conf.events->ended(fakes[1].conn.conf.arg, &gone);
	assert_int_equal(failed, 1);
	assert_int_equal(why.code, CAL_EUNKNOWN);
	assert_non_null(strstr(why.text, ":2"));
	assert_non_null(strstr(why.text, ": it is lost"));
	end();
}

/* Of two the one that is behind counts. */
static void
test_two(void **state)
{
	static const struct cal_url urls[] = {
		{ .scheme = CAL_REDIS }, { .scheme = CAL_REDIS },
	};

	(void)state;
	begin(urls, 2);
	fakes[0].room = fakes[1].room = 10;
	fakes[0].conn.counts.unsent = fakes[1].conn.counts.unsent = 2;
	put("1");
	put("2");
	take(&fakes[1], "1-1");
	take(&fakes[1], "1-2");
	take(&fakes[0], "2-1");
	assert_counts(1, 1, 0);
	end();
}

/* With others beside it nobody waits for readers, but not all is certain. */
static void
test_mixed(void **state)
{
	static const struct cal_url urls[] = {
		{ .scheme = CAL_REDIS }, { .scheme = CAL_IPC, .path = "/a" },
	};

	(void)state;
	begin(urls, 2);
	assert_false(cal_publisher_confirms(publisher));
	fakes[0].room = fakes[1].room = 10;
	put("1");
	assert_string_equal(cal_buf_text(&fakes[1].log), ":1 ");
	end();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, fakes_forget)
	const struct CMUnitTest tests[] = {
		TEST(test_confirmed),
		TEST(test_full),
		TEST(test_ended),
		TEST(test_two),
		TEST(test_mixed),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
