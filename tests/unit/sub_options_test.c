/* Unit tests of sub/options. */
#include "sub/options.h"
#include "words.h"

static struct cal_sub_options o;
static struct words words;

static int
parse(const char *line, struct cal_err *err)
{
	bool done;
	int rc;

	free(o.topics);
	free(o.topic_list.items);
	words_split(&words, "cal-sub", line);
	rc = cal_sub_options_read(&o, words.argc, words.argv, &done, err);
	assert_false(done);
	return rc;
}

static int
release(void **state)
{
	(void)state;
	free(o.topics);
	free(o.topic_list.items);
	return 0;
}

#define URL "tcp://127.0.0.1:5555 "

static void
test_defaults(void **state)
{
	(void)state;
	good(URL);
	assert_int_equal(o.urls_count, 1);
	assert_int_equal(o.urls[0].port, 5555);
	assert_false(o.bind);
	assert_null(o.command);
	assert_int_equal(o.topic_list.count, 0);
	assert_int_equal(o.shape.mode, CAL_SHAPE_PIECES);
	assert_true(cal_slice_is(o.shape.delimiter, "\n"));
	assert_string_equal(o.shape.body->name, "json");
	assert_int_equal(o.count, 0);
	assert_int_equal(o.max_body, 10 << 20);
	assert_true(o.timeout == 0);
	assert_true(o.connect_timeout == 5);
}

static void
test_urls(void **state)
{
	char line[1000] = "";
	size_t i;

	(void)state;
	good(URL "ipc://a ipc://b");
	assert_int_equal(o.urls_count, 3);
	assert_string_equal(o.urls[2].path, "b");
	bad("");
	bad("-c 1");
	bad("-- cat");
	bad(URL "http://x");
	bad("tcp://127.0.0.1:*");
	good("--bind tcp://127.0.0.1:*");
	assert_true(o.bind);
	good("--connect " URL);
	assert_false(o.bind);
	bad("--bind --connect " URL);
	for (i = 0; i < 28; i++)
		strcat(line, "ipc://a ");
	good(line);
	assert_int_equal(o.urls_count, 28);
}

static void
test_shapes(void **state)
{
	(void)state;
	good(URL "-J");
	assert_int_equal(o.shape.mode, CAL_SHAPE_JSON);
	good(URL "--framed -r");
	assert_int_equal(o.shape.mode, CAL_SHAPE_FRAMED);
	good(URL "-r");
	assert_int_equal(o.shape.mode, CAL_SHAPE_ONE);
	good(URL "-0 -s raw");
	assert_int_equal(o.shape.mode, CAL_SHAPE_PIECES);
	assert_int_equal(o.shape.delimiter.len, 1);
	assert_int_equal(o.shape.delimiter.ptr[0], 0);
	good(URL "-l -f %s");
	good(URL "-f %t:%T:%o");
	bad(URL "-f %x");
	bad(URL "-r -l");
	bad(URL "-J -l");
	bad(URL "-J --text");
	bad(URL "--text -s raw");
	bad(URL "-s yaml");
}

static void
test_topics(void **state)
{
	(void)state;
	good(URL "-t a --topic b/ -t ''");
	assert_int_equal(o.topic_list.count, 3);
	assert_slice(o.topics[0], "a");
	assert_slice(o.topics[1], "b/");
	assert_int_equal(o.topics[2].len, 0);
	good(URL "--distribute");
	bad(URL "--distribute -t a");
	bad(URL "--distribute --strict");
	good(URL "--strict");
}

static void
test_commands(void **state)
{
	(void)state;
	good(URL "-- cat -u --help");
	assert_string_equal(o.command[0], "cat");
	assert_string_equal(o.command[2], "--help");
	assert_int_equal(o.work.jobs, 1);
	assert_true(o.run_timeout == 3600);
	assert_true(o.work.kill_after == 2);
	assert_true(o.work.grace == 10);
	assert_null(o.work.dialect);
	bad(URL "--");
	good(URL "-j 3 --run-timeout 5 --key-from /a --pass-env A -- cat");
	assert_int_equal(o.work.jobs, 3);
	assert_true(o.run_timeout == 5);
	assert_string_equal(o.key.pointer, "/a");
	good(URL "--coprocess lines -- cat");
	assert_string_equal(o.work.dialect->name, "lines");
	assert_int_equal(o.work.depth, 1);
	assert_true(o.work.jobs >= 1);
	good(URL "--coprocess jsonrpc -s raw -- cat");
	assert_int_equal(o.work.depth, 100);
	bad(URL "--coprocess jsonrpc --text -- cat");
	bad(URL "--coprocess xml -- cat");
	bad(URL "--depth 2 -- cat");
	bad(URL "--key-from a -- cat");
	bad(URL "--key-from /a -s raw -- cat");
}

/* What is about commands needs one. */
static void
test_no_command(void **state)
{
	(void)state;
	bad(URL "-j 2");
	bad(URL "--coprocess lines");
	bad(URL "--depth 2");
	bad(URL "--kill-after 1");
	bad(URL "--grace 1");
	bad(URL "--pass-env A");
	bad(URL "--run-timeout 1");
	bad(URL "--key-from /a");
	bad(URL "-k a");
	bad(URL "-k a --key-from /a -- cat");
	good(URL "--grace 10 --kill-after 2 --run-timeout 1h");
}

static void
test_values(void **state)
{
	(void)state;
	good(URL "-c 7 -W 1.5 --connect-timeout 0 --max-body 1M -E -1 -vv");
	assert_int_equal(o.count, 7);
	assert_true(o.timeout == 1.5);
	assert_true(o.connect_timeout == 0);
	assert_int_equal(o.max_body, 1 << 20);
	assert_true(o.keep_going && o.ready_line);
	assert_int_equal(o.words.verbose, 2);
	bad(URL "-c 0");
	bad(URL "--notify-fd 2");
	bad(URL "--max-body 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_topics),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_no_command),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
