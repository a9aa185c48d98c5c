/*
 * Unit tests of exec/child, reaper, spawn and kin, with real processes.
 * Every wait turns the loop until something is true, up to a deadline.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "exec/child.h"
#include "exec/kin.h"
#include "unit.h"

enum { DEADLINE = 20 };

static struct ev_loop *loop;
static struct cal_reaper *reaper;
static struct rlimit given;

struct result {
	struct cal_child *child;
	bool started;           /* start or stop has returned */
	bool done;
	struct cal_child_end end;
};

static void
on_done(void *arg, struct cal_child_end *end)
{
	struct result *result = arg;

	assert_true(result->started);
	assert_false(result->done);
	result->done = true;
	result->end = *end;
	memset(&end->output, 0, sizeof(end->output));
	memset(&end->tail, 0, sizeof(end->tail));
}

static void
on_tick(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)l;
	(void)w;
	(void)revents;
}

/* One turn of the loop, at most 10 ms long. */
static void
turn_loop(void)
{
	ev_timer tick;

	ev_timer_init(&tick, on_tick, 0.01, 0);
	ev_now_update(loop);
	ev_timer_start(loop, &tick);
	ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &tick);
}

static void
wait_done(struct result *result)
{
	double start = cal_clock_now();

	while (!result->done) {
		assert_true(cal_clock_now() - start < DEADLINE);
		turn_loop();
	}
}

static bool
is_gone(pid_t pid)
{
	return kill(pid, 0) == -1 && errno == ESRCH;
}

static void
wait_gone(pid_t pid)
{
	double start = cal_clock_now();

	while (!is_gone(pid)) {
		assert_true(cal_clock_now() - start < DEADLINE);
		turn_loop();
	}
}

static int
start_argv(struct result *result, const char *path, char *const *argv,
    struct cal_slice input, struct cal_err *err)
{
	struct cal_child_conf conf = {
		.path = path, .argv = argv, .envp = environ, .input = input,
		.max_output = 16 << 20, .max_tail = 1000, .kill_after = 0.1,
	};
	int rc;

	memset(result, 0, sizeof(*result));
	rc = cal_child_start(&result->child, reaper, &conf, on_done, result,
	    err);
	result->started = true;
	return rc;
}

static void
start_shell(struct result *result, const char *script, struct cal_slice input)
{
	char sh[] = "sh", c[] = "-c";
	char *text = strdup(script);
	char *argv[] = { sh, c, text, NULL };
	struct cal_err err;

	assert_int_equal(start_argv(result, "/bin/sh", argv, input, &err),
	    CAL_OK);
	free(text);
}

static void
release(struct result *result)
{
	cal_buf_release(&result->end.output);
	cal_buf_release(&result->end.tail);
}

/* Runs script to its end; the caller releases result. */
static void
run_shell(struct result *result, const char *script, struct cal_slice input)
{
	start_shell(result, script, input);
	wait_done(result);
}

/* Waits until the script has written something to its stderr. */
static void
wait_line(const char *path)
{
	double start = cal_clock_now();
	struct stat st;

	while (stat(path, &st) == -1 || st.st_size == 0) {
		assert_true(cal_clock_now() - start < DEADLINE);
		turn_loop();
	}
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

static int
set_up(void **state)
{
	struct cal_err err;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)getrlimit(RLIMIT_NOFILE, &given);
	given.rlim_cur = 200;
	(void)setrlimit(RLIMIT_NOFILE, &given);
	loop = ev_loop_new(EVFLAG_AUTO);
	return cal_reaper_open(&reaper, loop, &err);
}

static int
tear_down(void **state)
{
	(void)state;
	cal_reaper_sweep(reaper);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	cal_reaper_close(reaper);
	ev_loop_destroy(loop);
	return 0;
}

static void
test_echo(void **state)
{
	struct result result;

	(void)state;
	run_shell(&result, "cat; echo $0 >&2", cal_slice_text("hello"));
	assert_int_equal(result.end.status, 0);
	assert_false(result.end.overflow || result.end.stopped);
	assert_string_equal(cal_buf_text(&result.end.output), "hello");
	assert_string_equal(cal_buf_text(&result.end.tail), "sh\n");
	release(&result);
	run_shell(&result, "cat; echo end", cal_slice_of(NULL, 0));
	assert_string_equal(cal_buf_text(&result.end.output), "end\n");
	release(&result);
}

