/*
 * Bare lines to a stream of Redis and back:
 *
 *      rawredis pub SOCKET STREAM              lines of stdin become entries
 *      rawredis one SOCKET STREAM BODY         a single one
 *      rawredis -c N sub SOCKET STREAM GROUP   bodies become lines of stdout
 *
 * An entry has a header that never changes, and the line.  The publisher has a
 * thousand on their way, of which the older half is awaited at a time.  The
 * reader acknowledges a batch with one command, which leaves together with the
 * next read, before it writes the lines; and it leaves after N.
 */
#include "lines.h"
#include "redis.h"

enum {
	WINDOW = 1000,          /* XADDs without their answer */
	STRIDE = 100,           /* of which so many are written at once */
};

struct publisher {
	redisContext *ctx;
	const char *stream;
	long sent;
};

static void
send_line(void *arg, const char *line, size_t len)
{
	struct publisher *p = arg;

	append_entry(p->ctx, p->stream, LINES_HEADER, LINES_HEADER_LEN, line,
	    len);
	if (++p->sent % STRIDE == 0)
		flush(p->ctx);
	if (p->sent < WINDOW)
		return;
	drop_answers(p->ctx, WINDOW / 2);
	p->sent -= WINDOW / 2;
}

static void
publish(redisContext *ctx, const char *stream)
{
	struct publisher p = { ctx, stream, 0 };

	lines_read(send_line, &p);
	drop_answers(ctx, p.sent);
}

static void
publish_one(redisContext *ctx, const char *stream, const char *body)
{
	append_entry(ctx, stream, LINES_HEADER, LINES_HEADER_LEN, body,
	    strlen(body));
	drop_answers(ctx, 1);
}

static void
ask(redisContext *ctx, const char *stream, const char *group, long left)
{
	char count[16];

	snprintf(count, sizeof(count), "%ld",
	    left < REDIS_BATCH ? left : REDIS_BATCH);
	append_read(ctx, stream, group, count);
}

static void
print(struct lines *out, const struct batch *batch)
{
	const redisReply *msg;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		msg = field(batch, i, MSG);
		lines_add(out, msg->str, msg->len);
	}
}

static void
consume(redisContext *ctx, const char *stream, const char *group, long left)
{
	struct lines out = { NULL, 0, 0 };
	struct batch batch;

	make_group(ctx, stream, group);
	ask(ctx, stream, group, left);
	while (left > 0) {
		batch = take_batch(ctx);
		left -= (long)batch.count;
		if (batch.count > 0)
			append_ack(ctx, stream, group, &batch);
		if (left > 0)
			ask(ctx, stream, group, left);
		flush(ctx);
		print(&out, &batch);
		if (batch.count < REDIS_BATCH)
			lines_write(&out);
		drop_answers(ctx, batch.count > 0);
		freeReplyObject(batch.reply);
	}
	lines_write(&out);
}

int
main(int argc, char **argv)
{
	long count = 1;
	int c;

	while ((c = getopt(argc, argv, "c:")) != -1)
		switch (c) {
		case 'c': count = rig_number(optarg, 1); break;
		default: return 64;
		}
	argv += optind;
	argc -= optind;
	if (argc == 3 && strcmp(argv[0], "pub") == 0)
		publish(redis_connect(argv[1]), argv[2]);
	else if (argc == 4 && strcmp(argv[0], "one") == 0)
		publish_one(redis_connect(argv[1]), argv[2], argv[3]);
	else if (argc == 4 && strcmp(argv[0], "sub") == 0)
		consume(redis_connect(argv[1]), argv[2], argv[3], count);
	else
		errx(64, "usage: rawredis [-c count]"
		    " pub|one|sub SOCKET STREAM [BODY|GROUP]");
	_exit(0);
}
