/*
 * Crash and stall points.  The environment is read at each pass: only tests
 * have this code, and they may change their minds.
 */
#include "base/fault.h"

#ifdef CAL_FAULTS

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The number behind "NAME:" in the variable, if it speaks of this point. */
static bool
number_for(const char *variable, const char *name, unsigned long *numberp)
{
	const char *text = getenv(variable);
	size_t len = strlen(name);

	if (text == NULL || strncmp(text, name, len) != 0 || text[len] != ':')
		return false;
	*numberp = strtoul(text + len + 1, NULL, 10);
	return true;
}

static void
stall(unsigned long ms)
{
	struct timespec left;

	left.tv_sec = (time_t)(ms / 1000);
	left.tv_nsec = (long)(ms % 1000) * 1000000;
	while (nanosleep(&left, &left) == -1 && errno == EINTR)
		;
}

void
cal_fault_pass(const char *name)
{
	static unsigned long passes;    /* of the point in CAL_CRASH */
	unsigned long number;

	if (number_for("CAL_STALL", name, &number))
		stall(number);
	if (number_for("CAL_CRASH", name, &number) && ++passes == number)
		(void)kill(getpid(), SIGKILL);
}

#endif
