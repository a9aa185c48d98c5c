/* The end of a program. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/die.h"

/* The first of these that occurred is the status of the run. */
static const int gravity[] = {
	70, 74, 71, 78, 77, 76, 68, 69, 124, 75, 65, 3, 4, 1,
};

/* Errors that have a status of their own. */
static const struct {
	const char *name;
	enum cal_code code;
} known_errors[] = {
	{ "TooLarge", CAL_EDATA },
	{ "Busy", CAL_ETEMP },
	{ "Forbidden", CAL_EDENIED },
};

int
cal_exit_status(enum cal_code code)
{
	if (code == CAL_OK)
		return 0;
	/* What was meant for a caller of ours and came up here is a bug. */
	if (code > CAL_EUSAGE)
		return -CAL_EBUG;
	return -(int)code;
}

int
cal_exit_error(struct cal_slice name)
{
	size_t i;

	for (i = 0; i < sizeof(known_errors) / sizeof(known_errors[0]); i++)
		if (cal_slice_is(name, known_errors[i].name))
			return cal_exit_status(known_errors[i].code);
	return CAL_EXIT_ERROR;
}

int
cal_exit_worse(int a, int b)
{
	size_t i;

	for (i = 0; i < sizeof(gravity) / sizeof(gravity[0]); i++)
		if (gravity[i] == a || gravity[i] == b)
			return gravity[i];
	return a != 0 ? a : b;
}

void
cal_die(const struct cal_err *err)
{
	cal_log(CAL_LOG_FAILURE, "%s", err->text);
	exit(cal_exit_status(err->code));
}

void
cal_die_unless(int rc, const struct cal_err *err)
{
	if (rc != CAL_OK)
		cal_die(err);
}

void
cal_die_signal(int number)
{
	sigset_t only;

	signal(number, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, number);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	kill(getpid(), number);
	/* The first process of a container outlives its own signals. */
	_exit(128 + number);
}
