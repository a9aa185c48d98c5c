/* Unit tests of transport/redis_claims: what becomes of a message. */
#include "claimers.h"

static const char *
name_of(const struct claimer *c)
{
	return cal_redis_claims_consumer(c->claims);
}

/* Acknowledged when it is done, and not before. */
static void
test_done(void **state)
{
	uint64_t receipts[3];
	size_t i;

	(void)state;
	redis_start(NULL);
	claimer_open(&ann, 60, 5);
	for (i = 0; i < 3; i++) {
		add("*", "1");
		receipts[i] = claimer_read(&ann);
		assert_int_equal(cal_redis_claims_begin(ann.claims,
		    receipts[i]), 1);
	}
	assert_int_equal(cal_redis_claims_count(ann.claims), 3);
	assert_true(cal_redis_claims_idle(ann.claims));
	settle();
	assert_int_equal(pending(), 3);
	cal_redis_claims_settle(ann.claims, receipts[2], CAL_SETTLE_DONE, NULL);
	cal_redis_claims_settle(ann.claims, receipts[0], CAL_SETTLE_DONE, NULL);
	assert_false(cal_redis_claims_idle(ann.claims));
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 1);
	assert_int_equal(cal_redis_claims_count(ann.claims), 1);
	cal_redis_claims_settle(ann.claims, receipts[1], CAL_SETTLE_DONE, NULL);
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 0);
	assert_string_equal(heard(), "");
}

/* All is kept of it, and what is said of it comes first. */
static void
test_dead(void **state)
{
	char reason[CAL_DEAD_REASON + 2];
	struct cal_redis_entry entry;
	redisReply *reply;
	uint64_t receipt;

	(void)state;
	redis_start(NULL);
	claimer_open(&ann, 60, 5);
	freeReplyObject(redis_do("XADD s 7-1 more than hdr %b msg %b reason "
	    "older topic t hdr second", "h\0r", (size_t)3, "\xff\0", (size_t)2));
	receipt = claimer_read(&ann);
	(void)cal_redis_claims_begin(ann.claims, receipt);
	(void)cal_redis_claims_begin(ann.claims, receipt);
	memset(reason, 'x', sizeof(reason));
	memcpy(reason + sizeof(reason) - 3, "\xc3\xa4", 3);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DEAD, reason);
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 0);

	reply = redis_do("XRANGE s.dead - +");
	assert_int_equal(reply->elements, 1);
	assert_true(cal_redis_entry(&entry, reply, 0));
	assert_slice(entry.hdr, "h\0r");
	assert_slice(entry.msg, "\xff\0");
	assert_slice(entry.topic, "t");
	assert_true(entry.is_dead);
	assert_slice(entry.dead.id, "7-1");
	assert_slice(entry.dead.group, "g");
	assert_int_equal(entry.dead.deliveries, 2);
	assert_int_equal(entry.dead.reason.len, CAL_DEAD_REASON - 1);
	assert_int_equal(reply->element[0]->element[1]->elements, 18);
	freeReplyObject(reply);
}

/* A crowd of fields is left where it is. */
static void
test_dead_fields(void **state)
{
	const char *argv[3 + 2 * 6000];
	struct cal_redis_entry entry;
	redisReply *reply;
	size_t i, argc = 3;

	(void)state;
	redis_start(NULL);
	claimer_open(&ann, 60, 5);
	argv[0] = "XADD";
	argv[1] = "s";
	argv[2] = "*";
	for (i = 0; i < 6000; i++) {
		argv[argc++] = i == 5000 ? "msg" : "f";
		argv[argc++] = "v";
	}
	freeReplyObject(redisCommandArgv(redis_own, (int)argc, argv, NULL));
	cal_redis_claims_settle(ann.claims, claimer_read(&ann),
	    CAL_SETTLE_DEAD, NULL);
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	reply = redis_do("XRANGE s.dead - +");
	assert_true(cal_redis_entry(&entry, reply, 0));
	assert_int_equal(reply->element[0]->element[1]->elements, 10);
	assert_slice(entry.msg, "v");
	assert_slice(entry.dead.reason, "");
	freeReplyObject(reply);
}

