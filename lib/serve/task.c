/*
 * The life of a task: new, in the order, running as a job of its method's
 * handler, ended, answered.
 */
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/num.h"
#include "codec/json.h"
#include "codec/mp.h"
#include "exec/feed.h"
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
	service->wanted -= task->stop == CAL_STOP_NONE;
	if (task->method != NULL)
		cal_method_unuse(task->method);
	cal_buf_release(&task->text);
	cal_outcome_release(&task->outcome);
	free(task->user);
	cal_spare_give(&service->spare_tasks, task);
	if (service->draining && service->wanted == 0)
		ev_feed_event(service->conf.loop, &service->finish, 0);
}

/* Its request is not counted any more. */
static void
stop_waiting(struct cal_task *task)
{
	task->service->waiting_bytes -= task->bytes;
	task->bytes = 0;
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

void
cal_task_refuse(struct cal_task *task, const char *name, const char *why)
{
	cal_outcome_refuse(&task->outcome, CAL_VERDICT_ERROR, name, "%s", why);
	answer(task);
}

void
cal_task_cancel_now(struct cal_task *task, enum cal_stop why)
{
	cal_outcome_stop(&task->outcome, why);
	answer(task);
}

void
cal_task_unqueue(struct cal_task *task)
{
	cal_order_drop(task->service->order, &task->turn);
}

/* wire is a part of body: what stands around it goes. */
static void
keep_part(struct cal_buf *body, struct cal_slice wire)
{
	cal_buf_cut(body, (size_t)(wire.ptr - body->ptr) + wire.len);
	cal_buf_consume(body, body->len - wire.len);
}

/* What was written for a RESULT becomes what goes on the wire. */
static void
accept_output(struct cal_job *job, struct cal_outcome *outcome)
{
	const struct cal_service_conf *conf =
	    &((struct cal_task *)job)->service->conf;
	struct cal_buf scratch = { .max = 0 };
	struct cal_slice wire, text = cal_buf_view(&outcome->body);
	struct cal_err err;
	bool garbage;

	if (conf->text && text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (conf->body->to_wire(&wire, text, conf->text, &scratch,
	    &err) != CAL_OK) {
		garbage = !conf->text && conf->body->to_text(&wire, text,
		    false, &scratch, NULL) != CAL_OK;
		cal_outcome_refuse(outcome, CAL_VERDICT_FAILURE, "BadOutput",
		    "%s", err.text);
		outcome->garbage = garbage;
	} else if (wire.len > job->max_answer) {
		cal_outcome_refuse(outcome, CAL_VERDICT_ERROR, "TooLarge",
		    "the answer is larger than %zu bytes", job->max_answer);
	} else if (wire.len > 0 && wire.ptr >= text.ptr &&
	    wire.ptr < text.ptr + text.len) {
		keep_part(&outcome->body, wire);
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
	task->outcome = *outcome;
	memset(outcome, 0, sizeof(*outcome));
	if (task->stop == CAL_STOP_FORBIDDEN)
		cal_outcome_stop(&task->outcome, task->stop);
	good = task->outcome.verdict == CAL_VERDICT_RESULT;
	/* The order may hold it back for as long as another one runs. */
	stop_waiting(task);
	task->held = OVERHEAD + task->req->held + task->text.cap +
	    task->outcome.body.cap;
	service->held_bytes += task->held;
	cal_order_end(service->order, &task->turn, good);
	cal_task_answer_leaving(service);
	cal_service_start_ready(service);
}

/* A handler may take its time with CANCEL and DEADLINE, not with these. */
static bool
is_hard(enum cal_stop why)
{
	return why == CAL_STOP_LIMIT || why == CAL_STOP_SHUTDOWN;
}

/* Its outcome is of no use to anybody any more. */
static void
give_up(struct cal_task *task, enum cal_stop why)
{
	struct cal_service *service = task->service;

	if (task->stop == CAL_STOP_NONE && --service->wanted == 0 &&
	    service->draining)
		ev_feed_event(service->conf.loop, &service->finish, 0);
	task->stop = why;
}

void
cal_task_stop(struct cal_task *task, enum cal_stop why)
{
	switch (task->turn.state) {
	case CAL_TURN_WAITING:
		cal_task_unqueue(task);
		cal_task_cancel_now(task, why);
		break;
	case CAL_TURN_RUNNING:
		if (task->stop == why ||
		    (task->stop != CAL_STOP_NONE && !is_hard(why)))
			break;
		give_up(task, why);
		task->handler->ops->stop(task->handler, &task->job, why);
		break;
	case CAL_TURN_HELD:             /* it has ended already */
		if (why == CAL_STOP_FORBIDDEN)
			cal_outcome_stop(&task->outcome, why);
		break;
	case CAL_TURN_NONE:
	case CAL_TURN_RESTING:          /* no request does */
		break;
	}
}

void
cal_task_kill(struct cal_task *task)
{
	if (task->turn.state == CAL_TURN_RUNNING)
		task->handler->ops->kill(task->handler, &task->job);
}

/* The timer goes to whatever comes first. */
static void
arm(struct cal_task *task)
{
	struct ev_loop *loop = task->service->conf.loop;
	double now = ev_now(loop), at = task->deadline;

	if (at == 0 || (task->limit > 0 && task->limit < at))
		at = task->limit;
	if (ev_is_active(&task->timer) && at == task->armed)
		return;
	ev_timer_stop(loop, &task->timer);
	task->armed = at;
	if (at == 0)
		return;
	ev_timer_set(&task->timer, at > now ? at - now : 0, 0);
	ev_timer_start(loop, &task->timer);
}

/*
 * After the caller's deadline our own limit still holds: a worker need not
 * give up what nobody waits for any more.
 */
static void
on_task_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_task *task = timer->data;
	struct cal_service *service = task->service;
	enum cal_stop why = CAL_STOP_DEADLINE;

	(void)loop;
	(void)revents;
	if (task->deadline == 0 ||
	    (task->limit > 0 && task->limit < task->deadline)) {
		why = CAL_STOP_LIMIT;
		task->limit = 0;
	} else {
		task->deadline = 0;
	}
	if (task->turn.state == CAL_TURN_RUNNING)
		arm(task);
	cal_task_stop(task, why);
	cal_service_start_ready(service);
}

/* It is being worked on: its body is in use, and its time runs. */
static void
on_job_begun(struct cal_job *job)
{
	struct cal_task *task = (struct cal_task *)job;
	struct cal_service *service = task->service;

	/* What is in workers still counts: they may have many at a time. */
	if (cal_method_slots(task->method) == NULL)
		stop_waiting(task);
	if (service->conf.timeout > 0)
		task->limit = ev_now(service->conf.loop) +
		    service->conf.timeout;
	job->deadline = task->deadline;
	if (job->deadline == 0 ||
	    (task->limit > 0 && task->limit < job->deadline))
		job->deadline = task->limit;
	arm(task);
}

void
cal_task_start(struct cal_task *task)
{
	struct cal_service *service = task->service;
	struct cal_err err;
	int rc;

	task->handler = cal_method_handler(task->method);
	rc = task->handler->ops->start(task->handler, &task->job, &err);
	if (rc == CAL_OK) {
		service->started++;
		return;
	}
	task->handler = NULL;
	cal_outcome_refuse_start(&task->outcome, rc, err.text);
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
		cal_num_text(task->seq, value.u);
}

struct cal_task *
cal_task_new(struct cal_service *service, struct cal_request *req)
{
	struct cal_task *task;

	task = cal_spare_take(&service->spare_tasks, sizeof(*task));
	*task = (struct cal_task){ .service = service };
	service->wanted++;
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
	memcpy(task->peer, req->caller->name, sizeof(task->peer));
	task->job.peer = cal_slice_text(task->peer);
	if (*req->caller->user != '\0') {
		task->user = cal_strdup(req->caller->user);
		task->job.user = cal_slice_text(task->user);
	}
	task->job.max_answer = req->max_answer;
	task->job.json = service->conf.body->json && !service->conf.text;
	task->job.begun = on_job_begun;
	task->job.accept = accept_output;
	task->job.ended = on_job_ended;
	ev_init(&task->timer, on_task_timer);
	task->timer.data = task;
	TAILQ_INSERT_TAIL(&service->tasks, task, next);
	return task;
}

/* What a worker's pipe may hold of a body, beside the request itself. */
static size_t
copied(const struct cal_job *job)
{
	return job->body.len < CAL_FEED_LENT || !job->json ||
	    cal_json_has_newline(job->body) ? job->body.len : 0;
}

void
cal_task_enqueue(struct cal_task *task)
{
	struct cal_service *service = task->service;
	struct cal_slots *slots = cal_method_slots(task->method);
	size_t bytes = task->req->held + task->text.cap +
	    (slots != NULL ? copied(&task->job) : 0);
	struct cal_turn *victim;

	if (service->waiting_bytes + bytes >
	    CAL_SERVICE_BODIES * service->conf.max_body) {
		cal_task_refuse(task, "Busy", "too many bytes are waiting");
		return;
	}
	task->bytes = bytes;
	service->waiting_bytes += bytes;
	arm(task);
	victim = cal_order_add(service->order,
	    queue_of(service, task->req->caller), &task->turn,
	    slots != NULL ? slots : &service->slots, task->job.key);
	CAL_FAULT("queued");
	if (victim != NULL)
		cal_task_refuse(cal_task_of_turn(victim), "Busy",
		    "too many requests are waiting");
}
