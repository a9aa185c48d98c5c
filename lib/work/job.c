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
		break;
	}
	return "";
}

void
cal_outcome_release(struct cal_outcome *outcome)
{
	cal_buf_release(&outcome->body);
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
