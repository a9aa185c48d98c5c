/*
 * What Redis answers.  All of it may come from somebody who only says that he
 * is Redis: a reply of another form than expected is nothing, not a crash.
 */
#include <stdio.h>

#include "base/clean.h"
#include "base/num.h"
#include "transport/redis.h"

/* The first word of an error, or its first words. */
static const struct {
	const char *word;
	enum cal_redis_kind kind;
	enum cal_code code;
} kinds[] = {
	{ "NOGROUP", CAL_REDIS_GONE, CAL_EGONE },
	{ "UNBLOCKED", CAL_REDIS_GONE, CAL_EGONE },
	{ "LOADING", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "READONLY", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "MISCONF", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "OOM", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "NOREPLICAS", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "BUSY", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "MASTERDOWN", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "CLUSTERDOWN", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "TRYAGAIN", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "ERR max number of clients", CAL_REDIS_LATER, CAL_EAGAIN },
	{ "BUSYGROUP", CAL_REDIS_EXISTS, CAL_EGONE },
	{ "NOAUTH", CAL_REDIS_REFUSED, CAL_EDENIED },
	{ "WRONGPASS", CAL_REDIS_REFUSED, CAL_EDENIED },
	{ "NOPERM", CAL_REDIS_REFUSED, CAL_EDENIED },
	{ "DENIED", CAL_REDIS_REFUSED, CAL_EDENIED },
	{ "WRONGTYPE", CAL_REDIS_REFUSED, CAL_ECONFIG },
	{ "MOVED", CAL_REDIS_REFUSED, CAL_EDATA },
	{ "ASK", CAL_REDIS_REFUSED, CAL_EDATA },
	{ "CROSSSLOT", CAL_REDIS_REFUSED, CAL_EDATA },
};

static bool
begins(struct cal_slice text, const char *words)
{
	size_t len = strlen(words);

	return cal_slice_begins(text, cal_slice_text(words)) &&
	    (text.len == len || text.ptr[len] == ' ');
}

/* Fills why with Redis' words, as a terminal may have them. */
static void
explain(struct cal_err *why, enum cal_code code, struct cal_slice text)
{
	struct cal_buf clean = { .max = 0 };

	if (why == NULL)
		return;
	if (text.len > 0 && text.ptr[text.len - 1] == '.')
		text.len--;
	if (text.len > CAL_ERR_TEXT)
		text.len = CAL_ERR_TEXT;
	cal_clean_text(&clean, text, false);
	(void)cal_fail(why, code, "%s%s", code == CAL_EDATA ? "this Redis is "
	    "part of a cluster, which is not supported: " : "",
	    cal_buf_text(&clean));
	cal_buf_release(&clean);
}

enum cal_redis_kind
cal_redis_kind(const redisReply *reply, struct cal_err *why)
{
	struct cal_slice text;
	size_t i;

	if (reply == NULL) {
		(void)cal_fail(why, CAL_EUNAVAIL, "the connection to Redis was "
		    "lost");
		return CAL_REDIS_LOST;
	}
	if (reply->type != REDIS_REPLY_ERROR)
		return CAL_REDIS_OK;
	text = cal_slice_of(reply->str, reply->len);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (begins(text, kinds[i].word)) {
			explain(why, kinds[i].code, text);
			return kinds[i].kind;
		}
	explain(why, CAL_EPROTO, text);
	return CAL_REDIS_REFUSED;
}

struct cal_slice
cal_redis_text(const redisReply *reply)
{
	if (reply == NULL || (reply->type != REDIS_REPLY_STRING &&
	    reply->type != REDIS_REPLY_STATUS))
		return cal_slice_of(NULL, 0);
	return cal_slice_of(reply->str, reply->len);
}

/* The number'th element of an array, or NULL. */
static const redisReply *
element(const redisReply *array, size_t number)
{
	if (array == NULL || array->type != REDIS_REPLY_ARRAY ||
	    number >= array->elements)
		return NULL;
	return array->element[number];
}

static bool
is_string(const redisReply *reply)
{
	return reply != NULL && reply->type == REDIS_REPLY_STRING;
}

static void
read_field(struct cal_redis_entry *entry, struct cal_slice name,
    struct cal_slice value)
{
	if (cal_slice_is(name, "hdr") && !entry->has_hdr) {
		entry->has_hdr = true;
		entry->hdr = value;
	} else if (cal_slice_is(name, "msg") && !entry->has_msg) {
		entry->has_msg = true;
		entry->msg = value;
	} else if (cal_slice_is(name, "topic") && entry->topic.ptr == NULL) {
		entry->topic = value;
	} else if (cal_slice_is(name, "meta")) {
		entry->meta = true;
	}
}

bool
cal_redis_entry(struct cal_redis_entry *entry, const redisReply *entries,
    size_t number)
{
	const redisReply *pair = element(entries, number);
	const redisReply *id = element(pair, 0), *fields = element(pair, 1);
	size_t i;

	memset(entry, 0, sizeof(*entry));
	if (!is_string(id) || fields == NULL)
		return false;
	entry->id = cal_redis_text(id);
	entry->gone = fields->type == REDIS_REPLY_NIL;
	if (!entry->gone && fields->type != REDIS_REPLY_ARRAY)
		return false;
	for (i = 0; i + 1 < fields->elements; i += 2)
		if (is_string(fields->element[i]) &&
		    is_string(fields->element[i + 1]))
			read_field(entry, cal_redis_text(fields->element[i]),
			    cal_redis_text(fields->element[i + 1]));
	return true;
}

const redisReply *
cal_redis_entries(const redisReply *reply, const char *stream)
{
	const redisReply *pair, *entries;
	size_t i;

	for (i = 0; (pair = element(reply, i)) != NULL; i++) {
		entries = element(pair, 1);
		if (entries != NULL && entries->type == REDIS_REPLY_ARRAY &&
		    cal_slice_is(cal_redis_text(element(pair, 0)), stream))
			return entries;
	}
	return NULL;
}

/* Digits up to the end of text or a dash; false: none, or too many. */
static bool
read_number(uint64_t *nump, struct cal_slice *text)
{
	uint64_t num = 0;
	size_t i;

	for (i = 0; i < text->len && text->ptr[i] != '-'; i++) {
		unsigned digit = text->ptr[i] - (unsigned)'0';

		if (digit > 9 || num > (UINT64_MAX - digit) / 10)
			return false;
		num = num * 10 + digit;
	}
	*nump = num;
	text->ptr += i;
	text->len -= i;
	return i > 0;
}

bool
cal_redis_id_read(struct cal_redis_id *id, struct cal_slice text)
{
	*id = (struct cal_redis_id){ .ms = 0 };
	if (text.len > CAL_REDIS_ID_MAX || !read_number(&id->ms, &text) ||
	    text.len == 0)
		return false;
	text.ptr++;
	text.len--;
	return read_number(&id->seq, &text) && text.len == 0;
}

void
cal_redis_id_write(char text[CAL_REDIS_ID_MAX + 1],
    const struct cal_redis_id *id)
{
	(void)snprintf(text, CAL_REDIS_ID_MAX + 1, "%llu-%llu",
	    (unsigned long long)id->ms, (unsigned long long)id->seq);
}

int
cal_redis_id_compare(const struct cal_redis_id *a,
    const struct cal_redis_id *b)
{
	if (a->ms != b->ms)
		return a->ms < b->ms ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return 0;
}
