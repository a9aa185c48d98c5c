/*
 * Completion scripts for bash, zsh and fish.  They complete options and the
 * words of choices; a value that is called FILE or DIR is a file name, other
 * values are nothing that a shell could know.
 */
#include <ctype.h>
#include <string.h>

#include "cli/opt_text.h"

static bool
is_file(const struct cal_opt *opt)
{
	return opt->value &&
	    (strstr(opt->value, "FILE") || strstr(opt->value, "DIR"));
}

static void
put_choices(struct cal_buf *buf, const struct cal_opt *opt)
{
	size_t i;

	for (i = 0; opt->choices[i]; i++)
		cal_buf_printf(buf, "%s%s", i ? " " : "", opt->choices[i]);
}

/* text inside single quotes, with a backslash before each of specials. */
static void
put_quoted(struct cal_buf *buf, const char *text, const char *specials,
    const char *quote)
{
	for (; *text; text++) {
		if (*text == '\'') {
			cal_buf_put_text(buf, quote);
			continue;
		}
		if (strchr(specials, *text))
			cal_buf_put_byte(buf, '\\');
		cal_buf_put_byte(buf, (uint8_t)*text);
	}
}

/* The name of the program as the name of a function. */
static void
put_function(struct cal_buf *buf, const struct cal_usage *usage)
{
	const char *p;

	cal_buf_put_byte(buf, '_');
	for (p = usage->program; *p; p++)
		cal_buf_put_byte(buf,
		    isalnum((unsigned char)*p) ? (uint8_t)*p : '_');
}

/* The names of an option as a pattern of case. */
static void
put_pattern(struct cal_buf *buf, const struct cal_opt *opt)
{
	cal_buf_put_byte(buf, '\t');
	if (opt->letter)
		cal_buf_printf(buf, "-%c | ", opt->letter);
	cal_buf_printf(buf, "--%s)", opt->name);
}

static void
put_bash_values(struct cal_buf *buf, const struct cal_usage *usage)
{
	const struct cal_opt *opt;
	size_t i;

	for (i = 0; (opt = cal_opt_row(usage, i)); i++) {
		if (cal_opt_is_bare(opt))
			continue;
		put_pattern(buf, opt);
		cal_buf_put_text(buf, "\n");
		if (opt->kind == CAL_OPT_CHOICE) {
			cal_buf_put_text(buf,
			    "\t\tCOMPREPLY=($(compgen -W '");
			put_choices(buf, opt);
			cal_buf_put_text(buf, "' -- \"$cur\"))\n");
		} else if (!is_file(opt)) {
			cal_buf_put_text(buf, "\t\tcompopt +o default\n");
		}
		cal_buf_put_text(buf, "\t\treturn ;;\n");
	}
}

static void
put_bash(struct cal_buf *buf, const struct cal_usage *usage)
{
	const struct cal_opt *opt;
	size_t i;

	cal_buf_printf(buf, "# bash completion for %s\n", usage->program);
	put_function(buf, usage);
	cal_buf_put_text(buf, "()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} i\n"
	    "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	    "\tCOMPREPLY=()\n"
	    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	    "\t\t[[ ${COMP_WORDS[i]} == -- ]] || continue\n"
	    "\t\t((i == COMP_CWORD - 1)) &&\n"
	    "\t\t    COMPREPLY=($(compgen -c -- \"$cur\"))\n"
	    "\t\treturn\n"
	    "\tdone\n"
	    "\t# bash makes a word of the = in --option=value.\n"
	    "\t[[ $cur == = ]] && cur=\n"
	    "\t[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	    "\tcase $prev in\n");
	put_bash_values(buf, usage);
	cal_buf_put_text(buf, "\tesac\n\t[[ $cur == -* ]] || return\n"
	    "\tCOMPREPLY=($(compgen -W '");
	for (i = 0; (opt = cal_opt_row(usage, i)); i++) {
		if (opt->letter)
			cal_buf_printf(buf, "-%c ", opt->letter);
		cal_buf_printf(buf, "--%s\n", opt->name);
	}
	cal_buf_put_text(buf, "' -- \"$cur\"))\n}\n"
	    "complete -o default -F ");
	put_function(buf, usage);
	cal_buf_printf(buf, " %s\n", usage->program);
}

static void
put_zsh_row(struct cal_buf *buf, const struct cal_opt *opt)
{
	bool many = opt->kind == CAL_OPT_LIST || opt->kind == CAL_OPT_COUNT;
	const char *joined = cal_opt_is_bare(opt) ? "" : "=";

	cal_buf_put_text(buf, " \\\n    ");
	if (many)
		cal_buf_put_text(buf, "'*'");
	else if (opt->letter)
		cal_buf_printf(buf, "'(-%c --%s)'", opt->letter, opt->name);
	if (opt->letter)
		cal_buf_printf(buf, "{-%c%s,--%s%s}'", opt->letter,
		    *joined ? "+" : "", opt->name, joined);
	else
		cal_buf_printf(buf, "'--%s%s", opt->name, joined);
	cal_buf_put_byte(buf, '[');
	put_quoted(buf, opt->help, "[]:\\", "'\\''");
	cal_buf_put_byte(buf, ']');
	if (*joined) {
		cal_buf_put_byte(buf, ':');
		put_quoted(buf, opt->value, "[]:\\", "'\\''");
		cal_buf_put_byte(buf, ':');
		if (opt->kind == CAL_OPT_CHOICE) {
			cal_buf_put_byte(buf, '(');
			put_choices(buf, opt);
			cal_buf_put_byte(buf, ')');
		} else {
			cal_buf_put_text(buf, is_file(opt) ? "_files" : " ");
		}
	}
	cal_buf_put_byte(buf, '\'');
}

static void
put_zsh(struct cal_buf *buf, const struct cal_usage *usage)
{
	const struct cal_opt *opt;
	size_t i;

	cal_buf_printf(buf, "#compdef %s\n_arguments -s -S", usage->program);
	for (i = 0; (opt = cal_opt_row(usage, i)); i++)
		put_zsh_row(buf, opt);
	cal_buf_put_text(buf, " \\\n    '*: :_default'\n");
}

static void
put_fish(struct cal_buf *buf, const struct cal_usage *usage)
{
	const struct cal_opt *opt;
	size_t i;

	for (i = 0; (opt = cal_opt_row(usage, i)); i++) {
		cal_buf_printf(buf, "complete -c %s", usage->program);
		if (opt->letter)
			cal_buf_printf(buf, " -s %c", opt->letter);
		cal_buf_printf(buf, " -l %s", opt->name);
		if (opt->kind == CAL_OPT_CHOICE) {
			cal_buf_put_text(buf, " -x -a '");
			put_choices(buf, opt);
			cal_buf_put_byte(buf, '\'');
		} else if (!cal_opt_is_bare(opt)) {
			cal_buf_put_text(buf, is_file(opt) ? " -r -F" : " -x");
		}
		cal_buf_put_text(buf, " -d '");
		put_quoted(buf, opt->help, "\\", "\\'");
		cal_buf_put_text(buf, "'\n");
	}
}

void
cal_opt_complete(const struct cal_usage *usage, int shell,
    struct cal_buf *buf)
{
	switch (shell) {
	case CAL_SHELL_BASH:
		put_bash(buf, usage);
		break;
	case CAL_SHELL_ZSH:
		put_zsh(buf, usage);
		break;
	case CAL_SHELL_FISH:
		put_fish(buf, usage);
		break;
	}
}
