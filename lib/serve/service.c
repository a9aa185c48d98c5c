/*
 * The way of a request: it becomes a task, waits in the order, runs as a job
 * of its method's handler, and is answered when the order lets its answer go.
 *
 * A task exists from the request's arrival to its answer; every way out of it
 * is task_end, which hands the outcome to the order, or answer, which sends it.
 */
#include <ev.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/mp.h"
#include "rpc/request.h"
#include "serve/service.h"
#include "serve/tally.h"

struct task {
	struct cal_job job;             /* first: what a handler sees */
	struct cal_turn turn;
	struct cal_service *service;
	struct cal_request *req;
	struct cal_method *method;
	struct cal_handler *handler;    /* while it runs */
	struct cal_buf text;            /* the body, if it was converted */
	struct cal_outcome outcome;     /* once it has ended */
	enum cal_stop stop;             /* why it is being stopped */
	enum cal_stop limit;            /* what the timer means */
	double arrival, deadline;       /* deadline: the caller's; 0: none */
	ev_timer timer;
	char seq[24];
	TAILQ_ENTRY(task) next;
};
TAILQ_HEAD(tasks, task);

struct cal_service {
	struct cal_service_conf conf;
	struct cal_peer *peer;
	struct cal_order *order;
	struct cal_tally tally;
	struct tasks tasks;
	size_t waiting_bytes;
	uint64_t started;
	bool draining, done, cut_short;
	ev_timer grace;
	ev_timer finish;                /* only ever fed */
};

static struct task *
task_of_turn(struct cal_turn *turn)
{
	return (struct task *)(void *)((char *)turn -
	    offsetof(struct task, turn));
}

static void
task_free(struct task *task)
{
	struct cal_service *service = task->service;

	ev_timer_stop(service->conf.loop, &task->timer);
	TAILQ_REMOVE(&service->tasks, task, next);
	if (task->method != NULL)
		cal_method_unuse(task->method);
	cal_buf_release(&task->text);
	cal_outcome_release(&task->outcome);
	free(task);
	if (service->draining && TAILQ_EMPTY(&service->tasks))
		ev_feed_event(service->conf.loop, &service->finish, 0);
}

/* Sends the outcome; the task is over. */
static void
answer(struct task *task)
{
	struct cal_service *service = task->service;
	struct cal_job *job = &task->job;
	struct cal_outcome said = task->outcome;
	double took = ev_now(service->conf.loop) - task->arrival;
	bool there = task->req->caller != NULL;

	cal_tally_add(&service->tally, &task->outcome);
	cal_tally_request(job, &said, took, there, service->conf.log_json);
	(void)cal_request_answer(task->req, &task->outcome);
	task_free(task);
}

static void
answer_leaving(struct cal_service *service)
{
	struct cal_turn *turn;

	while ((turn = cal_order_leaving(service->order)) != NULL)
		answer(task_of_turn(turn));
}

/* A task that is in no queue (any more) and does not run is refused. */
static void
refuse(struct task *task, const char *name, const char *why)
{
	cal_outcome_refuse(&task->outcome, CAL_VERDICT_ERROR, name, "%s", why);
	answer(task);
}

static void
answer_cancelled(struct task *task, enum cal_stop why)
{
	cal_outcome_release(&task->outcome);
	task->outcome.verdict = CAL_VERDICT_CANCELLED;
	task->outcome.stop = why;
	answer(task);
}

/* Takes a waiting task out of the order; it still has to be answered. */
static void
unqueue(struct task *task)
{
	cal_order_drop(task->service->order, &task->turn);
	task->service->waiting_bytes -= task->job.body.len;
}

