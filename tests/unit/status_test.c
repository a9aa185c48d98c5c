/* Unit tests of exec/status: the ends of real processes, in words. */
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/status.h"

/* The status of a process that exits, or sends itself a signal. */
static int
status_of(int code, int signo)
{
	const struct rlimit no_core = { 0, 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		if (signo != 0) {
			(void)signal(signo, SIG_DFL);
			(void)raise(signo);
		}
		_exit(code);
	}
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
expect(int status, const char *words)
{
	struct cal_buf out = { .max = 0 };

	cal_buf_put_text(&out, "it: ");
	cal_status_words(&out, status);
	assert_string_equal(cal_buf_text(&out) + 4, words);
	cal_buf_release(&out);
}

static void
test_exits(void **state)
{
	(void)state;
	expect(status_of(0, 0), "exit status 0");
	expect(status_of(3, 0), "exit status 3");
	expect(status_of(255, 0), "exit status 255");
}

static void
test_signals(void **state)
{
	char words[32];

	(void)state;
	expect(status_of(1, SIGKILL), "SIGKILL");
	expect(status_of(1, SIGPIPE), "SIGPIPE");
	/* These have no names. */
	(void)snprintf(words, sizeof(words), "signal %d", SIGRTMIN);
	expect(status_of(1, SIGRTMIN), words);
}

/* That there is a dump of it changes nothing. */
static void
test_core(void **state)
{
	(void)state;
	expect(W_EXITCODE(0, SIGSEGV), "SIGSEGV");
	expect(W_EXITCODE(0, SIGSEGV) | WCOREFLAG, "SIGSEGV");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
