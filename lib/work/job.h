/*
 * What is to be done: one request, as a handler sees it, and how it ended.
 *
 * rpc and stream make jobs, exec does them; neither knows the other.
 */
#ifndef CAL_WORK_JOB_H
#define CAL_WORK_JOB_H

#include <stdbool.h>

#include "base/buf.h"

enum cal_verdict {
	CAL_VERDICT_RESULT,     /* done; body is the answer */
	CAL_VERDICT_FAILURE,    /* the handler failed */
	CAL_VERDICT_ERROR,      /* we refuse */
	CAL_VERDICT_CANCELLED,
};

/* Why a job is stopped. */
enum cal_stop {
	CAL_STOP_NONE,
	CAL_STOP_CANCEL,        /* its caller wants so: CANCELLED */
	CAL_STOP_DEADLINE,      /* its caller's time is over: CANCELLED */
	CAL_STOP_LIMIT,         /* our own limit: FAILURE HandlerTimeout */
	CAL_STOP_SHUTDOWN,      /* we leave: CANCELLED */
	CAL_STOP_FORBIDDEN,     /* its caller may not any more: ERROR */
};

/* The word of a CANCELLED on the wire: "caller", "deadline", "shutdown". */
const char *cal_stop_why(enum cal_stop stop);

enum { CAL_OUTCOME_NEVER = 65 };        /* a status, or a worker's code */

/* How a job ended.  A zeroed one is an empty RESULT. */
struct cal_outcome {
	enum cal_verdict verdict;
	enum cal_stop stop;             /* of CANCELLED */
	struct cal_buf body;            /* of RESULT: what the handler wrote */
	const char *name;               /* of FAILURE and ERROR: static, or
	                                   the contents of own_name */
	struct cal_buf own_name;
	struct cal_buf repr;
	struct cal_buf traceback;
	bool garbage;                   /* BadOutput: no value at all, so that
	                                   its writer is out of step */
	bool has_status;
	int status;                     /* exit status, or -signal */
	bool never;                     /* FAILURE: it will be the same each
	                                   time, CAL_OUTCOME_NEVER says */
};

void cal_outcome_release(struct cal_outcome *outcome);

/* Makes it an ERROR or FAILURE; what it held before is released. */
void cal_outcome_refuse(struct cal_outcome *outcome, enum cal_verdict verdict,
    const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for a job that could not be started: code and why are of start. */
void cal_outcome_refuse_start(struct cal_outcome *outcome, int code,
    const char *why);

/* "result", "failure", "error" or "cancelled". */
const char *cal_outcome_word(const struct cal_outcome *outcome);

/* Makes it what a job comes to that was stopped; releases what it held. */
void cal_outcome_stop(struct cal_outcome *outcome, enum cal_stop stop);

struct cal_job;

/*
 * A job's owner learns of it: that work on it has begun (maybe from inside
 * start, and once more when it comes to another worker because the first
 * certainly never saw it; its deadline is set then), and, once, from the loop,
 * that it has ended.  The outcome is the callee's to release.
 */
typedef void cal_job_begun_fn(struct cal_job *job);
typedef void cal_job_ended_fn(struct cal_job *job,
    struct cal_outcome *outcome);

/*
 * Turns the body of a RESULT, what the handler wrote, into wire bytes, or the
 * outcome into FAILURE BadOutput (it is not what the serializer lets out, or
 * not even a value: garbage) or ERROR TooLarge (for this caller).  The handler
 * asks, before ended, since a worker answers for garbage with its life.
 */
typedef void cal_job_accept_fn(struct cal_job *job,
    struct cal_outcome *outcome);

/*
 * Everything that a slice shows lives until ended was called.  Values as they
 * came from the peer: a handler encodes them for where they go.
 */
struct cal_job {
	struct cal_slice method;        /* ptr NULL: none, as of a stream's
	                                   message, which has no peer either */
	struct cal_slice key, body;
	struct cal_slice seq;           /* its number, as text */
	struct cal_slice peer;          /* an opaque word for the caller */
	struct cal_slice user;          /* authenticated name, or empty */
	struct cal_slice topic, stamp, id;      /* of a stream's message: its
	                                   topic, time as text, and id */
	unsigned deliveries;            /* of it, this one included; 0: not
	                                   known */
	double deadline;                /* on the loop's clock; 0: none */
	size_t max_answer;              /* bytes */
	bool json;                      /* body is a JSON value, checked */

	cal_job_begun_fn *begun;        /* may be NULL, as accept may */
	cal_job_accept_fn *accept;
	cal_job_ended_fn *ended;
	void *work;                     /* the handler's own, while it runs */
};

/* A kind of handler: a row per kind; the object begins with struct
 * cal_handler. */
struct cal_handler;
struct cal_handler_ops {
	/*
	 * Starts the job.  On failure nothing is started and ended is not
	 * called: CAL_ETEMP when it may work later, CAL_EDATA when the handler
	 * cannot take such a body, else CAL_ENOEXEC, CAL_ENOCMD or another.
	 */
	int (*start)(struct cal_handler *handler, struct cal_job *job,
	    struct cal_err *err);

	/*
	 * Stops a started job; ended follows, later.  CANCEL and DEADLINE may
	 * leave it to the handler when; LIMIT and SHUTDOWN, which may come
	 * after those, end what does the job.  The first reason counts.
	 */
	void (*stop)(struct cal_handler *handler, struct cal_job *job,
	    enum cal_stop why);

	/* Kills what does a stopped job, at once. */
	void (*kill)(struct cal_handler *handler, struct cal_job *job);

	/* No job runs any more.  Processes that it keeps end in their time. */
	void (*free)(struct cal_handler *handler);
};
struct cal_handler {
	const struct cal_handler_ops *ops;
	size_t capacity;                /* jobs at a time; 0: as many as the
	                                   owner wants to run */
};

/* For handlers: the job's calls, where it has them. */
void cal_job_begin(struct cal_job *job);
void cal_job_accept(struct cal_job *job, struct cal_outcome *outcome);

#endif
