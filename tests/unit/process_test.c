/* Unit tests of exec/process where those of exec/child do not reach. */
#include "loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "exec/process.h"

static struct cal_reaper *reaper;

struct result {
	struct cal_process process;
	bool started;                   /* what was called has returned */
	bool ended;
	int status;
};

static void
on_ended(struct cal_process *process, int status)
{
	struct result *result = (struct result *)(void *)process;

	assert_true(result->started);
	assert_false(result->ended);
	result->ended = true;
	result->status = status;
}

static int
set_up(void **state)
{
	struct cal_err err;

	(void)signal(SIGPIPE, SIG_IGN);
	if (open_loop(state) == -1)
		return -1;
	return cal_reaper_open(&reaper, loop, &err);
}

static int
tear_down(void **state)
{
	cal_reaper_sweep(reaper);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	cal_reaper_close(reaper);
	return close_loop(state);
}

static int
start(struct result *result, const char *path, const char *script,
    bool no_input)
{
	char sh[] = "sh", c[] = "-c", *text = cal_strdup(script);
	char *argv[] = { sh, c, text, NULL };
	const struct cal_process_conf conf = {
		.reaper = reaper, .path = path, .argv = argv,
		.envp = environ, .kill_after = 0.1, .no_input = no_input,
	};
	struct cal_err err;
	int rc;

	memset(result, 0, sizeof(*result));
	rc = cal_process_start(&result->process, &conf, on_ended, &err);
	result->started = true;
	free(text);
	return rc;
}

static void
start_shell(struct result *result, const char *script, bool no_input)
{
	assert_int_equal(start(result, "/bin/sh", script, no_input), CAL_OK);
}

/* Waits until it has said something. */
static void
wait_ready(struct result *result)
{
	WAIT_FOR(cal_process_there(result->process.out) > 0);
}

static void
stop(struct result *result)
{
	result->started = false;
	cal_process_stop(&result->process);
	result->started = true;
}

static size_t
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static void
assert_manners(int fd)
{
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void
test_pipes(void **state)
{
	struct result result;
	struct cal_buf got = { 0 };

	(void)state;
	start_shell(&result, "cat; echo words >&2; exit 3", false);
	assert_manners(result.process.in);
	assert_manners(result.process.out);
	assert_manners(result.process.errs);
	assert_int_equal(cal_process_there(result.process.out), 0);
	assert_int_equal(cal_io_write_all(result.process.in, "hello", 5), 0);
	cal_io_close(&result.process.in);
	WAIT_FOR(result.ended);
	assert_int_equal(WEXITSTATUS(result.status), 3);
	/* What it wrote is still there. */
	assert_int_equal(cal_process_there(result.process.out), 5);
	assert_int_equal(cal_process_there(result.process.errs), 6);
	(void)cal_io_read(result.process.out, &got, 100);
	assert_slice(cal_buf_view(&got), "hello");
	cal_process_release(&result.process, false);
	assert_int_equal(result.process.out, -1);
	assert_int_equal(result.process.errs, -1);
	assert_int_equal(cal_process_there(result.process.out), 0);
	cal_buf_release(&got);
}

static void
test_no_input(void **state)
{
	size_t before = count_descriptors();
	struct result result;

	(void)state;
	start_shell(&result, "exec cat", true);
	assert_int_equal(result.process.in, -1);
	WAIT_FOR(result.ended);
	assert_int_equal(result.status, 0);
	cal_process_release(&result.process, false);
	assert_int_equal(count_descriptors(), before);
}

/* One that lives as long as its input, and its end by signals. */
static void
test_stop(void **state)
{
	struct result result;

	(void)state;
	start_shell(&result, "echo; exec cat", false);
	wait_ready(&result);
	stop(&result);
	assert_true(result.process.killed);
	WAIT_FOR(result.ended);
	assert_int_equal(WTERMSIG(result.status), SIGTERM);
	assert_false(ev_is_active(&result.process.kill_timer));
	cal_process_release(&result.process, true);
	start_shell(&result, "trap '' TERM; echo; while :; do sleep 1; done",
	    false);
	wait_ready(&result);
	stop(&result);
	WAIT_FOR(result.ended);
	assert_int_equal(WTERMSIG(result.status), SIGKILL);
	cal_process_release(&result.process, true);
	start_shell(&result, "trap '' TERM; echo; while :; do sleep 1; done",
	    false);
	wait_ready(&result);
	cal_process_kill(&result.process);
	WAIT_FOR(result.ended);
	assert_int_equal(WTERMSIG(result.status), SIGKILL);
	cal_process_release(&result.process, true);
}

static bool
is_gone(pid_t pid)
{
	return kill(pid, 0) == -1 && errno == ESRCH;
}

/* Starts one that ends and leaves a cat in its group, with our pipes. */
static pid_t
leave_behind(struct result *result)
{
	struct cal_buf got = { 0 };
	pid_t pid;

	start_shell(result, "exec 3<&0; cat <&3 & echo $!", false);
	WAIT_FOR(result->ended);
	(void)cal_io_read(result->process.out, &got, 100);
	pid = (pid_t)atoi(cal_buf_text(&got));
	assert_true(pid > 0);
	cal_buf_release(&got);
	return pid;
}

/* Once it is reaped, its number is nobody's of ours: no signal goes there. */
static void
test_after_the_end(void **state)
{
	uint64_t before = cal_reaper_left_behind(reaper);
	struct result result;
	pid_t left;

	(void)state;
	(void)leave_behind(&result);
	cal_process_stop(&result.process);
	cal_process_kill(&result.process);
	assert_false(ev_is_active(&result.process.kill_timer));
	assert_int_equal(cal_io_write_all(result.process.in, "alive", 5), 0);
	wait_ready(&result);
	cal_process_release(&result.process, false);
	assert_true(cal_reaper_left_behind(reaper) == before + 1);
	left = leave_behind(&result);
	cal_process_release(&result.process, true);
	WAIT_FOR(is_gone(left));
	assert_true(cal_reaper_left_behind(reaper) == before + 1);
}

static void
test_refused(void **state)
{
	size_t before = count_descriptors();
	struct result result;

	(void)state;
	if (under_valgrind())
		return;
	assert_int_equal(start(&result, "/no/such", "", false), CAL_ENOCMD);
	assert_int_equal(start(&result, "/etc/passwd", "", true),
	    CAL_ENOEXEC);
	assert_int_equal(result.process.in, -1);
	assert_int_equal(result.process.out, -1);
	assert_int_equal(result.process.errs, -1);
	assert_int_equal(count_descriptors(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_no_input),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_after_the_end),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
