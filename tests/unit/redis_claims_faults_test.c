/*
 * Unit tests of transport/redis_claims: others have it by now, Redis was away,
 * the group was taken away, the name is another's.
 */
#include "claimers.h"

static void
steal(const char *id, const char *thief)
{
	freeReplyObject(redis_do("XCLAIM s g %s 0 %s JUSTID", thief, id));
}

static size_t
times_heard(const char *words)
{
	const char *text = heard();
	size_t count = 0;

	while ((text = strstr(text, words)) != NULL) {
		count++;
		text += strlen(words);
	}
	return count;
}

/* Ann has one message, 1-0, with a lease of so many seconds: its receipt. */
static uint64_t
one_taken(double lease)
{
	redis_start(NULL);
	claimer_open(&ann, lease, 5);
	add("1-0", "m");
	return claimer_read(&ann);
}

/* Nobody settles what is another one's by now. */
static void
test_stale(void **state)
{
	static const enum cal_settle settles[] = {
		CAL_SETTLE_DONE, CAL_SETTLE_DEAD, CAL_SETTLE_BACK,
	};
	uint64_t receipt;
	char id[8];
	size_t i;

	(void)state;
	redis_start(NULL);
	claimer_open(&ann, 60, 5);
	for (i = 0; i < COUNT(settles); i++) {
		(void)snprintf(id, sizeof(id), "%zu-0", i + 1);
		add(id, "m");
		receipt = claimer_read(&ann);
		(void)cal_redis_claims_begin(ann.claims, receipt);
		steal(id, "thief");
		cal_redis_claims_settle(ann.claims, receipt, settles[i], "x");
		WAIT_FOR(cal_redis_claims_idle(ann.claims));
		assert_int_equal(pending_of("thief"), i + 1);
		assert_in_range(pending_number(id, 2), 0, 30000);
	}
	assert_int_equal(redis_number("EXISTS s.dead"), 0);
	assert_int_equal(times_heard("lost lease: message 1-0"), 1);
}

/* The next renewal sees it: nothing is done with it any more. */
static void
test_lost(void **state)
{
	uint64_t receipt;

	(void)state;
	receipt = one_taken(0.9);
	(void)cal_redis_claims_begin(ann.claims, receipt);
	steal("1-0", "thief");
	WAIT_FOR(times_heard("lost lease: message 1-0") == 1);
	assert_int_equal(cal_redis_claims_deliveries(ann.claims, receipt), 0);
	assert_int_equal(cal_redis_claims_begin(ann.claims, receipt), 0);
	/* It is not claimed back from whom it is left by: it is being done. */
	WAIT_FOR(pending_number("1-0", 2) > 1500);
	assert_int_equal(pending_of("thief"), 1);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DONE, NULL);
	assert_true(cal_redis_claims_idle(ann.claims));
	WAIT_FOR(ann.count == 1);
}

/* Whoever had it by then is done with it. */
static void
test_done_elsewhere(void **state)
{
	uint64_t receipt;

	(void)state;
	receipt = one_taken(60);
	steal("1-0", "thief");
	assert_int_equal(redis_number("XACK s g 1-0"), 1);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DONE, NULL);
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(times_heard("lost lease: message 1-0 is not waiting"),
	    1);
}

/* What was settled while Redis was not there is settled when it is. */
static void
test_restart(void **state)
{
	static const char *const args[] = { "--appendonly", "yes",
	    "--appendfsync", "always", NULL };
	uint64_t receipts[4];
	char id[8];
	size_t i;

	(void)state;
	redis_start(args);
	claimer_open(&ann, 60, 5);
	for (i = 0; i < COUNT(receipts); i++) {
		(void)snprintf(id, sizeof(id), "%zu-0", i + 1);
		add(id, "m");
		receipts[i] = claimer_read(&ann);
		(void)cal_redis_claims_begin(ann.claims, receipts[i]);
	}
	cal_redis_claims_settle(ann.claims, receipts[0], CAL_SETTLE_DONE, NULL);
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	redis_signal(SIGSTOP);
	cal_redis_claims_settle(ann.claims, receipts[1], CAL_SETTLE_DONE, NULL);
	cal_redis_claims_settle(ann.claims, receipts[2], CAL_SETTLE_DEAD, "x");
	settle();
	assert_false(cal_redis_claims_idle(ann.claims));
	redis_stop();
	WAIT_FOR(!cal_redis_session_is_up(ann.session));
	redis_restart();
	WAIT_FOR(ann.readies == 2 && cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 1);
	assert_int_equal(redis_number("XLEN s.dead"), 1);
	assert_int_equal(pending_number("4-0", 3), 1);
	assert_int_equal(cal_redis_claims_count(ann.claims), 1);
	assert_int_equal(ann.count, 0);
	assert_int_equal(times_heard("lost lease"), 0);
}

