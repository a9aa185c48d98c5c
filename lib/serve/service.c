/*
 * A service: a peer's requests become tasks, the order's turns are started,
 * and what began is drained in the end.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "serve/task.h"

/* Does the order hold so much back that nothing more may start? */
static bool
holds_too_much(const struct cal_service *service)
{
	size_t limit = CAL_SERVICE_BODIES * service->conf.max_body;

	return service->held_bytes >= limit &&
	    service->held_bytes >= CAL_SERVICE_HELD;
}

void
cal_service_start_ready(struct cal_service *service)
{
	struct cal_turn *turn;

	/* Whoever left the order may have held up others' answers. */
	cal_task_answer_leaving(service);
	while (!service->draining && !holds_too_much(service) &&
	    (turn = cal_order_next(service->order)) != NULL) {
		cal_task_start(cal_task_of_turn(turn));
		if (service->conf.count > 0 &&
		    service->started >= service->conf.count)
			cal_service_drain(service, -1);
	}
}

static void
on_request(void *arg, struct cal_request *req)
{
	struct cal_service *service = arg;
	const struct cal_service_conf *conf = &service->conf;
	struct cal_task *task = cal_task_new(service, req);
	struct cal_method *method;
	struct cal_err err;

	if (service->draining) {
		cal_task_refuse(task, "Busy", "shutting down");
		return;
	}
	if (!cal_caller_may(req->caller, task->job.method)) {
		cal_task_refuse(task, "Forbidden",
		    "you may not call this method");
		return;
	}
	method = cal_methods_find(conf->methods, task->job.method);
	if (method == NULL) {
		cal_task_refuse(task, "MethodNotFound",
		    "there is no such method");
		return;
	}
	task->method = method;
	cal_method_use(method);
	if (conf->body->to_text(&task->job.body, req->msg.body, conf->text,
	    &task->text, &err) != CAL_OK)
		cal_task_refuse(task, "BadRequest", err.text);
	else if (req->msg.has_dl && req->msg.dl == 0)
		cal_task_cancel_now(task, CAL_STOP_DEADLINE);
	else {
		cal_task_enqueue(task);
		cal_service_start_ready(service);
	}
}

static void
on_cancel(void *arg, struct cal_request *req)
{
	struct cal_service *service = arg;
	struct cal_task *task = req->above;

	if (task != NULL)
		cal_task_stop(task, CAL_STOP_CANCEL);
	cal_service_start_ready(service);
}

/* What waits for a caller who left is dropped; what runs may end. */
static void
on_gone(void *arg, struct cal_caller *caller)
{
	struct cal_service *service = arg;
	struct cal_queue *queue = caller->above;
	struct cal_turn *turn;
	struct cal_task *task;

	if (queue == NULL)
		return;
	while ((turn = cal_order_oldest(queue)) != NULL) {
		task = cal_task_of_turn(turn);
		cal_task_unqueue(task);
		service->tally.dropped++;
		cal_request_drop(task->req);
		cal_task_free(task);
	}
	cal_order_leave(service->order, queue);
	cal_service_start_ready(service);
}

/* May the task's caller have its answer, as who he is now? */
static bool
still_may(const struct cal_task *task, const struct cal_caller *caller)
{
	const char *before = task->user == NULL ? "" : task->user;

	return strcmp(before, caller->user) == 0 &&
	    cal_caller_may(caller, task->job.method);
}

/* He waits in his user's queue: as another one he gets another. */
static void
on_changed(void *arg, struct cal_caller *caller)
{
	struct cal_service *service = arg;
	struct cal_queue *queue = caller->above;
	struct cal_task *task, *next;

	for (task = TAILQ_FIRST(&service->tasks); task != NULL; task = next) {
		next = TAILQ_NEXT(task, next);
		if (task->req->caller == caller && !still_may(task, caller))
			cal_task_stop(task, CAL_STOP_FORBIDDEN);
	}
	if (queue != NULL &&
	    !cal_slice_is(cal_order_user(queue), caller->user)) {
		cal_order_leave(service->order, queue);
		caller->above = NULL;
	}
	cal_service_start_ready(service);
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
list_methods(void *arg, const struct cal_user *user,
    struct cal_slice *methodsp)
{
	struct cal_service *service = arg;

	*methodsp = cal_methods_list_for(service->conf.methods,
	    user);
}

static const struct cal_peer_events peer_events = {
	.request = on_request,
	.cancel = on_cancel,
	.gone = on_gone,
	.changed = on_changed,
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
	service->cut_short = service->wanted > 0;
	cal_service_abort(service, false);
}

static void
on_finish(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_service *service = timer->data;

	(void)loop;
	(void)revents;
	if (service->done || service->wanted > 0)
		return;
	if (!TAILQ_EMPTY(&service->tasks)) {
		/* Nobody waits for what is left, but workers may have it. */
		cal_service_abort(service, false);
		return;
	}
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
		.keys = conf->keys,
		.insecure = conf->insecure,
		.compress = conf->compress,
		.max_body = conf->max_body,
		.redis = conf->redis,
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
	service->order = cal_order_new(conf->order, conf->max_queue);
	cal_slots_init(&service->slots, conf->jobs);
	ev_init(&service->grace, on_grace_over);
	service->grace.data = service;
	ev_init(&service->finish, on_finish);
	service->finish.data = service;
	if ((rc = open_peer(service, err)) != CAL_OK) {
		(void)cal_service_close(service, 0);
		return rc;
	}
	*servicep = service;
	if (conf->bind && !cal_peer_is_silent(service->peer))
		on_peer_up(service);
	return CAL_OK;
}

char *
cal_service_address(const struct cal_service *service)
{
	return cal_peer_address(service->peer);
}

static void
refuse_waiting(struct cal_service *service)
{
	struct cal_task *task, *next;

	for (task = TAILQ_FIRST(&service->tasks); task != NULL; task = next) {
		next = TAILQ_NEXT(task, next);
		if (task->turn.state != CAL_TURN_WAITING)
			continue;
		cal_task_unqueue(task);
		cal_task_refuse(task, "Busy", "shutting down");
	}
	cal_task_answer_leaving(service);
	ev_feed_event(service->conf.loop, &service->finish, 0);
}

void
cal_service_recheck(struct cal_service *service)
{
	cal_peer_recheck(service->peer);
}

void
cal_service_drain(struct cal_service *service, double grace)
{
	if (!service->draining) {
		service->draining = true;
		cal_peer_pause(service->peer);
		refuse_waiting(service);
	}
	if (grace >= 0 && !ev_is_active(&service->grace)) {
		ev_timer_set(&service->grace, grace, 0);
		ev_timer_start(service->conf.loop, &service->grace);
	}
}

void
cal_service_abort(struct cal_service *service, bool at_once)
{
	struct cal_task *task;

	cal_service_drain(service, -1);
	TAILQ_FOREACH(task, &service->tasks, next) {
		if (task->turn.state != CAL_TURN_RUNNING)
			continue;
		cal_task_stop(task, CAL_STOP_SHUTDOWN);
		if (at_once)
			cal_task_kill(task);
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
		.worker_deaths = cal_methods_deaths(service->conf.methods),
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
	cal_slots_release(&service->slots);
	cal_order_free(service->order);
	cal_spares_release(&service->spare_tasks);
	free(service);
	return all;
}
