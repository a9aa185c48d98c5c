/*
 * A body that was given, on the command line or in a file, is there from the
 * start; what stands in standard input is pulled, record by record.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/choice.h"
#include "cli/source.h"

/* A line of -J, beside the base64 of its body. */
enum { AROUND_BODY = 65536 };

struct cal_source {
	struct cal_records *records;    /* NULL: given holds the message */
	struct cal_buf given;
	bool over;                      /* and it was told */
};

int
cal_source_settle(struct cal_source_options *source, const char *body,
    const struct cal_shape *shape, struct cal_err *err)
{
	const char *many = cal_shape_many(shape);
	const struct cal_choice bodies[] = {
		{ "BODY", body != NULL },
		{ "-d", source->data_option != NULL },
		{ "-n", source->no_body }, { many, many != NULL },
	};
	int rc;

	if ((rc = CAL_CHOICE_CHECK(bodies, err)) != CAL_OK)
		return rc;
	if (body != NULL)
		source->data = body;
	else if (source->no_body)
		source->data = "";
	else if (source->data_option != NULL && source->data_option[0] == '@')
		source->data_file = source->data_option + 1;
	else
		source->data = source->data_option;
	return CAL_OK;
}

static struct cal_records *
open_records(const struct cal_source_conf *conf, int fd)
{
	struct cal_records_conf records = {
		.loop = conf->loop,
		.fd = fd,
		.kind = CAL_RECORDS_DELIMITED,
		.delimiter = conf->shape->delimiter,
		.max_bytes = conf->max_body,
		.ready = conf->ready,
		.arg = conf->arg,
	};

	switch (conf->shape->mode) {
	case CAL_SHAPE_ONE:
		records.kind = CAL_RECORDS_WHOLE;
		break;
	case CAL_SHAPE_PIECES:
		break;
	case CAL_SHAPE_FRAMED:
		records.kind = CAL_RECORDS_FRAMED;
		break;
	case CAL_SHAPE_JSON:
		records.max_bytes = conf->max_body * 2 + AROUND_BODY;
		break;
	}
	if (isatty(fd))
		cal_log(CAL_LOG_WARNING, "reading the input from the "
		    "terminal; end it with Ctrl-D");
	return cal_records_open(&records);
}

static bool
is_given(const struct cal_source_options *options)
{
	return options->data != NULL || (options->data_file != NULL &&
	    strcmp(options->data_file, "-") != 0);
}

int
cal_source_open(struct cal_source **sourcep,
    const struct cal_source_conf *conf, struct cal_err *err)
{
	const struct cal_source_options *options = conf->options;
	struct cal_source *source;
	int rc = CAL_OK;

	*sourcep = NULL;
	CAL_NEW(source);
	if (!is_given(options)) {
		source->records = open_records(conf, STDIN_FILENO);
	} else if (options->data != NULL) {
		cal_buf_put_text(&source->given, options->data);
	} else {
		cal_buf_init(&source->given, conf->max_body);
		rc = cal_io_load(&source->given, options->data_file, err);
	}
	if (rc != CAL_OK) {
		cal_source_close(source);
		return rc;
	}
	*sourcep = source;
	return CAL_OK;
}

void
cal_source_close(struct cal_source *source)
{
	if (source == NULL)
		return;
	cal_records_close(source->records);
	cal_buf_release(&source->given);
	free(source);
}

int
cal_source_next(struct cal_source *source, struct cal_slice *recordp,
    struct cal_err *err)
{
	if (source->records != NULL)
		return cal_records_next(source->records, recordp, err);
	if (source->over)
		return CAL_EGONE;
	source->over = true;
	*recordp = cal_buf_view(&source->given);
	return CAL_OK;
}

bool
cal_source_again(struct cal_source *source)
{
	source->over = false;
	return source->records == NULL;
}