/* Whoever looks next has it at once, with its count. */
static void
test_back(void **state)
{
	uint64_t receipt;

	(void)state;
	redis_start(NULL);
	add("*", "m");
	claimer_open(&ann, 1, 5);
	claimer_open(&bob, 1, 5);
	receipt = claimer_read(&ann);
	ann.room = 0;
	(void)cal_redis_claims_begin(ann.claims, receipt);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_BACK, NULL);
	WAIT_FOR(bob.count == 1);
	assert_string_equal(bob.bodies[0], "m");
	assert_int_equal(cal_redis_claims_begin(bob.claims, bob.receipts[0]),
	    2);
	assert_int_equal(pending_of(name_of(&bob)), 1);
	assert_int_equal(ann.count, 0);
	assert_string_equal(heard(), "");
}

/* A claim that is renewed is nobody else's for ever. */
static void
test_renew(void **state)
{
	double start;
	size_t i;

	(void)state;
	redis_start(NULL);
	claimer_open(&ann, 0.3, 5);
	claimer_open(&bob, 0.3, 5);
	for (i = 0; i < 130; i++) {
		add("*", "m");
		(void)claimer_read(&ann);
	}
	start = cal_clock_now();
	WAIT_FOR(cal_clock_now() - start > 1.5);
	assert_int_equal(bob.count, 0);
	assert_int_equal(redis_number("XPENDING s g IDLE 300 - + 1000"), 0);
	assert_int_equal(redis_number("XPENDING s g - + 1000 %s",
	    name_of(&ann)), 130);
	assert_string_equal(heard(), "");
}

/* Redis counts what its owner tries. */
static void
test_retry(void **state)
{
	uint64_t receipt;

	(void)state;
	redis_start(NULL);
	add("7-0", "m");
	claimer_open(&ann, 60, 3);
	receipt = claimer_read(&ann);
	assert_int_equal(cal_redis_claims_begin(ann.claims, receipt), 1);
	assert_int_equal(pending_number("7-0", 3), 1);
	assert_int_equal(cal_redis_claims_deliveries(ann.claims, receipt), 2);
	assert_int_equal(cal_redis_claims_begin(ann.claims, receipt), 2);
	WAIT_FOR(pending_number("7-0", 3) == 2);
	assert_int_equal(cal_redis_claims_begin(ann.claims, receipt), 3);
	WAIT_FOR(pending_number("7-0", 3) == 3);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_DEAD, "why");
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
}

/* What the dead left: claimed after the lease, and counted when it begins. */
static void
test_reaper(void **state)
{
	unsigned i;

	(void)state;
	redis_start(NULL);
	add("7-0", "m");
	add("8-0", "n");
	claimer_open(&ann, 0.3, 5);
	ann.start = "0";
	freeReplyObject(redis_do("XREADGROUP GROUP g dead STREAMS s >"));
	WAIT_FOR(ann.count == 2);
	assert_string_equal(ann.bodies[0], "m");
	assert_string_equal(ann.bodies[1], "n");
	assert_int_equal(pending_of(name_of(&ann)), 2);
	assert_int_equal(pending_number("7-0", 3), 1);
	assert_int_equal(cal_redis_claims_begin(ann.claims, ann.receipts[0]),
	    2);
	WAIT_FOR(pending_number("7-0", 3) == 2);

	/* It kills whoever begins it; the other one only waits behind it. */
	for (i = 3; i <= 5; i++) {
		claimer_end(&ann);
		claimer_open(&ann, 0.3, 5);
		WAIT_FOR(ann.count == 2);
		assert_int_equal(cal_redis_claims_begin(ann.claims,
		    ann.receipts[0]), i);
		WAIT_FOR(pending_number("7-0", 3) == i);
	}
	claimer_end(&ann);
	claimer_open(&ann, 0.3, 5);
	WAIT_FOR(ann.count == 1);
	assert_string_equal(ann.bodies[0], "n");
	assert_int_equal(cal_redis_claims_begin(ann.claims, ann.receipts[0]),
	    2);
	assert_int_equal(redis_number("XLEN s.dead"), 1);
	assert_int_equal(pending(), 1);
	assert_non_null(strstr(heard(), "message 7-0 is put away in 's.dead': "
	    "it had 5 deliveries\n"));
}

