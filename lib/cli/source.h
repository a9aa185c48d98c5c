/*
 * Where messages come from: BODY, -d, -n, or standard input, of which nothing
 * is read where one of the others was given.
 */
#ifndef CAL_CLI_SOURCE_H
#define CAL_CLI_SOURCE_H

#include "cli/records.h"
#include "cli/shape.h"

struct cal_source;

struct cal_source_options {
	bool no_body;
	const char *data_option;        /* -d */

	/* What they come to. */
	const char *data;               /* the body, if it is given; */
	const char *data_file;          /* or where it stands; "-": stdin */
};

/* Rows for struct cal_source_options *source. */
#define CAL_SOURCE_ROWS(source)                                         \
	{ .name = "data", .letter = 'd', .kind = CAL_OPT_TEXT,          \
	    .value = "DATA", .dest = &(source)->data_option,            \
	    .help = "the body; @FILE: from a file, @-: from stdin" },   \
	{ .name = "no-body", .letter = 'n', .kind = CAL_OPT_FLAG,       \
	    .dest = &(source)->no_body, .help = "an empty body" }

/*
 * body is the word on the command line, or NULL.  CAL_EUSAGE: more than one of
 * it, -d, -n and what says that there are many.
 */
int cal_source_settle(struct cal_source_options *source, const char *body,
    const struct cal_shape *shape, struct cal_err *err);

struct cal_source_conf {
	struct ev_loop *loop;
	const struct cal_source_options *options;       /* lent */
	const struct cal_shape *shape;                  /* lent */
	size_t max_body;
	void (*ready)(void *arg);       /* from the loop: pull again */
	void *arg;
};

/* CAL_ENOINPUT when the file of -d cannot be read. */
int cal_source_open(struct cal_source **sourcep,
    const struct cal_source_conf *conf, struct cal_err *err);
void cal_source_close(struct cal_source *source);

/* Codes as of cal_records_next; one message where one was given. */
int cal_source_next(struct cal_source *source, struct cal_slice *recordp,
    struct cal_err *err);

/* Where one was given, it comes once more.  False: messages are read. */
bool cal_source_again(struct cal_source *source);

#endif
