/* Unit tests of base/mem: what it gives, and how it ends. */
#include "unit.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sanitizer's malloc ends the process by itself unless told otherwise. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
test_copies(void **state)
{
	char *text;
	int *zeros;

	(void)state;
	text = cal_strdup("abc");
	assert_string_equal(text, "abc");
	free(text);
	text = cal_strndup("abcdef", 3);
	assert_string_equal(text, "abc");
	free(text);
	text = cal_strndup("ab", 30);
	assert_string_equal(text, "ab");
	free(text);
	text = cal_asprintf("%d-%s", 7, "x");
	assert_string_equal(text, "7-x");
	free(text);
	zeros = cal_calloc(4, sizeof(*zeros));
	assert_int_equal(zeros[0] | zeros[1] | zeros[2] | zeros[3], 0);
	free(zeros);
	CAL_NEW(zeros);
	assert_int_equal(*zeros, 0);
	free(zeros);
}

static void
test_nothing(void **state)
{
	void *ptr;

	(void)state;
	ptr = cal_malloc(0);
	assert_non_null(ptr);
	ptr = cal_realloc(ptr, 0);
	assert_non_null(ptr);
	free(ptr);
	ptr = cal_calloc(0, 8);
	assert_non_null(ptr);
	free(ptr);
	ptr = cal_memdup(NULL, 0);
	assert_non_null(ptr);
	free(ptr);
}

static void
ask(int how)
{
	volatile size_t size = SIZE_MAX / 4;
	struct cal_buf buf = { 0 };
	uint8_t byte = 0;

	switch (how) {
	case 0:
		free(cal_malloc(size));
		break;
	case 1:
		free(cal_calloc(size, 16));
		break;
	case 2:
		free(cal_realloc(NULL, size));
		break;
	case 3:
		cal_buf_put_byte(&buf, byte);
		cal_buf_room(&buf, SIZE_MAX);
		break;
	default:
		cal_buf_room(&buf, size);
		break;
	}
}

/* One line on stderr and 71, whoever asks for too much. */
static void
test_none_left(void **state)
{
	char text[512], want[128];
	int how, fds[2], status;
	ssize_t n;
	size_t len;
	pid_t pid;

	(void)state;
	if (under_valgrind())
		return;
	snprintf(want, sizeof(want), "%s: out of memory\n",
	    program_invocation_short_name);
	for (how = 0; how < 5; how++) {
		assert_int_equal(pipe(fds), 0);
		if ((pid = fork()) == 0) {
			dup2(fds[1], STDERR_FILENO);
			ask(how);
			_exit(0);
		}
		close(fds[1]);
		for (len = 0; len < sizeof(text) - 1; len += (size_t)n)
			if ((n = read(fds[0], text + len,
			    sizeof(text) - 1 - len)) <= 0)
				break;
		text[len] = '\0';
		close(fds[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 71);
		/* A sanitizer puts a warning of its own in front. */
		assert_true(len >= strlen(want));
		assert_string_equal(text + len - strlen(want), want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_none_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
