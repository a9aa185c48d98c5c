/*
 * A script as a worker of a test, the questions that it is asked, and all that
 * it comes to, in order: "0 answered, 2 unheard, ended".
 */
#ifndef CAL_TESTS_WORKERS_H
#define CAL_TESTS_WORKERS_H

#include "children.h"
#include "exec/worker_parts.h"

enum { QUESTIONS = 4 };

struct question {
	struct cal_job job;             /* first */
	struct cal_asked asked;
	size_t begun, accepted;
	bool done;                      /* answered, or unheard */
	struct cal_outcome outcome;
};

struct side {
	struct cal_worker *worker;      /* NULL: freed */
	struct question questions[QUESTIONS];
	size_t count;
	char told[200];
	bool moved;             /* the last body came in the worker's memory */
	bool ended, useful;
	char why[CAL_WORKER_WHY];       /* "shutdown" for NULL */
};

static inline void
tell(struct side *side, const char *word, const struct cal_asked *asked)
{
	size_t len = strlen(side->told);

	assert_false(side->ended);
	(void)snprintf(side->told + len, sizeof(side->told) - len, "%s%d %s",
	    len > 0 ? ", " : "",
	    (int)((struct question *)(void *)asked->job - side->questions),
	    word);
}

static inline void
on_answered(void *arg, struct cal_asked *asked, struct cal_outcome *outcome)
{
	struct question *question = (struct question *)(void *)asked->job;
	struct side *side = arg;

	tell(side, "answered", asked);
	assert_false(question->done);
	assert_null(asked->worker);
	question->done = true;
	question->outcome = *outcome;
	side->moved = side->worker->output.ptr == NULL;
}

static inline void
on_unheard(void *arg, struct cal_asked *asked)
{
	struct question *question = (struct question *)(void *)asked->job;

	tell(arg, "unheard", asked);
	assert_false(question->done);
	assert_null(asked->worker);
	question->done = true;
}

static inline void
on_side_ended(void *arg, struct cal_worker *worker, const char *why,
    bool useful)
{
	struct side *side = arg;

	assert_false(side->ended);
	assert_ptr_equal(worker, side->worker);
	assert_int_equal(cal_worker_load(worker), SIZE_MAX);
	side->worker = NULL;
	side->ended = true;
	side->useful = useful;
	(void)snprintf(side->why, sizeof(side->why), "%s",
	    why != NULL ? why : "shutdown");
}

static const struct cal_worker_events side_events = {
	.answered = on_answered,
	.unheard = on_unheard,
	.ended = on_side_ended,
};

static inline int
side_try(struct side *side, const struct cal_dialect *dialect,
    const char *path, const char *script, struct cal_err *err)
{
	char sh[] = "sh", c[] = "-c", *text = cal_strdup(script);
	char *argv[] = { sh, c, text, NULL };
	const struct cal_worker_conf conf = {
		.process = {
			.reaper = reaper, .path = path, .argv = argv,
			.envp = environ, .kill_after = 0.1,
		},
		.dialect = dialect, .max_answer = 4 << 20, .name = "test",
		.events = &side_events, .arg = side,
	};
	int rc;

	memset(side, 0, sizeof(*side));
	rc = cal_worker_start(&side->worker, &conf, err);
	free(text);
	return rc;
}

static inline void
side_start(struct side *side, const struct cal_dialect *dialect,
    const char *script)
{
	struct cal_err err;

	assert_int_equal(side_try(side, dialect, "/bin/sh", script, &err),
	    CAL_OK);
}

/* The same, once the script has written something into the file $READY. */
static inline void
side_start_ready(struct side *side, const struct cal_dialect *dialect,
    const char *script)
{
	char *path = folder_path("ready");

	(void)setenv("READY", path, 1);
	side_start(side, dialect, script);
	WAIT_FOR(is_written(path));
	(void)unlink(path);
	free(path);
}

static inline void
on_begun(struct cal_job *job)
{
	((struct question *)(void *)job)->begun++;
}

/* A word "garbage" is none; "refused" is not let out. */
static inline void
on_accept(struct cal_job *job, struct cal_outcome *outcome)
{
	bool garbage = cal_slice_is(cal_buf_view(&outcome->body), "garbage");

	((struct question *)(void *)job)->accepted++;
	if (!garbage &&
	    !cal_slice_is(cal_buf_view(&outcome->body), "refused"))
		return;
	cal_outcome_refuse(outcome, CAL_VERDICT_FAILURE, "BadOutput",
	    "it is %s", garbage ? "garbage" : "refused");
	outcome->garbage = garbage;
}

/* Asks, as number side->count; body has to stay.  The code of the worker. */
static inline int
side_try_ask(struct side *side, struct cal_slice body, bool json)
{
	struct question *question = &side->questions[side->count];
	struct cal_err err;

	assert_in_range(side->count, 0, QUESTIONS - 1);
	question->job = (struct cal_job){
		.method = BYTES("test"), .seq = BYTES("7"),
		.peer = BYTES("p1"), .body = body, .json = json,
		.max_answer = 4 << 20, .begun = on_begun,
		.accept = on_accept,
	};
	question->asked.job = &question->job;
	return cal_worker_ask(side->worker, &question->asked, &err);
}

static inline struct question *
side_ask(struct side *side, struct cal_slice body)
{
	assert_int_equal(side_try_ask(side, body, true), CAL_OK);
	assert_ptr_equal(side->questions[side->count].asked.worker,
	    side->worker);
	return &side->questions[side->count++];
}

static inline struct question *
side_ask_text(struct side *side, const char *body)
{
	return side_ask(side, cal_slice_text(body));
}

static inline void
side_drop(struct side *side, struct question *question, enum cal_stop why)
{
	cal_worker_drop(side->worker, &question->asked, why);
	assert_false(question->done);
}

static inline void
assert_result(struct question *question, const char *body)
{
	assert_true(question->done);
	assert_int_equal(question->outcome.verdict, CAL_VERDICT_RESULT);
	assert_string_equal(cal_buf_text(&question->outcome.body), body);
}

static inline void
assert_failed(struct question *question, const char *name, const char *repr)
{
	assert_true(question->done);
	assert_int_equal(question->outcome.verdict, CAL_VERDICT_FAILURE);
	assert_string_equal(question->outcome.name, name);
	assert_string_equal(cal_buf_text(&question->outcome.repr), repr);
}

static inline void
assert_cancelled(const struct question *question, enum cal_stop why)
{
	assert_true(question->done);
	assert_int_equal(question->outcome.verdict, CAL_VERDICT_CANCELLED);
	assert_int_equal(question->outcome.stop, why);
}

/* Everything was told, and it ended for this reason. */
static inline void
side_expect_end(struct side *side, const char *told, const char *why,
    bool useful)
{
	size_t i;

	WAIT_FOR(side->ended);
	assert_string_equal(side->told, told);
	assert_string_equal(side->why, why);
	assert_int_equal(side->useful, useful);
	assert_int_equal(cal_reaper_watched(reaper), 0);
	for (i = 0; i < side->count; i++)
		cal_outcome_release(&side->questions[i].outcome);
}

/* It leaves, and ends at the end of its input, having been useful. */
static inline void
side_leave(struct side *side, const char *told)
{
	cal_worker_leave(side->worker);
	assert_int_equal(cal_worker_load(side->worker), SIZE_MAX);
	side_expect_end(side, told, "exit status 0", true);
}

#endif
