/* The table of cal-call's options, and what must fit together. */
#include "base/utf8.h"
#include "call/options.h"
#include "cli/choice.h"
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
	.shape.serializer = "json",
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
		CAL_SOURCE_ROWS(&o->source),
		CAL_SHAPE_ROWS(&o->shape, "a call for each line of stdin, a "
		    "line for each answer", "a JSON object a line, in and "
		    "out: method, key, body, ...", "no conversion and no "
		    "newline: the bytes on the wire", "print answers so: %s "
		    "body, %S size, %k key, %o number, ..."),
		CAL_OKEY_ROWS(&o->key, "ordering key of every call"),
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
		CAL_REDIS_ROWS(&o->redis),
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

/*
 * What is about calls says nothing of a handshake.  An option that is given
 * with its default is as one that is not.
 */
static int
check_ping(const struct cal_call_options *o, struct cal_err *err)
{
	const char *shape = cal_shape_given(&o->shape);
	const struct cal_choice calls[] = {
		{ "-d", o->source.data_option != NULL },
		{ "-n", o->source.no_body }, { shape, shape != NULL },
		{ "-k", o->key.fixed != NULL },
		{ "-K", o->key.delimiter != NULL },
		{ "--key-from", o->key.pointer != NULL },
		{ "-j", o->jobs != usual.jobs },
		{ "--unordered", o->unordered },
		{ "-c", o->count != usual.count },
		{ "--retry", o->retry != usual.retry },
		{ "--retry-delay", o->retry_delay != usual.retry_delay },
		{ "-E", o->keep_going }, { "-z", o->compress },
		{ "--exit-remote", o->exit_remote },
		{ "--max-body", o->max_body != usual.max_body },
	};
	const char *given = CAL_CHOICE_FIRST(calls);

	return given == NULL ? CAL_OK : cal_fail(err, CAL_EUSAGE,
	    "%s has no meaning with --ping", given);
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
		    cal_url_shown(args->words[most]));
	if (args->count > 1)
		o->method = args->words[1];
	else if (!o->ping && !o->shape.json)
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
check_redis(struct cal_call_options *o, struct cal_err *err)
{
	const struct cal_redis_choice choice = {
		"--ping", o->ping, "a server is not there to be asked",
	};
	int rc;

	if (!cal_url_is_redis(&o->url))
		return cal_redis_without(&o->redis, NULL, 0, err);
	if ((rc = cal_redis_check_side(o->bind, o->connect, err)) != CAL_OK ||
	    (rc = cal_redis_check_keys(&o->keys, err)) != CAL_OK)
		return rc;
	return cal_redis_refuse(&choice, 1, err);
}

static int
check_rest(struct cal_call_options *o, struct cal_err *err)
{
	const struct cal_choice sides[] = {
		{ "--bind", o->bind }, { "--connect", o->connect },
	};
	int rc;

	if ((rc = CAL_CHOICE_CHECK(sides, err)) != CAL_OK ||
	    (rc = check_redis(o, err)) != CAL_OK)
		return rc;
	if (o->exit_remote && o->shape.mode != CAL_SHAPE_ONE)
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
	    (rc = cal_shape_settle(&o->shape, err)) != CAL_OK ||
	    (rc = cal_source_settle(&o->source, args.count > 2 ?
	    args.words[2] : NULL, &o->shape, err)) != CAL_OK ||
	    (rc = check_words(o, &args, err)) != CAL_OK ||
	    (rc = cal_okey_check(&o->key, &o->shape, err)) != CAL_OK)
		return rc;
	return check_rest(o, err);
}
