/*
 * The life of a worker.
 *
 * Whatever ends one makes it take no more; requests that it has are settled
 * when it was reaped, after the last of its output was read, since an answer
 * that it gave is one, however it ended.  Only a worker that broke its dialect
 * is not heard any more.
 */
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "exec/status.h"
#include "exec/worker_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	READ_MAX = 262144,      /* bytes in a turn of the loop */
	ERRS_MAX = 65536,
};
static const double ERRS_PAUSE = 0.05;  /* seconds, while it is not shown */
static const double LEAVE_PAUSE = 1;    /* seconds to end by itself */
static const char shutting_down[] = "shutting down";

/* Ending it. */

static void
end_feed(struct cal_worker *worker)
{
	if (worker->feed == NULL)
		return;
	worker->written = cal_feed_written(worker->feed);
	cal_feed_close(worker->feed);
	worker->feed = NULL;
	cal_io_close(&worker->process.in);
}

static void
end_worker(struct cal_worker *worker, const char *why)
{
	worker->full = true;
	if (worker->why[0] == '\0')
		(void)snprintf(worker->why, sizeof(worker->why), "%s", why);
	if (!worker->stopped)
		cal_process_stop(&worker->process);
	worker->stopped = true;
}

/* Nobody can know what its next bytes would mean. */
void
cal_worker_reject(struct cal_worker *worker, const char *why,
    const char *detail)
{
	static struct cal_log_gate gate;

	cal_log_gated(&gate, CAL_LOG_WARNING, "%s said '%.*s': %s",
	    worker->label, (int)worker->said_len, (const char *)worker->said,
	    detail);
	worker->deaf = true;
	end_worker(worker, why);
}

/* It cannot go on, but may still answer or end by itself. */
static void
wait_for_end(struct cal_worker *worker)
{
	worker->full = true;
	if (worker->stopped || ev_is_active(&worker->leave))
		return;
	ev_now_update(worker->process.loop);
	ev_timer_set(&worker->leave, LEAVE_PAUSE, 0);
	ev_timer_start(worker->process.loop, &worker->leave);
}

static void
on_leave(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	end_worker(timer->data, "it closed its input or output");
}

static void
on_broken(void *arg)
{
	struct cal_worker *worker = arg;

	end_feed(worker);
	wait_for_end(worker);
}

void
cal_worker_leave(struct cal_worker *worker)
{
	end_feed(worker);
	wait_for_end(worker);
}

void
cal_worker_kill(struct cal_worker *worker)
{
	worker->full = worker->stopped = true;
	cal_process_kill(&worker->process);
}

void
cal_worker_drop(struct cal_worker *worker, struct cal_asked *asked,
    enum cal_stop why)
{
	bool first = asked->stop == CAL_STOP_NONE;

	if (first)
		asked->stop = why;
	if (why == CAL_STOP_LIMIT || why == CAL_STOP_SHUTDOWN) {
		end_worker(worker, why == CAL_STOP_SHUTDOWN ? shutting_down :
		    worker->useful ? "it was late with an answer" :
		    "it was late with an answer, and never gave any; does it "
		    "write each one at once");
	} else if (first && worker->conf.dialect->cancel != NULL &&
	    worker->feed != NULL) {
		cal_ask_clear(&worker->ask);
		worker->conf.dialect->cancel(&worker->ask.head, asked->id);
		cal_feed_copy(worker->feed, cal_buf_view(&worker->ask.head));
	}
}

/* What it says. */

static void
on_output(struct ev_loop *loop, ev_io *io, int revents)
{
	struct cal_worker *worker = io->data;
	ssize_t n = cal_worker_hear(worker, READ_MAX);

	(void)revents;
	if (n > 0 || (n == -1 && errno == EAGAIN))
		return;
	ev_io_stop(loop, io);
	cal_io_close(&worker->process.out);
	wait_for_end(worker);
}

static ssize_t
read_errs(struct cal_worker *worker, int fd)
{
	static uint8_t bytes[ERRS_MAX];
	ssize_t n;

	do
		n = read(fd, bytes, sizeof(bytes));
	while (n == -1 && errno == EINTR);
	if (n > 0)
		cal_chatter_add(&worker->chatter,
		    ev_now(worker->process.loop), bytes, (size_t)n);
	return n;
}

static void
on_errs(struct ev_loop *loop, ev_io *io, int revents)
{
	struct cal_worker *worker = io->data;
	ssize_t n = read_errs(worker, io->fd);

	(void)revents;
	if (n == -1 && errno == EAGAIN)
		return;
	if (n > 0 && worker->chatter.held == 0)
		return;
	ev_io_stop(loop, io);
	if (n > 0)
		ev_timer_again(loop, &worker->errs_pause);
	else
		cal_io_close(&worker->process.errs);
}

/* What nobody sees need not be read faster than this. */
static void
on_errs_pause(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_worker *worker = timer->data;

	(void)revents;
	ev_timer_stop(loop, timer);
	ev_io_start(loop, &worker->errs_io);
}

