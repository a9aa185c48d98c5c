/* Unit tests of sub/intake: messages that are printed, and what ends it. */
#include <fcntl.h>

#include "intakes.h"

static void
test_lines(void **state)
{
	(void)state;
	begin("");
	consumer.conf.ready(consumer.conf.arg);
	assert_true(ready);
	consumer_deliver("", "", "{\"a\": [1,\n 2]}");
	consumer_deliver("topic", "key", " \"two\" ");
	assert_string_equal(heard(1), "");
	settle();
	assert_string_equal(heard(1), "{\"a\": [1, 2]}\n\"two\"\n");
	assert_false(done);
	assert_int_equal(consumer.held, 0);
	cal_intake_stop(intake);
	assert_false(done);
	settle();
	assert_true(consumer.paused);
	assert_int_equal(end(), 0);
}

static void
test_count(void **state)
{
	(void)state;
	begin("-c 2 --text");
	consumer_deliver("", "", "\"a\"");
	assert_false(consumer.paused);
	consumer_deliver("", "", "\"b\"");
	assert_true(consumer.paused);
	settle();
	assert_string_equal(heard(1), "a\nb\n");
	assert_int_equal(end(), 0);
}

/* The first message that cannot be read ends it. */
static void
test_unreadable(void **state)
{
	(void)state;
	begin("");
	consumer_deliver("", "", "1");
	consumer_deliver("", "", "{");
	assert_true(consumer.paused);
	settle();
	assert_string_equal(heard(1), "1\n");
	assert_non_null(strstr(heard(2), "cal-sub: message 2: bad body: "));
	assert_int_equal(end(), 76);
}

static void
test_keep_going(void **state)
{
	(void)state;
	begin("-E -c 2");
	consumer_deliver("", "", "1");
	consumer_deliver("", "", "nan");
	assert_false(consumer.paused);
	consumer_deliver("", "", "3");
	settle();
	assert_string_equal(heard(1), "1\n3\n");
	assert_int_equal(end(), 76);
}

/* It is no reason to leave where messages come from. */
static void
test_not_connected(void **state)
{
	(void)state;
	begin("");
	consumer_fail(CAL_EUNAVAIL);
	settle();
	assert_string_equal(heard(2), "cal-sub: the consumer failed\n");
	assert_int_equal(end(), 69);

	begin("-c 2");
	consumer_deliver("", "", "1");
	consumer_fail(CAL_EUNAVAIL);
	settle();
	assert_false(done);
	consumer_deliver("", "", "2");
	assert_int_equal(end(), 0);

	begin("");
	consumer_deliver("", "", "1");
	consumer_fail(CAL_EDENIED);
	assert_int_equal(end(), 77);
}

static void
test_time(void **state)
{
	(void)state;
	begin("-W 0.05");
	assert_int_equal(end(), 124);

	begin("-W 0.05");
	consumer_deliver("", "", "1");
	assert_int_equal(end(), 0);

	begin("-W 0.05 -c 2");
	consumer_deliver("", "", "1");
	WAIT_FOR(done);
	assert_string_equal(heard(2),
	    "cal-sub: 1 messages came within 0.05 s\n");
	assert_int_equal(end(), 124);

	begin("-W 30 -c 1");
	consumer_deliver("", "", "1");
	assert_int_equal(end(), 0);
}

static void
test_gaps(void **state)
{
	(void)state;
	begin("-c 1");
	consumer_gap("t", 3);
	assert_string_equal(heard(2),
	    "cal-sub: missing 3 messages of topic 't'\n");
	consumer_deliver("", "", "1");
	assert_int_equal(end(), 0);

	begin("-c 1 --strict");
	consumer_gap("", 1);
	assert_string_equal(heard(2), "cal-sub: missing 1 message\n");
	assert_false(consumer.paused);
	consumer_deliver("", "", "1");
	assert_int_equal(end(), 76);
}

/* Standard output is a pipe from here on; its other end is returned. */
static int
begin_pipe(const char *line)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	instead = fds[1];
	begin(line);
	(void)close(fds[1]);
	instead = -1;
	return fds[0];
}