/* Both ways at the same time, more than any pipe holds. */
static void
test_large(void **state)
{
	struct cal_buf big = { 0 };
	struct result result;
	uint32_t i;

	(void)state;
	for (i = 0; i < 10 << 18; i++)
		cal_buf_put(&big, &i, sizeof(i));
	run_shell(&result, "exec cat", cal_buf_view(&big));
	assert_int_equal(result.end.status, 0);
	assert_true(cal_slice_same(cal_buf_view(&result.end.output),
	    cal_buf_view(&big)));
	release(&result);
	/* Nobody reads it: the exit status counts. */
	run_shell(&result, "exit 7", cal_buf_view(&big));
	assert_int_equal(WEXITSTATUS(result.end.status), 7);
	release(&result);
	run_shell(&result, "exec <&-; kill -SEGV $$", cal_buf_view(&big));
	assert_int_equal(WTERMSIG(result.end.status), SIGSEGV);
	release(&result);
	cal_buf_release(&big);
}

static void
test_closed_early(void **state)
{
	struct result result;

	(void)state;
	run_shell(&result, "echo a; exec >&- 2>&-; sleep 0.2; exit 3",
	    cal_slice_of(NULL, 0));
	assert_int_equal(WEXITSTATUS(result.end.status), 3);
	assert_string_equal(cal_buf_text(&result.end.output), "a\n");
	release(&result);
}

/* A daemon that holds the pipes keeps nobody waiting, and is counted. */
static void
test_left_behind(void **state)
{
	uint64_t before = cal_reaper_left_behind(reaper);
	struct result result;
	pid_t pid;

	(void)state;
	run_shell(&result, "sleep 60 & echo $!", cal_slice_of(NULL, 0));
	assert_int_equal(result.end.status, 0);
	pid = (pid_t)atoi(cal_buf_text(&result.end.output));
	assert_true(pid > 0);
	assert_false(is_gone(pid));
	assert_true(cal_reaper_left_behind(reaper) == before + 1);
	release(&result);
	cal_reaper_sweep(reaper);
	assert_true(is_gone(pid));
	/* A daemon that writes for ever is no reason to read for ever. */
	run_shell(&result, "yes & echo", cal_slice_of(NULL, 0));
	assert_int_equal(result.end.status, 0);
	release(&result);
	cal_reaper_sweep(reaper);
}

static void
test_overflow(void **state)
{
	struct result result;

	(void)state;
	run_shell(&result, "exec yes", cal_slice_of(NULL, 0));
	assert_true(result.end.overflow);
	assert_false(result.end.stopped);
	assert_int_equal(result.end.output.len, 0);
	release(&result);
	run_shell(&result, "head -c 16777216 /dev/zero",
	    cal_slice_of(NULL, 0));
	assert_false(result.end.overflow);
	assert_int_equal(result.end.output.len, 16 << 20);
	release(&result);
	run_shell(&result, "head -c 16777217 /dev/zero",
	    cal_slice_of(NULL, 0));
	assert_true(result.end.overflow);
	release(&result);
}

static void
test_tail(void **state)
{
	struct result result;

	(void)state;
	run_shell(&result, "seq 100000 >&2; printf end >&2",
	    cal_slice_of(NULL, 0));
	assert_int_equal(result.end.tail.len, 1000);
	assert_true(result.end.tail_cut);
	assert_string_equal(cal_buf_text(&result.end.tail) + 983,
	    "\n99999\n100000\nend");
	release(&result);
}

/* What a test's script writes into, to say that it is ready. */
static char ready_path[64];

static void
start_ready(struct result *result, const char *script)
{
	(void)snprintf(ready_path, sizeof(ready_path), "/tmp/cal-child-%ld",
	    (long)getpid());
	(void)unlink(ready_path);
	(void)setenv("READY", ready_path, 1);
	start_shell(result, script, cal_slice_of(NULL, 0));
	wait_line(ready_path);
	(void)unlink(ready_path);
}

static void
stop(struct result *result)
{
	result->started = false;
	cal_child_stop(result->child);
	result->started = true;
}

