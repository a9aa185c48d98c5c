/* Unit tests of sub/errand: messages that commands do. */
#include <fcntl.h>

#include "intakes.h"

#define TEST(name) cmocka_unit_test_teardown(name, restore)

/* A command sees the message, and its output is a record. */
static void
test_one(void **state)
{
	static const uint8_t mid[CAL_STREAMMSG_MID] = { 0, 0x1f, 0xff };
	const struct cal_streammsg head = {
		.stamp = { .known = true,
		    .us = INT64_C(1768491781) * 1000000 + 123456 },
		.has_seq = true, .seq = 7, .key = BYTES("k%"),
		.mid = { mid, sizeof(mid) },
	};

	(void)state;
	begin_shell("-c 1", "cat; env | grep -e ^CAL_ | grep -v -e REQUEST "
	    "-e TIMEOUT | sort");
	consumer_deliver_as(BYTES("a\xff"), &head, BYTES("{\"a\":\n1}"), NULL);
	assert_int_equal(consumer.held, 1);
	WAIT_FOR(done);
	assert_string_equal(heard(1), "{\"a\":\n1}"
	    "CAL_ID=001fff00000000000000000000000000\nCAL_KEY=k%25\n"
	    "CAL_SEQ=7\nCAL_TOPIC=a%FF\n"
	    "CAL_TS=2026-01-15T15:43:01.123456Z\n");
	assert_int_equal(end(), 0);
}

static void
test_plain_and_text(void **state)
{
	(void)state;
	begin_shell("-c 1 --text", "cat; echo; env | grep -e ^CAL_ | "
	    "grep -v -e REQUEST -e TIMEOUT; echo noise >&2");
	consumer_deliver("", "", "\"a\\nb\"");
	WAIT_FOR(done);
	assert_string_equal(heard(1), "a\nb\nCAL_TS=-\n");
	assert_string_equal(heard(2), "noise\n");
	assert_int_equal(end(), 0);
}

/* Its memory is the errand's as long as it runs. */
static void
test_expanded(void **state)
{
	const struct cal_streammsg head = { .flags = CAL_STREAMMSG_SNAPPY };
	struct cal_buf expanded = { .max = 0 };

	(void)state;
	cal_buf_put_text(&expanded, "[1]");
	begin_shell("-c 1", "cat");
	consumer_deliver_as(BYTES(""), &head, BYTES("?"), &expanded);
	assert_int_equal(expanded.len, 0);
	WAIT_FOR(done);
	assert_string_equal(heard(1), "[1]\n");
	assert_int_equal(end(), 0);
	cal_buf_release(&expanded);
}

/* Nothing is a record of nothing. */
static void
test_silent(void **state)
{
	(void)state;
	begin_shell("-c 2", "cat >/dev/null; echo $CAL_TOPIC");
	consumer_deliver("", "", "1");
	WAIT_FOR(!consumer.paused);
	consumer_deliver("t", "", "1");
	WAIT_FOR(done);
	assert_string_equal(heard(1), "t\n");
	assert_int_equal(end(), 0);
}

/* One at a time unless more are asked for; what does not run is not taken. */
static void
test_jobs(void **state)
{
	(void)state;
	begin_shell("-j 2 -c 3", "sleep 0.05; cat");
	consumer_deliver("", "", "1");
	assert_false(consumer.paused);
	consumer_deliver("", "", "2");
	assert_true(consumer.paused);
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "3");
	assert_int_equal(end(), 0);
}

/* A copy that can be executed, once the descriptor is closed. */
static int
copy_file(const char *from, const char *to)
{
	char bytes[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	ssize_t n;

	assert_true(in != -1 && out != -1);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)n), n);
	(void)close(in);
	return out;
}

/* Messages of one key are done in their order, one after the other. */
static void
test_keys(void **state)
{
	(void)state;
	begin_shell("-j 3 -c 5 --key-from /k", "read -r b; echo \"$b\"; "
	    "test \"$CAL_KEY\" != a || { sleep 0.05; echo end; }");
	consumer_deliver("", "header", "{\"k\":\"a\",\"n\":1}\n");
	consumer_deliver("", "header", "{\"k\":\"a\",\"n\":2}\n");
	consumer_deliver("", "header", " {\"k\":\"a\",\"n\":3}\n");
	assert_false(consumer.paused);
	consumer_deliver("", "header", "{\"k\":\"b\",\"n\":4}\n");
	assert_false(consumer.paused);
	consumer_deliver("", "header", "{\"n\":5}\n");
	assert_true(consumer.paused);
	WAIT_FOR(done);
	assert_non_null(strstr(heard(1), "{\"k\":\"a\",\"n\":1}\nend\n"
	    "{\"k\":\"a\",\"n\":2}\nend\n{\"k\":\"a\",\"n\":3}\nend\n"));
	assert_int_equal(end(), 0);
}

