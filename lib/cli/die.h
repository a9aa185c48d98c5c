/* The end of a program: words on stderr, and an exit status. */
#ifndef CAL_CLI_DIE_H
#define CAL_CLI_DIE_H

#include "base/buf.h"

/* Whoever was to do it answered, and the answer was "no". */
enum {
	CAL_EXIT_FAILURE = 1,           /* it failed */
	CAL_EXIT_ERROR = 3,             /* it was refused */
	CAL_EXIT_CANCELLED = 4,
};

/* The exit status for a code. */
int cal_exit_status(enum cal_code code);

/* The exit status for an ERROR of ours, by its name. */
int cal_exit_error(struct cal_slice name);

/* Of two exit statuses of single messages the one that the run ends with. */
int cal_exit_worse(int a, int b);

/* Says err and ends with its status. */
void cal_die(const struct cal_err *err) __attribute__((noreturn));

/* The same if rc is not CAL_OK. */
void cal_die_unless(int rc, const struct cal_err *err);

/*
 * Ends by signal number, as if it had not been caught, so that a shell sees
 * what happened.
 */
void cal_die_signal(int number) __attribute__((noreturn));

#endif
