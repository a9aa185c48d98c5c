/* The command line: what is accepted, what is said, what --help prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cli/die.h"
#include "cli/opt.h"
#include "cli/opt_text.h"

struct conf {
	bool lines;
	int verbose;
	const char *key;
	struct cal_opt_list methods;
	double timeout;
	uint64_t jobs;
	uint64_t max_body;
	int order;
};

static struct conf conf;

static const char *const orders[] = { "key", "exit", "reply", NULL };

static const struct cal_opt opts[] = {
	{ .name = "lines", .letter = 'l', .kind = CAL_OPT_FLAG,
	    .help = "one message per line", .dest = &conf.lines },
	{ .name = "verbose", .letter = 'v', .kind = CAL_OPT_COUNT,
	    .help = "say more", .dest = &conf.verbose },
	{ .name = "key", .letter = 'k', .kind = CAL_OPT_TEXT, .value = "KEY",
	    .help = "ordering key", .dest = &conf.key },
	{ .name = "key-from", .kind = CAL_OPT_TEXT, .value = "POINTER",
	    .help = "don't [look]: here", .dest = &conf.key },
	{ .name = "method", .letter = 'm', .kind = CAL_OPT_LIST,
	    .value = "M=CMD", .help = "a method", .dest = &conf.methods },
	{ .name = "timeout", .letter = 'W', .kind = CAL_OPT_SECONDS,
	    .value = "S", .help = "give up after S seconds (60)",
	    .dest = &conf.timeout, .env = "CAL_OPT_TEST_TIMEOUT",
	    .alias = "run-timeout" },
	{ .name = "jobs", .letter = 'j', .kind = CAL_OPT_WHOLE, .value = "N",
	    .help = "at a time (1)", .dest = &conf.jobs,
	    .low = 1, .high = 10000 },
	{ .name = "max-body", .kind = CAL_OPT_BYTES, .value = "BYTES",
	    .help = "the largest body, in both directions, with what it is "
	    "wrapped in, and some more words so that this is broken (10M)",
	    .dest = &conf.max_body, .low = 1 },
	{ .name = "order", .kind = CAL_OPT_CHOICE, .value = "HOW",
	    .help = "order of answers", .dest = &conf.order,
	    .choices = orders },
	{ .name = "a-name-that-is-very-long", .letter = '0',
	    .kind = CAL_OPT_FLAG, .help = "stands alone",
	    .dest = &conf.lines },
	{ 0 },
};

static const char *const forms[] = {
	"[options] URL METHOD [BODY]", "[options] -J URL", NULL
};

static const struct cal_usage usage = {
	.program = "cal-try",
	.forms = forms,
	.summary = "Tries things.",
	.opts = opts,
	.notes = "No limits\nthat are known, but then nobody has looked for "
	    "them so far, so there may be some, somewhere.",
};

enum { WORDS_MAX = 32, TEXT_MAX = 512 };

struct run {
	char text[TEXT_MAX];
	char *argv[WORDS_MAX];
	struct cal_args args;
	bool done;
	struct cal_err err;
	int rc;
};

/* Parses a line of words that are split at single spaces. */
static struct run *
run(const char *line)
{
	static struct run run;
	char *word, *rest = run.text;
	int argc = 0;

	free(conf.methods.items);
	memset(&conf, 0, sizeof(conf));
	memset(&run, 0, sizeof(run));
	snprintf(run.text, sizeof(run.text), "cal-try %s", line);
	while ((word = strsep(&rest, " ")))
		run.argv[argc++] = word;
	run.rc = cal_opt_parse(&usage, argc, run.argv, &run.args, &run.done,
	    &run.err);
	return &run;
}

static void
assert_fails(const char *line, const char *text)
{
	struct run *r = run(line);

	assert_int_equal(r->rc, CAL_EUSAGE);
	assert_int_equal(r->err.code, CAL_EUSAGE);
	assert_string_equal(r->err.text, text);
}

static void
test_positionals(void **state)
{
	struct run *r = run("URL -l echo -k K body -");

	(void)state;
	assert_int_equal(r->rc, CAL_OK);
	assert_false(r->done);
	assert_int_equal(r->args.count, 4);
	assert_string_equal(r->args.words[0], "URL");
	assert_string_equal(r->args.words[1], "echo");
	assert_string_equal(r->args.words[2], "body");
	assert_string_equal(r->args.words[3], "-");
	assert_null(r->args.words[4]);
	assert_false(r->args.dashes);
	assert_true(conf.lines);
	assert_string_equal(conf.key, "K");
}

