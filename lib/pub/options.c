/* The table of cal-pub's options, and what must fit together. */
#include <string.h>

#include "cli/choice.h"
#include "pub/options.h"

static const char *const forms[] = {
	"[options] URL [BODY]",
	"[options] -J URL",
	NULL,
};

static const char notes[] =
    "Without BODY, -d and -n the message is read from stdin; with -l, -0, -D, "
    "--framed and -J each is published as soon as it is read.\n"
    "Exit status: 0 everything was handed over, and no subscriber missed any; "
    "64 usage; 65 bad input; 69 too few subscribers, or no Redis; 74 reading "
    "or writing failed; 75 something was not handed over, or missed; 77 not "
    "let in; 78 configuration; 124 something may or may not be in Redis.\n"
    "Limits: 1000 messages that nobody takes wait, with at most 4 times "
    "--max-body bytes, then nothing more is read; 64 more for each "
    "subscriber; 100000 topics with --seq; 1 MiB of output that nobody reads.";

/* Large, and mostly never touched. */
static struct cal_url urls[CAL_PUBLISHER_URLS];

static const struct cal_pub_options usual = {
	.urls = urls,
	.shape.serializer = "json",
	.wait_readers = 1,
	.max_body = 10 << 20,
	.linger = 30,
	.connect_timeout = 5,
	.retry_delay = 0.2,
};

