/*
 * Unit tests of cli/out: readers that are slow or gone, full disks, and that
 * nothing ever waits before the end.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/out.h"
#include "loop.h"

struct sink {
	int fds[2];                     /* 0: the reader's */
	struct cal_out *out;
	size_t gone, failed, rooms;
	struct cal_err err;
	struct cal_buf got;
};

static void
on_gone(void *arg)
{
	struct sink *sink = arg;

	sink->gone++;
}

static void
on_failed(void *arg, const struct cal_err *err)
{
	struct sink *sink = arg;

	sink->failed++;
	sink->err = *err;
}

static void
on_room(void *arg)
{
	struct sink *sink = arg;

	sink->rooms++;
	assert_false(cal_out_full(sink->out));
}

/* Writes to fd 1 of the sink, which is set. */
static void
sink_start(struct sink *sink)
{
	struct cal_out_conf conf = {
		.loop = loop, .fd = sink->fds[1], .gone = on_gone,
		.failed = on_failed, .room = on_room, .arg = sink,
	};

	sink->out = cal_out_open(&conf);
}

static void
sink_pipe(struct sink *sink)
{
	memset(sink, 0, sizeof(*sink));
	assert_int_equal(cal_io_pipe(sink->fds, 0, NULL), CAL_OK);
	sink_start(sink);
}

static void
sink_socket(struct sink *sink)
{
	memset(sink, 0, sizeof(*sink));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    sink->fds), 0);
	(void)fcntl(sink->fds[0], F_SETFL, O_NONBLOCK);
	sink_start(sink);
}

static void
sink_file(struct sink *sink, const char *path)
{
	memset(sink, 0, sizeof(*sink));
	sink->fds[0] = -1;
	sink->fds[1] = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(sink->fds[1] != -1);
	sink_start(sink);
}

static int
sink_close(struct sink *sink)
{
	int rc = cal_out_close(sink->out, &sink->err);

	cal_io_close(&sink->fds[0]);
	cal_io_close(&sink->fds[1]);
	cal_buf_release(&sink->got);
	return rc;
}

static void
put(struct sink *sink, const char *text)
{
	cal_out_put(sink->out, cal_slice_text(text));
}

/* Reads what is there; true when it was something. */
static bool
drain(struct sink *sink)
{
	size_t before = sink->got.len;

	while (cal_io_read(sink->fds[0], &sink->got, 65536) > 0)
		continue;
	return sink->got.len > before;
}

/* Gathered during a turn, written at its end. */
static void
test_one_write_per_turn(void **state)
{
	struct sink sink;

	(void)state;
	sink_pipe(&sink);
	put(&sink, "a\n");
	put(&sink, "b\n");
	assert_false(drain(&sink));
	settle();
	assert_true(drain(&sink));
	assert_slice(cal_buf_view(&sink.got), "a\nb\n");
	put(&sink, "c\n");
	assert_int_equal(cal_out_close(sink.out, &sink.err), CAL_OK);
	sink.out = NULL;
	assert_true(drain(&sink));
	assert_slice(cal_buf_view(&sink.got), "a\nb\nc\n");
	assert_int_equal(sink_close(&sink), CAL_OK);
}

/* The reader goes while there is nothing to say. */
static void
check_gone(struct sink *sink)
{
	settle();
	assert_int_equal(sink->gone, 0);
	cal_io_close(&sink->fds[0]);
	WAIT_FOR(sink->gone > 0);
	put(sink, "for nobody");
	settle();
	assert_int_equal(sink->gone, 1);
	assert_int_equal(sink->failed, 0);
	(void)sink_close(sink);
}

static void
test_reader_goes(void **state)
{
	struct sink sink;

	(void)state;
	sink_pipe(&sink);
	check_gone(&sink);
	sink_socket(&sink);
	check_gone(&sink);
}

static void
test_reader_goes_before_close(void **state)
{
	struct sink sink;

	(void)state;
	sink_pipe(&sink);
	put(&sink, "text");
	cal_io_close(&sink.fds[0]);
	assert_int_equal(sink_close(&sink), CAL_EGONE);
	assert_int_equal(sink.gone, 0);
}

