/*
 * Inside a service: what its files share.  Nobody else includes this.
 *
 * A task exists from a request's arrival to its answer.  Every way out of it
 * hands its outcome to the order, which lets the answer go, or sends it
 * directly when the task is in no order.
 */
#ifndef CAL_SERVE_TASK_H
#define CAL_SERVE_TASK_H

#include <ev.h>

#include "base/num.h"
#include "base/spare.h"
#include "rpc/request.h"
#include "serve/service.h"
#include "serve/tally.h"

struct cal_task {
	struct cal_job job;             /* first: what a handler sees */
	struct cal_turn turn;
	struct cal_service *service;
	struct cal_request *req;
	struct cal_method *method;
	struct cal_handler *handler;    /* while it runs */
	struct cal_buf text;            /* the body, if it was converted */
	struct cal_outcome outcome;     /* once it has ended */
	enum cal_stop stop;             /* why it is being stopped */
	double arrival;
	double deadline;                /* the caller's; 0: none, or over */
	double limit;                   /* ours, from its beginning; 0: none */
	size_t bytes;                   /* counted until it begins, or has
	                                   ended in a worker */
	size_t held;                    /* counted while its answer waits */
	ev_timer timer;                 /* for whichever comes first */
	double armed;                   /* when it will be */
	char seq[CAL_NUM_TEXT];
	char peer[CAL_LINK_NAME];       /* the caller may leave first */
	char *user;                     /* NULL: not known */
	TAILQ_ENTRY(cal_task) next;
};
TAILQ_HEAD(cal_tasks, cal_task);

struct cal_service {
	struct cal_service_conf conf;
	struct cal_peer *peer;
	struct cal_order *order;
	struct cal_slots slots;         /* of methods without their own */
	struct cal_tally tally;
	struct cal_tasks tasks;
	struct cal_spares spare_tasks;
	size_t waiting_bytes, held_bytes;
	size_t wanted;                  /* tasks that were not stopped */
	uint64_t started;
	bool draining, done, cut_short;
	ev_timer grace;
	ev_timer finish;                /* only ever fed */
};

/*
 * service.c: starts what may start now.  Nothing does while too much is held
 * back; whatever holds it back has started before.
 */
void cal_service_start_ready(struct cal_service *service);

/* task.c */
struct cal_task *cal_task_of_turn(struct cal_turn *turn);
struct cal_task *cal_task_new(struct cal_service *service,
    struct cal_request *req);
void cal_task_free(struct cal_task *task);

/* Answers a task that is in no queue and does not run: it is over. */
void cal_task_refuse(struct cal_task *task, const char *name,
    const char *why);
void cal_task_cancel_now(struct cal_task *task, enum cal_stop why);

/* Sends the answers that the order lets go. */
void cal_task_answer_leaving(struct cal_service *service);

/* Puts it into the order; whoever has no room for it is refused. */
void cal_task_enqueue(struct cal_task *task);

/* Takes it out of the order; it still has to be answered. */
void cal_task_unqueue(struct cal_task *task);

/* The order says that it runs from now on. */
void cal_task_start(struct cal_task *task);

/* Ends it, waiting or running, for this reason. */
void cal_task_stop(struct cal_task *task, enum cal_stop why);

/* Kills what does it, if it runs. */
void cal_task_kill(struct cal_task *task);

#endif