/* What the command wrote becomes what goes on the wire. */
static void
convert_output(struct task *task, struct cal_outcome *outcome)
{
	const struct cal_service_conf *conf = &task->service->conf;
	struct cal_buf scratch = { .max = 0 };
	struct cal_slice wire, text = cal_buf_view(&outcome->body);
	struct cal_err err;

	if (conf->text && text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (conf->body->to_wire(&wire, text, conf->text, &scratch,
	    &err) != CAL_OK) {
		cal_outcome_refuse(outcome, CAL_VERDICT_FAILURE, "BadOutput",
		    "%s", err.text);
	} else if (wire.len > task->job.max_answer) {
		cal_outcome_refuse(outcome, CAL_VERDICT_ERROR, "TooLarge",
		    "the answer is larger than %zu bytes",
		    task->job.max_answer);
	} else if (wire.len > 0 && wire.ptr >= text.ptr &&
	    wire.ptr < text.ptr + text.len) {
		cal_buf_cut(&outcome->body,
		    (size_t)(wire.ptr - outcome->body.ptr) + wire.len);
		cal_buf_consume(&outcome->body, outcome->body.len - wire.len);
	} else {
		if (scratch.len == 0)
			cal_buf_put(&scratch, wire.ptr, wire.len);
		cal_buf_move(&outcome->body, &scratch);
	}
	cal_buf_release(&scratch);
}

static void start_ready(struct cal_service *service);

static void
on_job_ended(struct cal_job *job, struct cal_outcome *outcome)
{
	struct task *task = (struct task *)job;
	struct cal_service *service = task->service;
	bool good;

	ev_timer_stop(service->conf.loop, &task->timer);
	task->handler = NULL;
	if (outcome->verdict == CAL_VERDICT_RESULT)
		convert_output(task, outcome);
	task->outcome = *outcome;
	memset(outcome, 0, sizeof(*outcome));
	good = task->outcome.verdict == CAL_VERDICT_RESULT;
	cal_order_end(service->order, &task->turn, good);
	answer_leaving(service);
	start_ready(service);
}

static void
stop(struct task *task, enum cal_stop why)
{
	if (task->stop != CAL_STOP_NONE)
		return;
	switch (task->turn.state) {
	case CAL_TURN_WAITING:
		unqueue(task);
		answer_cancelled(task, why);
		break;
	case CAL_TURN_RUNNING:
		task->stop = why;
		task->handler->ops->stop(task->handler, &task->job, why);
		break;
	case CAL_TURN_HELD:             /* it has ended already */
	case CAL_TURN_NONE:
		break;
	}
}

static void
on_task_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct task *task = timer->data;
	struct cal_service *service = task->service;

	(void)loop;
	(void)revents;
	stop(task, task->limit);
	start_ready(service);
}

/* The timer means whatever comes first, from now on. */
static void
arm(struct task *task, bool runs)
{
	const struct cal_service_conf *conf = &task->service->conf;
	double now = ev_now(conf->loop), at = task->deadline;

	task->limit = CAL_STOP_DEADLINE;
	if (runs && conf->timeout > 0 &&
	    (at == 0 || now + conf->timeout < at)) {
		at = now + conf->timeout;
		task->limit = CAL_STOP_LIMIT;
	}
	task->job.deadline = at;
	ev_timer_stop(conf->loop, &task->timer);
	if (at == 0)
		return;
	ev_timer_set(&task->timer, at > now ? at - now : 0, 0);
	ev_timer_start(conf->loop, &task->timer);
}

static void
start(struct task *task)
{
	struct cal_service *service = task->service;
	struct cal_err err;
	int rc;

	service->waiting_bytes -= task->job.body.len;
	arm(task, true);
	task->handler = cal_method_handler(task->method);
	rc = task->handler->ops->start(task->handler, &task->job, &err);
	if (rc == CAL_OK) {
		service->started++;
		return;
	}
	task->handler = NULL;
	cal_outcome_refuse(&task->outcome, CAL_VERDICT_ERROR,
	    rc == CAL_ETEMP ? "Busy" : "CannotRun", "%s", err.text);
	cal_order_end(service->order, &task->turn, false);
	answer_leaving(service);
}

static void
start_ready(struct cal_service *service)
{
	struct cal_turn *turn;

	while (!service->draining &&
	    (turn = cal_order_next(service->order)) != NULL) {
		start(task_of_turn(turn));
		if (service->conf.count > 0 &&
		    service->started >= service->conf.count)
			cal_service_drain(service, -1);
	}
}

static struct cal_queue *
queue_of(struct cal_service *service, struct cal_caller *caller)
{
	if (caller->above == NULL)
		caller->above = cal_order_join(service->order,
		    cal_slice_text(caller->user));
	return caller->above;
}

