/*
 * The command line, read with a table of our own and not with getopt_long,
 * which cannot tell an unknown option from an ambiguous one, and whose words
 * are not ours.  What getopt_long allows is allowed: -lJ, -j4, -j 4, --jobs 4,
 * --jobs=4, --jo 4.
 *
 * Positionals move to the front of argv, in order, while it is read: there is
 * always room, since what was read before them is not needed any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/secret.h"
#include "cli/opt.h"
#include "cli/opt_text.h"

enum { SPELLED_MAX = 80 };

struct parse {
	const struct cal_usage *usage;
	char **next;            /* the words not read yet; NULL ends */
	bool *given;            /* by index of the row */
	bool done;
	struct cal_err *err;
};

bool
cal_opt_is_bare(const struct cal_opt *opt)
{
	return opt->kind == CAL_OPT_FLAG || opt->kind == CAL_OPT_COUNT;
}

const struct cal_opt *
cal_opt_row(const struct cal_usage *usage, size_t i)
{
	size_t own;

	for (own = 0; usage->opts && usage->opts[own].name; own++)
		if (own == i)
			return &usage->opts[own];
	return cal_opt_common[i - own].name ? &cal_opt_common[i - own] : NULL;
}

static int
add_item(struct cal_opt_list *list, const char *item, struct cal_err *err)
{
	if (list->count == CAL_OPT_LIST_MAX)
		return cal_fail(err, CAL_EUSAGE, "given more than %d times",
		    CAL_OPT_LIST_MAX);
	/* Powers of two are where the last doubling has been filled. */
	if ((list->count & (list->count - 1)) == 0)
		list->items = cal_realloc(list->items,
		    (list->count ? 2 * list->count : 1) *
		    sizeof(*list->items));
	list->items[list->count++] = item;
	return CAL_OK;
}

static int
choose(const struct cal_opt *opt, const char *value, int *indexp,
    struct cal_err *err)
{
	struct cal_buf words = { 0 };
	int i;

	for (i = 0; opt->choices[i]; i++) {
		if (strcmp(opt->choices[i], value) == 0) {
			*indexp = i;
			cal_buf_release(&words);
			return CAL_OK;
		}
		cal_buf_printf(&words, "%s'%s'", i == 0 ? "" :
		    opt->choices[i + 1] ? ", " : " or ", opt->choices[i]);
	}
	cal_fail(err, CAL_EUSAGE, "'%s' is not %s", value,
	    cal_buf_text(&words));
	cal_buf_release(&words);
	return CAL_EUSAGE;
}

/* Puts value, NULL for a bare option, where the row says. */
static int
store(const struct cal_opt *opt, const char *value, struct cal_err *err)
{
	uint64_t high = opt->high ? opt->high : UINT64_MAX;

	switch (opt->kind) {
	case CAL_OPT_FLAG:
		*(bool *)opt->dest = true;
		return CAL_OK;
	case CAL_OPT_COUNT:
		++*(int *)opt->dest;
		return CAL_OK;
	case CAL_OPT_TEXT:
		*(const char **)opt->dest = value;
		return CAL_OK;
	case CAL_OPT_LIST:
		return add_item(opt->dest, value, err);
	case CAL_OPT_SECONDS:
		return cal_num_seconds(opt->dest, value, "time", err);
	case CAL_OPT_RATE:
		return cal_num_rate(opt->dest, value, "rate", err);
	case CAL_OPT_WHOLE:
		return cal_num_whole(opt->dest, value, opt->low, high,
		    "number", err);
	case CAL_OPT_BYTES:
		return cal_num_bytes(opt->dest, value, opt->low, high,
		    "size", err);
	case CAL_OPT_CHOICE:
		return choose(opt, value, opt->dest, err);
	}
	return cal_fail(err, CAL_EBUG, "no such kind of option");
}

/* --help and its like: text on stdout, and nothing else to do. */
static int
answer(struct parse *ps, const struct cal_opt *opt, const char *value)
{
	struct cal_buf text = { 0 };
	int shell = 0;
	int rc = CAL_OK;

	switch (opt - cal_opt_common) {
	case CAL_OPT_HELP:
		cal_opt_help(ps->usage, &text);
		break;
	case CAL_OPT_VERSION:
		cal_buf_printf(&text, "%s %s\n", ps->usage->program,
		    CAL_VERSION);
		break;
	case CAL_OPT_COMPLETION:
		if ((rc = choose(opt, value, &shell, ps->err)) != CAL_OK)
			goto out;
		cal_opt_complete(ps->usage, shell, &text);
		break;
	}
	if (fwrite(text.ptr, 1, text.len, stdout) != text.len ||
	    fflush(stdout) != 0)
		rc = cal_fail_errno(ps->err, CAL_EIO, errno,
		    "cannot write to standard output");
	ps->done = true;
out:
	cal_buf_release(&text);
	return rc;
}

static int
take(struct parse *ps, size_t row, const char *spelled, const char *value)
{
	const struct cal_opt *opt = cal_opt_row(ps->usage, row);
	int rc;

	ps->given[row] = true;
	if (!cal_opt_is_bare(opt) && !value && !(value = *ps->next++)) {
		--ps->next;
		return cal_fail(ps->err, CAL_EUSAGE,
		    "option '%s' needs a value: %s %s", spelled, spelled,
		    opt->value);
	}
	if (!opt->dest)
		rc = answer(ps, opt, value);
	else
		rc = store(opt, value, ps->err);
	if (rc == CAL_EUSAGE)
		cal_err_prefix(ps->err, "option '%s'", spelled);
	return rc;
}

static bool
starts(const char *name, const char *part, size_t len)
{
	return name && strncmp(name, part, len) == 0;
}

static bool
is_whole(const char *name, const char *part, size_t len)
{
	return starts(name, part, len) && name[len] == '\0';
}

