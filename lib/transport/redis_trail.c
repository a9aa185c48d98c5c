/* Places in a stream, and what lies between them. */
#include "transport/redis_trail.h"

/* Of XINFO STREAM. */
struct info {
	uint64_t length, added;
	struct cal_redis_id first, last;
	unsigned known;                 /* how many of these */
};

enum { KNOWN = 4 };

static bool
is_id(struct cal_redis_id *id, const redisReply *value)
{
	return cal_redis_id_read(id, cal_redis_text(value));
}

static bool
is_number(uint64_t *number, const redisReply *value)
{
	if (value->type != REDIS_REPLY_INTEGER || value->integer < 0)
		return false;
	*number = (uint64_t)value->integer;
	return true;
}

static bool
read_pair(struct info *info, struct cal_slice name, const redisReply *value)
{
	if (cal_slice_is(name, "length"))
		return is_number(&info->length, value);
	if (cal_slice_is(name, "entries-added"))
		return is_number(&info->added, value);
	if (cal_slice_is(name, "recorded-first-entry-id"))
		return is_id(&info->first, value);
	if (cal_slice_is(name, "last-generated-id"))
		return is_id(&info->last, value);
	return false;
}

static bool
read_info(struct info *info, const redisReply *reply)
{
	size_t i;

	*info = (struct info){ .known = 0 };
	if (reply->type != REDIS_REPLY_ARRAY)
		return false;
	for (i = 0; i + 1 < reply->elements; i += 2)
		info->known += read_pair(info,
		    cal_redis_text(reply->element[i]), reply->element[i + 1]);
	return info->known == KNOWN && info->added >= info->length;
}

void
cal_redis_trail_go(struct cal_redis_trail *trail,
    const struct cal_redis_id *id, size_t count)
{
	if (cal_redis_id_compare(id, &trail->last) > 0)
		trail->last = *id;
	trail->read += count;
}

void
cal_redis_trail_clear(struct cal_redis_trail *trail)
{
	trail->counted = true;
	trail->read = 0;
}

uint64_t
cal_redis_trail_check(struct cal_redis_trail *trail, const redisReply *reply)
{
	uint64_t behind, place, gone;
	struct info info;

	if (!read_info(&info, reply))
		return 0;
	if (info.length == 0 ||
	    cal_redis_id_compare(&info.first, &trail->last) > 0)
		behind = info.length;
	else if (cal_redis_id_compare(&info.last, &trail->last) <= 0)
		behind = 0;
	else
		return 0;
	/* A stream that was made anew has fewer. */
	place = info.added - behind;
	gone = trail->counted && place > trail->read ? place - trail->read : 0;
	trail->counted = true;
	trail->read = place;
	return gone;
}
