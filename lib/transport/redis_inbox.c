/*
 * Reading answers: XREAD without a group, so that nothing is to be
 * acknowledged, and nothing is left behind.
 */
#include "transport/redis_inbox.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

static const double REST = 0.2;         /* seconds after what may pass */

struct cal_redis_inbox {
	struct cal_redis_inbox_conf conf;
	struct cal_redis_session *reader;
	struct cal_redis_words words;
	char own[CAL_REDIS_ID_MAX + 1];         /* the last one read of each */
	char shared[CAL_REDIS_ID_MAX + 1];
	struct cal_redis_ahead ahead;
	unsigned lost;                  /* reads, one after the other */
	unsigned looking;               /* for what is too large to be read */
	bool known, reading, stopped;
	ev_timer rest;
	bool troubled;
	struct cal_err trouble;
};

/*
 * What no reader of ours can read, since it is larger than any message, would
 * be in the way for ever: its id, or nothing.
 */
static const char find_large[] =
    "local e = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', "
    "1)[1]\n"
    "local size = 0\n"
    "if not e then return '' end\n"
    "for _, f in ipairs(e[2]) do size = size + #f end\n"
    "return size > tonumber(ARGV[2]) and e[1] or ''\n";

static void read_on(struct cal_redis_inbox *inbox);

static void
take_rest(struct cal_redis_inbox *inbox, const struct cal_err *why)
{
	inbox->trouble = *why;
	inbox->troubled = true;
	ev_timer_set(&inbox->rest, REST, 0);
	ev_timer_start(inbox->conf.loop, &inbox->rest);
}

/* Is it no error?  Otherwise it is dealt with. */
static bool
is_good(struct cal_redis_inbox *inbox, const redisReply *reply)
{
	struct cal_err why;

	if (inbox->stopped)
		return false;
	switch (cal_redis_kind(reply, &why)) {
	case CAL_REDIS_OK:
		return true;
	case CAL_REDIS_GONE:
	case CAL_REDIS_EXISTS:
	case CAL_REDIS_LATER:
		take_rest(inbox, &why);
		break;
	case CAL_REDIS_REFUSED:
		inbox->conf.refused(inbox->conf.arg, &why);
		break;
	case CAL_REDIS_LOST:
		break;
	}
	return false;
}

/* Keeps an id, if it is one. */
static bool
keep(char *last, struct cal_slice text)
{
	struct cal_redis_id id;

	if (!cal_redis_id_read(&id, text))
		return false;
	cal_redis_id_write(last, &id);
	return true;
}

/* What is larger than any message. */

static void
on_looked(struct cal_redis_inbox *inbox, const redisReply *reply, char *last)
{
	inbox->looking--;
	if (reply != NULL && !inbox->stopped &&
	    keep(last, cal_redis_text(reply)))
		cal_log(CAL_LOG_WARNING, "passed over an answer that is "
		    "larger than any may be");
	read_on(inbox);
}

static void
on_looked_own(void *arg, const redisReply *reply)
{
	struct cal_redis_inbox *inbox = arg;

	on_looked(inbox, reply, inbox->own);
}

static void
on_looked_shared(void *arg, const redisReply *reply)
{
	struct cal_redis_inbox *inbox = arg;

	on_looked(inbox, reply, inbox->shared);
}

static void
look(struct cal_redis_inbox *inbox, const char *key, const char *last,
    cal_redis_fn *fn)
{
	struct cal_redis_words *words = &inbox->words;

	inbox->looking++;
	cal_redis_begin(words, "EVAL");
	cal_redis_add_text(words, find_large);
	cal_redis_add_number(words, 1);
	cal_redis_add_text(words, key);
	cal_redis_add_text(words, last);
	cal_redis_add_number(words, CAL_REDIS_ENTRY_MAX(inbox->conf.max_body));
	cal_redis_send(inbox->conf.writer, words, 0, fn, inbox);
}

/* The one that is next in either stream may be what ends the connection. */
static bool
has_to_look(struct cal_redis_inbox *inbox)
{
	if (inbox->lost < 2 || !cal_redis_session_was_choked(inbox->reader) ||
	    !cal_redis_session_is_up(inbox->conf.writer))
		return false;
	inbox->lost = 0;
	look(inbox, inbox->conf.own, inbox->own, on_looked_own);
	look(inbox, inbox->conf.shared, inbox->shared, on_looked_shared);
	return true;
}

/* Reading. */

/* The entries of one stream; last is moved on. */
static void
take(struct cal_redis_inbox *inbox, const redisReply *entries, char *last)
{
	struct cal_redis_entry entry;
	size_t i, bytes = 0;

	if (entries == NULL)
		return;
	for (i = 0; i < entries->elements; i++) {
		if (!cal_redis_entry(&entry, entries, i) ||
		    !keep(last, entry.id))
			continue;
		bytes += entry.hdr.len + entry.msg.len;
		if (!entry.gone && !entry.meta && entry.has_hdr &&
		    entry.has_msg)
			inbox->conf.came(inbox->conf.arg, &entry);
	}
	cal_redis_ahead_came(&inbox->ahead, entries->elements, bytes);
}

/* What was read need not be kept for the hour that it may be. */
static void
trim(struct cal_redis_inbox *inbox)
{
	struct cal_redis_words *words = &inbox->words;

	if (!cal_redis_session_is_up(inbox->conf.writer))
		return;
	cal_redis_begin(words, "XTRIM");
	cal_redis_add_text(words, inbox->conf.own);
	cal_redis_add_text(words, "MINID");
	cal_redis_add_text(words, "~");
	cal_redis_add_text(words, inbox->own);
	cal_redis_send(inbox->conf.writer, words, 0, NULL, NULL);
}

