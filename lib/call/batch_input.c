/*
 * Where a batch has its messages from: the body that was given, a file, or
 * standard input.
 */
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "call/attempt.h"

static void
on_input(void *arg)
{
	cal_batch_wake(arg);
}

static void
open_records(struct cal_batch *batch, int fd)
{
	const struct cal_call_options *options = batch->conf.options;
	struct cal_records_conf conf = {
		.loop = batch->conf.loop,
		.fd = fd,
		.kind = CAL_RECORDS_DELIMITED,
		.delimiter = options->delimiter,
		.max_bytes = options->max_body,
		.ready = on_input,
		.arg = batch,
	};

	if (options->mode == CAL_CALL_ONE)
		conf.kind = CAL_RECORDS_WHOLE;
	else if (options->mode == CAL_CALL_FRAMED)
		conf.kind = CAL_RECORDS_FRAMED;
	else if (options->mode == CAL_CALL_JSON)
		conf.max_bytes = options->max_body * 2 + 65536;
	if (isatty(fd))
		cal_log(CAL_LOG_WARNING, "reading the input from the "
		    "terminal; end it with Ctrl-D");
	batch->records = cal_records_open(&conf);
}

/* The one body that was given, or else the input. */
int
cal_batch_open_input(struct cal_batch *batch, struct cal_err *err)
{
	const struct cal_call_options *options = batch->conf.options;
	struct cal_buf body;
	int rc;

	if (options->data != NULL) {
		batch->input_over = true;
		cal_batch_take(batch, cal_slice_text(options->data));
		return CAL_OK;
	}
	if (options->data_file == NULL ||
	    strcmp(options->data_file, "-") == 0) {
		open_records(batch, STDIN_FILENO);
		return CAL_OK;
	}
	cal_buf_init(&body, options->max_body);
	if ((rc = cal_io_load(&body, options->data_file, err)) == CAL_OK) {
		batch->input_over = true;
		cal_batch_take(batch, cal_buf_view(&body));
	}
	cal_buf_release(&body);
	return rc;
}
