/*
 * cal-pub: publishes messages.
 *
 * Wiring only: options make a flow from input to subscribers, signals end it,
 * its status is ours.
 */
#include <ev.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "cli/die.h"
#include "cli/ready.h"
#include "cli/start.h"
#include "pub/flow.h"

static const double PATIENCE = 0.5;     /* seconds for what waits, at SIGINT */
static const double HURRY = 0.1;        /* for what the transport has, then */
static const double FOR_EVER = 1e6;

struct program {
	struct cal_pub_options options;
	struct cal_keyring ring;
	struct ev_loop *loop;
	struct cal_flow *flow;
	int signal;
	int status;
};

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

	if (p->signal != 0) {
		cal_flow_end(p->flow, 0);
		cal_die_signal(number);
	}
	p->signal = number;
	cal_flow_stop(p->flow, PATIENCE);
}

static void
on_hup(void *arg, int number)
{
	struct program *p = arg;

	(void)number;
	if (cal_keyring_reload(&p->ring) && p->flow != NULL)
		cal_flow_recheck(p->flow);
}

static void
on_usr1(void *arg, int number)
{
	struct program *p = arg;

	(void)number;
	if (p->flow != NULL)
		cal_flow_say(p->flow);
}

static void
open_flow(struct program *p)
{
	const struct cal_pub_options *o = &p->options;
	struct cal_flow_conf conf = {
		.loop = p->loop,
		.options = o,
		.keys = cal_keyring_keys(&p->ring),
		.done = on_done,
		.arg = p,
	};
	enum cal_ready_line line = !o->ready_line ? CAL_READY_QUIET :
	    o->tee || o->print_id ? CAL_READY_STDERR : CAL_READY_STDOUT;
	struct cal_err err;
	char *urls;

	cal_die_unless(cal_flow_open(&p->flow, &conf, &err), &err);
	urls = cal_flow_addresses(p->flow);
	cal_die_unless(cal_ready_say(line, urls, o->notify_fd, &err), &err);
	free(urls);
	/* Here -d may wait for a pipe, where a signal still ends us. */
	cal_die_unless(cal_flow_start(p->flow, &err), &err);
}

static void
close_flow(struct program *p)
{
	double grace = p->options.linger > 0 ? p->options.linger : FOR_EVER;

	/* From here on a signal ends us; one that was caught is heard first. */
	(void)ev_run(p->loop, EVRUN_NOWAIT);
	if (p->options.words.format == 0)
		cal_start_last_words(p->loop,
		    "cal-pub: " CAL_FLOW_NOT_LEFT "\n");
	else
		cal_start_mortal(p->loop);
	if (p->signal == 0 && cal_flow_reader_gone(p->flow))
		p->signal = SIGPIPE;
	cal_flow_end(p->flow, p->signal != 0 ? HURRY : grace);
	cal_start_mortal(p->loop);
	if (cal_log_wants(CAL_LOG_INFO))
		cal_flow_say(p->flow);
	cal_flow_close(p->flow, p->signal == 0, &p->status);
}

int
main(int argc, char **argv)
{
	static struct program p;
	struct cal_err err;
	bool done;

	cal_start_process("cal-pub");
	cal_die_unless(cal_pub_options_read(&p.options, argc, argv, &done,
	    &err), &err);
	if (done)
		return 0;
	cal_words_setup("cal-pub", &p.options.words, true);
	cal_die_unless(cal_ready_check(p.options.notify_fd, &err), &err);
	cal_die_unless(cal_redis_open(p.options.urls,
	    p.options.urls_count, &p.options.redis, &err), &err);
	cal_die_unless(cal_keyring_open(&p.ring, &p.options.keys,
	    p.options.bind, &err), &err);
	cal_start_descriptors();
	p.loop = cal_start_loop();
	cal_start_signal(p.loop, SIGUSR1, on_usr1, &p);
	if (p.ring.allow != NULL)
		cal_start_signal(p.loop, SIGHUP, on_hup, &p);
	open_flow(&p);
	cal_start_signal(p.loop, SIGTERM, on_stop, &p);
	cal_start_signal(p.loop, SIGINT, on_stop, &p);
	ev_run(p.loop, 0);
	close_flow(&p);
	cal_keyring_close(&p.ring);
	ev_loop_destroy(p.loop);
	if (p.signal != 0)
		cal_die_signal(p.signal);
	return p.status;
}