/* Page by page, and never more than there is room for. */
static void
test_room(void **state)
{
	size_t i, sum = 0;

	(void)state;
	redis_start(NULL);
	for (i = 0; i < 250; i++)
		add("*", "m");
	claimer_begin(&ann, "", 0.3, 0);
	ann.room = 0;
	WAIT_FOR(ann.readies == 1);
	freeReplyObject(redis_do("XREADGROUP GROUP g dead STREAMS s >"));
	WAIT_FOR(redis_number("XPENDING s g IDLE 300 - + 1") == 1);
	settle();
	assert_int_equal(ann.count, 0);
	while (sum < 250) {
		ann.room = 7;
		cal_redis_claims_go_on(ann.claims);
		WAIT_FOR(ann.count == (250 - sum < 7 ? 250 - sum : 7));
		sum += ann.count;
		for (i = 0; i < ann.count; i++)
			cal_redis_claims_settle(ann.claims, ann.receipts[i],
			    CAL_SETTLE_DONE, NULL);
		ann.count = 0;
	}
	WAIT_FOR(cal_redis_claims_idle(ann.claims));
	assert_int_equal(pending(), 0);
}

/* Large ones come few at a time. */
static void
test_large(void **state)
{
	static char large[3 << 20];
	size_t i;

	(void)state;
	redis_start(NULL);
	memset(large, 'x', sizeof(large));
	for (i = 0; i < 10; i++)
		freeReplyObject(redis_do("XADD s * hdr h msg %b", large,
		    sizeof(large)));
	claimer_open(&ann, 0.3, 0);
	freeReplyObject(redis_do("XREADGROUP GROUP g dead STREAMS s >"));
	WAIT_FOR(ann.count > 0);
	assert_in_range(ann.count, 1, 3);
	WAIT_FOR(ann.count == 10);
	assert_int_equal(ann.readies, 1);
}

static void
test_leave(void **state)
{
	uint64_t receipt;

	(void)state;
	redis_start(NULL);
	add("*", "m");
	claimer_open(&ann, 60, 5);
	claimer_open(&bob, 60, 5);
	receipt = claimer_read(&ann);
	(void)cal_redis_claims_begin(ann.claims, receipt);
	freeReplyObject(redis_do("XGROUP CREATECONSUMER s g %s",
	    name_of(&bob)));
	cal_redis_claims_leave(ann.claims);
	cal_redis_claims_leave(bob.claims);
	WAIT_FOR(bob.lefts == 1);
	assert_int_equal(redis_number("XINFO CONSUMERS s g"), 1);
	assert_int_equal(ann.lefts, 0);
	cal_redis_claims_settle(ann.claims, receipt, CAL_SETTLE_BACK, NULL);
	WAIT_FOR(ann.lefts == 1);
	assert_int_equal(redis_number("XINFO CONSUMERS s g"), 1);
	assert_int_equal(pending(), 1);
	assert_string_equal(heard(), "");
}

/* Nothing was ever ours: there is nothing to wait for. */
static void
test_leave_early(void **state)
{
	(void)state;
	claimer_begin(&ann, "", 60, 5);
	cal_redis_claims_leave(ann.claims);
	assert_int_equal(ann.lefts, 0);
	WAIT_FOR(ann.lefts == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_done),
		TEST(test_dead),
		TEST(test_dead_fields),
		TEST(test_back),
		TEST(test_renew),
		TEST(test_retry),
		TEST(test_reaper),
		TEST(test_room),
		TEST(test_large),
		TEST(test_leave),
		TEST(test_leave_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