static size_t
read_all(int fd)
{
	char bytes[65536];
	size_t sum = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		sum += (size_t)n;
	return sum;
}

static char *
long_body(void)
{
	char *body = cal_malloc(70000);

	memset(body, '1', 69999);
	body[69999] = '\0';
	return body;
}

/* A reader who is slow: no more is taken in, and none of it is lost. */
static void
test_full(void **state)
{
	char *body = long_body();
	int fd = begin_pipe("-c 40");
	size_t sent, pauses = 0, seen = 0;

	(void)state;
	for (sent = 0; sent < 40; sent++) {
		if (consumer.paused)
			pauses++;
		while (consumer.paused) {
			turn_loop();
			seen += read_all(fd);
		}
		consumer_deliver("", "", body);
		/* What the reader has not taken is not much more than that. */
		assert_true((sent + 1) * 70000 - seen <= (1 << 20) + 140000);
	}
	assert_true(pauses > 1);
	while (!done) {
		seen += read_all(fd);
		turn_loop();
	}
	seen += read_all(fd);
	assert_int_equal(seen, 40 * 70000);
	assert_int_equal(end(), 0);
	(void)close(fd);
	free(body);
}

/* It is seen also when no message comes. */
static void
test_reader_gone(void **state)
{
	int fd = begin_pipe("");

	(void)state;
	settle();
	assert_false(done);
	(void)close(fd);
	WAIT_FOR(done);
	assert_true(cal_intake_reader_gone(intake));
	assert_int_equal(end(), 0);
}

/* Who has to leave does not wait for a reader who reads nothing. */
static void
test_stuck_reader(void **state)
{
	char *body = long_body();
	int fd = begin_pipe("");

	(void)state;
	while (!consumer.paused)
		consumer_deliver("", "", body);
	settle();
	cal_intake_stop(intake);
	settle();
	assert_false(done);
	WAIT_FOR(done);
	assert_int_equal(end(), 124);
	(void)close(fd);

	fd = begin_pipe("");
	while (!consumer.paused)
		consumer_deliver("", "", body);
	cal_intake_stop(intake);
	cal_intake_abort(intake);
	settle();
	assert_true(done);
	(void)end();
	(void)close(fd);
	free(body);
}

static void
test_disk_full(void **state)
{
	(void)state;
	instead = open("/dev/full", O_WRONLY | O_CLOEXEC);
	begin("");
	(void)close(instead);
	instead = -1;
	consumer_deliver("", "", "1");
	WAIT_FOR(done);
	assert_non_null(strstr(heard(2), "cannot write to standard output"));
	assert_int_equal(end(), 74);
}

static void
test_addresses(void **state)
{
	char *urls;

	(void)state;
	begin("ipc://a");
	urls = cal_intake_addresses(intake);
	assert_string_equal(urls, "tcp://127.0.0.1:1\nipc://a");
	free(urls);
	cal_intake_say(intake);
	assert_string_equal(heard(2), "{\"messages\":0,\"done\":0,"
	    "\"failed\":0,\"tried_again\":0,\"malformed\":0,\"missing\":0,"
	    "\"waiting\":0,\"running\":0,\"worker_deaths\":0,\"left_behind\":0,"
	    "\"log_lost\":0}\n");
	cal_intake_stop(intake);
	assert_int_equal(end(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_lines, restore),
		cmocka_unit_test_teardown(test_count, restore),
		cmocka_unit_test_teardown(test_unreadable, restore),
		cmocka_unit_test_teardown(test_keep_going, restore),
		cmocka_unit_test_teardown(test_not_connected, restore),
		cmocka_unit_test_teardown(test_time, restore),
		cmocka_unit_test_teardown(test_gaps, restore),
		cmocka_unit_test_teardown(test_full, restore),
		cmocka_unit_test_teardown(test_reader_gone, restore),
		cmocka_unit_test_teardown(test_stuck_reader, restore),
		cmocka_unit_test_teardown(test_disk_full, restore),
		cmocka_unit_test_teardown(test_addresses, restore),
	};

	return cmocka_run_group_tests(tests, open_intakes, close_intakes);
}
