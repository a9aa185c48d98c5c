/*
 * The reader of hiredis, with limits.
 *
 * It believes every length: 13 bytes make it reserve 8 GB for an array.  So its
 * objects are made by functions of our own, which measure them, and pass on to
 * those of hiredis.  Depth it limits itself.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_socket.h"

enum { LINE_MAX = 64 << 10 };   /* of what is no bulk */

static redisReplyObjectFunctions *defaults;

static bool
afford(const redisReadTask *task, size_t bytes)
{
	struct cal_redis_reader *rr = task->privdata;

	if (task->parent == NULL)
		rr->left = rr->max;
	if (bytes > rr->left) {
		rr->too_large = "it is too large";
		return false;
	}
	rr->left -= bytes;
	return true;
}

static void *
make_string(const redisReadTask *task, char *text, size_t len)
{
	return afford(task, sizeof(redisReply) + len) ?
	    defaults->createString(task, text, len) : NULL;
}

static void *
make_array(const redisReadTask *task, int count)
{
	struct cal_redis_reader *rr = task->privdata;

	if (count < 0 || count > CAL_REDIS_ELEMENTS) {
		rr->too_large = "an array in it is too large";
		return NULL;
	}
	return afford(task, sizeof(redisReply) +
	    (size_t)count * sizeof(redisReply *)) ?
	    defaults->createArray(task, count) : NULL;
}

static void *
make_integer(const redisReadTask *task, long long value)
{
	return afford(task, sizeof(redisReply)) ?
	    defaults->createInteger(task, value) : NULL;
}

static void *
make_nil(const redisReadTask *task)
{
	return afford(task, sizeof(redisReply)) ?
	    defaults->createNil(task) : NULL;
}

static redisReplyObjectFunctions functions = {
	.createString = make_string,
	.createArray = make_array,
	.createInteger = make_integer,
	.createNil = make_nil,
	.freeObject = freeReplyObject,
};

void
cal_redis_reader_init(struct cal_redis_reader *rr, size_t max)
{
	redisReader *reader;

	if (defaults == NULL) {
		if ((reader = redisReaderCreate()) == NULL)
			cal_mem_exhausted();
		defaults = reader->fn;
		redisReaderFree(reader);
	}
	if ((reader = redisReaderCreateWithFunctions(&functions)) == NULL)
		cal_mem_exhausted();
	reader->privdata = rr;
	*rr = (struct cal_redis_reader){ .reader = reader, .max = max };
}

void
cal_redis_reader_release(struct cal_redis_reader *rr)
{
	if (rr->reader != NULL)
		redisReaderFree(rr->reader);
	rr->reader = NULL;
}

void
cal_redis_reader_feed(struct cal_redis_reader *rr, const char *bytes,
    size_t len)
{
	(void)redisReaderFeed(rr->reader, bytes, len);
}

/* hiredis looks through a line without an end again with every read. */
static bool
is_endless(const redisReader *reader)
{
	return reader->len - reader->pos > LINE_MAX &&
	    memmem(reader->buf + reader->pos, LINE_MAX, "\r\n", 2) == NULL;
}

/* A string that has begun says how long it will be. */
static bool
will_be_too_large(const struct cal_redis_reader *rr)
{
	const redisReader *reader = rr->reader;

	if (reader->len - reader->pos > rr->max || is_endless(reader))
		return true;
	return reader->ridx >= 0 &&
	    reader->rstack[reader->ridx].type == REDIS_REPLY_STRING &&
	    reader->pos < reader->len &&
	    strtoull(reader->buf + reader->pos, NULL, 10) > rr->max;
}

static int
refuse(const struct cal_redis_reader *rr, struct cal_err *err)
{
	if (rr->too_large != NULL)
		return cal_fail(err, CAL_EPROTO, "an answer was refused: %s",
		    rr->too_large);
	return cal_fail(err, CAL_EPROTO, "what answers is no Redis: %s",
	    rr->reader->errstr);
}

int
cal_redis_reader_next(struct cal_redis_reader *rr, redisReply **replyp,
    struct cal_err *err)
{
	void *reply = NULL;

	*replyp = NULL;
	if (rr->too_large != NULL ||
	    redisReaderGetReply(rr->reader, &reply) != REDIS_OK)
		return refuse(rr, err);
	*replyp = reply;
	if (reply != NULL || !will_be_too_large(rr))
		return CAL_OK;
	rr->too_large = "it is too large";
	return refuse(rr, err);
}