/* Those that wait for their key are not many. */
static void
test_waiting(void **state)
{
	size_t i;

	(void)state;
	begin_shell("-j 2", "exec sleep 60");
	for (i = 0; !consumer.paused; i++)
		consumer_deliver("", "k", "1");
	assert_int_equal(i, CAL_SUB_WAITING + 1);
	cal_intake_abort(intake);
	WAIT_FOR(done);
	assert_non_null(strstr(heard(2), "64 messages were received and not "
	    "begun"));
	assert_int_equal(end(), 75);

	/* Nor are their bytes. */
	begin_shell("-j 2 --max-body 1k", "exec sleep 60");
	for (i = 0; !consumer.paused; i++)
		consumer_deliver("", "k", "\"0123456789012345678901234567890"
		    "123456789012345678901234567890123456789012345678901234"
		    "5678901234567890123456789012345678901234567890123456\"");
	assert_in_range(i, 4096 / 150, 4096 / 130 + 1);
	cal_intake_abort(intake);
	assert_int_equal(end(), 75);
}

/* No new one is begun after a failure, but what runs may end. */
static void
test_failure(void **state)
{
	(void)state;
	begin_shell("-j 2", "read -r n; test $n != 2 || { echo why >&2; "
	    "exit 3; }; sleep 0.1; echo $n");
	consumer_deliver("", "", "1\n");
	consumer_deliver("", "", "2\n");
	WAIT_FOR(heard(2)[0] != '\0');
	assert_true(consumer.paused);
	assert_false(done);
	WAIT_FOR(done);
	assert_string_equal(heard(1), "1\n");
	assert_string_equal(heard(2), "cal-sub: message 2: HandlerExit: exit "
	    "status 3\nwhy\n");
	assert_int_equal(end(), 1);
}

static void
test_keep_going(void **state)
{
	(void)state;
	begin_shell("-E -c 3", "read -r n; test $n != 1 && echo $n");
	consumer_deliver("", "", "1\n");
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "{");
	consumer_deliver("", "", "2\n");
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "3\n");
	WAIT_FOR(done);
	assert_string_equal(heard(1), "2\n3\n");
	assert_string_equal(heard(2), "cal-sub: message 1: HandlerExit: exit "
	    "status 1\ncal-sub: message 2: bad body: not JSON: "
	    "ends too early\n");
	assert_int_equal(end(), 76);
}

static void
test_bad_key(void **state)
{
	(void)state;
	begin_shell("--key-from /k", "cat");
	consumer_deliver("", "", "{\"k\":[]}");
	assert_int_equal(consumer.held, 0);
	assert_int_equal(end(), 65);

	begin_shell("--key-from /k -r", "cat");
	consumer_deliver("", "", "{\"k\":");
	assert_int_equal(end(), 65);
}

static void
test_too_much(void **state)
{
	(void)state;
	begin_shell("--max-body 1k", "head -c 1025 /dev/zero");
	consumer_deliver("", "", "1");
	WAIT_FOR(done);
	assert_string_equal(heard(1), "");
	assert_non_null(strstr(heard(2), "TooLarge"));
	assert_int_equal(end(), 65);
}

static void
test_run_timeout(void **state)
{
	(void)state;
	begin_shell("--run-timeout 50ms --kill-after 50ms",
	    "trap '' TERM; sleep 60 & wait; wait; exec sleep 60");
	consumer_deliver("", "", "1");
	WAIT_FOR(done);
	assert_string_equal(heard(2),
	    "cal-sub: message 1: HandlerTimeout: it ran out of time\n");
	assert_int_equal(end(), 1);
}

/* Time for what runs, then TERM. */
static void
test_grace(void **state)
{
	(void)state;
	begin_shell("", "sleep 0.1; cat");
	consumer_deliver("", "", "1");
	cal_intake_stop(intake);
	WAIT_FOR(done);
	assert_string_equal(heard(1), "1\n");
	assert_int_equal(end(), 0);

	begin_shell("--grace 50ms", "exec sleep 60");
	consumer_deliver("", "", "1");
	cal_intake_stop(intake);
	WAIT_FOR(done);
	assert_string_equal(heard(2),
	    "cal-sub: message 1: it was cut short\n");
	assert_int_equal(end(), 75);

	begin_shell("-W 50ms --grace 50ms", "exec sleep 60");
	consumer_deliver("", "", "1");
	assert_int_equal(end(), 75);

	begin_shell("-W 50ms", "sleep 0.15; cat");
	consumer_deliver("", "", "1");
	assert_int_equal(end(), 0);
}

