/* Unit tests of cli/ready: stdout, a descriptor, a supervisor's socket. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "cli/ready.h"
#include "unit.h"

static const char URL[] = "tcp://127.0.0.1:4711";
static char folder[] = "/tmp/cal-ready-XXXXXX";
static char socket_path[sizeof(folder) + 8];

/* Says it with fd as the number standard of ours; that one is kept. */
static int
say_on(int standard, int fd, enum cal_ready_line line)
{
	int kept = fcntl(standard, F_DUPFD_CLOEXEC, 10), rc;
	struct cal_err err;

	(void)fflush(NULL);
	assert_int_equal(dup2(fd, standard), standard);
	rc = cal_ready_say(line, URL, 0, &err);
	assert_int_equal(dup2(kept, standard), standard);
	cal_io_close(&kept);
	return rc;
}

/* Up to the end of the file, which is closed. */
static void
check_said(int fd, const char *words)
{
	struct cal_buf got = { .max = 0 };

	while (cal_io_read(fd, &got, 100) > 0)
		continue;
	assert_true(cal_slice_is(cal_buf_view(&got), words));
	cal_io_close(&fd);
	cal_buf_release(&got);
}

static void
test_check(void **state)
{
	struct cal_err err;
	int fds[2];

	(void)state;
	assert_int_equal(cal_ready_check(0, &err), CAL_OK);
	assert_int_equal(cal_ready_check(1, &err), CAL_EUSAGE);
	assert_int_equal(cal_ready_check(2, &err), CAL_EUSAGE);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(cal_ready_check((uint64_t)fds[1], &err), CAL_OK);
	/* Commands do not get it. */
	assert_int_equal(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	cal_io_close(&fds[0]);
	(void)close(fds[1]);
	assert_int_equal(cal_ready_check((uint64_t)fds[1], &err), CAL_EUSAGE);
}

/* The URL and the end of the file: a reader of all stops waiting. */
static void
test_stdout(void **state)
{
	int fds[2], full;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(say_on(STDOUT_FILENO, fds[1], CAL_READY_STDOUT),
	    CAL_OK);
	cal_io_close(&fds[1]);
	check_said(fds[0], "tcp://127.0.0.1:4711\n");

	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(say_on(STDOUT_FILENO, full, CAL_READY_STDOUT),
	    CAL_EIO);
	cal_io_close(&full);
}

/* Later writes to stdout reach nobody, and its number is not taken. */
static void
test_stdout_is_closed(void **state)
{
	struct cal_err err;
	struct cal_buf got = { .max = 0 };
	int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10), fds[2];

	(void)state;
	(void)fflush(NULL);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	cal_io_close(&fds[1]);
	assert_int_equal(cal_ready_say(CAL_READY_STDOUT, URL, 0, &err),
	    CAL_OK);
	assert_int_equal(write(STDOUT_FILENO, "more", 4), 4);
	/* The end of the file comes although we still run. */
	while (cal_io_read(fds[0], &got, 100) > 0)
		continue;
	assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
	assert_slice(cal_buf_view(&got), "tcp://127.0.0.1:4711\n");
	cal_io_close(&kept);
	cal_io_close(&fds[0]);
	cal_buf_release(&got);
}

static void
test_stderr_and_quiet(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(say_on(STDERR_FILENO, fds[1], CAL_READY_STDERR),
	    CAL_OK);
	assert_int_equal(say_on(STDOUT_FILENO, fds[1], CAL_READY_QUIET),
	    CAL_OK);
	cal_io_close(&fds[1]);
	check_said(fds[0], "tcp://127.0.0.1:4711\n");
}

/* Of several, each is a line. */
static void
test_several(void **state)
{
	int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10), fds[2];
	struct cal_err err;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(cal_ready_say(CAL_READY_STDERR, "ipc://a\nipc://b",
	    0, &err), CAL_OK);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	cal_io_close(&kept);
	cal_io_close(&fds[1]);
	check_said(fds[0], "ipc://a\nipc://b\n");
}

static void
test_notify_fd(void **state)
{
	struct cal_err err;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(cal_ready_say(CAL_READY_QUIET, URL,
	    (uint64_t)fds[1], &err), CAL_OK);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	check_said(fds[0], "\n");

	/* Nobody reads there any more: no reason to stop. */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	cal_io_close(&fds[0]);
	assert_int_equal(cal_ready_say(CAL_READY_QUIET, URL,
	    (uint64_t)fds[1], &err), CAL_OK);
}

/* A datagram to a socket, with a path or an abstract name. */
static void
check_supervisor(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct cal_err err;
	char got[64];
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(addr.sun_path, name, strlen(name));
	if (name[0] == '@')
		addr.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, (socklen_t)(
	    offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(cal_ready_say(CAL_READY_QUIET, URL, 0, &err),
	    CAL_OK);
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	n = recv(fd, got, sizeof(got), 0);
	assert_int_equal(n, 8);
	assert_memory_equal(got, "READY=1\n", 8);
	cal_io_close(&fd);
}

static void
test_supervisor(void **state)
{
	static const char *const useless[] = {
		"", "relative", "/nowhere/cal-ready", "/tmp",
	};
	char name[64];
	struct cal_err err;
	size_t i;

	(void)state;
	check_supervisor(socket_path);
	(void)snprintf(name, sizeof(name), "@cal-ready-%ld", (long)getpid());
	check_supervisor(name);
	for (i = 0; i < COUNT(useless); i++) {
		assert_int_equal(setenv("NOTIFY_SOCKET", useless[i], 1), 0);
		assert_int_equal(cal_ready_say(CAL_READY_QUIET, URL, -1,
		    &err), CAL_OK);
	}
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

static int
set_up(void **state)
{
	const struct cal_log_conf conf = {
		.program = "ready_test", .level = CAL_LOG_FAILURE,
	};

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)unsetenv("NOTIFY_SOCKET");
	cal_log_setup(&conf);
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(socket_path);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_stdout),
		cmocka_unit_test(test_stdout_is_closed),
		cmocka_unit_test(test_stderr_and_quiet),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_notify_fd),
		cmocka_unit_test(test_supervisor),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