/* Its end. */

/* The last that it wrote. */
static void
drain(struct cal_worker *worker)
{
	size_t there = cal_process_there(worker->process.out);
	ssize_t n;

	for (; there > 0 && !worker->deaf; there -= (size_t)n)
		if ((n = cal_worker_hear(worker, there)) <= 0)
			break;
	there = cal_process_there(worker->process.errs);
	for (; there > 0; there -= (size_t)n < there ? (size_t)n : there)
		if ((n = read_errs(worker, worker->process.errs)) <= 0)
			break;
	cal_chatter_end(&worker->chatter);
}

static void
settle(struct cal_worker *worker, struct cal_asked *asked)
{
	struct cal_outcome outcome = { 0 };

	cal_worker_take_out(worker, asked);
	if (asked->from >= worker->written && asked->stop == CAL_STOP_NONE) {
		worker->conf.events->unheard(worker->conf.arg, asked);
		return;
	}
	if (asked->stop != CAL_STOP_NONE)
		cal_outcome_stop(&outcome, asked->stop);
	else
		cal_outcome_refuse(&outcome, CAL_VERDICT_FAILURE,
		    "WorkerDied", "the worker ended: %s", worker->why);
	worker->conf.events->answered(worker->conf.arg, asked, &outcome);
}

static void
fill_why(struct cal_worker *worker, int status)
{
	struct cal_buf words = { .max = 0 };

	if (worker->why[0] != '\0')
		return;
	cal_status_words(&words, status);
	(void)snprintf(worker->why, sizeof(worker->why), "%s",
	    cal_buf_text(&words));
	cal_buf_release(&words);
}

/* Before anybody hears of it, who might start something of that number. */
static void
release_process(struct cal_worker *worker)
{
	ev_io_stop(worker->process.loop, &worker->out_io);
	ev_io_stop(worker->process.loop, &worker->errs_io);
	ev_timer_stop(worker->process.loop, &worker->errs_pause);
	ev_timer_stop(worker->process.loop, &worker->leave);
	cal_process_release(&worker->process, true);
}

static void
worker_free(struct cal_worker *worker)
{
	cal_map_free(worker->ids);
	cal_ask_release(&worker->ask);
	cal_buf_release(&worker->output);
	free(worker);
}

static void
on_ended(struct cal_process *process, int status)
{
	struct cal_worker *worker = (struct cal_worker *)process;
	struct cal_asked *asked;

	/* Whoever hears of its jobs may tell it to leave: it has left. */
	worker->full = worker->stopped = true;
	cal_worker_look(worker);
	end_feed(worker);
	drain(worker);
	release_process(worker);
	fill_why(worker, status);
	while ((asked = TAILQ_LAST(&worker->askeds, cal_askeds)) != NULL)
		settle(worker, asked);
	worker->conf.events->ended(worker->conf.arg, worker,
	    strcmp(worker->why, shutting_down) == 0 ? NULL : worker->why,
	    worker->useful);
	worker_free(worker);
}

/* Its beginning. */

static void
watch(struct cal_worker *worker)
{
	struct cal_process *process = &worker->process;

	(void)snprintf(worker->label, sizeof(worker->label), "%s[%d]",
	    worker->conf.name, (int)process->watch.pid);
	worker->chatter.name = worker->label;
	ev_io_init(&worker->out_io, on_output, process->out, EV_READ);
	ev_io_init(&worker->errs_io, on_errs, process->errs, EV_READ);
	ev_init(&worker->leave, on_leave);
	worker->out_io.data = worker->errs_io.data = worker;
	ev_init(&worker->errs_pause, on_errs_pause);
	worker->errs_pause.repeat = ERRS_PAUSE;
	worker->leave.data = worker->errs_pause.data = worker;
	ev_io_start(process->loop, &worker->out_io);
	ev_io_start(process->loop, &worker->errs_io);
	worker->feed = cal_feed_open(process->loop, process->in, on_broken,
	    worker);
}

int
cal_worker_start(struct cal_worker **workerp,
    const struct cal_worker_conf *conf, struct cal_err *err)
{
	struct cal_worker *worker;
	int rc;

	*workerp = NULL;
	CAL_NEW(worker);
	worker->conf = *conf;
	TAILQ_INIT(&worker->askeds);
	rc = cal_process_start(&worker->process, &conf->process, on_ended,
	    err);
	if (rc != CAL_OK) {
		free(worker);
		return rc;
	}
	if (conf->dialect->any_order)
		worker->ids = cal_map_new();
	watch(worker);
	*workerp = worker;
	return CAL_OK;
}

pid_t
cal_worker_pid(const struct cal_worker *worker)
{
	return worker->process.watch.pid;
}

size_t
cal_worker_load(const struct cal_worker *worker)
{
	return worker->full ? SIZE_MAX : worker->load;
}
