/* The table of cal-sub's options, and what must fit together. */
#include <string.h>

#include "base/mem.h"
#include "cli/choice.h"
#include "sub/options.h"

static const char *const forms[] = {
	"[options] URL... [-- COMMAND [ARG...]]",
	NULL,
};

static const char notes[] =
    "Without COMMAND the body of each message is printed on a line.  A "
    "COMMAND gets the body on stdin and CAL_TOPIC, CAL_TS, CAL_KEY, CAL_ID, "
    "CAL_SEQ, CAL_TIMEOUT_MS; what it writes to stdout is printed when it has "
    "ended.  A worker of --coprocess gets a body and gives an answer per line "
    "(lines), with 4-byte lengths in front (framed), or as JSON-RPC 2.0 "
    "objects (jsonrpc).\n"
    "Exit status: 0 done; 1 a command failed; 3 a worker cannot take a "
    "message; 64 usage; 65 output too large; 69 never connected; 74 writing "
    "failed; 75 a command could not be started, or was cut short; 76 a body "
    "that cannot be read, messages are missing (--strict); 77 not let in; 124 "
    "too few messages in time.\n"
    "Limits: -j commands at a time, or -j times --depth messages in workers; "
    "64 messages that wait for others with their key, with at most 4 times "
    "--max-body bytes; 1 MiB of output that nobody reads.  Whatever does not "
    "fit stays on the way.";

/* Large, and mostly never touched. */
static struct cal_url urls[CAL_CONSUMER_URLS];

static const struct cal_sub_options usual = {
	.urls = urls,
	.shape.serializer = "json",
	.work = CAL_JOBS_USUAL,
	.connect_timeout = 5,
	.run_timeout = 3600,
	.max_body = 10 << 20,
	.redis.conn.lease = CAL_REDIS_LEASE,
	.max_deliver = 5,
};

static int
parse(struct cal_sub_options *o, int argc, char **argv, struct cal_args *args,
    bool *donep, struct cal_err *err)
{
	const struct cal_opt opts[] = {
		CAL_SHAPE_ROWS(&o->shape, "a line for each message (default)",
		    "a JSON object a line: id, seq, ts, topic, key, body; as "
		    "cal-pub -J reads them", "no conversion and no newline: "
		    "the bytes on the wire", "print messages so: %s body, %S "
		    "size, %k key, %t topic, %T time, %o id or number"),
		{ .name = "topic", .letter = 't', .kind = CAL_OPT_LIST,
		    .value = "PREFIX", .dest = &o->topic_list, .help = "only "
		    "messages whose topic begins so (repeatable)" },
		{ .name = "distribute", .kind = CAL_OPT_FLAG,
		    .dest = &o->distribute, .help = "messages of which each "
		    "goes to one subscriber, not to all" },
		{ .name = "count", .letter = 'c', .kind = CAL_OPT_WHOLE,
		    .value = "N", .dest = &o->count, .low = 1,
		    .help = "leave when N messages are printed or done" },
		{ .name = "timeout", .letter = 'W', .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->timeout, .help = "leave after S "
		    "seconds; 0: never (0)" },
		{ .name = "connect-timeout", .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->connect_timeout, .help =
		    "seconds to connect to every URL; 0: for ever (5)" },
		CAL_JOBS_ROWS(&o->work,
		    "commands at a time (1); with --coprocess, workers (one "
		    "per processor)",
		    "long-lived workers instead of a command per message: "
		    "lines, framed or jsonrpc"),
		{ .name = "run-timeout", .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->run_timeout, .help = "stop a "
		    "command after S seconds; 0: never (1h)" },
		{ .name = "key", .letter = 'k', .kind = CAL_OPT_TEXT,
		    .value = "KEY", .dest = &o->key.fixed, .help = "the key "
		    "of every message: all run one after the other" },
		{ .name = "key-from", .kind = CAL_OPT_TEXT,
		    .value = "POINTER", .dest = &o->key.pointer, .help = "the "
		    "key stands in the body at a JSON pointer; messages of "
		    "one key run one after the other" },
		{ .name = "keep-going", .letter = 'E', .kind = CAL_OPT_FLAG,
		    .dest = &o->keep_going, .help = "go on after a message "
		    "that failed" },
		{ .name = "strict", .kind = CAL_OPT_FLAG, .dest = &o->strict,
		    .help = "fail (76) when messages are missing, by the "
		    "counters of cal-pub --seq" },
		{ .name = "max-body", .kind = CAL_OPT_BYTES, .value = "BYTES",
		    .dest = &o->max_body, .low = 1024, .high = 1 << 30,
		    .help = "largest body, and output of a command (10M)" },
		{ .name = "bind", .kind = CAL_OPT_FLAG, .dest = &o->bind,
		    .help = "listen at URL for publishers that connect" },
		{ .name = "connect", .kind = CAL_OPT_FLAG,
		    .dest = &o->connect, .help = "connect to URL (default)" },
		CAL_KEYS_ROWS(&o->keys),
		CAL_REDIS_ROWS(&o->redis),
		{ .name = "group", .letter = 'G', .kind = CAL_OPT_TEXT,
		    .value = "GROUP", .dest = &o->group, .help = "redis: "
		    "share the messages with all who name this group" },
		{ .name = "offset", .letter = 'o', .kind = CAL_OPT_TEXT,
		    .value = "POS", .dest = &o->position, .help = "redis: "
		    "begin at beginning, end or the time s@MS, or "
		    "behind an id (end; a new group: beginning)" },
		{ .name = "exit-at-end", .letter = 'e', .kind = CAL_OPT_FLAG,
		    .dest = &o->redis.conn.leave, .help = "redis: leave when "
		    "everything is read that was there at the start" },
		{ .name = "ack", .kind = CAL_OPT_FLAG,
		    .dest = &o->redis.conn.ack, .help = "redis: a message is "
		    "acknowledged when it is done, not when it is read" },
		CAL_REDIS_LEASE_ROW(&o->redis),
		{ .name = "max-deliver", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->max_deliver, .high = 1000000, .help =
		    "redis: after N times a message goes to NAME.dead; 0: "
		    "never (5)" },
		{ .name = "ready-line", .letter = '1', .kind = CAL_OPT_FLAG,
		    .dest = &o->ready_line, .help = "when ready, print the "
		    "real URLs on stderr" },
		{ .name = "notify-fd", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->notify_fd, .low = 3, .high = 1 << 20,
		    .help = "when ready, write a newline to descriptor N" },
		CAL_WORDS_ROWS(&o->words,
		    "say more on stderr; with COMMAND, each message"),
		{ .name = NULL },
	};
	const struct cal_usage usage = {
		.program = "cal-sub",
		.forms = forms,
		.summary = "Print messages, or run a command for each.",
		.opts = opts,
		.notes = notes,
	};

	return cal_opt_parse(&usage, argc, argv, args, donep, err);
}

