/*
 * Unit tests of pub/flow over Redis, with a publisher that does as it is told.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "flows.h"

static void
begin_redis(const char *words)
{
	static char url[] = "redis://h?stream=s";

	begin_at(url, words);
	publisher.confirms = true;
}

/* Standard output goes to a file meanwhile; the descriptor that it had. */
static int
catch_output(void)
{
	int kept = dup(STDOUT_FILENO), fd;

	fd = open("out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	cal_io_close(&fd);
	return kept;
}

/* The last message ends it, in the same turn: nothing is looked at later. */
static void
test_confirmed(void **state)
{
	(void)state;
	input("1\n2\n");
	begin_redis("-l");
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	publisher_hand_over(1);
	settle();
	assert_false(done);
	publisher_hand_over(1);
	settle();
	assert_true(done);
	assert_int_equal(end(), 0);
}

/* All was answered, but not what the replicas have. */
static void
test_not_left(void **state)
{
	(void)state;
	input("1\n");
	begin_redis("-l");
	publisher.leaving = 1;
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	publisher_hand_over(1);
	settle();
	assert_false(done);
	publisher.leaving = 0;
	publisher_hand_over(0);
	settle();
	assert_true(done);
	assert_int_equal(end(), 0);
}

static void
test_no_input(void **state)
{
	(void)state;
	input("");
	begin_redis("-l");
	start();
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
}

static void
test_print_id(void **state)
{
	struct cal_buf text = { .max = 0 };
	int kept = catch_output();

	(void)state;
	input("1\n2\n");
	begin_redis("-l --print-id");
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	publisher.conf.stored(publisher.conf.arg, BYTES("5-0"));
	publisher.conf.stored(publisher.conf.arg, BYTES("5-1"));
	publisher_hand_over(2);
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
	assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
	cal_io_close(&kept);
	assert_int_equal(cal_io_load(&text, "out", &err), CAL_OK);
	assert_string_equal(cal_buf_text(&text), "5-0\n5-1\n");
	cal_buf_release(&text);
}

/* Each message has an id if it may be sent twice. */
static void
test_retry(void **state)
{
	(void)state;
	input("1\n2\n");
	begin_redis("-l --retry 2 --retry-delay 1");
	assert_int_equal(publisher.conf.redis->retries, 2);
	assert_true(publisher.conf.redis->pause == 1);
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	assert_int_equal(publisher.mids, 2);
	publisher_hand_over(2);
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
}

static int
end_with(enum cal_code code, uint64_t waiting, uint64_t unknown)
{
	struct cal_err why;

	input("1\n2\n");
	begin_redis("-l");
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	publisher.counts.waiting = waiting;
	publisher.counts.unknown = unknown;
	(void)cal_fail(&why, code, "it ended");
	publisher.conf.failed(publisher.conf.arg, &why);
	WAIT_FOR(done);
	return end();
}

/* The reason says more than that something was left over. */
static void
test_failures(void **state)
{
	(void)state;
	assert_int_equal(end_with(CAL_EUNAVAIL, 2, 0), 69);
	assert_int_equal(end_with(CAL_ETEMP, 2, 0), 75);
	assert_int_equal(end_with(CAL_EDATA, 2, 0), 65);
	assert_int_equal(end_with(CAL_ETEMP, 1, 1), 124);
	assert_int_equal(end_with(CAL_EUNKNOWN, 1, 1), 124);
	assert_int_equal(end_with(CAL_ECONFIG, 1, 1), 78);
}

/* What is on its way when time is over may be there. */
static void
test_linger(void **state)
{
	(void)state;
	input("1\n2\n");
	begin_redis("-l --linger 0.05 --connect-timeout 0.05");
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	publisher_hand_over(1);
	publisher.counts.waiting = 0;
	publisher.counts.unknown = 1;
	publisher.leaving = 1;
	WAIT_FOR(done);
	assert_int_equal(end(), 124);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confirmed),
		cmocka_unit_test(test_not_left),
		cmocka_unit_test(test_no_input),
		cmocka_unit_test(test_print_id),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_linger),
	};

	return cmocka_run_group_tests(tests, open_flows, close_flows);
}
