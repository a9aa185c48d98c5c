/* Unit tests of base/secret: each misuse in a process of its own. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "unit.h"

enum { SIZE = 32 };

/* How a process that does this ends. */
static int
status_of(void (*deed)(void))
{
	struct rlimit none = { 0, 1 << 20 };
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		/* cmocka would catch it, and a core helps nobody. */
		(void)signal(SIGSEGV, SIG_DFL);
		(void)signal(SIGABRT, SIG_DFL);
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)close(STDERR_FILENO);
		deed();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_use(void **state)
{
	static const uint8_t zeros[SIZE];
	uint8_t *secret = cal_secret_new(SIZE);
	uint8_t *other = cal_secret_new(1);

	(void)state;
	memset(secret, 7, SIZE);
	*other = 1;
	assert_int_equal(secret[SIZE - 1], 7);
	cal_secret_wipe(secret, SIZE);
	assert_memory_equal(secret, zeros, SIZE);
	cal_secret_free(secret);
	cal_secret_free(other);
	cal_secret_free(NULL);
}

static void
write_behind(void)
{
	volatile uint8_t *secret = cal_secret_new(SIZE);

	secret[SIZE] = 1;
}

static void
read_freed(void)
{
	uint8_t *secret = cal_secret_new(SIZE);
	volatile uint8_t *after = secret;

	cal_secret_free(secret);
	_exit(after[0] & 0);
}

static void
want_too_much(void)
{
	volatile size_t size = SIZE_MAX / 4;

	cal_secret_free(cal_secret_new(size));
}

static void
test_misuse(void **state)
{
	(void)state;
	assert_int_not_equal(status_of(write_behind), 0);
	assert_int_not_equal(status_of(read_freed), 0);
	assert_int_equal(status_of(want_too_much), 71 << 8);
}

/* Exits with what is wrong, 0: nothing. */
static void
guard(void)
{
	struct rlimit before, after;

	(void)getrlimit(RLIMIT_CORE, &before);
	cal_secret_guard();
	if (prctl(PR_GET_DUMPABLE) != 0)
		_exit(1);
	(void)getrlimit(RLIMIT_CORE, &after);
	if (after.rlim_cur != 0 || after.rlim_max != before.rlim_max)
		_exit(2);
	cal_secret_guard();
}

static void
test_guard(void **state)
{
	(void)state;
	assert_int_equal(status_of(guard), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_use),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