static int
read_words(struct cal_sub_options *o, const struct cal_args *args,
    struct cal_err *err)
{
	size_t i;
	int rc;

	if (args->count == 0)
		return cal_fail(err, CAL_EUSAGE, "no URL (see --help)");
	if (args->count > CAL_CONSUMER_URLS)
		return cal_fail(err, CAL_EUSAGE, "more than %d URLs",
		    CAL_CONSUMER_URLS);
	if (args->dashes && args->command_count == 0)
		return cal_fail(err, CAL_EUSAGE, "no COMMAND behind '--'");
	if (args->dashes)
		o->command = args->command;
	for (i = 0; i < args->count; i++) {
		rc = cal_opt_url(&o->urls[o->urls_count++], args->words[i],
		    o->bind, err);
		if (rc != CAL_OK)
			return rc;
	}
	return CAL_OK;
}

static int
read_topics(struct cal_sub_options *o, struct cal_err *err)
{
	const struct cal_opt_list *list = &o->topic_list;
	size_t i;

	if (list->count > 0 && o->distribute)
		return cal_fail(err, CAL_EUSAGE, "-t has no meaning with "
		    "--distribute: a message goes to whoever has room");
	o->topics = cal_calloc(list->count + 1, sizeof(*o->topics));
	for (i = 0; i < list->count; i++) {
		o->topics[i] = cal_slice_text(list->items[i]);
		if (o->topics[i].len > CAL_STREAMMSG_TOPIC_MAX)
			return cal_fail(err, CAL_EUSAGE,
			    "the topic has more than %d bytes",
			    CAL_STREAMMSG_TOPIC_MAX);
	}
	return CAL_OK;
}

/*
 * What is about commands says nothing without one.  An option that is given
 * with its default is as one that is not.
 */
static int
check_print(const struct cal_sub_options *o, struct cal_err *err)
{
	const struct cal_choice choices[] = {
		{ "-j", o->work.jobs != usual.work.jobs },
		{ "--coprocess", o->work.coprocess != usual.work.coprocess },
		{ "--depth", o->work.depth != usual.work.depth },
		{ "--kill-after",
		    o->work.kill_after != usual.work.kill_after },
		{ "--grace", o->work.grace != usual.work.grace },
		{ "--pass-env", o->work.pass_env != NULL },
		{ "--run-timeout", o->run_timeout != usual.run_timeout },
		{ "-k", o->key.fixed != NULL },
		{ "--key-from", o->key.pointer != NULL },
	};
	const char *first = CAL_CHOICE_FIRST(choices);

	if (first == NULL)
		return CAL_OK;
	return cal_fail(err, CAL_EUSAGE, "%s has no meaning without a "
	    "COMMAND behind '--'", first);
}

/* What a group is for, where there is one. */
static int
check_group(const struct cal_url *url, bool ack, struct cal_err *err)
{
	if (url->redis.group[0] != '\0')
		return CAL_OK;
	if (ack)
		return cal_fail(err, CAL_EUSAGE, "--ack needs a group, -G: "
		    "nothing is acknowledged without one");
	if (url->redis.consumer[0] != '\0')
		return cal_fail(err, CAL_EUSAGE, "consumer= needs a group: "
		    "group= or -G");
	return CAL_OK;
}