/* A number as it is; anything else that is echoed, as nothing. */
static void
write_seq(struct task *task)
{
	struct cal_mp_reader rd;
	struct cal_mp_value value;

	cal_mp_reader_init(&rd, task->req->msg.id.seq);
	if (cal_mp_read(&rd, &value) && value.kind == CAL_MP_UINT)
		(void)snprintf(task->seq, sizeof(task->seq), "%" PRIu64,
		    value.u);
}

static struct task *
task_new(struct cal_service *service, struct cal_request *req)
{
	struct task *task;

	CAL_NEW(task);
	task->service = service;
	task->req = req;
	req->above = task;
	task->arrival = ev_now(service->conf.loop);
	if (req->msg.has_dl)
		task->deadline = task->arrival + (double)req->msg.dl / 1000;
	write_seq(task);
	task->job.method = req->msg.method;
	task->job.key = req->msg.key;
	task->job.seq = cal_slice_text(task->seq);
	task->job.peer = cal_slice_text(req->caller->name);
	task->job.user = cal_slice_text(req->caller->user);
	task->job.max_answer = req->max_answer;
	task->job.ended = on_job_ended;
	ev_init(&task->timer, on_task_timer);
	task->timer.data = task;
	TAILQ_INSERT_TAIL(&service->tasks, task, next);
	return task;
}

/* Puts the task into the order; whoever has no room for it is refused. */
static void
enqueue(struct task *task)
{
	struct cal_service *service = task->service;
	struct cal_turn *victim;

	if (service->waiting_bytes + task->job.body.len >
	    CAL_SERVICE_BODIES * service->conf.max_body) {
		refuse(task, "Busy", "too many bytes are waiting");
		return;
	}
	service->waiting_bytes += task->job.body.len;
	arm(task, false);
	victim = cal_order_add(service->order,
	    queue_of(service, task->req->caller), &task->turn, task->job.key);
	CAL_FAULT("queued");
	if (victim != NULL) {
		task = task_of_turn(victim);
		service->waiting_bytes -= task->job.body.len;
		refuse(task, "Busy", "too many requests are waiting");
	}
}

static void
on_request(void *arg, struct cal_request *req)
{
	struct cal_service *service = arg;
	const struct cal_service_conf *conf = &service->conf;
	struct task *task = task_new(service, req);
	struct cal_method *method;
	struct cal_err err;

	method = cal_methods_find(conf->methods, task->job.method);
	if (method == NULL) {
		refuse(task, "MethodNotFound", "there is no such method");
		return;
	}
	task->method = method;
	cal_method_use(method);
	if (conf->body->to_text(&task->job.body, req->msg.body, conf->text,
	    &task->text, &err) != CAL_OK)
		refuse(task, "BadRequest", err.text);
	else if (service->draining)
		refuse(task, "Busy", "shutting down");
	else if (req->msg.has_dl && req->msg.dl == 0)
		answer_cancelled(task, CAL_STOP_DEADLINE);
	else {
		enqueue(task);
		start_ready(service);
	}
}

static void
on_cancel(void *arg, struct cal_request *req)
{
	struct cal_service *service = arg;
	struct task *task = req->above;

	if (task != NULL)
		stop(task, CAL_STOP_CANCEL);
	start_ready(service);
}

/* What waits for a caller who left is dropped; what runs may end. */
static void
on_gone(void *arg, struct cal_caller *caller)
{
	struct cal_service *service = arg;
	struct cal_queue *queue = caller->above;
	struct cal_turn *turn;
	struct task *task;

	if (queue == NULL)
		return;
	while ((turn = cal_order_oldest(queue)) != NULL) {
		task = task_of_turn(turn);
		unqueue(task);
		service->tally.dropped++;
		cal_request_drop(task->req);
		task_free(task);
	}
	cal_order_leave(service->order, queue);
	start_ready(service);
}

static void
on_peer_up(void *arg)
{
	struct cal_service *service = arg;

	if (service->conf.ready != NULL)
		service->conf.ready(service->conf.arg);
	service->conf.ready = NULL;
}

static void
on_peer_refused(void *arg, const struct cal_err *err)
{
	struct cal_service *service = arg;

	service->conf.refused(service->conf.arg, err);
}

