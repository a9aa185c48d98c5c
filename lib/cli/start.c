/*
 * The process as we want it, whatever our parent left: nohup ignores SIGHUP
 * and that stays so, everything else is as after a login.
 */
#include <ev.h>
#include <signal.h>

#include "base/io.h"
#include "base/log.h"
#include "cli/die.h"
#include "cli/start.h"

void
cal_start_process(const char *program)
{
	static const int reset[] = {
		SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM,
	};
	sigset_t none;
	size_t i;

	cal_io_sanitize();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
		(void)signal(reset[i], SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	cal_start_words(program, 0, false, false, true);
}

void
cal_start_words(const char *program, int verbose, bool quiet, bool json,
    bool patient)
{
	struct cal_log_conf conf = {
		.program = program,
		.level = CAL_LOG_WARNING,
		.json = json,
		.patient = patient,
	};

	if (quiet)
		conf.level = CAL_LOG_FAILURE;
	else if (verbose > 0)
		conf.level = verbose > 1 ? CAL_LOG_DEBUG : CAL_LOG_INFO;
	cal_log_setup(&conf);
}

struct ev_loop *
cal_start_loop(void)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct cal_err err;

	if (loop == NULL) {
		(void)cal_fail(&err, CAL_EOS, "cannot start the event loop");
		cal_die(&err);
	}
	return loop;
}
