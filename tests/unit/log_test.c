/* Unit tests of base/log: what reaches stderr, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"

/* stderr is a pipe while a test runs; this is the other end. */
static int reader = -1, true_stderr = -1;

static void
capture(const struct cal_log_conf *conf)
{
	struct cal_err err;
	int fds[2];

	assert_int_equal(cal_io_pipe(fds, 0, &err), CAL_OK);
	assert_int_not_equal(dup2(fds[1], STDERR_FILENO), -1);
	cal_io_close(&fds[1]);
	cal_io_close(&reader);
	reader = fds[0];
	cal_log_setup(conf);
}

static int
set_up(void **state)
{
	(void)state;
	true_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)dup2(true_stderr, STDERR_FILENO);
	cal_io_close(&true_stderr);
	cal_io_close(&reader);
	return 0;
}

static void
expect(const char *wanted)
{
	struct cal_buf got = { 0 };

	while (cal_io_read(reader, &got, 4096) > 0)
		;
	assert_string_equal(cal_buf_text(&got), wanted);
	cal_buf_release(&got);
}

static void
test_text(void **state)
{
	static const struct cal_log_conf conf = { .program = "cal-test",
	    .level = CAL_LOG_WARNING, .patient = true };
	struct cal_log_gate gate = { 0 }, rare = { .period = 60 };
	int i;

	(void)state;
	capture(&conf);
	assert_true(cal_log_wants(CAL_LOG_WARNING));
	assert_false(cal_log_wants(CAL_LOG_INFO));
	cal_log(CAL_LOG_INFO, "not said");
	cal_log(CAL_LOG_FAILURE, "a %d\n\x1b[m", 7);
	cal_log_line(CAL_LOG_WARNING, cal_slice_text("{\"a\":\t1}"));
	cal_log_block(CAL_LOG_WARNING, cal_slice_text("one\n\n\ttwo\r\n3"));
	cal_log_block(CAL_LOG_WARNING, cal_slice_text(""));
	for (i = 0; i < 5; i++)
		cal_log_gated(&gate, CAL_LOG_WARNING, "again");
	gate.last -= 2;
	cal_log_gated(&gate, CAL_LOG_WARNING, "again");
	for (i = 0; i < 3; i++) {
		cal_log_gated(&rare, CAL_LOG_WARNING, "rare");
		rare.last -= 50;
	}
	expect("cal-test: a 7\\x0a\\x1b[m\n"
	    "{\"a\":\\x091}\n"
	    "one\n\n\ttwo\\x0d\n3\n"
	    "cal-test: again\n"
	    "cal-test: again (and 4 more like this)\n"
	    "cal-test: rare\n"
	    "cal-test: rare (and 1 more like this)\n");
	assert_int_equal(cal_log_lost(), 0);
}

static void
test_json(void **state)
{
	static const struct cal_log_conf conf = { .program = "cal-test",
	    .level = CAL_LOG_INFO, .json = true, .patient = true };
	static const char head[] = "{\"ts\":\"", tail[] =
	    "Z\",\"level\":\"info\",\"program\":\"cal-test\","
	    "\"text\":\"say \\\"\\\\x1b\\\"\"}\n";
	struct cal_buf got = { 0 };

	(void)state;
	capture(&conf);
	cal_log(CAL_LOG_INFO, "say \"\x1b\"");
	(void)cal_io_read(reader, &got, 4096);
	assert_int_equal(got.len, strlen(head) + 26 + strlen(tail));
	assert_memory_equal(got.ptr, head, strlen(head));
	assert_string_equal(cal_buf_text(&got) + strlen(head) + 26, tail);
	cal_buf_release(&got);
}

/* Nobody reads: nothing blocks, all is counted, and told afterwards. */
static void
test_impatient(void **state)
{
	static const struct cal_log_conf conf = { .program = "cal-test",
	    .level = CAL_LOG_WARNING };
	struct cal_buf big = { 0 }, got = { 0 };
	uint64_t before = cal_log_lost(), lost;
	char wanted[64];
	size_t i;

	(void)state;
	capture(&conf);
	for (i = 0; i < 5000; i++)
		cal_buf_put_text(&big, "\xe2\x82\xac");
	for (i = 0; i < 100; i++)
		cal_log_line(CAL_LOG_WARNING, cal_buf_view(&big));
	cal_log_block(CAL_LOG_WARNING, cal_slice_text("one\ntwo\n"));
	lost = cal_log_lost() - before;
	assert_in_range(lost, 70, 100);
	while (cal_io_read(reader, &got, 65536) > 0)
		;
	assert_int_equal(got.len, (102 - lost) * 4096);
	assert_int_equal(got.ptr[4095], '\n');
	cal_log(CAL_LOG_WARNING, "here again");
	(void)snprintf(wanted, sizeof(wanted),
	    "cal-test: %llu lines lost\ncal-test: here again\n",
	    (unsigned long long)lost);
	expect(wanted);
	cal_buf_release(&big);
	cal_buf_release(&got);
}

static void
test_full_disk(void **state)
{
	static const struct cal_log_conf conf = { .program = "cal-test",
	    .level = CAL_LOG_WARNING };
	uint64_t before = cal_log_lost();
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	cal_log_setup(&conf);
	assert_int_not_equal(dup2(fd, STDERR_FILENO), -1);
	cal_io_close(&fd);
	cal_log(CAL_LOG_WARNING, "nowhere");
	assert_int_equal(cal_log_lost() - before, 1);
	capture(&conf);
	cal_log(CAL_LOG_WARNING, "here");
	expect("cal-test: 1 lines lost\ncal-test: here\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_impatient, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
