/* How a process ended, in words. */
#ifndef CAL_EXEC_STATUS_H
#define CAL_EXEC_STATUS_H

#include "base/buf.h"

/* "exit status 3", or "SIGSEGV"; status is that of waitpid(2). */
void cal_status_words(struct cal_buf *out, int status);

#endif
