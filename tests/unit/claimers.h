/*
 * What tests of transport/redis_claims share: two of them in one group, over a
 * Redis of the test's own, which the test itself reads for them.
 */
#ifndef CAL_TESTS_CLAIMERS_H
#define CAL_TESTS_CLAIMERS_H

#include "loop.h"
#include "redis_server.h"
#include "transport/redis_claims.h"

enum { CLAIMED_MAX = 16 };

struct claimer {
	struct cal_redis_session *session;
	struct cal_redis_claims *claims;
	struct cal_url url;
	const char *start;              /* of the group */
	size_t room, readies, gones, lefts;
	uint64_t trimmed;
	bool failed;
	struct cal_err err;
	size_t count;                   /* what was claimed, and not used */
	uint64_t receipts[CLAIMED_MAX];
	char bodies[CLAIMED_MAX][32];
};

static struct claimer ann, bob;
static FILE *said;
static int kept_stderr;

static inline void
claimer_make_group(struct claimer *c)
{
	redisReply *reply = redis_do("XGROUP CREATE s g %s MKSTREAM",
	    c->start);

	freeReplyObject(reply);
}

static inline void
claimer_up(void *arg)
{
	struct claimer *c = arg;

	claimer_make_group(c);
	cal_redis_claims_recover(c->claims);
}

static inline void
claimer_down(void *arg)
{
	struct claimer *c = arg;

	cal_redis_claims_halt(c->claims);
}

static inline void
claimer_refused(void *arg, const struct cal_err *err)
{
	(void)arg;
	fail_msg("refused: %s", err->text);
}

static inline void
claimer_ready(void *arg)
{
	struct claimer *c = arg;

	c->readies++;
}

static inline size_t
claimer_room(void *arg)
{
	struct claimer *c = arg;

	return c->room;
}

static inline void
claimer_claimed(void *arg, const struct cal_redis_entry *entry,
    uint64_t receipt)
{
	struct claimer *c = arg;

	assert_in_range(c->count, 0, CLAIMED_MAX - 1);
	assert_in_range(c->room, 1, CLAIMED_MAX);
	c->room--;
	(void)snprintf(c->bodies[c->count], sizeof(c->bodies[0]), "%.*s",
	    (int)entry->msg.len, (const char *)entry->msg.ptr);
	c->receipts[c->count++] = receipt;
}

static inline void
claimer_trimmed(void *arg, uint64_t count)
{
	struct claimer *c = arg;

	c->trimmed += count;
}

static inline void
claimer_gone(void *arg)
{
	struct claimer *c = arg;

	c->gones++;
}

static inline void
claimer_failed(void *arg, const struct cal_err *err)
{
	struct claimer *c = arg;

	assert_false(c->failed);
	c->failed = true;
	c->err = *err;
}

static inline void
claimer_left(void *arg)
{
	struct claimer *c = arg;

	c->lefts++;
}

/* One with a name, or none ("").  Its session is on its way. */
static inline void
claimer_begin(struct claimer *c, const char *name, double lease,
    unsigned max_deliver)
{
	struct cal_redis_session_conf session = {
		.loop = loop, .url = &c->url, .max_body = 1 << 20,
		.up = claimer_up, .down = claimer_down,
		.refused = claimer_refused, .arg = c,
	};
	struct cal_redis_claims_conf conf = {
		.loop = loop, .stream = "s", .group = "g", .consumer = name,
		.lease = lease, .max_deliver = max_deliver,
		.ready = claimer_ready, .room = claimer_room,
		.claimed = claimer_claimed, .trimmed = claimer_trimmed,
		.gone = claimer_gone, .failed = claimer_failed,
		.left = claimer_left, .arg = c,
	};
	struct cal_err err;

	c->start = "0";
	c->room = CLAIMED_MAX;
	redis_url(&c->url, "s");
	assert_int_equal(cal_redis_session_open(&c->session, &session, &err),
	    CAL_OK);
	conf.session = c->session;
	c->claims = cal_redis_claims_new(&conf);
}

static inline void
claimer_open(struct claimer *c, double lease, unsigned max_deliver)
{
	claimer_begin(c, "", lease, max_deliver);
	WAIT_FOR(c->readies == 1);
}

static inline void
claimer_end(struct claimer *c)
{
	cal_redis_claims_free(c->claims);
	cal_redis_session_close(c->session);
	memset(c, 0, sizeof(*c));
}

/* Reads one message for it, the oldest that nobody has. */
static inline uint64_t
claimer_read(struct claimer *c)
{
	redisReply *reply = redis_do("XREADGROUP GROUP g %s COUNT 1 STREAMS s "
	    ">", cal_redis_claims_consumer(c->claims));
	const redisReply *entries = cal_redis_entries(reply, "s");
	struct cal_redis_entry entry;
	uint64_t receipt;

	assert_true(cal_redis_entry(&entry, entries, 0));
	receipt = cal_redis_claims_take(c->claims, entry.id);
	assert_int_not_equal(receipt, 0);
	freeReplyObject(reply);
	return receipt;
}

static inline void
add(const char *id, const char *body)
{
	freeReplyObject(redis_do("XADD s %s hdr h msg %s", id, body));
}

static inline long long
pending_of(const char *consumer)
{
	return redis_number("XPENDING s g - + 100 %s", consumer);
}

static inline long long
pending(void)
{
	return redis_number("XPENDING s g - + 100");
}

/* One number of XPENDING: 2 idle milliseconds, 3 deliveries. */
static inline long long
pending_number(const char *id, size_t which)
{
	redisReply *reply = redis_do("XPENDING s g %s %s 1", id, id);
	long long number;

	assert_int_equal(reply->elements, 1);
	number = reply->element[0]->element[which]->integer;
	freeReplyObject(reply);
	return number;
}

/* What was said on stderr so far; valid until the next. */
static inline const char *
heard(void)
{
	static char text[1 << 14];
	ssize_t n = pread(fileno(said), text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

/* With Redis, which words of its command line follow. */
static inline int
claimers_enter(void **state)
{
	memset(&ann, 0, sizeof(ann));
	memset(&bob, 0, sizeof(bob));
	if (open_loop(state) != 0 || folder_enter(state) != 0)
		return -1;
	said = tmpfile();
	kept_stderr = dup(STDERR_FILENO);
	return said == NULL || kept_stderr == -1 ||
	    dup2(fileno(said), STDERR_FILENO) == -1 ? -1 : 0;
}

static inline int
claimers_leave(void **state)
{
	(void)dup2(kept_stderr, STDERR_FILENO);
	(void)close(kept_stderr);
	(void)fclose(said);
	claimer_end(&ann);
	claimer_end(&bob);
	redis_stop();
	return close_loop(state) | folder_leave(state);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, claimers_enter, claimers_leave)

#endif
