/* How a process ended, in words. */
#include "exec/status.h"

#include <string.h>
#include <sys/wait.h>

void
cal_status_words(struct cal_buf *out, int status)
{
	const char *name;

	if (WIFEXITED(status)) {
		cal_buf_printf(out, "exit status %d", WEXITSTATUS(status));
		return;
	}
	name = sigabbrev_np(WTERMSIG(status));
	if (name != NULL)
		cal_buf_printf(out, "SIG%s", name);
	else
		cal_buf_printf(out, "signal %d", WTERMSIG(status));
}