static void
test_stop(void **state)
{
	struct result result;

	(void)state;
	start_ready(&result, "echo >$READY; sleep 60");
	stop(&result);
	wait_done(&result);
	assert_true(result.end.stopped);
	assert_int_equal(WTERMSIG(result.end.status), SIGTERM);
	release(&result);
	/* Deaf to TERM. */
	start_ready(&result,
	    "trap '' TERM; echo >$READY; while :; do sleep 1; done");
	stop(&result);
	wait_done(&result);
	assert_int_equal(WTERMSIG(result.end.status), SIGKILL);
	release(&result);
	/* Halted. */
	start_ready(&result, "echo >$READY; kill -STOP $$; sleep 60");
	stop(&result);
	wait_done(&result);
	assert_int_equal(WTERMSIG(result.end.status), SIGTERM);
	release(&result);
	/* It has something to say before it goes. */
	start_ready(&result,
	    "trap 'echo bye; exit 4' TERM; echo >$READY; sleep 60 & wait");
	stop(&result);
	wait_done(&result);
	assert_int_equal(WEXITSTATUS(result.end.status), 4);
	assert_string_equal(cal_buf_text(&result.end.output), "bye\n");
	release(&result);
}

/* A second stop does not wait for kill_after. */
static void
test_hurry(void **state)
{
	char sh[] = "sh", c[] = "-c", text[] =
	    "trap '' TERM; echo >$READY; while :; do sleep 1; done";
	char *argv[] = { sh, c, text, NULL };
	struct cal_child_conf conf = {
		.path = "/bin/sh", .argv = argv, .envp = environ,
		.kill_after = 1000,
	};
	struct result result = { 0 };
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_child_start(&result.child, reaper, &conf,
	    on_done, &result, &err), CAL_OK);
	wait_line(ready_path);
	(void)unlink(ready_path);
	stop(&result);
	stop(&result);
	wait_done(&result);
	assert_int_equal(WTERMSIG(result.end.status), SIGKILL);
	release(&result);
}

/* Nothing of a stopped child survives, wherever it fled to. */
static void
test_escaped(void **state)
{
	uint64_t before = cal_reaper_left_behind(reaper);
	struct result result, other;
	char *rest;
	pid_t pids[3], kept;
	int i;

	(void)state;
	run_shell(&other, "setsid sleep 60 >&- 2>&- & echo $!",
	    cal_slice_of(NULL, 0));
	kept = (pid_t)atoi(cal_buf_text(&other.end.output));
	release(&other);
	start_ready(&result, "trap '' TERM\n"
	    "sleep 60 & echo $!\n"
	    "setsid sleep 60 & echo $!\n"
	    "setsid sh -c 'echo $$; echo >$READY; sleep 60; :' &\n"
	    "wait");
	stop(&result);
	wait_done(&result);
	rest = strdup(cal_buf_text(&result.end.output));
	for (i = 0; i < 3; i++) {
		pids[i] = (pid_t)atoi(rest);
		assert_true(pids[i] > 0);
		wait_gone(pids[i]);
		memmove(rest, strchr(rest, '\n') + 1,
		    strlen(strchr(rest, '\n')));
	}
	free(rest);
	assert_true(cal_reaper_left_behind(reaper) <= before + 1);
	/* That of another request is not touched. */
	assert_false(is_gone(kept));
	cal_reaper_sweep(reaper);
	assert_true(is_gone(kept));
	release(&result);
}

static void
test_manners(void **state)
{
	char cat[] = "cat", status[] = "/proc/self/status";
	char *argv[] = { cat, status, NULL };
	struct result result;
	struct cal_err err;
	sigset_t mask, old;
	const char *text;

	(void)state;
	if (under_valgrind())
		return;
	(void)sigfillset(&mask);
	(void)sigdelset(&mask, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &mask, &old);
	assert_int_equal(start_argv(&result, "/bin/cat", argv,
	    cal_slice_of(NULL, 0), &err), CAL_OK);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	wait_done(&result);
	text = cal_buf_text(&result.end.output);
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000\n"));
	/* glibc ignores its own two, 32 and 33, in every process it spawns. */
	text = strstr(text, "SigIgn:\t");
	assert_non_null(text);
	assert_true((strtoull(text + 8, NULL, 16) & ~0x180000000ULL) == 0);
	release(&result);
	run_shell(&result, "ulimit -n; cut -d' ' -f5 /proc/$$/stat; echo $$;"
	    "ls /proc/$$/fd; echo $CAL_REQUEST", cal_slice_of(NULL, 0));
	text = cal_buf_text(&result.end.output);
	assert_memory_equal(text, "200\n", 4);
	assert_int_equal(atoi(text + 4), atoi(strchr(text + 4, '\n') + 1));
	text = strstr(text, "\n0\n1\n2\n");
	assert_non_null(text);
	assert_int_equal(strspn(text + 7, "0123456789abcdef"), 32);
	release(&result);
}

