/* Unit tests of base/io, clock and random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/random.h"

static void
test_pipe(void **state)
{
	struct cal_buf got = { 0 };
	struct cal_err err;
	int fds[2], ours;

	(void)state;
	for (ours = 0; ours <= 1; ours++) {
		assert_int_equal(cal_io_pipe(fds, ours, &err), CAL_OK);
		assert_true(fcntl(fds[ours], F_GETFL) & O_NONBLOCK);
		assert_false(fcntl(fds[!ours], F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fds[1], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(cal_io_write_all(fds[1], "hello", 5), 0);
		assert_int_equal(cal_io_read(fds[0], &got, 3), 3);
		assert_int_equal(cal_io_read(fds[0], &got, 100), 2);
		assert_string_equal(cal_buf_text(&got), "hello");
		cal_buf_clear(&got);
		cal_io_close(&fds[1]);
		assert_int_equal(fds[1], -1);
		assert_int_equal(cal_io_read(fds[0], &got, 100), 0);
		errno = 7;
		cal_io_close(&fds[0]);
		cal_io_close(&fds[0]);
		assert_int_equal(errno, 7);
	}
	cal_buf_release(&got);
}

static void
test_load(void **state)
{
	char path[] = "/tmp/cal-io-XXXXXX";
	struct cal_buf text;
	struct cal_err err;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(cal_io_write_all(fd, "twelve bytes", 12), 0);
	cal_io_close(&fd);
	cal_buf_init(&text, 12);
	assert_int_equal(cal_io_load(&text, path, &err), CAL_OK);
	assert_string_equal(cal_buf_text(&text), "twelve bytes");
	assert_int_equal(cal_io_load(&text, path, &err), CAL_EDATA);
	cal_buf_release(&text);
	cal_buf_init(&text, 11);
	assert_int_equal(cal_io_load(&text, path, &err), CAL_EDATA);
	assert_true(text.len <= 11);
	assert_int_equal(cal_io_load(&text, "/no/such", &err), CAL_ENOINPUT);
	assert_string_equal(err.text,
	    "cannot open '/no/such': No such file or directory");
	assert_int_equal(cal_io_load(&text, "/tmp", &err), CAL_ENOINPUT);
	cal_buf_release(&text);
	(void)unlink(path);
}

/* In a process of its own: it closes what the test needs. */
static void
test_sanitize(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		close(0);
		close(2);
		cal_io_sanitize();
		_exit(fcntl(0, F_GETFD) != -1 && fcntl(1, F_GETFD) != -1 &&
		    fcntl(2, F_GETFD) != -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_random_and_clock(void **state)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	double unit, then = cal_clock_now();
	int i;

	(void)state;
	cal_random_bytes(a, sizeof(a));
	cal_random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	for (i = 0; i < 1000; i++) {
		unit = cal_random_unit();
		assert_true(unit >= 0 && unit < 1);
	}
	assert_true(cal_clock_now() >= then);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_sanitize),
		cmocka_unit_test(test_random_and_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
