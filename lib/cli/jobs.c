/* From options to commands that work: how many, of which kind, until when. */
#include "cli/jobs.h"

#include <ev.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t
processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? (uint64_t)count : 1;
}

static int
settle_workers(struct cal_jobs_options *work, bool text, struct cal_err *err)
{
	work->dialect = cal_dialect_at(work->coprocess);
	if (work->jobs == 0)
		work->jobs = processors();
	if (work->depth == 0)
		work->depth = work->dialect->depth;
	if (work->jobs > CAL_JOBS_WORKERS)
		return cal_fail(err, CAL_EUSAGE, "at most %d workers: -j "
		    "is too large", CAL_JOBS_WORKERS);
	if (text && work->dialect->names_method)
		return cal_fail(err, CAL_EUSAGE, "--text has no meaning with "
		    "--coprocess %s", work->dialect->name);
	return CAL_OK;
}

int
cal_jobs_settle(struct cal_jobs_options *work, uint64_t usual, bool text,
    struct cal_err *err)
{
	if (work->coprocess >= 0)
		return settle_workers(work, text, err);
	if (work->depth > 0)
		return cal_fail(err, CAL_EUSAGE,
		    "--depth has no meaning without --coprocess");
	if (work->jobs == 0)
		work->jobs = usual;
	return CAL_OK;
}

/* Of commands that were started, should the start fail after that. */
static struct cal_reaper *starting;

static void
leave_none_behind(void)
{
	if (starting == NULL)
		return;
	cal_reaper_kill(starting);
	cal_reaper_sweep(starting);
}

int
cal_jobs_open(struct cal_jobs *jobs, const struct cal_jobs_options *options,
    struct ev_loop *loop, struct cal_err *err)
{
	int rc;

	*jobs = (struct cal_jobs){ .loop = loop };
	if ((rc = cal_reaper_open(&jobs->reaper, loop, err)) != CAL_OK ||
	    (rc = cal_command_env(&jobs->env, options->pass_env,
	    err)) != CAL_OK)
		return rc;
	starting = jobs->reaper;
	(void)atexit(leave_none_behind);
	return CAL_OK;
}

void
cal_jobs_started(struct cal_jobs *jobs)
{
	(void)jobs;
	starting = NULL;
}

struct cal_command_conf
cal_jobs_command(const struct cal_jobs *jobs,
    const struct cal_jobs_options *options)
{
	return (struct cal_command_conf){
		.reaper = jobs->reaper,
		.env = (const char *const *)jobs->env,
		.kill_after = options->kill_after,
		.loop = jobs->loop,
	};
}

void
cal_jobs_end(struct cal_jobs *jobs, bool kill)
{
	ev_invoke_pending(jobs->loop);
	if (kill)
		cal_reaper_kill(jobs->reaper);
	while (cal_reaper_watched(jobs->reaper) > 0)
		(void)ev_run(jobs->loop, EVRUN_ONCE);
	cal_reaper_sweep(jobs->reaper);
}

void
cal_jobs_close(struct cal_jobs *jobs)
{
	cal_command_env_free(jobs->env);
	if (jobs->reaper != NULL)
		cal_reaper_close(jobs->reaper);
}
