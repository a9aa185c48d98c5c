/* Who are our children, as the kernel sees it, and what was given to them? */
#ifndef CAL_EXEC_KIN_H
#define CAL_EXEC_KIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * Adds our children, the dead that nobody reaped among them, to the end of
 * pids: an array of pid_t.
 */
void cal_kin_list(struct cal_buf *pids);

/*
 * The environment that a process of ours was started with, in place of what
 * env holds: strings that end with NUL.  Empty when it cannot be read.
 */
void cal_kin_environ(struct cal_buf *env, pid_t pid);

/* Is string one of env's? */
bool cal_kin_has(const struct cal_buf *env, const char *string);

#endif
