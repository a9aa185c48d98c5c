/* The table of cal-serve's options, and what must fit together. */
#include <string.h>

#include "cli/choice.h"
#include "cli/shape.h"
#include "serve/options.h"

static const char *const forms[] = {
	"[options] URL METHOD -- COMMAND [ARG...]",
	"[options] URL -m METHOD=SHELL-COMMAND ...",
	"[options] URL --dir DIR",
	NULL,
};

enum { JOBS = 100 };

static const char *const orders[] = { "key", "exit", "reply", NULL };
static const char notes[] =
    "METHOD '*' answers what nothing else answers.  A command gets the body "
    "on stdin and CAL_METHOD, CAL_KEY, CAL_SEQ, CAL_PEER, CAL_USER, "
    "CAL_TIMEOUT_MS; exit 0 makes its stdout the answer.  A worker of "
    "--coprocess gets a body and gives an answer per line (lines), with "
    "4-byte lengths in front (framed), or as JSON-RPC 2.0 objects (jsonrpc).\n"
    "Limits: -j commands at a time, or -j times --depth requests in the "
    "workers of a method; --max-queue requests wait per caller, 10 "
    "times as many in all, with at most 64 times --max-body bytes, those in "
    "workers included; --order "
    "reply holds as many bytes of answers back, or 4 MiB; an answer "
    "has at most --max-body bytes, a traceback the last 64 KiB of stderr; "
    "of answers that a caller does not take 1000 wait, and above these 4 "
    "times --max-body bytes.";

static const struct cal_serve_options usual = {
	.serializer = "json",
	.order = CAL_ORDER_KEY,
	.work = CAL_JOBS_USUAL,
	.max_queue = 1000,
	.max_body = 10 << 20,
	.timeout = 3600,
	.redis.conn.lease = CAL_REDIS_LEASE,
};

static int
parse(struct cal_serve_options *o, int argc, char **argv,
    struct cal_args *args, bool *donep, struct cal_err *err)
{
	const struct cal_opt opts[] = {
		{ .name = "serializer", .letter = 's', .kind = CAL_OPT_TEXT,
		    .value = "NAME", .dest = &o->serializer,
		    .help = "serializer of bodies: json, raw (json)" },
		{ .name = "method", .letter = 'm', .kind = CAL_OPT_LIST,
		    .value = "METHOD=CMD", .dest = &o->shell_methods,
		    .help = "serve METHOD by a shell command (repeatable)" },
		{ .name = "dir", .kind = CAL_OPT_TEXT, .value = "DIR",
		    .dest = &o->dir, .help = "every executable in DIR is a "
		    "method; SIGHUP reads it again" },
		CAL_JOBS_ROWS(&o->work,
		    "commands at a time (100); with --coprocess, workers of "
		    "each method (one per processor)",
		    "long-lived workers instead of a command per request: "
		    "lines, framed or jsonrpc"),
		{ .name = "order", .kind = CAL_OPT_CHOICE, .value = "ORDER",
		    .dest = &o->order, .choices = orders,
		    .help = "key: one at a time per key; exit: no order; "
		    "reply: answers in the order of requests (key)" },
		{ .name = "timeout", .letter = 'W', .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->timeout, .alias = "run-timeout",
		    .help = "stop a command after S seconds; 0: never (1h)" },
		{ .name = "count", .letter = 'c', .kind = CAL_OPT_WHOLE,
		    .value = "N", .dest = &o->count, .low = 1,
		    .help = "leave after N commands" },
		{ .name = "text", .kind = CAL_OPT_FLAG, .dest = &o->text,
		    .help = "commands read and write plain text; it is a JSON "
		    "string on the wire" },
		{ .name = "compress", .letter = 'z', .kind = CAL_OPT_FLAG,
		    .dest = &o->compress,
		    .help = "compress answers with snappy" },
		{ .name = "max-body", .kind = CAL_OPT_BYTES, .value = "BYTES",
		    .dest = &o->max_body, .low = 1024, .high = 1 << 30,
		    .help = "largest body, both directions (10M)" },
		{ .name = "max-queue", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->max_queue, .low = 1, .high = 1000000,
		    .help = "requests that wait per caller (1000)" },
		{ .name = "no-traceback", .kind = CAL_OPT_FLAG,
		    .dest = &o->no_traceback,
		    .help = "send no stderr of commands to callers" },
		{ .name = "bind", .kind = CAL_OPT_FLAG, .dest = &o->bind,
		    .help = "listen at URL (default)" },
		{ .name = "connect", .kind = CAL_OPT_FLAG,
		    .dest = &o->connect, .help = "dial out to a caller that "
		    "listens" },
		CAL_KEYS_ROWS(&o->keys),
		CAL_REDIS_ROWS(&o->redis),
		{ .name = "at-least-once", .kind = CAL_OPT_FLAG,
		    .dest = &o->redis.conn.at_least_once, .help = "redis: a "
		    "request is done with when its answer is there; others "
		    "repeat what a dead server left" },
		CAL_REDIS_LEASE_ROW(&o->redis),
		{ .name = "ready-line", .letter = '1', .kind = CAL_OPT_FLAG,
		    .dest = &o->ready_line, .help = "when ready, print the "
		    "real URL and close stdout" },
		{ .name = "notify-fd", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->notify_fd, .low = 3, .high = 1 << 20,
		    .help = "when ready, write a newline to descriptor N" },
		CAL_WORDS_ROWS(&o->words,
		    "say each request on stderr; twice: more"),
		{ .name = NULL },
	};
	const struct cal_usage usage = {
		.program = "cal-serve",
		.forms = forms,
		.summary = "Serve programs as RPC methods.",
		.opts = opts,
		.notes = notes,
	};