/*
 * The row whose name or alias is name, or the only one where it begins so.
 */
static int
find_long(struct parse *ps, const char *name, size_t len, size_t *rowp)
{
	const struct cal_opt *opt, *first = NULL, *second = NULL;
	size_t i;

	for (i = 0; (opt = cal_opt_row(ps->usage, i)); i++) {
		if (is_whole(opt->name, name, len) ||
		    is_whole(opt->alias, name, len)) {
			*rowp = i;
			return CAL_OK;
		}
		if (!starts(opt->name, name, len) &&
		    !starts(opt->alias, name, len))
			continue;
		if (first) {
			second = opt;
		} else {
			first = opt;
			*rowp = i;
		}
	}
	if (!first)
		return cal_fail(ps->err, CAL_EUSAGE,
		    "unknown option '--%.*s' (see --help)", (int)len, name);
	if (second)
		return cal_fail(ps->err, CAL_EUSAGE,
		    "option '--%.*s' may mean '--%s' or '--%s'", (int)len,
		    name, first->name, second->name);
	return CAL_OK;
}

static int
read_long(struct parse *ps, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	char spelled[SPELLED_MAX];
	const struct cal_opt *opt;
	size_t row = 0;
	int rc;

	/* "--=x" would be short for everything. */
	if (len == 0)
		return cal_fail(ps->err, CAL_EUSAGE,
		    "unknown option '--%s' (see --help)", word);
	if ((rc = find_long(ps, word, len, &row)) != CAL_OK)
		return rc;
	opt = cal_opt_row(ps->usage, row);
	snprintf(spelled, sizeof(spelled), "--%s", opt->name);
	if (equals && cal_opt_is_bare(opt))
		return cal_fail(ps->err, CAL_EUSAGE,
		    "option '%s' takes no value", spelled);
	return take(ps, row, spelled, equals ? equals + 1 : NULL);
}

/* A word of letters: -lJ, -j4; one that takes a value is the last. */
static int
read_letters(struct parse *ps, const char *word)
{
	const struct cal_opt *opt;
	const char *value;
	size_t row;
	int rc;

	for (; *word && !ps->done; word++) {
		char spelled[] = { '-', *word, '\0' };

		for (row = 0; (opt = cal_opt_row(ps->usage, row)); row++)
			if (opt->letter == *word)
				break;
		if (!opt)
			return cal_fail(ps->err, CAL_EUSAGE,
			    "unknown option '%s' (see --help)", spelled);
		value = NULL;
		if (!cal_opt_is_bare(opt) && word[1])
			value = word + 1;
		if ((rc = take(ps, row, spelled, value)) != CAL_OK)
			return rc;
		if (!cal_opt_is_bare(opt))
			break;
	}
	return CAL_OK;
}

static int
read_words(struct parse *ps, struct cal_args *args)
{
	char *word;
	int rc = CAL_OK;

	while (rc == CAL_OK && !ps->done && (word = *ps->next)) {
		ps->next++;
		if (strcmp(word, "--") == 0) {
			args->dashes = true;
			args->command = ps->next;
			while (args->command[args->command_count])
				args->command_count++;
			break;
		}
		if (strncmp(word, "--", 2) == 0)
			rc = read_long(ps, word + 2);
		else if (word[0] == '-' && word[1] != '\0')
			rc = read_letters(ps, word + 1);
		else
			args->words[args->count++] = word;
	}
	return rc;
}

/* The environment stands below the options: only what was not given. */
static int
read_environment(struct parse *ps)
{
	const struct cal_opt *opt;
	const char *value;
	size_t i;
	int rc;

	for (i = 0; (opt = cal_opt_row(ps->usage, i)); i++) {
		if (!opt->env || ps->given[i])
			continue;
		value = getenv(opt->env);
		if (!value || !*value)
			continue;
		if ((rc = store(opt, value, ps->err)) != CAL_OK) {
			cal_err_prefix(ps->err, "environment variable %s",
			    opt->env);
			return rc;
		}
	}
	return CAL_OK;
}

int
cal_opt_parse(const struct cal_usage *usage, int argc, char **argv,
    struct cal_args *args, bool *donep, struct cal_err *err)
{
	struct parse ps = { .usage = usage, .err = err };
	size_t rows = 0;
	int rc;

	*donep = false;
	*args = (struct cal_args){ .words = argc > 0 ? argv + 1 : argv };
	ps.next = args->words;
	while (cal_opt_row(usage, rows))
		rows++;
	ps.given = cal_calloc(rows, sizeof(*ps.given));
	rc = read_words(&ps, args);
	if (rc == CAL_OK && !ps.done)
		rc = read_environment(&ps);
	/* A list of words ends with NULL, as argv does. */
	if (args->words + args->count < argv + argc)
		args->words[args->count] = NULL;
	*donep = ps.done;
	free(ps.given);
	return rc;
}

/* What is behind moves to the front, so that no length is left to see. */
static void
wipe_userinfo(char *text)
{
	char *start = strstr(text, "://"), *at = strrchr(text, '@');
	size_t len = strlen(text), left;

	if (start == NULL || at == NULL)
		return;
	memmove(start + 3, at + 1, strlen(at + 1) + 1);
	left = strlen(text);
	cal_secret_wipe(text + left, len - left);
}

int
cal_opt_url(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err)
{
	int rc = cal_url_parse(url, text, bind, err);

	if (rc == CAL_OK && url->scheme == CAL_LOOPBACK)
		rc = cal_fail(err, CAL_EUSAGE, "bad URL '%s': loop:// is for "
		    "tests inside one process", text);
	if (rc == CAL_OK && cal_url_is_redis(url))
		wipe_userinfo((char *)(uintptr_t)text);
	return rc;
}
