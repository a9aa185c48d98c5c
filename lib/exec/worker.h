/*
 * A worker: one long-lived process that is asked many times.
 *
 * Requests are written as they come, answers are matched: in order, or by
 * their number, as the dialect says.  A worker that says anything which is no
 * answer, answers what it was not asked or is not seen to have read, closes a
 * pipe, or is late, is ended, and with it every request that it may have read;
 * what it certainly has not seen comes back unheard.
 */
#ifndef CAL_EXEC_WORKER_H
#define CAL_EXEC_WORKER_H

#include <sys/queue.h>

#include "exec/dialect.h"
#include "exec/process.h"

struct cal_worker;

/* A job, from when a pool took it to its end. */
struct cal_asked {
	struct cal_job *job;
	struct cal_worker *worker;      /* NULL: none has it yet */
	uint64_t id;                    /* in its worker */
	uint64_t from;                  /* first byte in the worker's feed */
	uint64_t to;                    /* the byte behind all that says
	                                   something */
	enum cal_stop stop;             /* its answer is dropped */
	TAILQ_ENTRY(cal_asked) next;
};
TAILQ_HEAD(cal_askeds, cal_asked);

struct cal_worker_events {
	/*
	 * All from the loop.  asked was answered, or died with its worker:
	 * whoever is told gives outcome to its job and frees asked.
	 */
	void (*answered)(void *arg, struct cal_asked *asked,
	    struct cal_outcome *outcome);

	/* The worker has ended and never saw asked; it has no worker now. */
	void (*unheard)(void *arg, struct cal_asked *asked);

	/*
	 * The process is gone, after all of the above; the worker is freed
	 * afterwards.  why: in words, NULL for a shutdown; useful: it had
	 * answered something.
	 */
	void (*ended)(void *arg, struct cal_worker *worker, const char *why,
	    bool useful);
};

struct cal_worker_conf {
	struct cal_process_conf process;
	const struct cal_dialect *dialect;
	size_t max_answer;              /* bytes */
	const char *name;               /* of the method; lent */
	const struct cal_worker_events *events;         /* static */
	void *arg;
};

/* Codes as of cal_process_start. */
int cal_worker_start(struct cal_worker **workerp,
    const struct cal_worker_conf *conf, struct cal_err *err);

pid_t cal_worker_pid(const struct cal_worker *worker);

/* Requests in it; SIZE_MAX once it takes no more. */
size_t cal_worker_load(const struct cal_worker *worker);

/* Asks; asked->job begins when its turn in the worker comes.  CAL_EDATA. */
int cal_worker_ask(struct cal_worker *worker, struct cal_asked *asked,
    struct cal_err *err);

/*
 * Stops a job that the worker has.  CANCEL and DEADLINE: the worker is told,
 * if its dialect can, and its answer is dropped when it comes.  LIMIT and
 * SHUTDOWN end the worker.
 */
void cal_worker_drop(struct cal_worker *worker, struct cal_asked *asked,
    enum cal_stop why);

/* Kills it at once. */
void cal_worker_kill(struct cal_worker *worker);

/*
 * Its input ends; it gets TERM a second later, then KILL, if it is still
 * there.  No job is in it.
 */
void cal_worker_leave(struct cal_worker *worker);

#endif
