/* Unit tests of exec/feed: much, in pieces, with a reader behind. */
#include "feed_pipe.h"

#include <malloc.h>

/* Bytes that were lent, and where they end in the stream. */
struct loan {
	struct cal_slice bytes;
	uint64_t end;
};

static void
end_loans(struct loan *loans, size_t count, bool all)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (loans[i].bytes.ptr == NULL ||
		    (!all && loans[i].end > cal_feed_written(feed)))
			continue;
		exact_free(loans[i].bytes);
		loans[i].bytes.ptr = NULL;
	}
}

/*
 * A mixture, with at most max_waiting bytes in the feed.  What was lent is
 * freed as soon as it is written: a sanitizer sees who touches it later.
 */
static void
stream(size_t count, size_t max_waiting, uint64_t seed)
{
	struct loan *loans = cal_calloc(count, sizeof(*loans));
	struct cal_buf sent = { 0 }, got = { 0 };
	struct cal_slice bytes;
	size_t i, lent = 0;

	for (i = 0; i < count; i++) {
		bool lend = next_random(&seed) % 4 == 0;

		bytes = some_bytes(&seed, next_random(&seed) %
		    (lend ? 3 * CAL_FEED_LENT : 200));
		cal_buf_put(&sent, bytes.ptr, bytes.len);
		if (lend) {
			cal_feed_lend(feed, bytes);
			loans[lent++] = (struct loan){ bytes,
			    cal_feed_added(feed) };
		} else {
			cal_feed_copy(feed, bytes);
			exact_free(bytes);
		}
		while (cal_feed_added(feed) - cal_feed_written(feed) >
		    max_waiting) {
			ev_run(loop, EVRUN_NOWAIT);
			end_loans(loans, lent, false);
			read_some(&got, next_random(&seed) % 5000);
		}
	}
	for (i = 0; got.len < sent.len && i < 1000000; i++) {
		ev_run(loop, EVRUN_NOWAIT);
		end_loans(loans, lent, false);
		read_some(&got, 1 + next_random(&seed) % 5000);
	}
	assert_true(is_written());
	assert_true(cal_feed_added(feed) == sent.len);
	assert_true(cal_slice_same(cal_buf_view(&got), cal_buf_view(&sent)));
	end_loans(loans, lent, true);
	cal_buf_release(&sent);
	cal_buf_release(&got);
	free(loans);
}

static void
test_tiny_pipe(void **state)
{
	(void)state;
	assert_int_equal(fcntl(fds[1], F_SETPIPE_SZ, 4096), 4096);
	stream(300, 16384, 1);
	/* Little waits: no reason for a larger one. */
	assert_int_equal(fcntl(fds[1], F_GETPIPE_SZ), 4096);
}

static void
test_large_pipe(void **state)
{
	(void)state;
	stream(1000, 3 << 20, 2);
}

static size_t
heap_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* However much goes through, and whatever once waited, little is kept. */
static void
test_memory(void **state)
{
	struct cal_buf got = { 0 };
	size_t before, i;
	int n;

	(void)state;
	(void)cal_buf_room(&got, 1 << 20);
	before = heap_in_use();
	for (i = 0; i < 500000; i++)
		cal_feed_copy(feed, BYTES("0123456789012345678901234567890"));
	for (n = 0; n < 100000 &&
	    cal_feed_added(feed) - cal_feed_written(feed) > 65536; n++) {
		ev_run(loop, EVRUN_NOWAIT);
		cal_buf_clear(&got);
		read_some(&got, 65536);
	}
	for (i = 0; i < 100000; i++) {
		cal_feed_copy(feed, BYTES("0123456789012345678901234567890"));
		if (i % 1000 != 0)
			continue;
		ev_run(loop, EVRUN_NOWAIT);
		cal_buf_clear(&got);
		read_some(&got, 31000);
		assert_true(heap_in_use() < before + (1 << 19));
	}
	/* All at once, and gone. */
	writes.swallow = true;
	for (i = 0; i < 31000; i++)
		cal_feed_copy(feed, BYTES("0123456789012345678901234567890"));
	settle();
	assert_true(is_written());
	assert_true(heap_in_use() < before + (1 << 19));
	cal_buf_release(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tiny_pipe),
		TEST(test_large_pipe),
		TEST(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