static int
parse(struct cal_pub_options *o, int argc, char **argv, struct cal_args *args,
    bool *donep, struct cal_err *err)
{
	const struct cal_opt opts[] = {
		{ .name = "url", .letter = 'u', .kind = CAL_OPT_LIST,
		    .value = "URL", .dest = &o->more_urls,
		    .help = "publish at URL, too (repeatable)" },
		CAL_SOURCE_ROWS(&o->source),
		CAL_SHAPE_ROWS(&o->shape, "a message for each line of stdin",
		    "a JSON object a line: topic, key, body, ts; as cal-sub "
		    "-J writes them", "no conversion: the bytes of the input",
		    "print messages so (with -T): %s body, %S size, %k key, "
		    "%t topic, %T time, %o number"),
		{ .name = "topic", .letter = 't', .kind = CAL_OPT_TEXT,
		    .value = "TOPIC", .dest = &o->topic, .help = "topic of "
		    "messages; with -J, of objects without one" },
		CAL_OKEY_ROWS(&o->key, "ordering key of every message"),
		{ .name = "keep-time", .kind = CAL_OPT_FLAG,
		    .dest = &o->keep_time, .help = "with -J: the time of a "
		    "message is the ts of its object, not now" },
		{ .name = "seq", .kind = CAL_OPT_FLAG, .dest = &o->number,
		    .help = "number the messages of each topic, so that "
		    "subscribers see gaps" },
		{ .name = "id", .kind = CAL_OPT_FLAG, .dest = &o->mark,
		    .help = "give each message a random id" },
		{ .name = "compress", .letter = 'z', .kind = CAL_OPT_FLAG,
		    .dest = &o->compress, .help = "compress bodies with "
		    "snappy; plain readers cannot read them" },
		{ .name = "distribute", .kind = CAL_OPT_FLAG,
		    .dest = &o->distribute, .help = "each message to one "
		    "subscriber, not to all" },
		{ .name = "wait-subscribers", .kind = CAL_OPT_WHOLE,
		    .value = "N", .dest = &o->wait_readers, .high = 1000000,
		    .help = "hold the first message until N subscribers are "
		    "there (1)" },
		{ .name = "connect-timeout", .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->connect_timeout,
		    .help = "seconds to wait for them; 0: for ever (5)" },
		{ .name = "no-drop", .kind = CAL_OPT_FLAG,
		    .dest = &o->no_drop, .help = "wait for the slowest "
		    "subscriber, so that none misses any" },
		{ .name = "linger", .kind = CAL_OPT_SECONDS, .value = "S",
		    .dest = &o->linger, .help = "at the end, wait S seconds "
		    "for subscribers to take the rest; 0: for ever (30)" },
		{ .name = "rate", .kind = CAL_OPT_RATE, .value = "N",
		    .dest = &o->rate, .help = "at most N messages a second; "
		    "N/m: a minute" },
		{ .name = "interval", .kind = CAL_OPT_SECONDS, .value = "S",
		    .dest = &o->interval, .help = "a message every S seconds; "
		    "a body that was given is published again and again" },
		{ .name = "count", .letter = 'c', .kind = CAL_OPT_WHOLE,
		    .value = "N", .dest = &o->count, .low = 1,
		    .help = "stop after N messages" },
		{ .name = "keep-going", .letter = 'E', .kind = CAL_OPT_FLAG,
		    .dest = &o->keep_going,
		    .help = "go on after input that is no message" },
		{ .name = "tee", .letter = 'T', .kind = CAL_OPT_FLAG,
		    .dest = &o->tee, .help = "write the input to stdout, too, "
		    "each message when it was handed over" },
		{ .name = "max-body", .kind = CAL_OPT_BYTES, .value = "BYTES",
		    .dest = &o->max_body, .low = 1024, .high = 1 << 30,
		    .help = "largest body (10M)" },
		{ .name = "bind", .kind = CAL_OPT_FLAG, .dest = &o->bind,
		    .help = "listen at URL (default)" },
		{ .name = "connect", .kind = CAL_OPT_FLAG,
		    .dest = &o->connect, .help = "connect to subscribers that "
		    "listen" },
		CAL_KEYS_ROWS(&o->keys),
		CAL_REDIS_ROWS(&o->redis),
		{ .name = "maxlen", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->redis.conn.max_len, .low = 1, .help =
		    "redis: let the stream keep about N messages" },
		{ .name = "print-id", .kind = CAL_OPT_FLAG,
		    .dest = &o->print_id, .help = "redis: print the id of "
		    "each message when Redis has it" },
		{ .name = "wait", .kind = CAL_OPT_TEXT, .value = "N:MS",
		    .dest = &o->replicas, .help = "redis: N replicas must "
		    "have each message within MS milliseconds" },
		{ .name = "retry", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->retry, .high = 1000000, .help = "redis: send "
		    "what may not have arrived again, up to N times, with "
		    "the same message id (0)" },
		{ .name = "retry-delay", .kind = CAL_OPT_SECONDS,
		    .value = "S", .dest = &o->retry_delay, .help = "redis: "
		    "seconds until what Redis refuses for the moment is "
		    "tried again, doubling (0.2)" },
		{ .name = "ready-line", .letter = '1', .kind = CAL_OPT_FLAG,
		    .dest = &o->ready_line, .help = "when ready, print the "
		    "real URLs and close stdout; with -T or "
		    "--print-id on stderr" },
		{ .name = "notify-fd", .kind = CAL_OPT_WHOLE, .value = "N",
		    .dest = &o->notify_fd, .low = 3, .high = 1 << 20,
		    .help = "when ready, write a newline to descriptor N" },
		CAL_WORDS_ROWS(&o->words, "say more on stderr"),
		{ .name = NULL },
	};
	const struct cal_usage usage = {
		.program = "cal-pub",
		.forms = forms,
		.summary = "Publish messages to whoever subscribes.",
		.opts = opts,
		.notes = notes,
	};

	return cal_opt_parse(&usage, argc, argv, args, donep, err);
}

static int
check_choices(struct cal_pub_options *o, struct cal_err *err)
{
	const struct cal_choice sides[] = {
		{ "--bind", o->bind }, { "--connect", o->connect },
	};
	const struct cal_choice paces[] = {
		{ "--rate", o->rate > 0 }, { "--interval", o->interval > 0 },
	};
	const struct cal_choice outputs[] = {
		{ "-T", o->tee }, { "--print-id", o->print_id },
	};
	int rc;

	if ((rc = CAL_CHOICE_CHECK(sides, err)) != CAL_OK ||
	    (rc = CAL_CHOICE_CHECK(paces, err)) != CAL_OK)
		return rc;
	return CAL_CHOICE_CHECK(outputs, err);
}

static int
add_url(struct cal_pub_options *o, const char *text, struct cal_err *err)
{
	if (o->urls_count == CAL_PUBLISHER_URLS)
		return cal_fail(err, CAL_EUSAGE, "more than %d URLs",
		    CAL_PUBLISHER_URLS);
	return cal_opt_url(&o->urls[o->urls_count++], text, !o->connect, err);
}

