/*
 * The entries of a reply, with their own end.
 *
 * Whoever is given a reply is lent it.  Of what hangs in it a part can be kept
 * all the same: hiredis passes over elements that are not there when it frees
 * an array, so that one which is unhooked lives on.
 */
#include "transport/redis_batch.h"

#include <stdlib.h>

#include "base/mem.h"

static void
let_go(struct cal_redis_batch *batch)
{
	if (--batch->holders > 0)
		return;
	freeReplyObject(batch->entries);
	free(batch->receipts);
	free(batch);
}

static void
on_hold_free(struct cal_hold *hold)
{
	let_go((struct cal_redis_batch *)hold);
}

/* Where it hangs in reply. */
static redisReply **
find_hook(const redisReply *reply, const redisReply *entries)
{
	const redisReply *stream;
	size_t i, j;

	for (i = 0; i < reply->elements; i++) {
		stream = reply->element[i];
		for (j = 0; j < stream->elements; j++)
			if (stream->element[j] == entries)
				return &stream->element[j];
	}
	return NULL;
}

struct cal_redis_batch *
cal_redis_batch_take(const redisReply *reply, const char *stream)
{
	const redisReply *entries = cal_redis_entries(reply, stream);
	struct cal_redis_batch *batch;
	redisReply **hook;

	if (entries == NULL || entries->elements == 0 ||
	    (hook = find_hook(reply, entries)) == NULL)
		return NULL;
	CAL_NEW(batch);
	batch->hold.free = on_hold_free;
	batch->holders = 1;
	batch->entries = *hook;
	batch->count = batch->entries->elements;
	*hook = NULL;
	return batch;
}

void
cal_redis_batch_drop(struct cal_redis_batch *batch)
{
	if (batch != NULL)
		let_go(batch);
}

struct cal_hold *
cal_redis_batch_hold(struct cal_redis_batch *batch)
{
	batch->holders++;
	return &batch->hold;
}

static size_t
bytes_of(const redisReply *reply)
{
	size_t i, sum = 0;

	if (reply == NULL)
		return 0;
	if (reply->type != REDIS_REPLY_ARRAY)
		return cal_redis_text(reply).len;
	for (i = 0; i < reply->elements; i++)
		sum += bytes_of(reply->element[i]);
	return sum;
}

size_t
cal_redis_batch_size(const struct cal_redis_batch *batch, size_t number)
{
	return bytes_of(batch->entries->element[number]);
}
