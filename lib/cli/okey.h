/*
 * Where the ordering key of a message comes from: -k, -K and --key-from.
 */
#ifndef CAL_CLI_OKEY_H
#define CAL_CLI_OKEY_H

#include "cli/shape.h"
#include "codec/rpcmsg.h"

enum { CAL_OKEY_MAX = CAL_RPCMSG_ECHO_MAX - 8 };        /* bytes */

struct cal_okey_options {
	const char *fixed, *delimiter, *pointer;
};

/* Rows for struct cal_okey_options *okey; the help says whose key it is. */
#define CAL_OKEY_ROWS(okey, fixed_help)                                 \
	{ .name = "key", .letter = 'k', .kind = CAL_OPT_TEXT,           \
	    .value = "KEY", .dest = &(okey)->fixed,                     \
	    .help = (fixed_help) },                                     \
	{ .name = "key-delimiter", .letter = 'K', .kind = CAL_OPT_TEXT, \
	    .value = "DELIM", .dest = &(okey)->delimiter,               \
	    .help = "the key stands before DELIM at the front of each " \
	    "line" },                                                   \
	{ .name = "key-from", .kind = CAL_OPT_TEXT, .value = "POINTER", \
	    .dest = &(okey)->pointer, .help = "the key stands in the "  \
	    "body at a JSON pointer" }

/*
 * shape is settled.  CAL_EUSAGE: more than one, a key that is too long, -K
 * without pieces to cut it from or with an empty delimiter, --key-from with
 * what is no pointer, or where bodies are no JSON.
 */
int cal_okey_check(const struct cal_okey_options *okey,
    const struct cal_shape *shape, struct cal_err *err);

/* -K: takes key and delimiter off the front of text, if there is one. */
void cal_okey_cut(const struct cal_okey_options *okey,
    struct cal_slice *keyp, struct cal_slice *textp);

/*
 * --key-from: a string gives its text (in scratch), a number its JSON text,
 * nothing there no key: then *keyp stays as it is.  body is JSON; unchecked
 * says that it may be anything yet.  CAL_EDATA.
 */
int cal_okey_find(const struct cal_okey_options *okey,
    struct cal_slice *keyp, struct cal_slice body, bool unchecked,
    struct cal_buf *scratch, struct cal_err *err);

#endif
