/* "I am ready": to a shell, to a supervisor, to systemd. */
#ifndef CAL_CLI_READY_H
#define CAL_CLI_READY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum cal_ready_line {
	CAL_READY_QUIET,
	CAL_READY_STDOUT,       /* the URL on stdout, which is then closed */
	CAL_READY_STDERR,       /* the URL on stderr */
};

/* A notify_fd that is not open is CAL_EUSAGE; 0 is none. */
int cal_ready_check(uint64_t notify_fd, struct cal_err *err);

/*
 * Says it in each of the ways that were asked for, notify_fd being 0 for
 * none, and NOTIFY_SOCKET from the environment.  url may be several, a newline
 * between them.  CAL_EIO when it could not be written.
 */
int cal_ready_say(enum cal_ready_line line, const char *url,
    uint64_t notify_fd, struct cal_err *err);

#endif
