/* The end of a program. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/die.h"

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
