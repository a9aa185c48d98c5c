/*
 * cal-serve: serves programs as RPC methods.
 *
 * Wiring only: options make methods, methods and an address make a service,
 * signals drain it.
 */
#include <ev.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/die.h"
#include "cli/ready.h"
#include "cli/start.h"
#include "serve/setup.h"

static const double LINGER[] = { 5, 0.1 };      /* for answers; in a hurry */

struct program {
	struct cal_serve_options options;
	struct cal_keyring ring;
	struct ev_loop *loop;
	struct cal_jobs jobs;
	struct cal_methods *methods;
	struct cal_service *service;
	int last_signal;                /* the second one, that hurried us */
	bool stopping;
	bool leaving;                   /* only workers have to end */
	struct cal_err refusal;         /* its code: CAL_OK if none */
};

static void
on_ready(void *arg)
{
	struct program *p = arg;
	char *url = cal_service_address(p->service);
	struct cal_err err;

	/* First: who waits for readiness looks into the log for the address. */
	cal_log(CAL_LOG_INFO, "serving %zu methods at %s",
	    cal_methods_count(p->methods), url);
	cal_die_unless(cal_ready_say(p->options.ready_line ?
	    CAL_READY_STDOUT : CAL_READY_QUIET, url, p->options.notify_fd,
	    &err), &err);
	free(url);
}

static void
on_done(void *arg)
{
	struct program *p = arg;

	ev_break(p->loop, EVBREAK_ALL);
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	struct program *p = arg;

	p->refusal = *err;
	cal_service_drain(p->service, 0);
}

static void
on_stop(void *arg, int number)
{
	struct program *p = arg;

	if (p->stopping) {
		p->last_signal = number;
		cal_service_abort(p->service, true);
		if (p->leaving)
			cal_reaper_kill(p->jobs.reaper);
		return;
	}
	p->stopping = true;
	cal_log(CAL_LOG_INFO, "leaving in %g s at most", p->options.work.grace);
	cal_service_drain(p->service, p->options.work.grace);
}

static void
on_hup(void *arg, int number)
{
	struct program *p = arg;
	struct cal_err err;

	(void)number;
	if (p->stopping || p->leaving)
		return;                 /* no method is served any more */
	if (p->options.dir != NULL && cal_methods_load(p->methods,
	    p->options.dir, true, &err) != CAL_OK)
		cal_log(CAL_LOG_FAILURE, "kept the old methods: %s", err.text);
	else
		cal_log(CAL_LOG_INFO, "serving %zu methods",
		    cal_methods_count(p->methods));
	if (cal_keyring_reload(&p->ring))
		cal_service_recheck(p->service);
}

static void
on_usr1(void *arg, int number)
{
	struct program *p = arg;

	(void)number;
	cal_service_say(p->service);
}

static void
open_service(struct program *p)
{
	struct cal_service_conf conf = {
		.loop = p->loop,
		.reaper = p->jobs.reaper,
		.methods = p->methods,
		.keys = cal_keyring_keys(&p->ring),
		.ready = on_ready,
		.done = on_done,
		.refused = on_refused,
		.arg = p,
	};
	struct cal_err err;

	cal_die_unless(cal_setup_service(&p->service, &p->options, &conf,
	    &err), &err);
}

/* Workers end with their methods. */
static void
end_workers(struct program *p)
{
	p->leaving = true;
	cal_methods_clear(p->methods);
	cal_jobs_end(&p->jobs, p->last_signal != 0);
}

int
main(int argc, char **argv)
{
	static struct program p;
	struct cal_err err;
	bool done, all, cut;

	cal_start_process("cal-serve");
	cal_die_unless(cal_serve_options_read(&p.options, argc, argv, &done,
	    &err), &err);
	if (done)
		return 0;
	cal_words_setup("cal-serve", &p.options.words, false);
	cal_die_unless(cal_ready_check(p.options.notify_fd, &err), &err);
	cal_die_unless(cal_redis_open(&p.options.url, 1, &p.options.redis,
	    &err), &err);
	cal_die_unless(cal_keyring_open(&p.ring, &p.options.keys,
	    p.options.bind, &err), &err);
	p.loop = cal_start_loop();
	cal_die_unless(cal_jobs_open(&p.jobs, &p.options.work, p.loop, &err),
	    &err);
	cal_start_signal(p.loop, SIGTERM, on_stop, &p);
	cal_start_signal(p.loop, SIGINT, on_stop, &p);
	cal_start_signal(p.loop, SIGHUP, on_hup, &p);
	cal_start_signal(p.loop, SIGUSR1, on_usr1, &p);
	cal_die_unless(cal_setup_methods(&p.methods, &p.options, &p.jobs,
	    &err), &err);
	open_service(&p);
	cal_jobs_started(&p.jobs);
	ev_run(p.loop, 0);
	if (cal_log_wants(CAL_LOG_INFO))
		cal_service_say(p.service);
	end_workers(&p);
	cut = cal_service_cut_short(p.service);
	cal_start_mortal(p.loop);
	all = cal_service_close(p.service, LINGER[p.last_signal != 0]);
	cal_keyring_close(&p.ring);
	cal_methods_free(p.methods);
	cal_jobs_close(&p.jobs);
	ev_loop_destroy(p.loop);
	cal_die_unless(p.refusal.code, &p.refusal);
	if (p.last_signal != 0)
		cal_die_signal(p.last_signal);
	return all && !cut ? 0 : cal_exit_status(CAL_ETEMP);
}