/*
 * A file that is being written cannot be executed just now.  With -E that
 * costs nothing but time, else it is a failure.
 */
static void
test_try_again(void **state)
{
	char *path, *argv[] = { NULL, NULL };
	int fd;

	(void)state;
	if (under_valgrind())
		return;
	path = argv[0] = folder_path("cat");
	good("ipc://a -E -c 2 -- cat");
	fd = copy_file("/bin/cat", path);
	begin_with(argv);
	consumer_deliver("", "", "1");
	WAIT_FOR(strstr(heard(2), "message 1 waits: ") != NULL);
	assert_true(consumer.paused);
	(void)close(fd);
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "2");
	WAIT_FOR(done);
	assert_string_equal(heard(1), "1\n2\n");
	assert_int_equal(end(), 0);

	/* Whoever has to leave does not wait for it. */
	good("ipc://a -E -- cat");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	begin_with(argv);
	consumer_deliver("", "", "1");
	WAIT_FOR(strstr(heard(2), "message 1 waits: ") != NULL);
	cal_intake_stop(intake);
	WAIT_FOR(done);
	assert_non_null(strstr(heard(2), "1 messages were received and not "
	    "begun"));
	assert_int_equal(end(), 0);

	good("ipc://a -- cat");
	begin_with(argv);
	consumer_deliver("", "", "1");
	WAIT_FOR(done);
	assert_non_null(strstr(heard(2), "message 1: Busy: "));
	assert_int_equal(end(), 75);
	(void)close(fd);
	(void)unlink(path);
	free(path);
}

static void
test_workers(void **state)
{
	(void)state;
	begin_shell("--coprocess lines -j 2 -c 3", "while read -r n; do "
	    "echo \"<$n>\"; done");
	consumer_deliver("", "", "[1,\n2]");
	consumer_deliver("", "", "2");
	assert_true(consumer.paused);
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "3");
	WAIT_FOR(done);
	assert_non_null(strstr(heard(1), "<[1,2]>\n"));
	assert_non_null(strstr(heard(1), "<2>\n"));
	assert_non_null(strstr(heard(1), "<3>\n"));
	assert_int_equal(end(), 0);
}

/* An empty answer says nothing, and a line that is no JSON is one, too. */
static void
test_quiet_worker(void **state)
{
	(void)state;
	begin_shell("--coprocess lines -j 1 -c 2 --text", "read -r n; echo; "
	    "read -r n; echo got it: $n; read -r n");
	consumer_deliver("", "", "\"one\"");
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "\"two\"");
	WAIT_FOR(done);
	assert_string_equal(heard(1), "got it: two\n");
	assert_int_equal(end(), 0);
}

static void
test_worker_cannot_take_it(void **state)
{
	(void)state;
	begin_shell("--coprocess lines -s raw -j 1", "cat");
	consumer_deliver("", "", "a\nb");
	WAIT_FOR(done);
	assert_non_null(strstr(heard(2), "message 1: BadRequest: "));
	assert_int_equal(end(), 3);
}

/* A worker that dies costs the message, and another one takes the next. */
static void
test_worker_dies(void **state)
{
	(void)state;
	begin_shell("--coprocess lines -j 1 -E -c 2 -q",
	    "read -r n; test $n != 1 && echo $n && read -r n");
	consumer_deliver("", "", "1");
	WAIT_FOR(!consumer.paused);
	consumer_deliver("", "", "2");
	WAIT_FOR(done);
	assert_string_equal(heard(1), "2\n");
	assert_non_null(strstr(heard(2), "message 1: WorkerDied: "));
	assert_int_equal(end(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one),
		TEST(test_plain_and_text),
		TEST(test_expanded),
		TEST(test_silent),
		TEST(test_jobs),
		TEST(test_keys),
		TEST(test_waiting),
		TEST(test_failure),
		TEST(test_keep_going),
		TEST(test_bad_key),
		TEST(test_too_much),
		TEST(test_run_timeout),
		TEST(test_grace),
		TEST(test_try_again),
		TEST(test_workers),
		TEST(test_quiet_worker),
		TEST(test_worker_cannot_take_it),
		TEST(test_worker_dies),
	};

	return cmocka_run_group_tests(tests, open_intakes, close_intakes);
}
