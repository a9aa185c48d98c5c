/*
 * What opt.c prints from the table of options: help and completion.  Not for
 * programs, which call cal_opt_parse.
 */
#ifndef CAL_CLI_OPT_TEXT_H
#define CAL_CLI_OPT_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "cli/opt.h"

/* The options that every program has; they have no dest. */
enum { CAL_OPT_HELP, CAL_OPT_VERSION, CAL_OPT_COMPLETION };
extern const struct cal_opt cal_opt_common[];

/* The index of a shell in the choices of --completion. */
enum { CAL_SHELL_BASH, CAL_SHELL_ZSH, CAL_SHELL_FISH };

/* The program's rows, then the common ones; NULL behind the last. */
const struct cal_opt *cal_opt_row(const struct cal_usage *usage, size_t i);

/* True when the option stands alone, without a value behind it. */
bool cal_opt_is_bare(const struct cal_opt *opt);

/* The text of --help, and a completion script, at the end of buf. */
void cal_opt_help(const struct cal_usage *usage, struct cal_buf *buf);
void cal_opt_complete(const struct cal_usage *usage, int shell,
    struct cal_buf *buf);

#endif