static void
test_command(void **state)
{
	struct run *r = run("URL m -l -- grep -v --jobs -- x");

	(void)state;
	assert_int_equal(r->rc, CAL_OK);
	assert_int_equal(r->args.count, 2);
	assert_null(r->args.words[2]);
	assert_true(r->args.dashes);
	assert_int_equal(r->args.command_count, 5);
	assert_string_equal(r->args.command[0], "grep");
	assert_string_equal(r->args.command[3], "--");
	assert_null(r->args.command[5]);
	assert_int_equal(conf.verbose, 0);

	/* Every place before "--" taken: the list still ends with NULL. */
	r = run("URL --");
	assert_int_equal(r->args.count, 1);
	assert_null(r->args.words[1]);
	assert_true(r->args.dashes);
	assert_int_equal(r->args.command_count, 0);

	r = run("URL");
	assert_false(r->args.dashes);
	assert_null(r->args.words[1]);
}

static void
test_spellings(void **state)
{
	static const char *const same[] = {
		"-j 4", "-j4", "-lj4", "-vlj 4", "--jobs 4", "--jobs=4",
		"--jo 4", "--j=4",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(same) / sizeof(*same); i++) {
		assert_int_equal(run(same[i])->rc, CAL_OK);
		assert_int_equal(conf.jobs, 4);
	}
	assert_int_equal(run("-vv --verbose")->rc, CAL_OK);
	assert_int_equal(conf.verbose, 3);
	assert_int_equal(run("-0")->rc, CAL_OK);
	assert_true(conf.lines);
	/* A value is taken as it stands, whatever it looks like. */
	assert_int_equal(run("-k -l")->rc, CAL_OK);
	assert_string_equal(conf.key, "-l");
	assert_false(conf.lines);
	assert_int_equal(run("--key= x")->rc, CAL_OK);
	assert_string_equal(conf.key, "");
	assert_int_equal(run("-k a -k b")->rc, CAL_OK);
	assert_string_equal(conf.key, "b");
	/* A whole name wins over a longer one that it begins. */
	assert_int_equal(run("--key a")->rc, CAL_OK);
	assert_int_equal(run("--key-f a")->rc, CAL_OK);
}

static void
test_values(void **state)
{
	(void)state;
	assert_int_equal(run("-W 250ms --max-body 2k --order exit")->rc,
	    CAL_OK);
	assert_true(conf.timeout > 0.249 && conf.timeout < 0.251);
	assert_int_equal(conf.max_body, 2048);
	assert_int_equal(conf.order, 1);
	assert_int_equal(run("--run-timeout 2")->rc, CAL_OK);
	assert_true(conf.timeout > 1.9);
	assert_int_equal(run("-ma=b -m c=d --method=e=f")->rc, CAL_OK);
	assert_int_equal(conf.methods.count, 3);
	assert_string_equal(conf.methods.items[0], "a=b");
	assert_string_equal(conf.methods.items[2], "e=f");
}

static void
test_refusals(void **state)
{
	(void)state;
	assert_fails("--foo", "unknown option '--foo' (see --help)");
	assert_fails("--foo=1", "unknown option '--foo' (see --help)");
	assert_fails("--=1", "unknown option '--=1' (see --help)");
	assert_fails("-lx", "unknown option '-x' (see --help)");
	assert_fails("-5", "unknown option '-5' (see --help)");
	assert_fails("--ve", "option '--ve' may mean '--verbose' or "
	    "'--version'");
	assert_fails("--lines=1", "option '--lines' takes no value");
	assert_fails("URL --key", "option '--key' needs a value: --key KEY");
	assert_fails("-lk", "option '-k' needs a value: -k KEY");
	assert_fails("--order foo", "option '--order': 'foo' is not 'key', "
	    "'exit' or 'reply'");
	assert_fails("--completion csh", "option '--completion': 'csh' is not "
	    "'bash', 'zsh' or 'fish'");
	assert_int_equal(run("-j 0")->rc, CAL_EUSAGE);
	assert_int_equal(run("-j 10001")->rc, CAL_EUSAGE);
	assert_int_equal(run("-j x")->rc, CAL_EUSAGE);
	assert_int_equal(run("-j -- x")->rc, CAL_EUSAGE);
	assert_int_equal(run("-W -1")->rc, CAL_EUSAGE);
	assert_int_equal(run("--max-body 0")->rc, CAL_EUSAGE);
	assert_memory_equal(run("-j x")->err.text, "option '-j': ", 13);
}

/* Parses -mx so many times. */
static int
run_many(int times, struct cal_err *err)
{
	static char *argv[1 + CAL_OPT_LIST_MAX + 1 + 1];
	static char word[] = "-mx";
	struct cal_args args;
	bool done;
	int i;

	run("");
	for (i = 0; i <= times; i++)
		argv[i] = word;
	argv[i] = NULL;
	return cal_opt_parse(&usage, 1 + times, argv, &args, &done, err);
}

static void
test_list_limit(void **state)
{
	struct cal_err err;

	(void)state;
	assert_int_equal(run_many(CAL_OPT_LIST_MAX, &err), CAL_OK);
	assert_int_equal(conf.methods.count, CAL_OPT_LIST_MAX);
	assert_int_equal(run_many(CAL_OPT_LIST_MAX + 1, &err), CAL_EUSAGE);
	assert_string_equal(err.text,
	    "option '-m': given more than 1024 times");
}

