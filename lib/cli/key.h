/*
 * Where the ordering key of a message comes from: -k, -K and --key-from.
 */
#ifndef CAL_CLI_KEY_H
#define CAL_CLI_KEY_H

#include "base/buf.h"
#include "cli/opt.h"

struct cal_key_options {
	const char *fixed, *delimiter, *pointer;
};

/* Rows for struct cal_key_options *key; the help says whose key it is. */
#define CAL_KEY_ROWS(key, fixed_help)                                   \
	{ .name = "key", .letter = 'k', .kind = CAL_OPT_TEXT,           \
	    .value = "KEY", .dest = &(key)->fixed, .help = (fixed_help) }, \
	{ .name = "key-delimiter", .letter = 'K', .kind = CAL_OPT_TEXT, \
	    .value = "DELIM", .dest = &(key)->delimiter, .help = "the " \
	    "key stands before DELIM at the front of each line" },      \
	{ .name = "key-from", .kind = CAL_OPT_TEXT, .value = "POINTER", \
	    .dest = &(key)->pointer, .help = "the key stands in the "   \
	    "body at a JSON pointer" }

/* CAL_EUSAGE: more than one, no pointer, an empty delimiter, too long. */
int cal_key_check(const struct cal_key_options *key, struct cal_err *err);

/* -K: takes key and delimiter off the front of text, if there is one. */
void cal_key_cut(const struct cal_key_options *key, struct cal_slice *keyp,
    struct cal_slice *textp);

/*
 * --key-from: a string gives its text (in scratch), a number its JSON text,
 * nothing there no key.  body is JSON; unchecked says that it may be anything
 * yet.  CAL_EDATA.
 */
int cal_key_find(const struct cal_key_options *key, struct cal_slice *keyp,
    struct cal_slice body, bool unchecked, struct cal_buf *scratch,
    struct cal_err *err);

#endif
