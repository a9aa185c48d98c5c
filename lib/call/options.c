/* The table of cal-call's options, and what must fit together. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "call/options.h"
#include "cli/format.h"
#include "codec/json.h"
#include "codec/rpcmsg.h"

static const char *const forms[] = {
	"[options] URL METHOD [BODY]",
	"[options] -J URL [METHOD]",
	"[options] --ping URL",
	NULL,
};

static const char notes[] =
    "Without BODY, -d and -n the body is read from stdin.  KEY orders calls: "
    "those with the same key run one after the other.\n"
    "Exit status: 0 done; 1 the handler failed; 3 refused by the server; 4 "
    "cancelled over there; 64 usage; 65 bad input; 69 never connected, "
    "nothing was executed; 75 busy; 76 protocol; 77 not let in; 124 it may "
    "or may not have run.\n"
    "Limits: -j calls in flight and 16 times as many answers that wait for "
    "their turn; bodies of --max-body bytes; 1 MiB of output that nobody "
    "reads.";

static const struct cal_call_options usual = {
	.serializer = "json",
	.jobs = 1,
	.max_body = 10 << 20,
	.timeout = 60,
	.connect_timeout = 5,
	.retry_delay = 0.2,
};

static int
parse(struct cal_call_options *o, int argc, char **argv,
    struct cal_args *args, bool *donep, struct cal_err *err)
{
	const struct cal_opt opts[] = {
		{ .name = "serializer", .letter = 's', .kind = CAL_OPT_TEXT,
		    .value = "NAME", .dest = &o->serializer,
		    .help = "serializer of bodies: json (json)" },
		{ .name = "data", .letter = 'd', .kind = CAL_OPT_TEXT,
		    .value = "DATA", .dest = &o->data_option,
		    .help = "the body; @FILE: from a file, @-: from stdin" },
		{ .name = "no-body", .letter = 'n', .kind = CAL_OPT_FLAG,
		    .dest = &o->no_body, .help = "an empty body" },
		{ .name = "lines", .letter = 'l', .kind = CAL_OPT_FLAG,
		    .dest = &o->lines, .help = "a call for each line of "
		    "stdin, a line for each answer" },
		{ .name = "null", .letter = '0', .kind = CAL_OPT_FLAG,
		    .dest = &o->null, .help = "the same with NUL for newline" },
		{ .name = "delimiter", .letter = 'D', .kind = CAL_OPT_TEXT,
		    .value = "STR", .dest = &o->delimiter_text,
		    .help = "the same with STR for newline" },
		{ .name = "framed", .kind = CAL_OPT_FLAG, .dest = &o->framed,
		    .help = "a 4-byte big-endian length before each message, "
		    "in and out" },
		{ .name = "json", .letter = 'J', .kind = CAL_OPT_FLAG,
		    .dest = &o->json, .help = "a JSON object a line, in and "
		    "out: method, key, body, ..." },
		{ .name = "raw", .letter = 'r', .kind = CAL_OPT_FLAG,
		    .dest = &o->raw, .help = "no conversion and no newline: "
		    "the bytes on the wire" },
		{ .name = "text", .kind = CAL_OPT_FLAG, .dest = &o->text,
		    .help = "plain text; it is a JSON string on the wire" },
		{ .name = "format", .letter = 'f', .kind = CAL_OPT_TEXT,
		    .value = "FMT", .dest = &o->format, .help = "print "
		    "answers so: %s body, %S size, %k key, %o number, ..." },
		{ .name = "key", .letter = 'k', .kind = CAL_OPT_TEXT,
		    .value = "KEY", .dest = &o->key,
		    .help = "ordering key of every call" },
		{ .name = "key-delimiter", .letter = 'K',
		    .kind = CAL_OPT_TEXT, .value = "DELIM",
		    .dest = &o->key_delimiter, .help = "the key stands before "
		    "DELIM at the front of each line" },
		{ .name = "key-from", .kind = CAL_OPT_TEXT,
		    .value = "POINTER", .dest = &o->key_pointer, .help = "the "
		    "key stands in the body at a JSON pointer" },
		{ .name = "jobs", .letter = 'j', .kind = CAL_OPT_WHOLE,
		    .value = "N", .dest = &o->jobs, .low = 1, .high = 100000,
		    .help = "calls in flight (1)" },
		{ .name = "unordered", .kind = CAL_OPT_FLAG,
		    .dest = &o->unordered, .help = "print answers as they "
		    "come, not in the order of the input" },
		{ .name = "timeout", .letter = 'W', .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->timeout, .env = "CAL_TIMEOUT",
		    .help = "give a call S seconds in all; 0: for ever (60)" },
		{ .name = "connect-timeout", .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->connect_timeout,
		    .help = "seconds to wait for a connection (5)" },
		{ .name = "count", .letter = 'c', .kind = CAL_OPT_WHOLE,
		    .value = "N", .dest = &o->count, .low = 1,
		    .help = "stop reading after N messages" },
		{ .name = "retry", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->retry, .high = 1000000, .help = "repeat what "
		    "certainly did not run, up to N times (0)" },
		{ .name = "retry-delay", .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->retry_delay, .help = "seconds "
		    "before the first repetition, doubling (0.2)" },
		{ .name = "keep-going", .letter = 'E', .kind = CAL_OPT_FLAG,
		    .dest = &o->keep_going,
		    .help = "go on after a call that failed" },
		{ .name = "compress", .letter = 'z', .kind = CAL_OPT_FLAG,
		    .dest = &o->compress,
		    .help = "compress bodies with snappy" },
		{ .name = "exit-remote", .kind = CAL_OPT_FLAG,
		    .dest = &o->exit_remote, .help = "exit with the remote "
		    "command's status, 255 for everything else" },
		{ .name = "ping", .kind = CAL_OPT_FLAG, .dest = &o->ping,
		    .help = "only ask the server what it is" },
		{ .name = "max-body", .kind = CAL_OPT_BYTES, .value = "BYTES",
		    .dest = &o->max_body, .low = 1024, .high = 1 << 30,
		    .help = "largest body, both directions (10M)" },
		{ .name = "bind", .kind = CAL_OPT_FLAG, .dest = &o->bind,
		    .help = "listen at URL for workers that connect" },
		{ .name = "connect", .kind = CAL_OPT_FLAG,
		    .dest = &o->connect, .help = "connect to URL (default)" },
		CAL_KEYS_ROWS(&o->keys),
		{ .name = "ready-line", .letter = '1', .kind = CAL_OPT_FLAG,
		    .dest = &o->ready_line, .help = "with --bind: when ready, "
		    "print the real URL on stderr" },
		{ .name = "notify-fd", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->notify_fd, .low = 3, .high = 1 << 20,
		    .help = "with --bind: when ready, write a newline to "
		    "descriptor N" },
		CAL_WORDS_ROWS(&o->words,
		    "say more on stderr"),
		{ .name = NULL },
	};
	const struct cal_usage usage = {
		.program = "cal-call",
		.forms = forms,
		.summary = "Call methods over there.",
		.opts = opts,
		.notes = notes,
	};

	return cal_opt_parse(&usage, argc, argv, args, donep, err);
}

/* Two of these at a time contradict each other. */
struct choice {
	const char *name;
	bool given;
};

