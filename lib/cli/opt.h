/*
 * The command line of a program, from one table: parsing, --help, and
 * completion for shells all come from it, and a check compares the man page
 * with it.
 *
 * Options may stand anywhere before "--", long ones may be shortened, an
 * argument that begins with "-" needs "--" or an option of its own.  What
 * stands behind "--" is a command and is never looked at.
 */
#ifndef CAL_CLI_OPT_H
#define CAL_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/url.h"

/* dest is what the comment says; what is not given keeps its value there. */
enum cal_opt_kind {
	CAL_OPT_FLAG,           /* bool: set to true */
	CAL_OPT_COUNT,          /* int: one more each time */
	CAL_OPT_TEXT,           /* const char *: lent from argv */
	CAL_OPT_LIST,           /* struct cal_opt_list: in order */
	CAL_OPT_SECONDS,        /* double; 0 is for ever */
	CAL_OPT_RATE,           /* double: how often a second */
	CAL_OPT_WHOLE,          /* uint64_t, from low to high */
	CAL_OPT_BYTES,          /* uint64_t, from low to high; k, M, G */
	CAL_OPT_CHOICE,         /* int: index of the word in choices */
};

enum { CAL_OPT_LIST_MAX = 1024 };
struct cal_opt_list {
	size_t count;
	const char **items;     /* grown as needed, freed by nobody */
};

struct cal_opt {
	const char *name;       /* long name; NULL ends the table */
	int letter;             /* 0: none */
	enum cal_opt_kind kind;
	const char *value;      /* how --help calls the value; NULL: none */
	const char *help;       /* one phrase, with its default */
	void *dest;
	uint64_t low, high;     /* WHOLE and BYTES; high 0: no limit */
	const char *const *choices;     /* CHOICE: ends with NULL */
	const char *env;        /* environment variable below the option */
	const char *alias;      /* a second long name; --help says "(also
	                           --ALIAS)" at the end of help */
};

struct cal_usage {
	const char *program;
	const char *const *forms;       /* lines behind the name, NULL ends */
	const char *summary;            /* one sentence; --help wraps it */
	const struct cal_opt *opts;
	const char *notes;              /* paragraphs below the options: limits;
	                                   wrapped, "\n" between them */
};

/* What is not an option.  Everything is lent from argv. */
struct cal_args {
	size_t count;
	char **words;           /* before "--", in order; NULL ends */
	bool dashes;            /* there was a "--" */
	size_t command_count;
	char **command;         /* behind "--"; NULL ends it */
};

/*
 * Reads argv, and the environment for what is not given there, into the dests
 * and args; the words of argv change places.  *donep: --help,
 * --version or --completion was answered on stdout and there is nothing left
 * to do.  CAL_EUSAGE says what is wrong, with the option's name.
 */
int cal_opt_parse(const struct cal_usage *usage, int argc, char **argv,
    struct cal_args *args, bool *donep, struct cal_err *err);

/*
 * An address among the words: what cal_url_parse takes, but no loop://.  Once
 * it is read, its user and password are wiped out of text, which is argv's: a
 * list of processes does not show them any more.
 */
int cal_opt_url(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err);

#endif
