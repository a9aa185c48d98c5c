/*
 * Bodies on lines.  A line ends with a newline and with nothing else, so that
 * a body without one needs no escapes; from a worker "\r\n" is taken too.
 */
#include "codec/json.h"
#include "exec/dialect.h"

static int
ask_line(struct cal_ask *ask, uint64_t id, const struct cal_job *job,
    int64_t timeout_ms, struct cal_err *err)
{
	(void)id;
	(void)timeout_ms;
	cal_ask_clear(ask);
	/* To many readers a "\r" alone ends a line, too. */
	if (!job->json && cal_json_has_newline(job->body))
		return cal_fail(err, CAL_EDATA,
		    "the body is more than one line");
	if (job->json)
		cal_ask_say(ask, job->body);
	else
		ask->body = job->body;
	cal_buf_put_byte(&ask->tail, '\n');
	return CAL_OK;
}

/*
 * What is there of a line counts as if it were the whole, so that one which is
 * too long is known before its end.  A "\r" at the end of it may belong to the
 * newline that is still to come.
 */
int
cal_dialect_cut_line(struct cal_slice input, size_t *searched, size_t max,
    struct cal_slice *message, size_t *used, struct cal_err *err)
{
	const uint8_t *newline = NULL;
	size_t len = input.len;

	*message = cal_slice_of(NULL, 0);
	*used = 0;
	if (*searched < input.len)
		newline = memchr(input.ptr + *searched, '\n',
		    input.len - *searched);
	if (newline != NULL)
		len = (size_t)(newline - input.ptr);
	*searched = newline != NULL ? 0 : input.len;
	if (len > 0 && input.ptr[len - 1] == '\r')
		len--;
	if (len > max)
		return cal_fail(err, CAL_EPROTO,
		    "a line of more than %zu bytes", max);
	if (newline == NULL)
		return CAL_EAGAIN;
	*message = cal_slice_of(input.ptr, len);
	*used = (size_t)(newline - input.ptr) + 1;
	return CAL_OK;
}

const struct cal_dialect cal_dialect_lines = {
	.name = "lines",
	.any_order = false,
	.names_method = false,
	.depth = 1,
	.tail = 1,
	.ask = ask_line,
	.cut = cal_dialect_cut_line,
};
