/*
 * cal-call: calls methods over there.
 *
 * Wiring only: options and an address make a peer, a batch makes the calls,
 * signals stop it, its status is ours.
 */
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "call/batch.h"
#include "call/ping.h"
#include "cli/die.h"
#include "cli/ready.h"
#include "cli/start.h"

static const double LINGER = 0.3;       /* seconds for a CANCEL to leave */
static const double HURRY = 0.1;        /* the same at the second signal */
static const double DEAF = 1;           /* seconds for a sign of life */

struct program {
	struct cal_call_options options;
	struct cal_keyring ring;
	struct ev_loop *loop;
	struct cal_peer *peer;
	struct cal_batch *batch;
	int signal;
	int status;
	bool cancelled;                 /* something may still have to leave */
};

static void
leave(struct program *p)
{
	ev_break(p->loop, EVBREAK_ALL);
}

static void
on_sign_of_life(void *arg, double seconds, const struct cal_hello *hello,
    const struct cal_err *err)
{
	struct program *p = arg;

	(void)seconds;
	(void)hello;
	if (err != NULL)
		cal_log(CAL_LOG_FAILURE, "after the time-out: %s", err->text);
	leave(p);
}

/* All answered.  After a time-out: is the server slow, or deaf? */
static void
on_done(void *arg)
{
	struct program *p = arg;

	if (cal_batch_timed_out(p->batch) && p->signal == 0 &&
	    !cal_peer_is_silent(p->peer)) {
		p->cancelled = true;
		cal_peer_probe(p->peer, DEAF, on_sign_of_life, p);
	} else {
		leave(p);
	}
}

static void
on_pong(void *arg, double seconds, const struct cal_hello *hello,
    const struct cal_err *why)
{
	struct program *p = arg;
	struct cal_err err;
	int rc;

	leave(p);
	if (why != NULL) {
		err = *why;
		rc = why->code;
	} else {
		rc = cal_ping_print(seconds, hello, &err);
	}
	if (rc == CAL_EGONE) {
		p->signal = SIGPIPE;
	} else if (rc != CAL_OK) {
		cal_log(CAL_LOG_FAILURE, "%s", err.text);
		p->status = cal_exit_status(rc);
	}
}

static void
on_signal(void *arg, int number)
{
	struct program *p = arg;

	if (p->signal != 0 || p->batch == NULL) {
		/* The CANCEL of the first one may not have left yet. */
		(void)cal_peer_close(p->peer, HURRY);
		cal_die_signal(number);
	}
	p->signal = number;
	p->cancelled = true;
	cal_batch_stop(p->batch);
}

static void
on_hup(void *arg, int number)
{
	struct program *p = arg;

	(void)number;
	if (cal_keyring_reload(&p->ring))
		cal_peer_recheck(p->peer);
}

static const struct cal_peer_events peer_events = { .request = NULL };

static void
open_peer(struct program *p)
{
	const struct cal_call_options *o = &p->options;
	struct cal_peer_conf conf = {
		.loop = p->loop,
		.url = o->url,
		.bind = o->bind,
		.keys = cal_keyring_keys(&p->ring),
		.insecure = o->keys.insecure,
		.compress = o->compress,
		.max_body = o->max_body,
		.redis = &o->redis.conn,
		.connect_timeout = o->connect_timeout,
		.events = &peer_events,
	};
	struct cal_err err;
	char *url;

	cal_die_unless(cal_peer_open(&p->peer, &conf, &err), &err);
	if (!o->bind)
		return;
	url = cal_peer_address(p->peer);
	(void)cal_ready_say(o->ready_line ? CAL_READY_STDERR :
	    CAL_READY_QUIET, url, o->notify_fd, &err);
	free(url);
}

static void
open_batch(struct program *p)
{
	struct cal_batch_conf conf = {
		.loop = p->loop,
		.options = &p->options,
		.peer = p->peer,
		.done = on_done,
		.arg = p,
	};
	struct cal_err err;

	cal_die_unless(cal_batch_open(&p->batch, &conf, &err), &err);
}

static void
finish_batch(struct program *p)
{
	/* From here on a signal ends us; one that was caught is heard first. */
	(void)ev_run(p->loop, EVRUN_NOWAIT);
	cal_start_mortal(p->loop);
	if (p->signal == 0 && cal_batch_reader_gone(p->batch))
		p->signal = SIGPIPE;
	p->cancelled |= cal_batch_status(p->batch) != 0;
	cal_batch_close(p->batch, p->signal == 0, &p->status);
}

int
main(int argc, char **argv)
{
	static struct program p;
	struct cal_err err;
	bool done;

	cal_start_process("cal-call");
	cal_die_unless(cal_call_options_read(&p.options, argc, argv, &done,
	    &err), &err);
	if (done)
		return 0;
	cal_words_setup("cal-call", &p.options.words, true);
	cal_die_unless(cal_ready_check(p.options.notify_fd, &err), &err);
	cal_die_unless(cal_redis_open(&p.options.url, 1, &p.options.redis,
	    &err), &err);
	cal_die_unless(cal_keyring_open(&p.ring, &p.options.keys,
	    p.options.bind, &err), &err);
	cal_start_descriptors();
	p.loop = cal_start_loop();
	open_peer(&p);
	/* Here -d may wait for a pipe, where a signal still ends us. */
	if (p.options.ping)
		cal_peer_probe(p.peer, cal_ping_timeout(&p.options), on_pong,
		    &p);
	else
		open_batch(&p);
	cal_start_signal(p.loop, SIGTERM, on_signal, &p);
	cal_start_signal(p.loop, SIGINT, on_signal, &p);
	if (p.ring.allow != NULL)
		cal_start_signal(p.loop, SIGHUP, on_hup, &p);
	ev_run(p.loop, 0);
	if (p.batch != NULL)
		finish_batch(&p);
#ifndef __SANITIZE_ADDRESS__
	/*
	 * Nothing is left to send: do not wait for the sockets to close.  In
	 * Redis our answers have a place of their own, which has to go.
	 */
	if (!p.cancelled && p.signal == 0 && !p.options.bind &&
	    !cal_peer_is_silent(p.peer)) {
		cal_keyring_close(&p.ring);
		_exit(p.status);
	}
#endif
	(void)cal_peer_close(p.peer, LINGER);
	cal_keyring_close(&p.ring);
	ev_loop_destroy(p.loop);
	if (p.signal != 0)
		cal_die_signal(p.signal);
	return p.status;
}
