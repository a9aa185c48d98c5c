/* Jobs and their outcomes: words and memory only. */
#include "work/job.h"

#include <stdio.h>

const char *
cal_stop_why(enum cal_stop stop)
{
	switch (stop) {
	case CAL_STOP_CANCEL:
		return "caller";
	case CAL_STOP_DEADLINE:
		return "deadline";
	case CAL_STOP_SHUTDOWN:
		return "shutdown";
	case CAL_STOP_NONE:
	case CAL_STOP_LIMIT:
	case CAL_STOP_FORBIDDEN:
		break;
	}
	return "";
}

void
cal_outcome_release(struct cal_outcome *outcome)
{
	cal_buf_release(&outcome->body);
	cal_buf_release(&outcome->own_name);
	cal_buf_release(&outcome->repr);
	cal_buf_release(&outcome->traceback);
	*outcome = (struct cal_outcome){ 0 };
}

void
cal_outcome_refuse(struct cal_outcome *outcome, enum cal_verdict verdict,
    const char *name, const char *fmt, ...)
{
	char text[CAL_ERR_TEXT];
	va_list ap;

	/* First the words: they may show what is released next. */
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cal_outcome_release(outcome);
	outcome->verdict = verdict;
	outcome->name = name;
	cal_buf_put_text(&outcome->repr, text);
}

void
cal_outcome_refuse_start(struct cal_outcome *outcome, int code,
    const char *why)
{
	const char *name = code == CAL_ETEMP ? "Busy" :
	    code == CAL_EDATA ? "BadRequest" : "CannotRun";

	cal_outcome_refuse(outcome, CAL_VERDICT_ERROR, name, "%s", why);
}

const char *
cal_outcome_word(const struct cal_outcome *outcome)
{
	switch (outcome->verdict) {
	case CAL_VERDICT_RESULT:
		return "result";
	case CAL_VERDICT_FAILURE:
		return "failure";
	case CAL_VERDICT_ERROR:
		return "error";
	case CAL_VERDICT_CANCELLED:
		break;
	}
	return "cancelled";
}

void
cal_outcome_stop(struct cal_outcome *outcome, enum cal_stop stop)
{
	if (stop == CAL_STOP_LIMIT) {
		cal_outcome_refuse(outcome, CAL_VERDICT_FAILURE,
		    "HandlerTimeout", "it ran out of time");
		return;
	}
	if (stop == CAL_STOP_FORBIDDEN) {
		cal_outcome_refuse(outcome, CAL_VERDICT_ERROR, "Forbidden",
		    "you may not call this method any more");
		return;
	}
	cal_outcome_release(outcome);
	outcome->verdict = CAL_VERDICT_CANCELLED;
	outcome->stop = stop;
}

void
cal_job_begin(struct cal_job *job)
{
	if (job->begun != NULL)
		job->begun(job);
}

void
cal_job_accept(struct cal_job *job, struct cal_outcome *outcome)
{
	if (job->accept != NULL)
		job->accept(job, outcome);
}