	return cal_opt_parse(&usage, argc, argv, args, donep, err);
}

static int
read_words(struct cal_serve_options *o, const struct cal_args *args,
    struct cal_err *err)
{
	bool command = args->dashes;

	if (args->count == 0)
		return cal_fail(err, CAL_EUSAGE, "no URL (see --help)");
	if (args->count > (command ? 2u : 1u))
		return cal_fail(err, CAL_EUSAGE, "unexpected argument '%s'%s",
		    cal_url_shown(args->words[command ? 2 : 1]), command ? "" :
		    "; a command stands behind '--'");
	if (command && args->count < 2)
		return cal_fail(err, CAL_EUSAGE,
		    "no METHOD in front of '--'");
	if (command && args->command_count == 0)
		return cal_fail(err, CAL_EUSAGE, "no COMMAND behind '--'");
	if (!command && o->shell_methods.count == 0 && o->dir == NULL)
		return cal_fail(err, CAL_EUSAGE, "nothing to serve: give "
		    "METHOD -- COMMAND, -m or --dir");
	if (command) {
		o->method = args->words[1];
		o->command = args->command;
	}
	return cal_opt_url(&o->url, args->words[0], !o->connect, err);
}

static int
check_workers(struct cal_serve_options *o, struct cal_err *err)
{
	int rc = cal_jobs_settle(&o->work, JOBS, o->text, err);

	/* An answer is a JSON value there: no way to say other bytes. */
	if (rc == CAL_OK && o->work.dialect != NULL &&
	    o->work.dialect->names_method && !o->body->json)
		return cal_fail(err, CAL_EUSAGE, "-s %s has no meaning with "
		    "--coprocess %s", o->body->name, o->work.dialect->name);
	return rc;
}

/* Servers share a group: one is there when none is named. */
static int
settle_redis(struct cal_serve_options *o, struct cal_err *err)
{
	struct cal_conn_redis *conn = &o->redis.conn;
	bool lease = conn->lease != usual.redis.conn.lease;
	const struct cal_choice only[] = {
		{ "--at-least-once", conn->at_least_once },
		{ "--lease", lease },
	};
	int rc;

	if (!cal_url_is_redis(&o->url))
		return CAL_REDIS_WITHOUT(&o->redis, only, err);
	if ((rc = cal_redis_check_side(o->bind, o->connect,
	    err)) != CAL_OK ||
	    (rc = cal_redis_check_keys(&o->keys, err)) != CAL_OK ||
	    (rc = cal_redis_check_lease(conn->lease, err)) != CAL_OK)
		return rc;
	if (lease && !conn->at_least_once)
		return cal_fail(err, CAL_EUSAGE, "--lease has no meaning "
		    "without --at-least-once: nothing is held");
	if (o->url.redis.group[0] == '\0')
		strcpy(o->url.redis.group, "cal");
	conn->window = cal_jobs_room(&o->work);
	return CAL_OK;
}

static int
check_side(const struct cal_serve_options *o, struct cal_err *err)
{
	const struct cal_choice sides[] = {
		{ "--bind", o->bind }, { "--connect", o->connect },
	};

	return CAL_CHOICE_CHECK(sides, err);
}

int
cal_serve_options_read(struct cal_serve_options *options, int argc,
    char **argv, bool *donep, struct cal_err *err)
{
	struct cal_args args;
	int rc;

	*options = usual;
	if ((rc = parse(options, argc, argv, &args, donep, err)) != CAL_OK ||
	    *donep)
		return rc;
	if ((rc = check_side(options, err)) != CAL_OK ||
	    (rc = cal_shape_serializer(&options->body, options->serializer,
	    options->text, err)) != CAL_OK ||
	    (rc = read_words(options, &args, err)) != CAL_OK)
		return rc;
	if ((rc = check_workers(options, err)) != CAL_OK ||
	    (rc = settle_redis(options, err)) != CAL_OK)
		return rc;
	options->bind = !options->connect;
	return CAL_OK;
}