static void
refuse(const char *path, int code)
{
	char word[] = "word";
	char *argv[] = { word, NULL };
	struct result result;
	struct cal_err err;

	assert_int_equal(start_argv(&result, path, argv, cal_slice_text("x"),
	    &err), code);
	assert_null(result.child);
}

/* With room for no pipe, for one and for two. */
static void
refuse_for_want_of_descriptors(void)
{
	int taken[64], room, n = 0;
	struct rlimit raised, low;

	(void)getrlimit(RLIMIT_NOFILE, &raised);
	low = raised;
	low.rlim_cur = 40;
	(void)setrlimit(RLIMIT_NOFILE, &low);
	while ((taken[n] = fcntl(0, F_DUPFD_CLOEXEC, 3)) != -1)
		n++;
	assert_true(n > 6);
	for (room = 0; room < 6; room++) {
		refuse("/bin/true", CAL_ETEMP);
		cal_io_close(&taken[--n]);
	}
	while (n > 0)
		cal_io_close(&taken[--n]);
	(void)setrlimit(RLIMIT_NOFILE, &raised);
}

static void
test_refused(void **state)
{
	size_t before = count_descriptors();
	char path[] = "/tmp/cal-script-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	if (under_valgrind())
		return;
	refuse("/no/such", CAL_ENOCMD);
	refuse("/etc/passwd/x", CAL_ENOCMD);
	refuse("/etc/passwd", CAL_ENOEXEC);
	refuse("/etc", CAL_ENOEXEC);
	assert_int_equal(cal_io_write_all(fd, "#!/no/such\n", 11), 0);
	(void)fchmod(fd, 0755);
	refuse(path, CAL_ETEMP);        /* still being written */
	cal_io_close(&fd);
	refuse(path, CAL_ENOEXEC);
	(void)unlink(path);
	refuse_for_want_of_descriptors();
	assert_int_equal(count_descriptors(), before);
}

/* A hundred at a time, again and again: all end, nothing stays open. */
static void
test_many(void **state)
{
	enum { AT_ONCE = 50, ROUNDS = 4 };
	static struct result results[AT_ONCE];
	size_t before = count_descriptors();
	int round, i;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < AT_ONCE; i++)
			start_shell(&results[i], "exec cat",
			    cal_slice_text("hello"));
		for (i = 0; i < AT_ONCE; i++) {
			wait_done(&results[i]);
			assert_int_equal(results[i].end.output.len, 5);
			release(&results[i]);
		}
	}
	assert_int_equal(count_descriptors(), before);
}

static void
test_kin(void **state)
{
	struct cal_buf pids = { 0 }, env = { 0 };
	struct result result;
	pid_t pid;

	(void)state;
	start_ready(&result, "echo $$ >$READY; sleep 60");
	cal_kin_list(&pids);
	assert_int_equal(pids.len, sizeof(pid));
	memcpy(&pid, pids.ptr, sizeof(pid));
	cal_kin_environ(&env, pid);
	assert_true(env.len > 0);
	assert_memory_equal(env.ptr, "CAL_REQUEST=", 12);
	assert_true(cal_kin_has(&env, (const char *)env.ptr));
	assert_false(cal_kin_has(&env, "CAL_REQUEST="));
	cal_kin_environ(&env, 0);
	assert_int_equal(env.len, 0);
	cal_child_kill(result.child);
	wait_done(&result);
	release(&result);
	cal_buf_release(&pids);
	cal_buf_release(&env);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_closed_early),
		cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_manners),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_kin),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
