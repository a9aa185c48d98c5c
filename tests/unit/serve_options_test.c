/* Unit tests of serve/options. */
#include "serve/options.h"
#include "redis_words.h"
#include "work/order.h"

static struct cal_serve_options o;
static struct words words;

static int
parse(const char *line, struct cal_err *err)
{
	bool done;
	int rc;

	free(o.shell_methods.items);
	words_split(&words, "cal-serve", line);
	rc = cal_serve_options_read(&o, words.argc, words.argv, &done, err);
	assert_false(done);
	return rc;
}

#define URL "tcp://127.0.0.1:* "

static void
test_defaults(void **state)
{
	(void)state;
	good(URL "echo -- cat -u --help");
	assert_string_equal(o.method, "echo");
	assert_string_equal(o.command[0], "cat");
	assert_string_equal(o.command[2], "--help");
	assert_null(o.command[3]);
	assert_int_equal(o.url.port, 0);
	assert_true(o.bind);
	assert_int_equal(o.order, CAL_ORDER_KEY);
	assert_int_equal(o.work.jobs, 100);
	assert_int_equal(o.max_queue, 1000);
	assert_int_equal(o.max_body, 10 << 20);
	assert_int_equal(o.count, 0);
	assert_true(o.timeout == 3600);
	assert_true(o.work.kill_after == 2);
	assert_true(o.work.grace == 10);
	assert_string_equal(o.body->name, "json");
}

static void
test_three_forms(void **state)
{
	(void)state;
	good(URL "-m a=cat --method b=wc");
	assert_int_equal(o.shell_methods.count, 2);
	assert_string_equal(o.shell_methods.items[0], "a=cat");
	assert_string_equal(o.shell_methods.items[1], "b=wc");
	assert_null(o.command);
	good(URL "--dir /tmp");
	assert_string_equal(o.dir, "/tmp");
	good(URL "-m a=cat --dir /tmp * -- cat");
	assert_string_equal(o.method, "*");
	bad("");
	bad(URL);
	bad(URL "echo");
	bad(URL "echo cat");
	bad(URL "-- cat");
	bad(URL "echo --");
	bad(URL "echo more -- cat");
	bad(URL "--dir /tmp more");
	bad("-m a=cat");
	bad("http://127.0.0.1 -m a=cat");
}

static void
test_values(void **state)
{
	(void)state;
	good(URL "-m a=b --order reply");
	assert_int_equal(o.order, CAL_ORDER_REPLY);
	good(URL "-m a=b --order exit");
	assert_int_equal(o.order, CAL_ORDER_EXIT);
	bad(URL "-m a=b --order none");
	good(URL "-m a=b -W 1.5 --grace 0 --kill-after 10ms");
	assert_true(o.timeout == 1.5);
	assert_true(o.work.grace == 0);
	assert_true(o.work.kill_after == 0.01);
	good(URL "-m a=b --run-timeout 3");
	assert_true(o.timeout == 3);
	good(URL "-m a=b --max-body 1M --max-queue 5 -j 2 -c 7");
	assert_int_equal(o.max_body, 1 << 20);
	assert_int_equal(o.max_queue, 5);
	assert_int_equal(o.work.jobs, 2);
	assert_int_equal(o.count, 7);
	bad(URL "-m a=b -j 0");
	bad(URL "-m a=b -c 0");
	bad(URL "-m a=b --max-body 1");
	bad(URL "-m a=b --notify-fd 2");
	bad(URL "-m a=b -s yaml");
	good(URL "-m a=b --text -z -1 -vv --log-format json");
	assert_true(o.text && o.compress && o.ready_line);
	assert_int_equal(o.words.verbose, 2);
	assert_int_equal(o.words.format, 1);
}

static void
test_sides(void **state)
{
	(void)state;
	good("--connect tcp://127.0.0.1:5555 -m a=b");
	assert_false(o.bind);
	good("--bind tcp://127.0.0.1:5555 -m a=b");
	assert_true(o.bind);
	bad("--connect " URL "-m a=b");
	bad("--bind --connect tcp://127.0.0.1:5555 -m a=b");
	free(o.shell_methods.items);
	o.shell_methods.items = NULL;
}

static void
test_serializers(void **state)
{
	(void)state;
	good(URL "echo -s raw -- cat");
	assert_string_equal(o.body->name, "raw");
	good(URL "echo -s raw --coprocess framed -- cat");
	bad(URL "echo -s raw --coprocess jsonrpc -- cat");
	bad(URL "echo -s raw --text -- cat");
	bad(URL "echo -s rawer -- cat");
}

#undef URL
#define URL "tcp://127.0.0.1:* -m m=cat "
#define REDIS "redis://h?stream=s -m m=cat "

static void
test_redis(void **state)
{
	const struct cal_conn_redis *conn = &o.redis.conn;

	(void)state;
	good(REDIS);
	assert_int_equal(o.url.scheme, CAL_REDIS);
	assert_true(o.bind);
	assert_string_equal(o.url.redis.group, "cal");
	assert_false(conn->at_least_once);
	assert_int_equal(conn->window, 100);
	good("redis+unix://r?stream=s&group=g --at-least-once --lease 2m "
	    "-j 3 --coprocess lines --depth 4 -m m=cat");
	assert_string_equal(o.url.redis.group, "g");
	assert_true(conn->at_least_once);
	assert_true(conn->lease == 120);
	assert_int_equal(conn->window, 12);
}

static void
test_redis_refused(void **state)
{
	(void)state;
	refused(REDIS "--lease 1", "--lease has no meaning without "
	    "--at-least-once: nothing is held");
	refused(REDIS "--at-least-once --lease 0.05",
	    "--lease is 0.1 seconds or more");
	redis_refuses(REDIS, &o.keys);
	refused(URL "--at-least-once",
	    "--at-least-once has no meaning without redis://");
	refused(URL "--lease 1", "--lease has no meaning without redis://");
	refused(URL "--redis-auth f",
	    "--redis-auth has no meaning without redis://");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_three_forms),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_serializers),
		cmocka_unit_test(test_redis),
		cmocka_unit_test(test_redis_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
