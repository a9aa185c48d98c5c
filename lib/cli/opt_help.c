/*
 * The text of --help: forms, a sentence, options in two columns, notes.  The
 * first column is what check-options compares with the man page.
 */
#include <string.h>

#include "cli/opt_text.h"

enum { INDENT = 26, WIDTH = 80 };

static const char *const shells[] = {
	[CAL_SHELL_BASH] = "bash",
	[CAL_SHELL_ZSH] = "zsh",
	[CAL_SHELL_FISH] = "fish",
	NULL
};

const struct cal_opt cal_opt_common[] = {
	[CAL_OPT_HELP] = {
		.name = "help", .letter = 'h', .kind = CAL_OPT_FLAG,
		.help = "print this and leave",
	},
	[CAL_OPT_VERSION] = {
		.name = "version", .letter = 'V', .kind = CAL_OPT_FLAG,
		.help = "print the version and leave",
	},
	[CAL_OPT_COMPLETION] = {
		.name = "completion", .kind = CAL_OPT_CHOICE,
		.value = "SHELL", .choices = shells,
		.help = "print completions for bash, zsh or fish and leave",
	},
	{ 0 },
};

static void
put_spaces(struct cal_buf *buf, size_t count)
{
	cal_buf_printf(buf, "%*s", (int)count, "");
}

/*
 * Words of text from column indent on, where the first line has arrived.
 * Lines are broken before WIDTH, and where text has a newline.
 */
static void
put_wrapped(struct cal_buf *buf, const char *text, size_t indent)
{
	size_t column = indent;
	size_t len, gap;

	for (; *text; text += len) {
		gap = strspn(text, " \n");
		len = strcspn(text + gap, " \n");
		if (column > indent && (memchr(text, '\n', gap) ||
		    column + 1 + len >= WIDTH)) {
			cal_buf_put_byte(buf, '\n');
			put_spaces(buf, indent);
			column = indent;
		} else if (column > indent) {
			cal_buf_put_byte(buf, ' ');
			column++;
		}
		text += gap;
		cal_buf_put(buf, text, len);
		column += len;
	}
	cal_buf_put_byte(buf, '\n');
}

static void
put_row(struct cal_buf *buf, const struct cal_opt *opt)
{
	struct cal_buf help = { 0 };
	size_t start = buf->len;

	if (opt->letter)
		cal_buf_printf(buf, "  -%c, --%s", opt->letter, opt->name);
	else
		cal_buf_printf(buf, "      --%s", opt->name);
	if (opt->value)
		cal_buf_printf(buf, " %s", opt->value);
	/* Two spaces at least, or a line of its own. */
	if (buf->len - start + 2 > INDENT) {
		cal_buf_put_byte(buf, '\n');
		start = buf->len;
	}
	put_spaces(buf, INDENT - (buf->len - start));
	if (opt->alias)
		cal_buf_printf(&help, "%s (also --%s)", opt->help,
		    opt->alias);
	put_wrapped(buf, opt->alias ? cal_buf_text(&help) : opt->help,
	    INDENT);
	cal_buf_release(&help);
}

void
cal_opt_help(const struct cal_usage *usage, struct cal_buf *buf)
{
	const struct cal_opt *opt;
	size_t i;

	for (i = 0; usage->forms[i]; i++)
		cal_buf_printf(buf, "%s %s %s\n", i == 0 ? "usage:" : "      ",
		    usage->program, usage->forms[i]);
	cal_buf_put_byte(buf, '\n');
	put_wrapped(buf, usage->summary, 0);
	cal_buf_put_byte(buf, '\n');
	for (i = 0; (opt = cal_opt_row(usage, i)); i++)
		put_row(buf, opt);
	if (usage->notes) {
		cal_buf_put_byte(buf, '\n');
		put_wrapped(buf, usage->notes, 0);
	}
}
