/* Unit tests of pub/flow, with a publisher that does as it is told. */
#include <unistd.h>

#include "base/io.h"
#include "flows.h"

static void
test_lines(void **state)
{
	char *urls;

	(void)state;
	input("1\n\n[2]\n");
	begin("-l -t a -u ipc://b");
	urls = cal_flow_addresses(flow);
	assert_string_equal(urls, "ipc://a\nipc://b");
	free(urls);
	start();
	WAIT_FOR(publisher.counts.waiting == 3);
	assert_true(seen("a||0|1\na||0|null\na||0|[2]\n"));
	settle();
	assert_false(done);
	publisher_hand_over(3);
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
}

/* Nothing is read while it is full, or while the output is. */
static void
test_room(void **state)
{
	(void)state;
	input("1\n2\n3\n4\n5\n");
	begin("-l --seq");
	publisher.room = 2;
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	settle();
	assert_true(seen("||1|1\n||2|2\n"));
	publisher_hand_over(1);
	WAIT_FOR(publisher.counts.waiting == 2);
	settle();
	assert_true(seen("||1|1\n||2|2\n||3|3\n"));
	while (!done) {
		publisher_hand_over(publisher.counts.waiting);
		settle();
	}
	assert_true(seen("||1|1\n||2|2\n||3|3\n||4|4\n||5|5\n"));
	assert_int_equal(end(), 0);
}

/* A line is published when it is there, not when many are. */
static void
test_at_once(void **state)
{
	int fds[2], kept = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	begin("-l");
	start();
	assert_int_equal(cal_io_write_all(fds[1], "1\n2", 3), 0);
	WAIT_FOR(publisher.counts.waiting == 1);
	assert_int_equal(cal_io_write_all(fds[1], "3\n", 2), 0);
	WAIT_FOR(publisher.counts.waiting == 2);
	assert_true(seen("||0|1\n||0|23\n"));
	cal_io_close(&fds[1]);
	publisher_hand_over(2);
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	cal_io_close(&fds[0]);
	cal_io_close(&kept);
}

