/* Unit tests of work/job: outcomes, and what a job's owner hears. */
#include "unit.h"

#include "work/job.h"

static void
fill(struct cal_outcome *outcome)
{
	*outcome = (struct cal_outcome){ .garbage = true, .has_status = true,
	    .status = 3 };
	cal_buf_put_text(&outcome->body, "body");
	cal_buf_put_text(&outcome->own_name, "Own");
	cal_buf_put_text(&outcome->repr, "words");
	cal_buf_put_text(&outcome->traceback, "trace");
	outcome->name = cal_buf_text(&outcome->own_name);
}

static void
assert_holds_nothing(const struct cal_outcome *outcome)
{
	assert_null(outcome->body.ptr);
	assert_null(outcome->own_name.ptr);
	assert_null(outcome->traceback.ptr);
	assert_false(outcome->garbage);
	assert_false(outcome->has_status);
	assert_int_equal(outcome->status, 0);
}

static void
test_release(void **state)
{
	struct cal_outcome outcome;

	(void)state;
	fill(&outcome);
	cal_outcome_release(&outcome);
	assert_holds_nothing(&outcome);
	assert_null(outcome.repr.ptr);
	assert_null(outcome.name);
	cal_outcome_release(&outcome);
}

/* The words may show what is released. */
static void
test_refuse(void **state)
{
	struct cal_outcome outcome;

	(void)state;
	fill(&outcome);
	cal_outcome_refuse(&outcome, CAL_VERDICT_ERROR, "Busy", "%s: %d",
	    outcome.name, 7);
	assert_int_equal(outcome.verdict, CAL_VERDICT_ERROR);
	assert_string_equal(outcome.name, "Busy");
	assert_string_equal(cal_buf_text(&outcome.repr), "Own: 7");
	assert_holds_nothing(&outcome);
	cal_outcome_release(&outcome);
}

static void
test_refuse_start(void **state)
{
	static const struct {
		int code;
		const char *name;
	} rows[] = {
		{ CAL_ETEMP, "Busy" }, { CAL_EDATA, "BadRequest" },
		{ CAL_ENOCMD, "CannotRun" }, { CAL_EOS, "CannotRun" },
	};
	struct cal_outcome outcome = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		cal_outcome_refuse_start(&outcome, rows[i].code, "why %s");
		assert_int_equal(outcome.verdict, CAL_VERDICT_ERROR);
		assert_string_equal(cal_outcome_word(&outcome), "error");
		assert_string_equal(outcome.name, rows[i].name);
		assert_string_equal(cal_buf_text(&outcome.repr), "why %s");
	}
	cal_outcome_release(&outcome);
	assert_string_equal(cal_outcome_word(&outcome), "result");
}

/* Our own limit is the handler's failure, everything else a cancellation. */
static void
test_stop(void **state)
{
	static const struct {
		enum cal_stop stop;
		enum cal_verdict verdict;
		const char *why;
	} rows[] = {
		{ CAL_STOP_CANCEL, CAL_VERDICT_CANCELLED, "caller" },
		{ CAL_STOP_DEADLINE, CAL_VERDICT_CANCELLED, "deadline" },
		{ CAL_STOP_SHUTDOWN, CAL_VERDICT_CANCELLED, "shutdown" },
		{ CAL_STOP_LIMIT, CAL_VERDICT_FAILURE, "" },
	};
	struct cal_outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		fill(&outcome);
		cal_outcome_stop(&outcome, rows[i].stop);
		assert_int_equal(outcome.verdict, rows[i].verdict);
		assert_string_equal(cal_stop_why(outcome.stop), rows[i].why);
		assert_holds_nothing(&outcome);
		cal_outcome_release(&outcome);
	}
	cal_outcome_stop(&outcome, CAL_STOP_LIMIT);
	assert_string_equal(outcome.name, "HandlerTimeout");
	assert_string_equal(cal_buf_text(&outcome.repr),
	    "it ran out of time");
	cal_outcome_stop(&outcome, CAL_STOP_CANCEL);
	assert_null(outcome.repr.ptr);
	cal_outcome_release(&outcome);
	assert_string_equal(cal_stop_why(CAL_STOP_NONE), "");
}

struct owner {
	struct cal_job job;             /* first */
	size_t begun;
};

static void
on_begun(struct cal_job *job)
{
	((struct owner *)(void *)job)->begun++;
}

static void
on_accept(struct cal_job *job, struct cal_outcome *outcome)
{
	cal_buf_put(&outcome->body, job->method.ptr, job->method.len);
}

/* An owner need not have these. */
static void
test_owner(void **state)
{
	struct owner owner = { .job.method = BYTES("m") };
	struct cal_outcome outcome = { 0 };

	(void)state;
	cal_job_begin(&owner.job);
	cal_job_accept(&owner.job, &outcome);
	assert_int_equal(outcome.verdict, CAL_VERDICT_RESULT);
	assert_null(outcome.body.ptr);
	owner.job.begun = on_begun;
	owner.job.accept = on_accept;
	cal_job_begin(&owner.job);
	cal_job_begin(&owner.job);
	assert_int_equal(owner.begun, 2);
	cal_job_accept(&owner.job, &outcome);
	assert_slice(cal_buf_view(&outcome.body), "m");
	cal_outcome_release(&outcome);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_refuse_start),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
