/*
 * What a worker is asked, and what it says to that.
 */
#include "base/fault.h"
#include "base/io.h"
#include "base/mem.h"
#include "exec/worker_parts.h"

enum {
	TAKE_BYTES = 65536,     /* a body of this size is not copied */
	KEEP_BYTES = 1 << 20,   /* of memory, once it is empty */
};

/* What it has. */

static struct cal_slice
id_key(const uint64_t *id)
{
	return cal_slice_of(id, sizeof(*id));
}

void
cal_worker_take_out(struct cal_worker *worker, struct cal_asked *asked)
{
	TAILQ_REMOVE(&worker->askeds, asked, next);
	worker->load--;
	asked->worker = NULL;
	if (worker->ids != NULL)
		(void)cal_map_remove(worker->ids, id_key(&asked->id));
}

/* In a worker that answers in order the first one is being worked on. */
static void
begin_first(struct cal_worker *worker)
{
	struct cal_asked *asked = TAILQ_FIRST(&worker->askeds);

	if (worker->ids == NULL && asked != NULL)
		cal_job_begin(asked->job);
}

static void
answer(struct cal_worker *worker, struct cal_asked *asked,
    struct cal_outcome *outcome)
{
	bool first = asked == TAILQ_FIRST(&worker->askeds);

	cal_worker_take_out(worker, asked);
	if (first)
		begin_first(worker);
	worker->conf.events->answered(worker->conf.arg, asked, outcome);
}

/* What it says. */

static const char no_answer[] = "it said what is no answer";

static void
reject(struct cal_worker *worker, const char *why)
{
	cal_worker_reject(worker, why, why);
}

/* An answer to asked; outcome is filled. */
static void
take_answer(struct cal_worker *worker, struct cal_asked *asked,
    struct cal_outcome *outcome)
{
	if (asked->to > worker->seen) {
		reject(worker, "it answered what it had not read yet");
		cal_outcome_release(outcome);
		return;
	}
	if (asked->stop != CAL_STOP_NONE) {
		cal_outcome_stop(outcome, asked->stop);
	} else if (outcome->verdict == CAL_VERDICT_RESULT) {
		cal_job_accept(asked->job, outcome);
		if (outcome->garbage) {
			cal_worker_reject(worker, no_answer,
			    cal_buf_text(&outcome->repr));
			cal_outcome_release(outcome);
			return;
		}
	}
	worker->useful = true;
	answer(worker, asked, outcome);
}

/* A large body that is all there is keeps its memory. */
static void
fill_body(struct cal_worker *worker, struct cal_buf *body,
    struct cal_slice message, size_t used)
{
	if (message.len >= TAKE_BYTES && used == worker->output.len &&
	    message.ptr == worker->output.ptr) {
		cal_buf_move(body, &worker->output);
		cal_buf_cut(body, message.len);
	} else {
		cal_buf_put(body, message.ptr, message.len);
	}
}

static struct cal_asked *
find_asked(struct cal_worker *worker, uint64_t id)
{
	return worker->ids == NULL ? TAILQ_FIRST(&worker->askeds) :
	    cal_map_find(worker->ids, id_key(&id));
}

static void
note(struct cal_worker *worker, struct cal_slice said)
{
	worker->said_len = said.len < sizeof(worker->said) ? said.len :
	    sizeof(worker->said);
	if (said.len > 0)
		memcpy(worker->said, said.ptr, worker->said_len);
}

static void
take_message(struct cal_worker *worker, struct cal_slice message, size_t used)
{
	const struct cal_dialect *dialect = worker->conf.dialect;
	struct cal_outcome outcome = { 0 };
	struct cal_asked *asked;
	struct cal_err err;
	uint64_t id = 0;

	note(worker, message);
	if (dialect->read == NULL)
		fill_body(worker, &outcome.body, message, used);
	else if (dialect->read(&id, &outcome, message, &err) != CAL_OK) {
		cal_outcome_release(&outcome);
		cal_err_prefix(&err, "no %s answer", dialect->name);
		cal_worker_reject(worker, no_answer, err.text);
		return;
	}
	asked = find_asked(worker, id);
	if (asked != NULL) {
		take_answer(worker, asked, &outcome);
		return;
	}
	cal_outcome_release(&outcome);
	reject(worker, "it answered what it was not asked");
}

static void
take_messages(struct cal_worker *worker)
{
	size_t taken = 0, used, max = worker->conf.max_answer +
	    CAL_DIALECT_MARGIN;
	struct cal_slice message, rest;
	struct cal_err err;
	int rc;

	while (!worker->deaf) {
		rest = cal_slice_of(worker->output.ptr + taken,
		    worker->output.len - taken);
		rc = worker->conf.dialect->cut(rest, &worker->searched, max,
		    &message, &used, &err);
		if (rc == CAL_EAGAIN)
			break;
		if (rc != CAL_OK) {
			note(worker, rest);
			cal_worker_reject(worker, no_answer, err.text);
			break;
		}
		worker->searched = 0;
		taken += used;
		take_message(worker, message, used);
		if (worker->output.len == 0)
			return;         /* taken whole, or dropped */
	}
	if (!worker->deaf)
		cal_buf_consume(&worker->output, taken);
}

void
cal_worker_look(struct cal_worker *worker)
{
	if (worker->feed != NULL)
		worker->seen = cal_feed_written(worker->feed) -
		    cal_process_there(worker->process.in);
}

/* It had read what it answers before it wrote: so before we read that. */
ssize_t
cal_worker_hear(struct cal_worker *worker, size_t len)
{
	ssize_t n = cal_io_read(worker->process.out, &worker->output, len);

	cal_worker_look(worker);
	if (n > 0 && !worker->deaf)
		take_messages(worker);
	if (worker->deaf || (worker->output.len == 0 &&
	    worker->output.cap > KEEP_BYTES))
		cal_buf_release(&worker->output);
	return n;
}

/* Asking. */

static int64_t
milliseconds_left(const struct cal_worker *worker, const struct cal_job *job)
{
	double left = job->deadline - ev_now(worker->process.loop);

	if (job->deadline == 0)
		return -1;
	return left > 0 ? (int64_t)(left * 1000) : 0;
}

int
cal_worker_ask(struct cal_worker *worker, struct cal_asked *asked,
    struct cal_err *err)
{
	struct cal_ask *ask = &worker->ask;
	int rc;

	asked->id = ++worker->last_id;
	if (worker->ids != NULL)
		cal_job_begin(asked->job);
	rc = worker->conf.dialect->ask(ask, asked->id, asked->job,
	    milliseconds_left(worker, asked->job), err);
	if (rc != CAL_OK)
		return rc;
	asked->from = cal_feed_added(worker->feed);
	cal_feed_copy(worker->feed, cal_buf_view(&ask->head));
	cal_feed_lend(worker->feed, ask->body);
	cal_feed_copy(worker->feed, cal_buf_view(&ask->tail));
	asked->to = cal_feed_added(worker->feed) -
	    worker->conf.dialect->tail;
	asked->worker = worker;
	TAILQ_INSERT_TAIL(&worker->askeds, asked, next);
	if (worker->ids != NULL)
		(void)cal_map_put(worker->ids, id_key(&asked->id), asked);
	if (worker->load++ == 0)
		begin_first(worker);
	CAL_FAULT("worker-asked");
	return CAL_OK;
}
