/* The end of a program: words on stderr, and an exit status. */
#ifndef CAL_CLI_DIE_H
#define CAL_CLI_DIE_H

#include "base/err.h"

/* The exit status for a code. */
int cal_exit_status(enum cal_code code);

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