static void
test_environment(void **state)
{
	struct run *r;

	(void)state;
	setenv("CAL_OPT_TEST_TIMEOUT", "7", 1);
	assert_int_equal(run("")->rc, CAL_OK);
	assert_true(conf.timeout > 6.9 && conf.timeout < 7.1);
	assert_int_equal(run("-W 3")->rc, CAL_OK);
	assert_true(conf.timeout < 3.1);
	setenv("CAL_OPT_TEST_TIMEOUT", "soon", 1);
	/* What is given on the command line is not even looked at there. */
	assert_int_equal(run("-W 3")->rc, CAL_OK);
	r = run("");
	assert_int_equal(r->rc, CAL_EUSAGE);
	assert_non_null(strstr(r->err.text,
	    "environment variable CAL_OPT_TEST_TIMEOUT: "));
	setenv("CAL_OPT_TEST_TIMEOUT", "", 1);
	assert_int_equal(run("")->rc, CAL_OK);
	assert_true(conf.timeout < 0.1);
	unsetenv("CAL_OPT_TEST_TIMEOUT");
}

static void
test_help(void **state)
{
	struct cal_buf buf = { 0 };
	const char *text, *line;

	(void)state;
	cal_opt_help(&usage, &buf);
	text = cal_buf_text(&buf);
	assert_ptr_equal(strstr(text,
	    "usage: cal-try [options] URL METHOD [BODY]\n"
	    "       cal-try [options] -J URL\n\nTries things.\n\n"
	    "  -l, --lines             one message per line\n"), text);
	assert_non_null(strstr(text,
	    "      --max-body BYTES    the largest body, in both"));
	assert_non_null(strstr(text,
	    "\n  -0, --a-name-that-is-very-long\n"
	    "                          stands alone\n"));
	assert_non_null(strstr(text,
	    "give up after S seconds (60) (also --run-timeout)\n"));
	assert_non_null(strstr(text, "  -h, --help "));
	assert_non_null(strstr(text, "\n\nNo limits\nthat are known, but "));
	for (line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") < 80);
	cal_buf_release(&buf);
}

static void
test_completion(void **state)
{
	struct cal_buf buf = { 0 };
	const char *text;

	(void)state;
	cal_opt_complete(&usage, CAL_SHELL_BASH, &buf);
	text = cal_buf_text(&buf);
	assert_non_null(strstr(text, "--max-body\n"));
	assert_non_null(strstr(text, "compgen -W 'key exit reply'"));
	assert_non_null(strstr(text,
	    "complete -o default -F _cal_try cal-try\n"));
	cal_buf_clear(&buf);
	cal_opt_complete(&usage, CAL_SHELL_ZSH, &buf);
	text = cal_buf_text(&buf);
	assert_non_null(strstr(text,
	    "'--key-from=[don'\\''t \\[look\\]\\: here]:POINTER: '"));
	assert_non_null(strstr(text, "'*'{-m+,--method=}'[a method]"));
	cal_buf_clear(&buf);
	cal_opt_complete(&usage, CAL_SHELL_FISH, &buf);
	text = cal_buf_text(&buf);
	assert_non_null(strstr(text,
	    "complete -c cal-try -l key-from -x -d 'don\\'t [look]: here'\n"));
	cal_buf_release(&buf);
}

static void
test_exit_status(void **state)
{
	(void)state;
	assert_int_equal(cal_exit_status(CAL_OK), 0);
	assert_int_equal(cal_exit_status(CAL_EUSAGE), 64);
	assert_int_equal(cal_exit_status(CAL_EUNKNOWN), 124);
	assert_int_equal(cal_exit_status(CAL_ENOCMD), 127);
	assert_int_equal(cal_exit_status(CAL_EAGAIN), 70);
	assert_int_equal(cal_exit_status(CAL_EGONE), 70);
}

/* Nothing of them, and not how long they were. */
static void
test_userinfo_is_wiped(void **state)
{
	static const char behind[] = "h:1/2?stream=s";
	char text[] = "redis://alice:secret@h:1/2?stream=s";
	struct cal_err err;
	struct cal_url url;
	size_t i;

	(void)state;
	assert_int_equal(cal_opt_url(&url, text, false, &err), CAL_OK);
	assert_string_equal(url.redis.password, "secret");
	assert_memory_equal(text, "redis://", 8);
	assert_string_equal(text + 8, behind);
	for (i = 8 + strlen(behind); i < sizeof(text); i++)
		assert_int_equal(text[i], 0);
	assert_int_equal(cal_opt_url(&url, text, false, &err), CAL_OK);
	assert_string_equal(text + 8, behind);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positionals),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_list_limit),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_userinfo_is_wiped),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