static int
read_words(struct cal_pub_options *o, const struct cal_args *args,
    struct cal_err *err)
{
	size_t i;
	int rc;

	if (args->dashes && args->command_count > 0)
		return cal_fail(err, CAL_EUSAGE,
		    "unexpected argument '%s' behind '--'", args->command[0]);
	if (args->count == 0)
		return cal_fail(err, CAL_EUSAGE, "no URL (see --help)");
	if (args->count > 2)
		return cal_fail(err, CAL_EUSAGE, "unexpected argument '%s'; "
		    "more URLs are given with -u",
		    cal_url_shown(args->words[2]));
	rc = add_url(o, args->words[0], err);
	for (i = 0; rc == CAL_OK && i < o->more_urls.count; i++)
		rc = add_url(o, o->more_urls.items[i], err);
	return rc;
}

static int
settle_redis(struct cal_pub_options *o, struct cal_err *err)
{
	static const char kept[] = "Redis keeps what nobody has read yet";
	const struct cal_redis_choice choices[] = {
		{ "--distribute", o->distribute, "whoever shares messages "
		    "reads them as a group" },
		{ "--no-drop", o->no_drop, kept },
		{ "--wait-subscribers",
		    o->wait_readers != usual.wait_readers, kept },
	};
	int rc;

	if ((rc = cal_redis_check_side(o->bind, o->connect, err)) != CAL_OK ||
	    (rc = cal_redis_check_keys(&o->keys, err)) != CAL_OK ||
	    (rc = CAL_REDIS_REFUSE(choices, err)) != CAL_OK)
		return rc;
	o->wait_readers = 0;
	o->redis.conn.patience = o->connect_timeout;
	o->redis.conn.pause = o->retry_delay;
	o->redis.conn.retries = (unsigned)o->retry;
	return o->replicas == NULL ? CAL_OK :
	    cal_redis_replicas(&o->redis.conn, o->replicas, err);
}

static int
check_redis(struct cal_pub_options *o, struct cal_err *err)
{
	const struct cal_choice only[] = {
		{ "--maxlen", o->redis.conn.max_len != 0 },
		{ "--print-id", o->print_id },
		{ "--wait", o->replicas != NULL },
		{ "--retry", o->retry != usual.retry },
		{ "--retry-delay", o->retry_delay != usual.retry_delay },
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
check_rest(const struct cal_pub_options *o, struct cal_err *err)
{
	if (o->topic != NULL && strlen(o->topic) > CAL_STREAMMSG_TOPIC_MAX)
		return cal_fail(err, CAL_EUSAGE,
		    "the topic has more than %d bytes",
		    CAL_STREAMMSG_TOPIC_MAX);
	if (o->keep_time && o->shape.mode != CAL_SHAPE_JSON)
		return cal_fail(err, CAL_EUSAGE, "--keep-time needs -J");
	if (o->shape.format != NULL && !o->tee)
		return cal_fail(err, CAL_EUSAGE, "-f needs -T");
	return CAL_OK;
}

int
cal_pub_options_read(struct cal_pub_options *o, int argc, char **argv,
    bool *donep, struct cal_err *err)
{
	struct cal_args args;
	int rc;

	*o = usual;
	if ((rc = parse(o, argc, argv, &args, donep, err)) != CAL_OK || *donep)
		return rc;
	if ((rc = check_choices(o, err)) != CAL_OK ||
	    (rc = cal_shape_settle(&o->shape, err)) != CAL_OK ||
	    (rc = cal_source_settle(&o->source, args.count > 1 ?
	    args.words[1] : NULL, &o->shape, err)) != CAL_OK ||
	    (rc = read_words(o, &args, err)) != CAL_OK ||
	    (rc = cal_okey_check(&o->key, &o->shape, err)) != CAL_OK)
		return rc;
	if ((rc = check_rest(o, err)) != CAL_OK ||
	    (rc = check_redis(o, err)) != CAL_OK)
		return rc;
	o->bind = !o->connect;
	return CAL_OK;
}
