/* Unit tests of pub/tee: what was handed over is written, and nothing else. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/io.h"
#include "loop.h"
#include "pub/tee.h"

static struct cal_shape shape;
static struct cal_tee *pen;
static struct cal_buf got;
static struct cal_err err;
static int fds[2];
static size_t gone;

static void
on_gone(void *arg)
{
	(void)arg;
	gone++;
}

static void
on_failed(void *arg, const struct cal_err *why)
{
	(void)arg;
	fail_msg("%s", why->text);
}

static void
on_room(void *arg)
{
	(void)arg;
}

static void
open_tee(const struct cal_shape *with)
{
	struct cal_tee_conf conf = {
		.loop = loop, .shape = &shape, .gone = on_gone,
		.failed = on_failed, .room = on_room,
	};

	shape = *with;
	shape.serializer = "json";
	assert_int_equal(cal_shape_settle(&shape, &err), CAL_OK);
	assert_int_equal(cal_io_pipe(fds, 0, &err), CAL_OK);
	conf.fd = fds[1];
	gone = 0;
	cal_buf_clear(&got);
	pen = cal_tee_open(&conf);
}

static int
close_tee(bool wait)
{
	int rc = cal_tee_close(pen, wait, &err);

	cal_io_close(&fds[1]);
	if (fds[0] != -1)
		while (cal_io_read(fds[0], &got, 65536) > 0)
			continue;
	cal_io_close(&fds[0]);
	return rc;
}

static void
put(const char *record)
{
	const struct cal_post post = {
		.topic = BYTES("t"), .text = cal_slice_text(record),
		.head.key = BYTES("k"), .head.stamp.known = true,
		.head.stamp.us = 1234567,
	};
	static uint64_t number;

	cal_tee_put(pen, cal_slice_text(record), &post, ++number);
}

static bool
has(const char *want)
{
	(void)cal_io_read(fds[0], &got, 65536);
	return cal_slice_is(cal_buf_view(&got), want);
}

static void
test_order(void **state)
{
	(void)state;
	open_tee(&(struct cal_shape){ .lines = true });
	put("1");
	put("");
	put(" 3\r");
	put("4");
	settle();
	assert_true(has(""));
	assert_true(cal_tee_empty(pen));
	cal_tee_write(pen, 0);
	cal_tee_write(pen, 1);
	WAIT_FOR(has("1\n"));
	cal_tee_write(pen, 2);
	WAIT_FOR(has("1\n\n 3\r\n"));
	/* More than there are is as all. */
	put("5");
	cal_tee_write(pen, 9);
	WAIT_FOR(has("1\n\n 3\r\n4\n5\n"));
	put("6");
	assert_int_equal(close_tee(true), CAL_OK);
	assert_slice(cal_buf_view(&got), "1\n\n 3\r\n4\n5\n");
}

static void
test_format(void **state)
{
	(void)state;
	open_tee(&(struct cal_shape){ .lines = true,
	    .format = "%t %k %T %S %s%%;" });
	put("ab");
	put("");
	cal_tee_write(pen, 2);
	WAIT_FOR(has("t k 1234 2 ab%;t k 1234 0 %;"));
	assert_int_equal(close_tee(true), CAL_OK);
}

/* As many as there may be: memory does not grow with what was written. */
static void
test_many(void **state)
{
	struct cal_buf want = { .max = 0 };
	char record[100] = "";
	int i, k;

	(void)state;
	open_tee(&(struct cal_shape){ .framed = true });
	for (i = 0; i < 300; i++) {
		for (k = 0; k < 40; k++) {
			record[(i + k) % 99] = (char)('a' + k % 26);
			put(record);
			cal_shape_put_read(&shape, &want,
			    cal_slice_text(record));
		}
		cal_tee_write(pen, i < 299 ? 39 : 1000);
		settle();
		(void)cal_io_read(fds[0], &got, 1 << 20);
	}
	assert_int_equal(close_tee(true), CAL_OK);
	assert_true(cal_slice_same(cal_buf_view(&got), cal_buf_view(&want)));
	cal_buf_release(&want);
}

static void
test_reader_gone(void **state)
{
	(void)state;
	open_tee(&(struct cal_shape){ .lines = true });
	cal_io_close(&fds[0]);
	WAIT_FOR(gone == 1);
	put("1");
	cal_tee_write(pen, 1);
	assert_int_equal(close_tee(false), CAL_OK);
	assert_int_equal(cal_tee_close(NULL, true, &err), CAL_OK);
}

static int
set_up(void **state)
{
	(void)signal(SIGPIPE, SIG_IGN);
	return open_loop(state);
}

static int
tear_down(void **state)
{
	cal_buf_release(&got);
	return close_loop(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_reader_gone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
