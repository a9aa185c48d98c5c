/*
 * cal-sub: prints messages, or runs a command for each.
 *
 * Wiring only: options make an intake, signals end it, its status is ours.
 */
#include <ev.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/die.h"
#include "cli/ready.h"
#include "cli/start.h"
#include "sub/intake.h"

struct program {
	struct cal_sub_options options;
	struct cal_keyring ring;
	struct ev_loop *loop;
	struct cal_jobs jobs;           /* with a command */
	struct cal_intake *intake;      /* NULL: only workers have to end */
	int signal;                     /* that we end by */
	bool hurry;                     /* it came twice */
};

static void
on_ready(void *arg)
{
	struct program *p = arg;
	char *urls = cal_intake_addresses(p->intake);
	struct cal_err err;

	(void)cal_ready_say(p->options.ready_line ? CAL_READY_STDERR :
	    CAL_READY_QUIET, urls, p->options.notify_fd, &err);
	free(urls);
}

static void
on_done(void *arg)
{
	struct program *p = arg;

	ev_break(p->loop, EVBREAK_ALL);
}

static void
on_stop(void *arg, int number)
{
	struct program *p = arg;

	p->hurry = p->signal != 0;
	p->signal = number;
	if (p->intake == NULL) {
		cal_reaper_kill(p->jobs.reaper);
	} else if (p->hurry) {
		cal_intake_abort(p->intake);
	} else {
		cal_log(CAL_LOG_INFO, "leaving in %g s at most",
		    p->options.work.grace);
		cal_intake_stop(p->intake);
	}
}

static void
on_hup(void *arg, int number)
{
	struct program *p = arg;

	(void)number;
	if (p->intake != NULL && cal_keyring_reload(&p->ring))
		cal_intake_recheck(p->intake);
}

static void
on_usr1(void *arg, int number)
{
	struct program *p = arg;

	(void)number;
	if (p->intake != NULL)
		cal_intake_say(p->intake);
}

static void
open_intake(struct program *p)
{
	const struct cal_intake_conf conf = {
		.loop = p->loop,
		.options = &p->options,
		.keys = cal_keyring_keys(&p->ring),
		.jobs = &p->jobs,
		.ready = on_ready,
		.done = on_done,
		.arg = p,
	};
	struct cal_err err;

	if (p->options.command != NULL)
		cal_die_unless(cal_jobs_open(&p->jobs, &p->options.work,
		    p->loop, &err), &err);
	cal_start_signal(p->loop, SIGTERM, on_stop, p);
	cal_start_signal(p->loop, SIGINT, on_stop, p);
	cal_start_signal(p->loop, SIGUSR1, on_usr1, p);
	if (p->ring.allow != NULL)
		cal_start_signal(p->loop, SIGHUP, on_hup, p);
	cal_die_unless(cal_intake_open(&p->intake, &conf, &err), &err);
	cal_jobs_started(&p->jobs);
}

/* Workers end with their intake. */
static int
close_intake(struct program *p)
{
	int status;

	if (p->signal == 0 && cal_intake_reader_gone(p->intake))
		p->signal = SIGPIPE;
	if (cal_log_wants(CAL_LOG_INFO))
		cal_intake_say(p->intake);
	status = cal_intake_close(p->intake);
	p->intake = NULL;
	if (p->options.command != NULL)
		cal_jobs_end(&p->jobs, p->hurry);
	cal_start_mortal(p->loop);
	return status;
}

int
main(int argc, char **argv)
{
	static struct program p;
	struct cal_err err;
	bool done;
	int status;

	cal_start_process("cal-sub");
	cal_die_unless(cal_sub_options_read(&p.options, argc, argv, &done,
	    &err), &err);
	if (done)
		return 0;
	cal_words_setup("cal-sub", &p.options.words, false);
	cal_die_unless(cal_ready_check(p.options.notify_fd, &err), &err);
	cal_die_unless(cal_redis_open(p.options.urls,
	    p.options.urls_count, &p.options.redis, &err), &err);
	cal_die_unless(cal_keyring_open(&p.ring, &p.options.keys,
	    p.options.bind, &err), &err);
	if (p.options.command == NULL)
		cal_start_descriptors();
	p.loop = cal_start_loop();
	open_intake(&p);
	ev_run(p.loop, 0);
	status = close_intake(&p);
	cal_keyring_close(&p.ring);
	if (p.options.command != NULL)
		cal_jobs_close(&p.jobs);
	ev_loop_destroy(p.loop);
	if (p.signal != 0)
		cal_die_signal(p.signal);
	return status;
}
