/* Unit tests of exec/feed. */
#include "feed_pipe.h"

#include <sys/socket.h>

/* Everything that is added in one turn is one write, at its end. */
static void
test_gathered(void **state)
{
	struct cal_buf got = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		cal_feed_copy(feed, BYTES("ab"));
		cal_feed_lend(feed, BYTES("c"));
		cal_feed_copy(feed, cal_slice_of(NULL, 0));
		cal_feed_lend(feed, cal_slice_of(NULL, 0));
	}
	assert_int_equal(cal_feed_added(feed), 3000);
	assert_int_equal(cal_feed_written(feed), 0);
	assert_int_equal(writes.calls, 0);
	settle();
	assert_int_equal(writes.calls, 1);
	assert_int_equal(cal_feed_written(feed), 3000);
	read_some(&got, 4000);
	assert_int_equal(got.len, 3000);
	assert_memory_equal(got.ptr, "abcabc", 6);
	settle();
	assert_int_equal(writes.calls, 1);
	cal_buf_release(&got);
}

static void
test_lent(void **state)
{
	static uint8_t body[CAL_FEED_LENT];
	struct cal_buf got = { 0 };

	(void)state;
	memset(body, 'x', sizeof(body));
	writes.sought = body;
	cal_feed_copy(feed, BYTES("head"));
	cal_feed_lend(feed, cal_slice_of(body, sizeof(body)));
	cal_feed_copy(feed, BYTES("tail"));
	/* It is not read before it is written. */
	body[0] = 'a';
	body[sizeof(body) - 1] = 'z';
	settle();
	assert_true(writes.seen);
	assert_int_equal(writes.calls, 1);
	assert_int_equal(cal_feed_written(feed), sizeof(body) + 8);
	read_some(&got, sizeof(body) + 8);
	assert_memory_equal(got.ptr, "headax", 6);
	assert_memory_equal(got.ptr + got.len - 6, "xztail", 6);
	/* What is shorter is copied. */
	writes.seen = false;
	cal_feed_lend(feed, cal_slice_of(body, sizeof(body) - 1));
	settle();
	assert_false(writes.seen);
	cal_buf_release(&got);
}

/* A full pipe is made larger, once, when much waits. */
static void
test_grown(void **state)
{
	struct cal_slice body;
	uint64_t seed = 3;

	(void)state;
	assert_int_equal(fcntl(fds[1], F_GETPIPE_SZ), 65536);
	body = some_bytes(&seed, 200000);
	cal_feed_lend(feed, body);
	settle();
	assert_true(is_written());
	assert_int_equal(fcntl(fds[1], F_GETPIPE_SZ), 1 << 20);
	assert_int_equal(writes.calls, 2);
	exact_free(body);
}

/* Where that cannot be done, it goes on as it is: a socket has no size. */
static void
test_not_grown(void **state)
{
	struct cal_buf got = { 0 };
	struct cal_slice body;
	uint64_t seed = 4;
	int n;

	(void)state;
	cal_feed_close(feed);
	cal_io_close(&fds[0]);
	cal_io_close(&fds[1]);
	assert_int_equal(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	feed = cal_feed_open(loop, fds[1], on_broken, fds);
	body = some_bytes(&seed, 3 << 20);
	cal_feed_lend(feed, body);
	for (n = 0; got.len < body.len && n < 100000; n++) {
		ev_run(loop, EVRUN_NOWAIT);
		read_some(&got, 1 << 20);
	}
	assert_true(is_written());
	assert_true(cal_slice_same(cal_buf_view(&got), body));
	cal_buf_release(&got);
	exact_free(body);
}

/* Once a turn, before it waits. */
static void
on_prepare(struct ev_loop *l, ev_prepare *w, int revents)
{
	static uint64_t before;

	(void)l;
	(void)w;
	(void)revents;
	assert_true(cal_feed_written(feed) - before <= 1 << 20);
	before = cal_feed_written(feed);
}

static void
test_budget(void **state)
{
	static uint8_t body[CAL_FEED_LENT + 1];
	static const size_t all = 300 * (sizeof(body) + 10);
	ev_prepare turn;
	int i;

	(void)state;
	ev_prepare_init(&turn, on_prepare);
	ev_prepare_start(loop, &turn);
	writes.swallow = true;
	for (i = 0; i < 300; i++) {
		cal_feed_copy(feed, BYTES("0123456789"));
		cal_feed_lend(feed, cal_slice_of(body, sizeof(body)));
	}
	settle();
	assert_true(is_written());
	assert_int_equal(writes.bytes, all);
	assert_int_equal(writes.calls, all / (1 << 20) + 1);
	ev_prepare_stop(loop, &turn);
}

static void
test_interrupted(void **state)
{
	struct cal_buf got = { 0 };

	(void)state;
	writes.interruptions = 3;
	cal_feed_copy(feed, BYTES("hello"));
	settle();
	assert_int_equal(writes.calls, 4);
	read_some(&got, 10);
	assert_slice(cal_buf_view(&got), "hello");
	cal_buf_release(&got);
}

static void
test_broken(void **state)
{
	(void)state;
	cal_feed_copy(feed, BYTES("hello"));
	settle();
	cal_io_close(&fds[0]);
	settle();
	assert_int_equal(broken, 0);
	cal_feed_copy(feed, BYTES("you"));
	assert_int_equal(broken, 0);
	settle();
	assert_int_equal(broken, 1);
	cal_feed_copy(feed, BYTES("there"));
	settle();
	assert_int_equal(broken, 1);
	assert_int_equal(cal_feed_added(feed), 13);
	assert_int_equal(cal_feed_written(feed), 5);
	assert_int_equal(writes.calls, 2);
}

/* It waits for room, and the reader goes; what was lent may go, too. */
static void
test_broken_later(void **state)
{
	struct cal_slice body;
	uint64_t seed = 5;

	(void)state;
	body = some_bytes(&seed, 3 << 20);
	cal_feed_copy(feed, BYTES("head"));
	cal_feed_lend(feed, body);
	settle();
	assert_false(is_written());
	assert_int_equal(broken, 0);
	cal_io_close(&fds[0]);
	settle();
	assert_int_equal(broken, 1);
	exact_free(body);
	cal_feed_copy(feed, BYTES("tail"));
	settle();
	assert_int_equal(broken, 1);
}

static void
close_feed(void *arg)
{
	(void)arg;
	broken++;
	cal_feed_close(feed);
	feed = NULL;
}

static void
test_closed(void **state)
{
	struct cal_slice body;
	uint64_t seed = 6;

	(void)state;
	/* With something waiting. */
	body = some_bytes(&seed, 2 << 20);
	cal_feed_lend(feed, body);
	settle();
	cal_feed_copy(feed, BYTES("tail"));
	cal_feed_close(feed);
	exact_free(body);
	settle();
	/* Before the end of the turn. */
	feed = cal_feed_open(loop, fds[1], on_broken, fds);
	cal_feed_copy(feed, BYTES("tail"));
	cal_feed_close(feed);
	writes.calls = 0;
	settle();
	assert_int_equal(writes.calls, 0);
	/* From broken. */
	feed = cal_feed_open(loop, fds[1], close_feed, NULL);
	cal_feed_copy(feed, BYTES("tail"));
	cal_io_close(&fds[0]);
	settle();
	assert_int_equal(broken, 1);
	assert_null(feed);
	cal_feed_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_gathered),
		TEST(test_lent),
		TEST(test_grown),
		TEST(test_not_grown),
		TEST(test_budget),
		TEST(test_interrupted),
		TEST(test_broken),
		TEST(test_broken_later),
		TEST(test_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
