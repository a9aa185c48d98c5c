/* What the bare rigs on raw hiredis share: blocking calls, commands in words. */
#ifndef REDIS_H
#define REDIS_H

#include <hiredis/hiredis.h>

#include "bytes.h"

enum {
	REDIS_BATCH = 100,      /* entries of one read */
	REDIS_WORDS = 16 + REDIS_BATCH,
};

struct words {
	const char *ptr[REDIS_WORDS];
	size_t len[REDIS_WORDS];
	int count;
};

/* A reply of XREAD or XREADGROUP, of one stream: its entries. */
struct batch {
	redisReply *reply;
	redisReply **entries;
	size_t count;
};

static inline redisContext *
redis_connect(const char *path)
{
	redisContext *ctx = redisConnectUnix(path);

	if (ctx == NULL || ctx->err != 0)
		errx(1, "%s: %s", path, ctx == NULL ? "?" : ctx->errstr);
	return ctx;
}

static inline void
add_bytes(struct words *words, const void *ptr, size_t len)
{
	if (words->count == REDIS_WORDS)
		errx(1, "too many words");
	words->ptr[words->count] = ptr;
	words->len[words->count++] = len;
}

static inline void
add(struct words *words, const char *word)
{
	add_bytes(words, word, strlen(word));
}

static inline void
add_reply(struct words *words, const redisReply *reply)
{
	add_bytes(words, reply->str, reply->len);
}

static inline void
append(redisContext *ctx, const struct words *words)
{
	if (redisAppendCommandArgv(ctx, words->count,
	    (const char **)words->ptr, words->len) != REDIS_OK)
		errx(1, "Redis: %s", ctx->errstr);
}

static inline void
append_entry(redisContext *ctx, const char *stream, const void *hdr,
    size_t hdr_len, const void *msg, size_t msg_len)
{
	struct words words;

	words.count = 0;
	add(&words, "XADD");
	add(&words, stream);
	add(&words, "*");
	add(&words, "hdr");
	add_bytes(&words, hdr, hdr_len);
	add(&words, "msg");
	add_bytes(&words, msg, msg_len);
	append(ctx, &words);
}

static inline void
append_read(redisContext *ctx, const char *stream, const char *group,
    const char *count)
{
	const char *const texts[] = {
		"XREADGROUP", "GROUP", group, "bare", "COUNT", count, "BLOCK",
		"1000", "STREAMS", stream, ">",
	};
	struct words words;
	size_t i;

	words.count = 0;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add(&words, texts[i]);
	append(ctx, &words);
}

/* A command in front of the ids of a batch. */
static inline void
append_ids(redisContext *ctx, struct words *words, const struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->count; i++)
		add_reply(words, batch->entries[i]->element[0]);
	append(ctx, words);
}

static inline void
append_ack(redisContext *ctx, const char *stream, const char *group,
    const struct batch *batch)
{
	struct words words;

	words.count = 0;
	add(&words, "XACK");
	add(&words, stream);
	add(&words, group);
	append_ids(ctx, &words, batch);
}

/* All that was appended leaves. */
static inline void
flush(redisContext *ctx)
{
	int done = 0;

	while (!done)
		if (redisBufferWrite(ctx, &done) != REDIS_OK)
			errx(1, "Redis: %s", ctx->errstr);
}

/* The next answer; what waits to leave leaves first. */
static inline redisReply *
answer(redisContext *ctx)
{
	void *any;
	redisReply *reply;

	if (redisGetReply(ctx, &any) != REDIS_OK)
		errx(1, "Redis: %s", ctx->errstr);
	reply = any;
	if (reply->type == REDIS_REPLY_ERROR)
		errx(1, "Redis: %s", reply->str);
	return reply;
}

static inline void
drop_answers(redisContext *ctx, long count)
{
	for (; count > 0; count--)
		freeReplyObject(answer(ctx));
}

/* None, if the read ended in vain. */
static inline struct batch
take_batch(redisContext *ctx)
{
	struct batch batch = { answer(ctx), NULL, 0 };
	redisReply *entries;

	if (batch.reply->type != REDIS_REPLY_ARRAY)
		return batch;
	entries = batch.reply->element[0]->element[1];
	batch.entries = entries->element;
	batch.count = entries->elements;
	return batch;
}

/* A field of an entry: they stand where ours and these rigs write them. */
enum { HDR = 1, MSG = 3 };

static inline redisReply *
field(const struct batch *batch, size_t number, size_t which)
{
	redisReply *fields = batch->entries[number]->element[1];

	if (fields->elements <= which)
		errx(1, "an entry without a header and a body");
	return fields->element[which];
}

static inline void
make_group(redisContext *ctx, const char *stream, const char *group)
{
	freeReplyObject(redisCommand(ctx, "XGROUP CREATE %s %s 0 MKSTREAM",
	    stream, group));
}

#endif
