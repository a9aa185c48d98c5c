/*
 * The life of a task: new, in the order, running as a job of its method's
 * handler, ended, answered.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "codec/mp.h"
#include "serve/task.h"

enum { OVERHEAD = 1024 };       /* memory of a task, whatever it holds */
static const uint64_t DL_MAX = 365ULL * 24 * 3600 * 1000;      /* ms */

struct cal_task *
cal_task_of_turn(struct cal_turn *turn)
{
	return (struct cal_task *)(void *)((char *)turn -
	    offsetof(struct cal_task, turn));
}

void
cal_task_free(struct cal_task *task)
{
	struct cal_service *service = task->service;

	ev_timer_stop(service->conf.loop, &task->timer);
	TAILQ_REMOVE(&service->tasks, task, next);
	service->waiting_bytes -= task->bytes;
	service->held_bytes -= task->held;
	if (task->method != NULL)
		cal_method_unuse(task->method);
	cal_buf_release(&task->text);
	cal_outcome_release(&task->outcome);
	free(task->peer);
	free(task->user);
	free(task);
	if (service->draining && TAILQ_EMPTY(&service->tasks))
		ev_feed_event(service->conf.loop, &service->finish, 0);
}

/* Sends the outcome; the task is over. */
static void
answer(struct cal_task *task)
{
	struct cal_service *service = task->service;
	double took = ev_now(service->conf.loop) - task->arrival;
	bool delivered = cal_request_send(task->req, &task->outcome);

	cal_tally_add(&service->tally, &task->outcome);
	cal_tally_request(&task->job, &task->outcome, took, delivered,
	    service->conf.log_json);
	cal_request_drop(task->req);
	cal_task_free(task);
}

void
cal_task_answer_leaving(struct cal_service *service)
{
	struct cal_turn *turn;

	while ((turn = cal_order_leaving(service->order)) != NULL)
		answer(cal_task_of_turn(turn));
}

/* A task that is in no queue (any more) and does not run is refused. */
void
cal_task_refuse(struct cal_task *task, const char *name, const char *why)
{
	cal_outcome_refuse(&task->outcome, CAL_VERDICT_ERROR, name, "%s", why);
	answer(task);
}

void
cal_task_cancel_now(struct cal_task *task, enum cal_stop why)
{
	cal_outcome_release(&task->outcome);
	task->outcome.verdict = CAL_VERDICT_CANCELLED;
	task->outcome.stop = why;
	answer(task);
}

/* Takes a waiting task out of the order; it still has to be answered. */
void
cal_task_unqueue(struct cal_task *task)
{
	cal_order_drop(task->service->order, &task->turn);
}

/* What the command wrote becomes what goes on the wire. */
static void
convert_output(struct cal_task *task, struct cal_outcome *outcome)
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

static void
on_job_ended(struct cal_job *job, struct cal_outcome *outcome)
{
	struct cal_task *task = (struct cal_task *)job;
	struct cal_service *service = task->service;
	bool good;

	ev_timer_stop(service->conf.loop, &task->timer);
	task->handler = NULL;
	if (outcome->verdict == CAL_VERDICT_RESULT)
		convert_output(task, outcome);
	task->outcome = *outcome;
	memset(outcome, 0, sizeof(*outcome));
	good = task->outcome.verdict == CAL_VERDICT_RESULT;
	/* The order may hold it back for as long as another one runs. */
	task->held = OVERHEAD + task->req->held + task->text.cap +
	    task->outcome.body.cap;
	service->held_bytes += task->held;
	cal_order_end(service->order, &task->turn, good);
	cal_task_answer_leaving(service);
	cal_service_start_ready(service);
}

void
cal_task_stop(struct cal_task *task, enum cal_stop why)
{
	if (task->stop != CAL_STOP_NONE)
		return;
	switch (task->turn.state) {
	case CAL_TURN_WAITING:
		cal_task_unqueue(task);
		cal_task_cancel_now(task, why);
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
	struct cal_task *task = timer->data;
	struct cal_service *service = task->service;

	(void)loop;
	(void)revents;
	cal_task_stop(task, task->limit);
	cal_service_start_ready(service);
}

/* The timer means whatever comes first, from now on. */
static void
arm(struct cal_task *task, bool runs)
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

void
cal_task_start(struct cal_task *task)
{
	struct cal_service *service = task->service;
	struct cal_err err;
	int rc;

	service->waiting_bytes -= task->bytes;
	task->bytes = 0;
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
	cal_task_answer_leaving(service);
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
write_seq(struct cal_task *task)
{
	struct cal_mp_reader rd;
	struct cal_mp_value value;

	cal_mp_reader_init(&rd, task->req->msg.id.seq);
	if (cal_mp_read(&rd, &value) && value.kind == CAL_MP_UINT)
		(void)snprintf(task->seq, sizeof(task->seq), "%" PRIu64,
		    value.u);
}

struct cal_task *
cal_task_new(struct cal_service *service, struct cal_request *req)
{
	struct cal_task *task;

	CAL_NEW(task);
	task->service = service;
	task->req = req;
	req->above = task;
	task->arrival = ev_now(service->conf.loop);
	if (req->msg.has_dl)
		task->deadline = task->arrival + (double)(req->msg.dl <
		    DL_MAX ? req->msg.dl : DL_MAX) / 1000;
	write_seq(task);
	task->job.method = req->msg.method;
	task->job.key = req->msg.key;
	task->job.seq = cal_slice_text(task->seq);
	task->peer = cal_strdup(req->caller->name);
	task->user = cal_strdup(req->caller->user);
	task->job.peer = cal_slice_text(task->peer);
	task->job.user = cal_slice_text(task->user);
	task->job.max_answer = req->max_answer;
	task->job.ended = on_job_ended;
	ev_init(&task->timer, on_task_timer);
	task->timer.data = task;
	TAILQ_INSERT_TAIL(&service->tasks, task, next);
	return task;
}

/* Puts the task into the order; whoever has no room for it is refused. */
void
cal_task_enqueue(struct cal_task *task)
{
	struct cal_service *service = task->service;
	size_t bytes = task->req->held + task->text.cap;
	struct cal_turn *victim;

	if (service->waiting_bytes + bytes >
	    CAL_SERVICE_BODIES * service->conf.max_body) {
		cal_task_refuse(task, "Busy", "too many bytes are waiting");
		return;
	}
	task->bytes = bytes;
	service->waiting_bytes += bytes;
	arm(task, false);
	victim = cal_order_add(service->order,
	    queue_of(service, task->req->caller), &task->turn, task->job.key);
	CAL_FAULT("queued");
	if (victim != NULL)
		cal_task_refuse(cal_task_of_turn(victim), "Busy",
		    "too many requests are waiting");
}
