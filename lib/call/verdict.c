/* From answers to exit statuses: the table of the manual, in code. */
#include "base/clean.h"
#include "call/verdict.h"
#include "cli/die.h"

enum { EXIT_REMOTE_OTHER = 255 };

const char *
cal_verdict_status(const struct cal_answer *answer)
{
	switch (answer->kind) {
	case CAL_ANSWER_RESULT:
		return "result";
	case CAL_ANSWER_FAILURE:
		return "failure";
	case CAL_ANSWER_CANCELLED:
		return "cancelled";
	case CAL_ANSWER_TIMEOUT:
		return "timeout";
	case CAL_ANSWER_LOST:
		return "lost";
	case CAL_ANSWER_ERROR:
	case CAL_ANSWER_UNSENT:
	case CAL_ANSWER_UNREADABLE:
		break;
	}
	return "error";
}

int
cal_verdict_exit(const struct cal_answer *answer)
{
	switch (answer->kind) {
	case CAL_ANSWER_RESULT:
		return 0;
	case CAL_ANSWER_FAILURE:
		return CAL_EXIT_FAILURE;
	case CAL_ANSWER_ERROR:
		/* Others may mean something else by these names. */
		return answer->ours ? cal_exit_error(answer->error[0]) :
		    CAL_EXIT_ERROR;
	case CAL_ANSWER_CANCELLED:
		return cal_slice_is(answer->why, "deadline") ?
		    -CAL_EUNKNOWN : CAL_EXIT_CANCELLED;
	case CAL_ANSWER_TIMEOUT:
	case CAL_ANSWER_LOST:
		return -CAL_EUNKNOWN;
	case CAL_ANSWER_UNSENT:
	case CAL_ANSWER_UNREADABLE:
		break;
	}
	return -(int)answer->err.code;
}

bool
cal_verdict_repeatable(int status)
{
	return status == -CAL_EUNAVAIL || status == -CAL_ETEMP;
}

int
cal_verdict_remote(const struct cal_answer *answer)
{
	if (answer->kind == CAL_ANSWER_RESULT)
		return 0;
	if (answer->kind != CAL_ANSWER_FAILURE || !answer->has_status)
		return EXIT_REMOTE_OTHER;
	if (answer->status < 0 && answer->status >= -127)
		return 128 - (int)answer->status;
	if (answer->status > 0 && answer->status <= 255)
		return (int)answer->status;
	return EXIT_REMOTE_OTHER;
}

struct cal_slice
cal_verdict_name(const struct cal_answer *answer)
{
	switch (answer->kind) {
	case CAL_ANSWER_RESULT:
	case CAL_ANSWER_FAILURE:
	case CAL_ANSWER_ERROR:
		break;
	case CAL_ANSWER_CANCELLED:
		return cal_slice_text("Cancelled");
	case CAL_ANSWER_TIMEOUT:
		return cal_slice_text("Timeout");
	case CAL_ANSWER_LOST:
		return cal_slice_text("ConnectionLost");
	case CAL_ANSWER_UNSENT:
		return cal_slice_text("NotSent");
	case CAL_ANSWER_UNREADABLE:
		return cal_slice_text("BadAnswer");
	}
	return answer->error[0];
}

/* What a stranger says stays on the line that says that it is theirs. */
static void
put_theirs(struct cal_buf *out, struct cal_slice text)
{
	cal_clean_text(out, text, false);
}

static void
put_error(struct cal_buf *out, const struct cal_answer *answer)
{
	struct cal_slice name = answer->error[0], repr = answer->error[1];

	put_theirs(out, name);
	if (name.len > 0 && repr.len > 0)
		cal_buf_put_text(out, ": ");
	put_theirs(out, repr);
	if (name.len == 0 && repr.len == 0)
		cal_buf_put_text(out, answer->kind == CAL_ANSWER_FAILURE ?
		    "the handler failed and gave no reason" :
		    "the server refused and gave no reason");
}

void
cal_verdict_words(struct cal_buf *out, const struct cal_answer *answer)
{
	switch (answer->kind) {
	case CAL_ANSWER_RESULT:
		return;
	case CAL_ANSWER_FAILURE:
	case CAL_ANSWER_ERROR:
		put_error(out, answer);
		return;
	case CAL_ANSWER_CANCELLED:
		cal_buf_put_text(out, "cancelled by the server");
		if (answer->why.len > 0)
			cal_buf_put_text(out, ": ");
		put_theirs(out, answer->why);
		return;
	case CAL_ANSWER_TIMEOUT:
	case CAL_ANSWER_LOST:
	case CAL_ANSWER_UNSENT:
	case CAL_ANSWER_UNREADABLE:
		break;
	}
	cal_buf_put_text(out, answer->err.text);
}
