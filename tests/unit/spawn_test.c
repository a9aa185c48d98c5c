/*
 * Unit tests of exec/spawn: what a command is given by us, and what cannot be
 * started at all.
 */
#include <fcntl.h>

#include "base/io.h"
#include "children.h"

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
	    cal_slice_of(NULL, 0), 0.1, &err), CAL_OK);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	WAIT_FOR(result.done);
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
	    0.1, &err), code);
	assert_null(result.child);
}

static void
test_refused(void **state)
{
	size_t before = count_descriptors();
	char *path;
	int fd;

	(void)state;
	if (under_valgrind())
		return;
	path = folder_path("script");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
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
	free(path);
	assert_int_equal(count_descriptors(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manners),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, open_children, close_commands);
}
