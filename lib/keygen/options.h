/* The command line of cal-keygen, read and checked. */
#ifndef CAL_KEYGEN_OPTIONS_H
#define CAL_KEYGEN_OPTIONS_H

#include "cli/words.h"

/* What is to be done, in the order of the table of actions. */
enum cal_keygen_action {
	CAL_KEYGEN_MAKE,
	CAL_KEYGEN_PUBLIC,
	CAL_KEYGEN_FINGERPRINT,
	CAL_KEYGEN_CHECK,
};

struct cal_keygen_options {
	enum cal_keygen_action action;
	const char *path;               /* the file, or NAME of a new pair */
	const char *public, *fingerprint, *check;
	const char *output;             /* of the JSON line; NULL: none */
	int format;                     /* enum cal_keyfile_kind */
	bool force;
	struct cal_words words;
};

/* CAL_EUSAGE in words; *donep as in cal_opt_parse. */
int cal_keygen_options_read(struct cal_keygen_options *options, int argc,
    char **argv, bool *donep, struct cal_err *err);

#endif
