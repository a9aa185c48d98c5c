/*
 * -v, -q and --log-format: rows that the option table of every program has,
 * and what they say.
 */
#ifndef CAL_CLI_WORDS_H
#define CAL_CLI_WORDS_H

#include <stdbool.h>

#include "cli/opt.h"

struct cal_words {
	int verbose;
	bool quiet;
	int format;             /* 1: json */
};

extern const char *const cal_words_formats[];

/* Rows for struct cal_words *words; help says what -v does here. */
#define CAL_WORDS_ROWS(words, verbose_help)                             \
	{ .name = "verbose", .letter = 'v', .kind = CAL_OPT_COUNT,      \
	    .dest = &(words)->verbose, .help = (verbose_help) },        \
	{ .name = "quiet", .letter = 'q', .kind = CAL_OPT_FLAG,         \
	    .dest = &(words)->quiet, .help = "say only what failed" },  \
	{ .name = "log-format", .kind = CAL_OPT_CHOICE,                 \
	    .value = "FORMAT", .dest = &(words)->format,                \
	    .choices = cal_words_formats, .help = "text or json (text)" }

/*
 * From now on words are said so.  patient: a line waits for its reader; a
 * server never does.
 */
void cal_words_setup(const char *program, const struct cal_words *words,
    bool patient);

#endif