/* It was done, but nobody heard: saying it again is no lost lease. */
static void
test_said_twice(void **state)
{
	uint64_t receipt;

	(void)state;
	receipt = one_taken(60);
	/* It is on its way when the connection ends, and read after that. */
	redis_signal(SIGSTOP);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DEAD, "x");
	settle();
	assert_false(cal_redis_claims_idle(ann.claims));
	cal_redis_session_restart(ann.session);
	redis_signal(SIGCONT);
	while (redis_number("EXISTS s.dead") == 0)
		;
	WAIT_FOR(ann.readies == 2 && cal_redis_claims_idle(ann.claims));
	assert_int_equal(redis_number("XLEN s.dead"), 1);
	assert_int_equal(times_heard("lost lease"), 0);
}

/* What Redis gave us, and never came: it comes, as what it is. */
static void
test_lost_on_the_way(void **state)
{
	uint64_t receipt;

	(void)state;
	receipt = one_taken(60);
	add("2-0", "lost");
	freeReplyObject(redis_do("XREADGROUP GROUP g %s STREAMS s >",
	    cal_redis_claims_consumer(ann.claims)));
	cal_redis_claims_recover(ann.claims);
	WAIT_FOR(ann.readies == 2);
	assert_int_equal(ann.count, 1);
	assert_string_equal(ann.bodies[0], "lost");
	assert_int_equal(cal_redis_claims_begin(ann.claims, ann.receipts[0]),
	    1);
	assert_int_equal(cal_redis_claims_begin(ann.claims, receipt), 1);
	settle();
	assert_int_equal(pending_number("2-0", 3), 1);
}

/* So long on its way that its lease was over: it comes once. */
static void
test_late(void **state)
{
	(void)state;
	redis_start(NULL);
	claimer_open(&ann, 0.3, 5);
	add("1-0", "m");
	freeReplyObject(redis_do("XREADGROUP GROUP g %s STREAMS s >",
	    cal_redis_claims_consumer(ann.claims)));
	WAIT_FOR(ann.count == 1);
	assert_int_equal(cal_redis_claims_take(ann.claims, BYTES("1-0")), 0);
	assert_int_not_equal(cal_redis_claims_take(ann.claims, BYTES("2-0")),
	    0);
	cal_redis_claims_settle(ann.claims, ann.receipts[0], CAL_SETTLE_DONE,
	    NULL);
	assert_int_not_equal(cal_redis_claims_take(ann.claims, BYTES("1-0")),
	    0);
}

/* Gone from the stream before they were done. */
static void
test_trimmed(void **state)
{
	uint64_t receipt;

	(void)state;
	redis_start(NULL);
	add("1-0", "m");
	add("2-0", "m");
	add("3-0", "m");
	claimer_open(&ann, 0.3, 5);
	receipt = claimer_read(&ann);
	freeReplyObject(redis_do("XREADGROUP GROUP g dead STREAMS s >"));
	assert_int_equal(redis_number("XTRIM s MAXLEN 0"), 3);
	WAIT_FOR(ann.trimmed == 2);
	assert_int_equal(ann.count, 0);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DONE, NULL);
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 0);
}

/* It cannot be put away, and that is said. */
static void
test_trimmed_dead(void **state)
{
	uint64_t receipt;

	(void)state;
	redis_start(NULL);
	add("1-0", "m");
	claimer_open(&ann, 60, 5);
	receipt = claimer_read(&ann);
	assert_int_equal(redis_number("XTRIM s MAXLEN 0"), 1);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DEAD, "x");
	WAIT_FOR(ann.trimmed == 1);
	assert_int_equal(pending(), 0);
	assert_int_equal(redis_number("EXISTS s.dead"), 0);
}

/* The group is made again, from what was seen: what runs is still ours. */
static void
test_gone(void **state)
{
	uint64_t receipt;

	(void)state;
	receipt = one_taken(0.6);
	assert_int_equal(redis_number("XGROUP DESTROY s g"), 1);
	WAIT_FOR(ann.gones == 1);
	cal_redis_claims_settle(ann.claims, cal_redis_claims_take(ann.claims,
	    BYTES("9-9")), CAL_SETTLE_DONE, NULL);
	settle();
	assert_int_equal(ann.gones, 1);
	ann.start = "1-0";
	claimer_make_group(&ann);
	cal_redis_claims_recover(ann.claims);
	WAIT_FOR(ann.readies == 2);
	assert_int_equal(pending(), 1);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DONE, NULL);
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 0);
}

