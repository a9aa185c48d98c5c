/* Unit tests of sub/options. */
#include "sub/options.h"
#include "redis_words.h"

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

#define REDIS "redis://h?stream=s "

static void
test_redis(void **state)
{
	const struct cal_conn_redis *conn = &o.redis.conn;

	(void)state;
	good(REDIS);
	assert_int_equal(o.urls[0].scheme, CAL_REDIS);
	assert_null(conn->start);
	assert_false(conn->leave);
	assert_false(conn->ack);
	assert_true(conn->lease == 60);
	assert_int_equal(conn->max_deliver, 5);
	assert_int_equal(conn->window, 0);
	good(REDIS "-o end -e -t a -t b");
	assert_string_equal(conn->start, "$");
	assert_true(conn->leave);
	good(REDIS "--offset beginning");
	assert_string_equal(conn->start, "0");
	good(REDIS "-G g --ack --lease 1.5 --max-deliver 0 -o 12-3");
	assert_string_equal(o.urls[0].redis.group, "g");
	assert_string_equal(conn->start, "12-3");
	assert_true(conn->ack);
	assert_true(conn->lease == 1.5);
	assert_int_equal(conn->max_deliver, 0);
	good(REDIS "redis+unix://r?stream=t&group=g&consumer=c -G g");
	assert_string_equal(o.urls[0].redis.group, "g");
	assert_string_equal(o.urls[1].redis.group, "g");
	good(REDIS "-- cat");
	assert_int_equal(conn->window, 1);
	good(REDIS "-j 7 -- cat");
	assert_int_equal(conn->window, 7);
	good(REDIS "-j 3 --coprocess jsonrpc --depth 5 -- cat");
	assert_int_equal(conn->window, 15);
}

static void
test_redis_refused(void **state)
{
	static const char long_name[] = "-G "
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123";
	char line[512];

	(void)state;
	refused(REDIS "--ack", "--ack needs a group, -G: nothing is "
	    "acknowledged without one");
	refused("redis://h?stream=s&group=g redis://h?stream=s --ack",
	    "--ack needs a group, -G: nothing is acknowledged without one");
	refused("redis://h?stream=s&consumer=c",
	    "consumer= needs a group: group= or -G");
	good("redis://h?stream=s&consumer=c -G g");
	refused("redis://h?stream=s&group=g -G f",
	    "-G 'f' and group= of the URL exclude each other");
	refused(REDIS "-G ''", "-G: it is empty");
	refused(REDIS "-G a\x01", "-G: control character");
	refused(REDIS "-G \xff", "-G: not UTF-8");
	(void)snprintf(line, sizeof(line), "%s%s", REDIS, long_name);
	refused(line, "-G: more than 255 bytes");
	refused(REDIS "--lease 5", "--lease has no meaning without --ack");
	refused(REDIS "--max-deliver 6",
	    "--max-deliver has no meaning without --ack");
	refused(REDIS "-G g --ack --lease 0",
	    "--lease is 0.1 seconds or more");
	refused(REDIS "-o ''", "bad position '': not beginning, end, an "
	    "entry's id or s@MILLISECONDS");
	refused(REDIS "--distribute", "--distribute has no meaning with "
	    "redis://: whoever shares messages names one group, -G");
	refused(REDIS "--distribute -t a", "-t has no meaning with "
	    "--distribute: a message goes to whoever has room");
	redis_refuses(REDIS, &o.keys);
	refused(REDIS URL, "URLs of Redis and others have no meaning "
	    "together");
	refused(URL REDIS, "URLs of Redis and others have no meaning "
	    "together");
	refused(URL "-G g", "-G has no meaning without redis://");
	refused(URL "-o end", "-o has no meaning without redis://");
	refused(URL "-e", "-e has no meaning without redis://");
	refused(URL "--ack", "--ack has no meaning without redis://");
	refused(URL "--lease 1", "--lease has no meaning without redis://");
	refused(URL "--max-deliver 1",
	    "--max-deliver has no meaning without redis://");
	refused(URL "--redis-auth f",
	    "--redis-auth has no meaning without redis://");
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
		cmocka_unit_test(test_redis),
		cmocka_unit_test(test_redis_refused),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