static void
on_read(void *arg, const redisReply *reply)
{
	struct cal_redis_inbox *inbox = arg;
	const redisReply *own = cal_redis_entries(reply, inbox->conf.own);

	inbox->reading = false;
	if (reply == NULL) {
		cal_redis_ahead_lost(&inbox->ahead);
		inbox->lost++;
	}
	if (!is_good(inbox, reply))
		return;
	inbox->lost = 0;
	take(inbox, own, inbox->own);
	take(inbox, cal_redis_entries(reply, inbox->conf.shared),
	    inbox->shared);
	if (own != NULL)
		trim(inbox);
	read_on(inbox);
}

static void
read_on(struct cal_redis_inbox *inbox)
{
	struct cal_redis_words *words = &inbox->words;

	if (!inbox->known || inbox->reading || inbox->stopped ||
	    inbox->looking > 0 || ev_is_active(&inbox->rest) ||
	    !cal_redis_session_is_up(inbox->reader) || has_to_look(inbox))
		return;
	inbox->reading = true;
	cal_redis_begin(words, "XREAD");
	cal_redis_add_text(words, "COUNT");
	cal_redis_add_number(words, cal_redis_ahead(&inbox->ahead, SIZE_MAX));
	cal_redis_add_text(words, "BLOCK");
	cal_redis_add_number(words, CAL_REDIS_BLOCK_MS);
	cal_redis_add_text(words, "STREAMS");
	cal_redis_add_text(words, inbox->conf.own);
	cal_redis_add_text(words, inbox->conf.shared);
	cal_redis_add_text(words, inbox->own);
	cal_redis_add_text(words, inbox->shared);
	cal_redis_send(inbox->reader, words, CAL_REDIS_BLOCK_MS, on_read,
	    inbox);
}

/* Beginning. */

static void
on_end(void *arg, const redisReply *reply)
{
	struct cal_redis_inbox *inbox = arg;
	struct cal_redis_entry entry;

	if (!is_good(inbox, reply) || inbox->known)
		return;
	if (cal_redis_entry(&entry, reply, 0))
		(void)keep(inbox->shared, entry.id);
	inbox->known = true;
	inbox->troubled = false;
	read_on(inbox);
	inbox->conf.known(inbox->conf.arg);
}

/* Where the shared stream ends now: answers to us come behind that. */
void
cal_redis_inbox_begin(struct cal_redis_inbox *inbox)
{
	struct cal_redis_words *words = &inbox->words;

	if (inbox->known || inbox->stopped)
		return;
	cal_redis_begin(words, "XREVRANGE");
	cal_redis_add_text(words, inbox->conf.shared);
	cal_redis_add_text(words, "+");
	cal_redis_add_text(words, "-");
	cal_redis_add_text(words, "COUNT");
	cal_redis_add_text(words, "1");
	cal_redis_send(inbox->conf.writer, words, 0, on_end, inbox);
}

static void
on_rest_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct cal_redis_inbox *inbox = timer->data;

	(void)loop;
	(void)revents;
	if (!inbox->known && cal_redis_session_is_up(inbox->conf.writer))
		cal_redis_inbox_begin(inbox);
	read_on(inbox);
}

static void
on_up(void *arg)
{
	read_on(arg);
}

static void
on_down(void *arg)
{
	(void)arg;
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	struct cal_redis_inbox *inbox = arg;

	inbox->conf.refused(inbox->conf.arg, err);
}

int
cal_redis_inbox_open(struct cal_redis_inbox **inboxp,
    const struct cal_redis_inbox_conf *conf, struct cal_err *err)
{
	struct cal_redis_session_conf session = {
		.loop = conf->loop,
		.url = conf->url,
		.max_body = conf->max_body,
		.up = on_up,
		.down = on_down,
		.refused = on_refused,
	};
	struct cal_redis_inbox *inbox;
	int rc;

	*inboxp = NULL;
	CAL_NEW(inbox);
	inbox->conf = *conf;
	memcpy(inbox->own, "0-0", sizeof("0-0"));
	memcpy(inbox->shared, "0-0", sizeof("0-0"));
	ev_init(&inbox->rest, on_rest_over);
	inbox->rest.data = inbox;
	session.arg = inbox;
	rc = cal_redis_session_open(&inbox->reader, &session, err);
	if (rc != CAL_OK) {
		cal_redis_inbox_close(inbox);
		return rc;
	}
	*inboxp = inbox;
	return CAL_OK;
}

void
cal_redis_inbox_stop(struct cal_redis_inbox *inbox)
{
	if (inbox == NULL || inbox->stopped)
		return;
	inbox->stopped = true;
	ev_timer_stop(inbox->conf.loop, &inbox->rest);
	cal_redis_session_close(inbox->reader);
	inbox->reader = NULL;
}

void
cal_redis_inbox_close(struct cal_redis_inbox *inbox)
{
	if (inbox == NULL)
		return;
	cal_redis_inbox_stop(inbox);
	cal_redis_words_release(&inbox->words);
	free(inbox);
}

bool
cal_redis_inbox_is_known(const struct cal_redis_inbox *inbox)
{
	return inbox->known;
}

const char *
cal_redis_inbox_trouble(const struct cal_redis_inbox *inbox)
{
	return inbox->troubled ? inbox->trouble.text : NULL;
}
