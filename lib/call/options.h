/* The command line of cal-call, read and checked. */
#ifndef CAL_CALL_OPTIONS_H
#define CAL_CALL_OPTIONS_H

#include "base/url.h"
#include "cli/keys.h"
#include "cli/words.h"
#include "codec/body.h"

/* How messages stand in the input, and answers in the output. */
enum cal_call_mode {
	CAL_CALL_ONE,           /* one message, one answer */
	CAL_CALL_PIECES,        /* a delimiter behind each: -l, -0, -D */
	CAL_CALL_FRAMED,        /* a length before each */
	CAL_CALL_JSON,          /* an object a line: -J */
};

struct cal_call_options {
	struct cal_url url;
	const struct cal_body *body;
	const char *serializer;
	const char *method;             /* NULL: from each object, or --ping */
	enum cal_call_mode mode;
	struct cal_slice delimiter;     /* of pieces */

	const char *data;               /* the body, if it is given; */
	const char *data_file;          /* or where it stands; "-": stdin */
	bool no_body, lines, null, framed, json, raw, text;
	const char *delimiter_text, *data_option, *format;

	const char *key, *key_delimiter, *key_pointer;
	uint64_t jobs, count, retry, max_body, notify_fd;
	double timeout, connect_timeout, retry_delay;
	bool unordered, keep_going, compress, exit_remote, ping;
	bool bind, connect, ready_line;
	struct cal_keys_options keys;
	struct cal_words words;
};

/* CAL_EUSAGE in words; *donep as in cal_opt_parse. */
int cal_call_options_read(struct cal_call_options *options, int argc,
    char **argv, bool *donep, struct cal_err *err);

#endif
