/*
 * What unit tests that start commands share: a loop with a reaper, and a
 * folder of the test's own, which has to be empty in the end.
 */
#ifndef CAL_TESTS_COMMANDS_H
#define CAL_TESTS_COMMANDS_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "exec/reaper.h"
#include "loop.h"

static struct cal_reaper *reaper;
static char folder[] = "/tmp/cal-unit-XXXXXX";

/* The log says failures only. */
static inline int
open_commands(void **state)
{
	const struct cal_log_conf quiet = {
		.program = "unit test", .level = CAL_LOG_FAILURE,
	};
	struct cal_err err;

	(void)signal(SIGPIPE, SIG_IGN);
	cal_log_setup(&quiet);
	if (mkdtemp(folder) == NULL || open_loop(state) == -1)
		return -1;
	return cal_reaper_open(&reaper, loop, &err);
}

/* No process is left, and no file. */
static inline int
close_commands(void **state)
{
	cal_reaper_sweep(reaper);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	cal_reaper_close(reaper);
	(void)close_loop(state);
	return rmdir(folder);
}

/* A file that a script or a test uses; freed by the caller. */
static inline char *
folder_path(const char *name)
{
	return cal_asprintf("%s/%s", folder, name);
}

#endif