static void
list_methods(void *arg, struct cal_slice user, struct cal_slice *methodsp)
{
	struct cal_service *service = arg;

	(void)user;
	*methodsp = cal_methods_list(service->conf.methods);
}

static const struct cal_peer_events peer_events = {
	.request = on_request,
	.cancel = on_cancel,
	.gone = on_gone,
	.up = on_peer_up,
	.refused = on_peer_refused,
	.methods = list_methods,
};

static void
on_grace_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_service *service = timer->data;

	(void)loop;
	(void)revents;
	service->cut_short = !TAILQ_EMPTY(&service->tasks);
	cal_service_abort(service, false);
}

static void
on_finish(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_service *service = timer->data;

	(void)loop;
	(void)revents;
	if (service->done || !TAILQ_EMPTY(&service->tasks))
		return;
	service->done = true;
	service->conf.done(service->conf.arg);
}

static int
open_peer(struct cal_service *service, struct cal_err *err)
{
	const struct cal_service_conf *conf = &service->conf;
	struct cal_peer_conf peer = {
		.loop = conf->loop,
		.url = conf->url,
		.bind = conf->bind,
		.insecure = conf->insecure,
		.compress = conf->compress,
		.max_body = conf->max_body,
		.order = cal_order_name(conf->order),
		.serializer = conf->body->name,
		.events = &peer_events,
		.arg = service,
	};

	return cal_peer_open(&service->peer, &peer, err);
}

int
cal_service_open(struct cal_service **servicep,
    const struct cal_service_conf *conf, struct cal_err *err)
{
	struct cal_service *service;
	int rc;

	*servicep = NULL;
	CAL_NEW(service);
	service->conf = *conf;
	TAILQ_INIT(&service->tasks);
	service->order = cal_order_new(conf->order, conf->jobs,
	    conf->max_queue);
	ev_init(&service->grace, on_grace_over);
	service->grace.data = service;
	ev_init(&service->finish, on_finish);
	service->finish.data = service;
	if ((rc = open_peer(service, err)) != CAL_OK) {
		(void)cal_service_close(service, 0);
		return rc;
	}
	*servicep = service;
	if (conf->bind)
		on_peer_up(service);
	return CAL_OK;
}

char *
cal_service_address(const struct cal_service *service)
{
	return cal_peer_address(service->peer);
}

void
cal_service_drain(struct cal_service *service, double grace)
{
	struct task *task, *next;

	if (service->draining)
		return;
	service->draining = true;
	for (task = TAILQ_FIRST(&service->tasks); task != NULL; task = next) {
		next = TAILQ_NEXT(task, next);
		if (task->turn.state != CAL_TURN_WAITING)
			continue;
		unqueue(task);
		refuse(task, "Busy", "shutting down");
	}
	if (grace >= 0) {
		ev_timer_set(&service->grace, grace, 0);
		ev_timer_start(service->conf.loop, &service->grace);
	}
	ev_feed_event(service->conf.loop, &service->finish, 0);
}

void
cal_service_abort(struct cal_service *service, bool at_once)
{
	struct task *task;

	cal_service_drain(service, -1);
	TAILQ_FOREACH(task, &service->tasks, next) {
		if (task->turn.state != CAL_TURN_RUNNING)
			continue;
		stop(task, CAL_STOP_SHUTDOWN);
		if (at_once)            /* a second stop kills */
			task->handler->ops->stop(task->handler, &task->job,
			    CAL_STOP_SHUTDOWN);
	}
}

bool
cal_service_cut_short(const struct cal_service *service)
{
	return service->cut_short;
}

void
cal_service_say(const struct cal_service *service)
{
	struct cal_tally_now now = {
		.waiting = cal_order_waiting(service->order),
		.running = cal_order_running(service->order),
		.left_behind = cal_reaper_left_behind(service->conf.reaper),
		.log_lost = cal_log_lost(),
	};

	cal_peer_counts(service->peer, &now.peer);
	cal_tally_say(&service->tally, &now);
}

bool
cal_service_close(struct cal_service *service, double linger)
{
	bool all;

	if (service == NULL)
		return true;
	all = cal_peer_close(service->peer, linger);
	ev_timer_stop(service->conf.loop, &service->grace);
	cal_order_free(service->order);
	free(service);
	return all;
}