static int
settle_groups(struct cal_sub_options *o, struct cal_err *err)
{
	char *group;
	size_t i;
	int rc;

	if (o->group != NULL &&
	    (rc = cal_url_check_name(o->group, "-G", err)) != CAL_OK)
		return rc;
	for (i = 0; i < o->urls_count; i++) {
		group = o->urls[i].redis.group;
		if (o->group != NULL && *group != '\0' &&
		    strcmp(group, o->group) != 0)
			return cal_fail(err, CAL_EUSAGE, "-G '%s' and group= "
			    "of the URL exclude each other", o->group);
		if (o->group != NULL)
			strcpy(group, o->group);
		if ((rc = check_group(&o->urls[i], o->redis.conn.ack,
		    err)) != CAL_OK)
			return rc;
	}
	return CAL_OK;
}

static int
check_ack(const struct cal_sub_options *o, struct cal_err *err)
{
	const struct cal_choice choices[] = {
		{ "--lease", o->redis.conn.lease != usual.redis.conn.lease },
		{ "--max-deliver", o->max_deliver != usual.max_deliver },
	};
	const char *first = CAL_CHOICE_FIRST(choices);

	if (first != NULL && !o->redis.conn.ack)
		return cal_fail(err, CAL_EUSAGE, "%s has no meaning without "
		    "--ack", first);
	return cal_redis_check_lease(o->redis.conn.lease, err);
}

static int
settle_redis(struct cal_sub_options *o, struct cal_err *err)
{
	struct cal_conn_redis *conn = &o->redis.conn;
	const struct cal_redis_choice choice = {
		"--distribute", o->distribute,
		"whoever shares messages names one group, -G",
	};
	int rc;

	if ((rc = cal_redis_check_side(o->bind, o->connect, err)) != CAL_OK ||
	    (rc = cal_redis_check_keys(&o->keys, err)) != CAL_OK ||
	    (rc = cal_redis_refuse(&choice, 1, err)) != CAL_OK ||
	    (rc = settle_groups(o, err)) != CAL_OK ||
	    (rc = check_ack(o, err)) != CAL_OK)
		return rc;
	conn->max_deliver = (unsigned)o->max_deliver;
	/* Those that wait to be tried again are not settled either. */
	if (o->command != NULL)
		conn->window = cal_jobs_room(&o->work) +
		    (conn->ack ? CAL_SUB_WAITING : 0);
	else if (conn->ack)
		conn->window = CAL_SUB_UNWRITTEN;
	o->keep_going = o->keep_going || conn->ack;
	if (o->position == NULL)
		return CAL_OK;
	conn->start = o->start;
	return cal_redis_start(o->start, o->position, err);
}

static int
check_redis(struct cal_sub_options *o, struct cal_err *err)
{
	const struct cal_conn_redis *conn = &o->redis.conn;
	const struct cal_choice only[] = {
		{ "-G", o->group != NULL }, { "-o", o->position != NULL },
		{ "-e", conn->leave }, { "--ack", conn->ack },
		{ "--lease", conn->lease != usual.redis.conn.lease },
		{ "--max-deliver", o->max_deliver != usual.max_deliver },
	};
	bool with;
	int rc;

	rc = cal_redis_check_urls(&with, o->urls, o->urls_count, err);
	if (rc != CAL_OK)
		return rc;
	return with ? settle_redis(o, err) :
	    CAL_REDIS_WITHOUT(&o->redis, only, err);
}

static int
check_rest(struct cal_sub_options *o, struct cal_err *err)
{
	int rc;

	if (o->strict && o->distribute)
		return cal_fail(err, CAL_EUSAGE, "--strict has no meaning "
		    "with --distribute: others get what is missing here");
	if (o->command == NULL)
		return check_print(o, err);
	if ((rc = cal_okey_check(&o->key, &o->shape, err)) != CAL_OK)
		return rc;
	return cal_jobs_settle(&o->work, 1, o->shape.text, err);
}

/* A line for each message, unless something else is said. */
static int
settle_shape(struct cal_shape *shape, struct cal_err *err)
{
	if (cal_shape_many(shape) == NULL && !shape->raw)
		shape->lines = true;
	return cal_shape_settle(shape, err);
}

static int
check_side(const struct cal_sub_options *o, struct cal_err *err)
{
	const struct cal_choice sides[] = {
		{ "--bind", o->bind }, { "--connect", o->connect },
	};

	return CAL_CHOICE_CHECK(sides, err);
}

int
cal_sub_options_read(struct cal_sub_options *o, int argc, char **argv,
    bool *donep, struct cal_err *err)
{
	struct cal_args args;
	int rc;

	*o = usual;
	if ((rc = parse(o, argc, argv, &args, donep, err)) != CAL_OK || *donep)
		return rc;
	if ((rc = check_side(o, err)) != CAL_OK ||
	    (rc = settle_shape(&o->shape, err)) != CAL_OK ||
	    (rc = read_words(o, &args, err)) != CAL_OK ||
	    (rc = read_topics(o, err)) != CAL_OK)
		return rc;
	if ((rc = check_rest(o, err)) != CAL_OK)
		return rc;
	return check_redis(o, err);
}