/* A socket whose other end talks or says good-bye in one direction only. */
static void
test_socket_talks(void **state)
{
	struct sink sink;
	size_t turns;

	(void)state;
	sink_socket(&sink);
	assert_int_equal(write(sink.fds[0], "hello", 5), 5);
	assert_int_equal(shutdown(sink.fds[0], SHUT_WR), 0);
	for (turns = 0; turns < 5; turns++)
		turn_loop();
	assert_int_equal(sink.gone, 0);
	put(&sink, "still there");
	WAIT_FOR(drain(&sink));
	assert_slice(cal_buf_view(&sink.got), "still there");
	assert_int_equal(sink_close(&sink), CAL_OK);
}

/* Nobody reads: what does not fit waits here, and we do not. */
static void
check_slow(struct sink *sink)
{
	char chunk[1000];
	size_t sent = 0, rooms, i;
	int flags = fcntl(sink->fds[1], F_GETFL);

	while (!cal_out_full(sink->out)) {
		memset(chunk, 'a' + (int)(sent / sizeof(chunk) % 26),
		    sizeof(chunk));
		cal_out_put(sink->out, cal_slice_of(chunk, sizeof(chunk)));
		sent += sizeof(chunk);
		if (sent % (50 * sizeof(chunk)) == 0)
			settle();
	}
	settle();
	rooms = sink->rooms;            /* each time that all was written */
	assert_false(cal_out_empty(sink->out));
	assert_true(sent >= CAL_OUT_FULL);
	/* Whoever shares the descriptor sees no other flags. */
	assert_int_equal(fcntl(sink->fds[1], F_GETFL), flags);
	while (sink->got.len < sent) {
		WAIT_FOR(drain(sink));
		turn_loop();
	}
	assert_int_equal(sink->got.len, sent);
	assert_true(cal_out_empty(sink->out));
	assert_in_range(sink->rooms, rooms + 1, rooms + 2);
	for (i = 0; i < sent; i++)
		if (sink->got.ptr[i] != 'a' + i / sizeof(chunk) % 26)
			fail_msg("byte %zu is wrong", i);
	assert_int_equal(sink_close(sink), CAL_OK);
}

static void
test_slow_reader(void **state)
{
	struct sink sink;

	(void)state;
	sink_pipe(&sink);
	check_slow(&sink);
	sink_socket(&sink);
	check_slow(&sink);
}

/* A slow reader that goes. */
static void
test_full_and_gone(void **state)
{
	struct sink sink;
	char *text = cal_calloc(1, 2 << 20);

	(void)state;
	sink_pipe(&sink);
	cal_out_put(sink.out, cal_slice_of(text, 2 << 20));
	settle();
	assert_true(cal_out_full(sink.out));
	cal_io_close(&sink.fds[0]);
	WAIT_FOR(sink.gone > 0);
	assert_int_equal(sink_close(&sink), CAL_OK);
	assert_int_equal(sink.gone, 1);
	assert_int_equal(sink.rooms, 0);
	free(text);
}

static void
test_full_disk(void **state)
{
	struct sink sink;

	(void)state;
	sink_file(&sink, "/dev/full");
	settle();
	assert_int_equal(sink.failed, 0);
	put(&sink, "text");
	settle();
	assert_int_equal(sink.failed, 1);
	assert_int_equal(sink.err.code, CAL_EIO);
	put(&sink, "text");
	settle();
	assert_int_equal(sink.failed, 1);
	/* It was told, and is not told again. */
	assert_int_equal(sink_close(&sink), CAL_OK);

	/* And when the loop never got to it. */
	sink_file(&sink, "/dev/full");
	put(&sink, "text");
	assert_int_equal(sink_close(&sink), CAL_EIO);
	assert_int_equal(sink.failed, 0);
}

/* What is no pipe is not watched: the loop rests. */
static void
test_null(void **state)
{
	struct sink sink;

	(void)state;
	sink_file(&sink, "/dev/null");
	settle();
	put(&sink, "text");
	settle();
	assert_int_equal(sink.gone + sink.failed, 0);
	assert_int_equal(sink_close(&sink), CAL_OK);
	assert_int_equal(cal_out_close(NULL, NULL), CAL_OK);
}

static int
set_up(void **state)
{
	(void)signal(SIGPIPE, SIG_IGN);
	return open_loop(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_write_per_turn),
		cmocka_unit_test(test_reader_goes),
		cmocka_unit_test(test_reader_goes_before_close),
		cmocka_unit_test(test_socket_talks),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_full_and_gone),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_null),
	};

	return cmocka_run_group_tests(tests, set_up, close_loop);
}