static int
at_most_one(const struct choice *choices, size_t count, struct cal_err *err)
{
	const char *first = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!choices[i].given)
			continue;
		if (first != NULL)
			return cal_fail(err, CAL_EUSAGE,
			    "%s and %s exclude each other", first,
			    choices[i].name);
		first = choices[i].name;
	}
	return CAL_OK;
}

#define AT_MOST_ONE(choices, err) \
	at_most_one(choices, sizeof(choices) / sizeof((choices)[0]), err)

static int
check_choices(const struct cal_call_options *o, const struct cal_args *args,
    struct cal_err *err)
{
	const struct choice bodies[] = {
		{ "BODY", args->count > 2 }, { "-d", o->data_option != NULL },
		{ "-n", o->no_body }, { "-l", o->lines }, { "-0", o->null },
		{ "-D", o->delimiter_text != NULL },
		{ "--framed", o->framed }, { "-J", o->json },
	};
	const struct choice shapes[] = {
		{ "-r", o->raw }, { "--text", o->text }, { "-J", o->json },
		{ "-f", o->format != NULL },
	};
	const struct choice pieces[] = {
		{ "-r", o->raw }, { "-l", o->lines }, { "-0", o->null },
		{ "-D", o->delimiter_text != NULL },
	};
	const struct choice keys[] = {
		{ "-k", o->key != NULL }, { "-K", o->key_delimiter != NULL },
		{ "--key-from", o->key_pointer != NULL },
	};
	const struct choice sides[] = {
		{ "--bind", o->bind }, { "--connect", o->connect },
	};
	int rc;

	if ((rc = AT_MOST_ONE(bodies, err)) != CAL_OK ||
	    (rc = AT_MOST_ONE(shapes, err)) != CAL_OK ||
	    (o->raw && (rc = AT_MOST_ONE(pieces, err)) != CAL_OK) ||
	    (rc = AT_MOST_ONE(keys, err)) != CAL_OK)
		return rc;
	return AT_MOST_ONE(sides, err);
}

/*
 * What is about calls says nothing of a handshake.  An option that is given
 * with its default is as one that is not.
 */
static int
check_ping(const struct cal_call_options *o, struct cal_err *err)
{
	const struct choice calls[] = {
		{ "-d", o->data_option != NULL }, { "-n", o->no_body },
		{ "-l", o->lines }, { "-0", o->null },
		{ "-D", o->delimiter_text != NULL },
		{ "--framed", o->framed }, { "-J", o->json },
		{ "-r", o->raw }, { "--text", o->text },
		{ "-f", o->format != NULL }, { "-k", o->key != NULL },
		{ "-K", o->key_delimiter != NULL },
		{ "--key-from", o->key_pointer != NULL },
		{ "-j", o->jobs != usual.jobs },
		{ "--unordered", o->unordered },
		{ "-c", o->count != usual.count },
		{ "--retry", o->retry != usual.retry },
		{ "--retry-delay", o->retry_delay != usual.retry_delay },
		{ "-E", o->keep_going }, { "-z", o->compress },
		{ "--exit-remote", o->exit_remote },
		{ "--max-body", o->max_body != usual.max_body },
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].given)
			return cal_fail(err, CAL_EUSAGE,
			    "%s has no meaning with --ping", calls[i].name);
	return CAL_OK;
}

