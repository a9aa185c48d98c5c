/* Unit tests of sub/settle: what becomes of messages with --ack. */
#include <fcntl.h>

#include "intakes.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, restore)

static int
enter(void **state)
{
	(void)state;
	address = ACKED;
	return 0;
}

static struct fate *
fate(size_t number)
{
	return &consumer.fates[number];
}

static bool
is(size_t number, enum cal_settle settle)
{
	return fate(number)->settled && fate(number)->settle == settle;
}

/* Done when its record is written, and not while nobody reads. */
static void
test_printed(void **state)
{
	char full[4096];
	int ends[2], i;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
	memset(full, ' ', sizeof(full));
	assert_int_equal(write(ends[1], full, 4096), 4096);
	instead = ends[1];
	begin("--ack");
	instead = -1;
	consumer_deliver("", "", "1");
	consumer_deliver("", "", "2");
	for (i = 0; i < 5; i++)
		turn_loop();
	assert_false(fate(1)->settled);
	assert_int_equal(read(ends[0], full, 4096), 4096);
	WAIT_FOR(is(1, CAL_SETTLE_DONE) && is(2, CAL_SETTLE_DONE));
	assert_int_equal(read(ends[0], full, 4096), 4);
	consumer_deliver("", "", "3");
	WAIT_FOR(is(3, CAL_SETTLE_DONE));
	cal_intake_stop(intake);
	assert_int_equal(end(), 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* What nobody read is not done. */
static void
test_unread(void **state)
{
	static const struct cal_streammsg head = { 0 };
	static char large[200000];
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	memset(large, '1', sizeof(large));
	instead = ends[1];
	begin("--ack");
	instead = -1;
	consumer_deliver("", "", "1");
	WAIT_FOR(is(1, CAL_SETTLE_DONE));
	consumer_deliver_as(BYTES(""), &head, cal_slice_of(large,
	    sizeof(large)), NULL);
	settle();
	assert_false(fate(2)->settled);
	cal_intake_stop(intake);
	WAIT_FOR(done);
	assert_true(is(2, CAL_SETTLE_BACK));
	assert_non_null(strstr(heard(2), "the rest is given back\n"));
	assert_int_equal(end(), 124);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* A body that is none ends nothing. */
static void
test_bad_body(void **state)
{
	(void)state;
	begin("--ack");
	consumer_deliver("", "", "{");
	assert_true(is(1, CAL_SETTLE_DEAD));
	assert_non_null(strstr(fate(1)->why, "bad body"));
	consumer_deliver("", "", "2");
	WAIT_FOR(is(2, CAL_SETTLE_DONE));
	cal_intake_stop(intake);
	assert_int_equal(end(), 76);
}

static void
test_done(void **state)
{
	(void)state;
	begin_shell("--ack -c 2", "read -r n; test $n = 1 || cat; echo $n "
	    "$CAL_DELIVERY >&2");
	consumer.deliveries = 3;
	consumer_deliver("", "", "1\n");
	assert_false(fate(1)->settled);
	assert_int_equal(fate(1)->begun, 1);
	WAIT_FOR(is(1, CAL_SETTLE_DONE));
	consumer_deliver("", "", "2\n");
	assert_int_equal(end(), 0);
	assert_true(is(2, CAL_SETTLE_DONE));
}

/* 65: never again.  It ends nothing, and the exit status tells. */
static void
test_never(void **state)
{
	(void)state;
	begin_shell("--ack", "read -r n; exit $n");
	consumer_deliver("", "", "65\n");
	WAIT_FOR(fate(1)->settled);
	assert_true(is(1, CAL_SETTLE_DEAD));
	assert_string_equal(fate(1)->why, "HandlerExit: exit status 65");
	consumer_deliver("", "", "0\n");
	WAIT_FOR(is(2, CAL_SETTLE_DONE));
	cal_intake_stop(intake);
	WAIT_FOR(done);
	assert_non_null(strstr(heard(2), "message 1 is put away as dead, at "
	    "delivery 1\n"));
	assert_int_equal(end(), 1);
}

/* Again, later and later, while others go on; then never again. */
static void
test_again(void **state)
{
	double start = cal_clock_now();

	(void)state;
	begin_shell("--ack --max-deliver 3", "read -r n; echo $CAL_DELIVERY; "
	    "exit $n");
	consumer_deliver("", "", "75\n");
	WAIT_FOR(!consumer.paused);
	assert_false(fate(1)->settled);
	assert_non_null(strstr(heard(2), "message 1 is tried again in 1 s\n"));
	consumer_deliver("", "", "0\n");
	WAIT_FOR(is(2, CAL_SETTLE_DONE));
	assert_int_equal(fate(1)->begun, 1);
	WAIT_FOR(fate(1)->settled);
	assert_in_range((cal_clock_now() - start) * 1000, 2999, 6000);
	assert_true(is(1, CAL_SETTLE_DEAD));
	assert_string_equal(fate(1)->why, "HandlerExit: exit status 75");
	assert_int_equal(fate(1)->begun, 3);
	cal_intake_stop(intake);
	assert_int_equal(end(), 1);
}

/* In the end it is done, and all is well. */
static void
test_recovers(void **state)
{
	(void)state;
	begin_shell("--ack -c 1", "test $CAL_DELIVERY = 2 && echo fine || "
	    "kill -9 $$");
	consumer_deliver("", "", "1");
	WAIT_FOR(done);
	assert_string_equal(heard(1), "fine\n");
	assert_non_null(strstr(heard(2), "HandlerSignal: SIGKILL"));
	assert_true(is(1, CAL_SETTLE_DONE));
	assert_int_equal(end(), 0);
}

/* The order of a key holds, whatever has to be done again. */
static void
test_keys(void **state)
{
	(void)state;
	begin_shell("--ack -j 2 --key-from /k -c 4", "read -r b; echo $b; "
	    "case $b in *1*) test $CAL_DELIVERY = 2;; esac");
	consumer_deliver("", "", "{\"k\":\"a\",\"n\":1}\n");
	consumer_deliver("", "", "{\"k\":\"a\",\"n\":2}\n");
	consumer_deliver("", "", "{\"k\":\"b\",\"n\":3}\n");
	WAIT_FOR(is(3, CAL_SETTLE_DONE) && !consumer.paused);
	consumer_deliver("", "", "{\"k\":\"a\",\"n\":4}\n");
	assert_int_equal(fate(2)->begun, 0);
	WAIT_FOR(done);
	assert_string_equal(heard(1), "{\"k\":\"b\",\"n\":3}\n"
	    "{\"k\":\"a\",\"n\":1}\n{\"k\":\"a\",\"n\":2}\n"
	    "{\"k\":\"a\",\"n\":4}\n");
	assert_int_equal(end(), 0);
}

/* Not too many wait for better times. */
static void
test_waiting(void **state)
{
	size_t i;

	(void)state;
	begin_shell("--ack -j 2", "exit 75");
	for (i = 0; i < CAL_SUB_WAITING; i++) {
		WAIT_FOR(!consumer.paused);
		consumer_deliver("", "", "1");
	}
	cal_intake_stop(intake);
	WAIT_FOR(done);
	for (i = 1; i <= CAL_SUB_WAITING; i++)
		assert_true(is(i, CAL_SETTLE_BACK) || is(i, CAL_SETTLE_DEAD));
	assert_non_null(strstr(heard(2), "messages are given back\n"));
	(void)end();
}

/* What runs has its time; what fails then, or does not end, is another's. */
static void
test_stop(void **state)
{
	(void)state;
	begin_shell("--ack -j 4 --grace 0.3 --key-from /k", "read -r b; "
	    "case $b in *stay*) exec sleep 60;; *fail*) sleep 0.1; exit 1;; "
	    "esac; sleep 0.1");
	consumer_deliver("", "", "{\"k\":\"stay\"}\n");
	consumer_deliver("", "", "{\"k\":\"fail\"}\n");
	consumer_deliver("", "", "{\"k\":\"good\"}\n");
	consumer_deliver("", "", "{\"k\":\"good\"}\n");
	cal_intake_stop(intake);
	assert_true(is(4, CAL_SETTLE_BACK));
	assert_true(consumer.left);
	WAIT_FOR(done);
	assert_true(is(1, CAL_SETTLE_BACK));
	assert_true(is(2, CAL_SETTLE_BACK));
	assert_true(is(3, CAL_SETTLE_DONE));
	assert_int_equal(fate(4)->begun, 0);
	assert_int_equal(end(), 75);
}

/* Others have it by the time that it could start. */
static void
test_stolen(void **state)
{
	(void)state;
	begin_shell("--ack", "echo no; exit 75");
	consumer.fates[1].stolen = true;
	consumer_deliver("", "", "1");
	assert_true(is(1, CAL_SETTLE_BACK));
	consumer_deliver("", "", "2");
	WAIT_FOR(!consumer.paused);
	consumer.fates[2].stolen = true;
	WAIT_FOR(is(2, CAL_SETTLE_BACK));
	assert_string_equal(heard(1), "");
	cal_intake_stop(intake);
	assert_int_equal(end(), 0);
}

/* Long-lived workers: one that dies, one that cannot be given the body. */
static void
test_workers(void **state)
{
	(void)state;
	begin_shell("--ack --text --coprocess lines -j 1 --max-deliver 2",
	    "while read -r b; do test \"$b\" != die || exit; echo \"$b\"; "
	    "done");
	consumer_deliver("", "", "\"die\"");
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "\"two\\nlines\"");
	WAIT_FOR(is(2, CAL_SETTLE_DEAD));
	assert_non_null(strstr(fate(2)->why, "BadRequest"));
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "\"good\"");
	WAIT_FOR(is(3, CAL_SETTLE_DONE));
	WAIT_FOR(is(1, CAL_SETTLE_DEAD));
	assert_non_null(strstr(fate(1)->why, "WorkerDied"));
	assert_int_equal(fate(1)->begun, 2);
	cal_intake_stop(intake);
	(void)end();
}

/* Redis is given a while to confirm. */
static void
test_confirm(void **state)
{
	(void)state;
	begin("--ack -c 1");
	consumer.groups = true;
	consumer_deliver("", "", "1");
	WAIT_FOR(is(1, CAL_SETTLE_DONE) && consumer.left);
	settle();
	assert_false(done);
	consumer.conf.left(consumer.conf.arg);
	assert_int_equal(end(), 0);

	begin("--ack -c 1");
	consumer.groups = true;
	consumer_deliver("", "", "1");
	WAIT_FOR(done);
	assert_non_null(strstr(heard(2), "Redis does not confirm"));
	assert_int_equal(end(), 75);
}

/* Without --ack a receipt is none. */
static void
test_none(void **state)
{
	(void)state;
	address = "tcp://127.0.0.1:1";
	begin_shell("", "exit 75");
	consumer_deliver("", "", "1");
	assert_int_equal(end(), 1);
	assert_false(fate(1)->settled);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_printed),
		TEST(test_unread),
		TEST(test_bad_body),
		TEST(test_done),
		TEST(test_never),
		TEST(test_again),
		TEST(test_recovers),
		TEST(test_keys),
		TEST(test_waiting),
		TEST(test_stop),
		TEST(test_stolen),
		TEST(test_workers),
		TEST(test_confirm),
		TEST(test_none),
	};

	return cmocka_run_group_tests(tests, open_intakes, close_intakes);
}