/* What is handed over as it is put needs no event to be seen. */
static void
test_quick(void **state)
{
	int fds[2], kept = dup(STDOUT_FILENO);
	struct cal_buf got = { .max = 0 };

	(void)state;
	(void)fflush(stdout);
	assert_int_equal(cal_io_pipe(fds, 0, &err), CAL_OK);
	assert_int_equal(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	input("1\n 2\n");
	begin("-l -T");
	publisher.quick = true;
	start();
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
	assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
	(void)cal_io_read(fds[0], &got, 100);
	assert_slice(cal_buf_view(&got), "1\n 2\n");
	assert_true(seen("||0|1\n||0|2\n"));
	cal_buf_release(&got);
	cal_io_close(&fds[0]);
	cal_io_close(&fds[1]);
	cal_io_close(&kept);
}

/* What came before the first bad one is handed over. */
static void
test_bad_input(void **state)
{
	(void)state;
	input("1\n{\n3\n");
	begin("-l");
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	settle();
	assert_false(done);
	publisher_hand_over(1);
	WAIT_FOR(done);
	assert_true(seen("||0|1\n"));
	assert_int_equal(end(), 65);

	input("1\n{\n3\n");
	begin("-l -E");
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	publisher_hand_over(2);
	WAIT_FOR(done);
	assert_true(seen("||0|1\n||0|3\n"));
	assert_int_equal(end(), 65);
}

static void
test_count(void **state)
{
	(void)state;
	input("1\n2\n3\n");
	begin("-l -c 2");
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	publisher_hand_over(2);
	WAIT_FOR(done);
	assert_true(seen("||0|1\n||0|2\n"));
	assert_int_equal(end(), 0);
}

/* The time at the end begins anew with each message. */
static void
test_linger(void **state)
{
	double began;

	(void)state;
	input("1\n2\n3\n4\n");
	begin("-l --linger 2 --wait-subscribers 0");
	start();
	WAIT_FOR(publisher.counts.waiting == 4);
	began = cal_clock_now();
	WAIT_FOR(cal_clock_now() - began > 0.4);
	publisher_hand_over(2);
	WAIT_FOR(done);
	assert_true(cal_clock_now() - began > 2.3);
	assert_int_equal(publisher.counts.waiting, 2);
	assert_int_equal(end(), 75);
}

/* So it does with what has left the transport. */
static void
test_leaving(void **state)
{
	double began;

	(void)state;
	begin("1 --linger 2");
	publisher.leaving = 2;
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	publisher_hand_over(1);
	began = cal_clock_now();
	WAIT_FOR(cal_clock_now() - began > 0.4);
	assert_false(done);
	publisher.left = 1;
	WAIT_FOR(done);
	assert_true(cal_clock_now() - began > 2.3);
	publisher.leaves = false;
	assert_int_equal(end(), 75);

	begin("1");
	publisher.leaving = 1;
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	publisher_hand_over(1);
	settle();
	assert_false(done);
	publisher.leaving = 0;
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
}

/* Before the first, it is the time for subscribers that counts. */
static void
test_linger_waits_for_subscribers(void **state)
{
	double began;

	(void)state;
	begin("1 --linger 0.1 --connect-timeout 0.2");
	began = cal_clock_now();
	start();
	WAIT_FOR(done);
	assert_true(cal_clock_now() - began > 0.25);
	assert_int_equal(end(), 75);
}

static void
test_failures(void **state)
{
	const struct cal_err nobody = { CAL_EUNAVAIL, "nobody came" };

	(void)state;
	input("1\n");
	begin("-l");
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	publisher.conf.failed(publisher.conf.arg, &nobody);
	WAIT_FOR(done);
	assert_int_equal(end(), 69);

	begin("-d @nothing");
	assert_int_equal(cal_flow_start(flow, &err), CAL_ENOINPUT);
	assert_int_equal(end(), 0);
}

static void
test_missed_and_not_left(void **state)
{
	(void)state;
	begin("1");
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	publisher.counts.missed = 1;
	publisher_hand_over(1);
	WAIT_FOR(done);
	assert_int_equal(end(), 75);

	begin("1");
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	publisher.leaves = false;
	publisher_hand_over(1);
	WAIT_FOR(done);
	assert_int_equal(end(), 75);
}

static void
test_stop(void **state)
{
	(void)state;
	input("1\n2\n");
	begin("-l --linger 0");
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	cal_flow_stop(flow, 0.05);
	publisher_hand_over(1);
	WAIT_FOR(done);
	assert_int_equal(end(), 75);

	begin("1 --interval 10");
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	publisher_hand_over(1);
	settle();
	assert_false(done);
	cal_flow_stop(flow, 10);
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
}

/* What was given comes again and again; what was read does not. */
static void
test_interval(void **state)
{
	double began;

	(void)state;
	begin("1 --interval 0.05 -c 3 --seq");
	began = cal_clock_now();
	start();
	WAIT_FOR(publisher.counts.waiting == 3);
	assert_true(cal_clock_now() - began > 0.09);
	publisher_hand_over(3);
	WAIT_FOR(done);
	assert_true(seen("||1|1\n||2|1\n||3|1\n"));
	assert_int_equal(end(), 0);

	input("1\n2\n");
	begin("-l --interval 0.05");
	start();
	WAIT_FOR(publisher.counts.waiting == 2);
	publisher_hand_over(2);
	WAIT_FOR(done);
	assert_int_equal(end(), 0);
}

/* The end of the input is seen at once, even if the next would have to wait. */
static void
test_end_before_the_pace(void **state)
{
	double began;

	(void)state;
	input("1\n");
	begin("-l --interval 60");
	began = cal_clock_now();
	start();
	WAIT_FOR(publisher.counts.waiting == 1);
	publisher_hand_over(1);
	WAIT_FOR(done);
	assert_true(cal_clock_now() - began < 30);
	assert_int_equal(end(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_quick),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_linger),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_linger_waits_for_subscribers),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_missed_and_not_left),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_end_before_the_pace),
	};

	return cmocka_run_group_tests(tests, open_flows, close_flows);
}