/* -d @FILE, and -d DATA. */
static void
set_data(struct cal_call_options *o, const struct cal_args *args)
{
	if (args->count > 2)
		o->data = args->words[2];
	else if (o->no_body)
		o->data = "";
	else if (o->data_option != NULL && o->data_option[0] == '@')
		o->data_file = o->data_option + 1;
	else
		o->data = o->data_option;
}

static void
set_mode(struct cal_call_options *o)
{
	static const char newline[] = "\n";

	if (o->json)
		o->mode = CAL_CALL_JSON;
	else if (o->framed)
		o->mode = CAL_CALL_FRAMED;
	else if (o->lines || o->null || o->delimiter_text != NULL)
		o->mode = CAL_CALL_PIECES;
	o->delimiter = cal_slice_text(newline);
	if (o->null)
		o->delimiter.ptr += 1;  /* its NUL */
	else if (o->delimiter_text != NULL)
		o->delimiter = cal_slice_text(o->delimiter_text);
}

static int
check_words(struct cal_call_options *o, const struct cal_args *args,
    struct cal_err *err)
{
	size_t most = o->ping ? 1 : 3;
	struct cal_slice method;

	if (args->dashes && args->command_count > 0)
		return cal_fail(err, CAL_EUSAGE,
		    "unexpected argument '%s' behind '--'", args->command[0]);
	if (args->count == 0)
		return cal_fail(err, CAL_EUSAGE, "no URL (see --help)");
	if (args->count > most)
		return cal_fail(err, CAL_EUSAGE, "unexpected argument '%s'",
		    args->words[most]);
	if (args->count > 1)
		o->method = args->words[1];
	else if (!o->ping && !o->json)
		return cal_fail(err, CAL_EUSAGE, "no METHOD (see --help)");
	if (o->method != NULL) {
		method = cal_slice_text(o->method);
		if (method.len == 0 || method.len > CAL_RPCMSG_METHOD_MAX ||
		    !cal_utf8_valid(method))
			return cal_fail(err, CAL_EUSAGE, "bad method: it is 1 "
			    "to %d bytes of UTF-8", CAL_RPCMSG_METHOD_MAX);
	}
	return cal_opt_url(&o->url, args->words[0], o->bind, err);
}

static int
check_rest(struct cal_call_options *o, struct cal_err *err)
{
	int rc;

	if (o->format != NULL &&
	    (rc = cal_format_check(o->format, err)) != CAL_OK)
		return rc;
	if (o->key_pointer != NULL &&
	    (rc = cal_json_pointer_check(o->key_pointer, err)) != CAL_OK)
		return rc;
	if (o->key != NULL && strlen(o->key) > CAL_RPCMSG_ECHO_MAX - 8)
		return cal_fail(err, CAL_EUSAGE, "the key is too long");
	if (o->key_delimiter != NULL && (o->mode != CAL_CALL_PIECES ||
	    o->key_delimiter[0] == '\0'))
		return cal_fail(err, CAL_EUSAGE, "-K needs -l, -0 or -D, and "
		    "a delimiter that is not empty");
	if (o->delimiter_text != NULL && o->delimiter_text[0] == '\0')
		return cal_fail(err, CAL_EUSAGE, "-D needs a delimiter");
	if (o->text && !o->body->takes_raw_text)
		return cal_fail(err, CAL_EUSAGE,
		    "--text has no meaning with -s %s", o->body->name);
	if (o->exit_remote && o->mode != CAL_CALL_ONE)
		return cal_fail(err, CAL_EUSAGE,
		    "--exit-remote is for a single call");
	if (!o->bind && (o->ready_line || o->notify_fd != 0))
		return cal_fail(err, CAL_EUSAGE, "%s needs --bind",
		    o->ready_line ? "--ready-line" : "--notify-fd");
	return CAL_OK;
}

int
cal_call_options_read(struct cal_call_options *o, int argc, char **argv,
    bool *donep, struct cal_err *err)
{
	struct cal_args args;
	int rc;

	*o = usual;
	if ((rc = parse(o, argc, argv, &args, donep, err)) != CAL_OK || *donep)
		return rc;
	if ((o->ping && (rc = check_ping(o, err)) != CAL_OK) ||
	    (rc = check_choices(o, &args, err)) != CAL_OK ||
	    (rc = cal_body_find(&o->body, o->serializer, err)) != CAL_OK)
		return rc;
	set_data(o, &args);
	set_mode(o);
	if ((rc = check_words(o, &args, err)) != CAL_OK)
		return rc;
	return check_rest(o, err);
}