/* Redis refuses to write for a while. */
static void
test_later(void **state)
{
	uint64_t receipt;

	(void)state;
	receipt = one_taken(0.6);
	freeReplyObject(redis_do("CONFIG SET min-replicas-to-write 1"));
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DONE, NULL);
	WAIT_FOR(times_heard("Redis does not settle messages just now: "
	    "NOREPLICAS") == 1);
	assert_false(cal_redis_claims_idle(ann.claims));
	freeReplyObject(redis_do("CONFIG SET min-replicas-to-write 0"));
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 0);
	assert_false(ann.failed);
}

/* It refuses for good. */
static void
test_refused(void **state)
{
	uint64_t receipt;

	(void)state;
	receipt = one_taken(60);
	freeReplyObject(redis_do("ACL SETUSER default -eval"));
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DONE, NULL);
	WAIT_FOR(ann.failed);
	assert_int_equal(ann.err.code, CAL_EDENIED);
	cal_redis_claims_leave(ann.claims);
	WAIT_FOR(ann.lefts == 1);
}

/* A name that was given is one process' only. */
static void
test_name(void **state)
{
	uint64_t receipt;

	(void)state;
	redis_start(NULL);
	add("1-0", "m");
	claimer_begin(&ann, "w1", 60, 5);
	WAIT_FOR(ann.readies == 1);
	assert_string_equal(cal_redis_claims_consumer(ann.claims), "w1");
	receipt = claimer_read(&ann);
	(void)cal_redis_claims_begin(ann.claims, receipt);
	assert_int_equal(redis_number("EXISTS s.lock.g.w1"), 1);
	assert_in_range(redis_number("PTTL s.lock.g.w1"), 1,
	    CAL_REDIS_LOCK_MS);
	claimer_begin(&bob, "w1", 60, 5);
	WAIT_FOR(times_heard("another process is consumer 'w1' of group 'g', "
	    "or was until now: waiting") == 1);
	assert_int_equal(bob.readies, 0);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_BACK, NULL);
	cal_redis_claims_leave(ann.claims);
	WAIT_FOR(ann.lefts == 1);
	/* What the one before had is the next one's, at once. */
	WAIT_FOR(bob.readies == 1);
	assert_int_equal(bob.count, 1);
	assert_int_equal(cal_redis_claims_begin(bob.claims, bob.receipts[0]),
	    2);
	assert_int_equal(times_heard("waiting"), 1);
}

/* Another one took it while we were away: what runs is his. */
static void
test_name_lost(void **state)
{
	uint64_t receipt;

	(void)state;
	redis_start(NULL);
	add("1-0", "m");
	claimer_begin(&ann, "w1", 60, 5);
	WAIT_FOR(ann.readies == 1);
	receipt = claimer_read(&ann);
	freeReplyObject(redis_do("SET s.lock.g.w1 other"));
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DONE, NULL);
	WAIT_FOR(ann.failed);
	assert_int_equal(ann.err.code, CAL_ETEMP);
	assert_string_equal(ann.err.text,
	    "another process is consumer 'w1' of group 'g'");
	assert_int_equal(pending_of("w1"), 1);
	assert_int_equal(redis_number("XPENDING s g - + 1"), 1);
}

/* The lock of one who was frozen is over, and nobody took it. */
static void
test_name_expired(void **state)
{
	(void)state;
	redis_start(NULL);
	add("1-0", "m");
	claimer_begin(&ann, "w1", 60, 5);
	WAIT_FOR(ann.readies == 1);
	assert_int_equal(redis_number("DEL s.lock.g.w1"), 1);
	cal_redis_claims_settle(ann.claims, claimer_read(&ann),
	    CAL_SETTLE_DONE, NULL);
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 0);
	assert_int_equal(redis_number("EXISTS s.lock.g.w1"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stale),
		TEST(test_lost),
		TEST(test_done_elsewhere),
		TEST(test_restart),
		TEST(test_said_twice),
		TEST(test_lost_on_the_way),
		TEST(test_late),
		TEST(test_trimmed),
		TEST(test_trimmed_dead),
		TEST(test_gone),
		TEST(test_later),
		TEST(test_refused),
		TEST(test_name),
		TEST(test_name_lost),
		TEST(test_name_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
