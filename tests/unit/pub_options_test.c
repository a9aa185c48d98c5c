/* Unit tests of pub/options: what is accepted, and what excludes what. */
#include "pub/options.h"
#include "redis_words.h"

static struct cal_pub_options o;
static struct words words;

static int
parse(const char *line, struct cal_err *err)
{
	bool done;
	int rc;

	free(o.more_urls.items);
	words_split(&words, "cal-pub", line);
	rc = cal_pub_options_read(&o, words.argc, words.argv, &done, err);
	assert_false(done);
	return rc;
}

#define URL "tcp://127.0.0.1:5555 "

static void
test_defaults(void **state)
{
	(void)state;
	good(URL);
	assert_int_equal(o.urls_count, 1);
	assert_int_equal(o.urls[0].port, 5555);
	assert_true(o.bind);
	assert_false(o.distribute);
	assert_string_equal(o.shape.body->name, "json");
	assert_int_equal(o.shape.mode, CAL_SHAPE_ONE);
	assert_null(o.source.data);
	assert_null(o.topic);
	assert_int_equal(o.wait_readers, 1);
	assert_int_equal(o.max_body, 10 << 20);
	assert_int_equal(o.count, 0);
	assert_true(o.linger == 30);
	assert_true(o.connect_timeout == 5);
	assert_true(o.rate == 0);
	assert_true(o.interval == 0);
}

static void
test_urls(void **state)
{
	char line[4096];
	size_t i, len;

	(void)state;
	good("tcp://127.0.0.1:* -u ipc://a --url ipc://b {}");
	assert_int_equal(o.urls_count, 3);
	assert_int_equal(o.urls[0].port, 0);
	assert_string_equal(o.urls[1].path, "a");
	assert_string_equal(o.urls[2].path, "b");
	assert_string_equal(o.source.data, "{}");
	good("--connect " URL "-u tcp://localhost:1");
	assert_false(o.bind);
	bad("");
	bad("-u " URL);
	bad("{}");
	bad(URL "{} {}");
	bad(URL "-u 1");
	bad("--connect tcp://127.0.0.1:*");
	bad("--connect --bind " URL);
	bad(URL "-- cat");
	good(URL "--");
	len = (size_t)snprintf(line, sizeof(line), URL);
	for (i = 1; i < 13; i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len,
		    "-u ipc://%zu ", i);
	good(line);
	assert_int_equal(o.urls_count, 13);
}

static void
test_too_many_urls(void **state)
{
	char url[] = "ipc://a", program[] = "cal-pub", option[] = "-u";
	char *argv[2 * CAL_PUBLISHER_URLS + 3] = { program, url };
	struct cal_err err;
	bool done;
	int i;

	(void)state;
	for (i = 1; i <= CAL_PUBLISHER_URLS; i++) {
		argv[2 * i] = option;
		argv[2 * i + 1] = url;
	}
	free(o.more_urls.items);
	assert_int_equal(cal_pub_options_read(&o, 2 * i, argv, &done, &err),
	    CAL_EUSAGE);
	assert_string_equal(err.text, "more than 64 URLs");
}

static void
test_messages(void **state)
{
	char line[CAL_STREAMMSG_TOPIC_MAX + 64];
	char program[] = "cal-pub", url[] = "ipc://a", option[] = "-t";
	char *argv[] = { program, url, option, line, NULL };
	struct cal_err err;
	bool done;

	(void)state;
	good(URL "-t a -k b -z --seq --id");
	assert_string_equal(o.topic, "a");
	assert_string_equal(o.key.fixed, "b");
	assert_true(o.compress && o.number && o.mark);
	good(URL "-l -K : --topic ''");
	good(URL "-J --key-from /a --keep-time");
	assert_true(o.keep_time);
	good(URL "-s raw -r --framed");
	bad(URL "--keep-time");
	bad(URL "--keep-time -l");
	bad(URL "-s raw --key-from /a");
	bad(URL "-s yaml");
	bad(URL "1 -l");
	bad(URL "-n -d 1");
	bad(URL "-k a -K :");
	bad(URL "-r -l");
	bad(URL "--text -J");
	free(o.more_urls.items);
	memset(line, 't', CAL_STREAMMSG_TOPIC_MAX + 1);
	line[CAL_STREAMMSG_TOPIC_MAX + 1] = '\0';
	assert_int_equal(cal_pub_options_read(&o, 4, argv, &done, &err),
	    CAL_EUSAGE);
}

static void
test_delivery(void **state)
{
	(void)state;
	good(URL "--distribute --wait-subscribers 3 --no-drop");
	assert_true(o.distribute && o.no_drop);
	assert_int_equal(o.wait_readers, 3);
	good(URL "--wait-subscribers 0 --linger 0 --connect-timeout 250ms");
	assert_int_equal(o.wait_readers, 0);
	assert_true(o.linger == 0);
	assert_true(o.connect_timeout == 0.25);
	good(URL "--rate 100");
	assert_true(o.rate == 100);
	good(URL "--rate 30/m");
	assert_true(o.rate == 0.5);
	good(URL "--interval 2m -c 3");
	assert_true(o.interval == 120);
	assert_int_equal(o.count, 3);
	bad(URL "--rate 0");
	bad(URL "--rate 1/x");
	bad(URL "--rate 1 --interval 1");
	bad(URL "-c 0");
	bad(URL "--wait-subscribers -1");
	bad(URL "--max-body 1");
	bad(URL "--retry 1");
}

static void
test_output(void **state)
{
	(void)state;
	good(URL "-T -l -f %s\\n");
	good(URL "-T -J");
	bad(URL "-l -f %s");
	bad(URL "-T -f %x");
	bad(URL "-T -J -f %s");
	good(URL "-1 --notify-fd 3");
}

#define REDIS "redis://h?stream=s "

static void
test_redis(void **state)
{
	const struct cal_conn_redis *conn = &o.redis.conn;

	(void)state;
	good(REDIS);
	assert_int_equal(o.urls[0].scheme, CAL_REDIS);
	assert_int_equal(o.wait_readers, 0);
	assert_int_equal(conn->max_len, 0);
	assert_int_equal(conn->replicas, 0);
	assert_true(conn->patience == 5);
	assert_int_equal(o.retry, 0);
	assert_true(o.retry_delay == 0.2);
	good(REDIS "-u redis+unix://r?stream=t --maxlen 1000 --print-id "
	    "--wait 2:500 --retry 3 --retry-delay 1 --connect-timeout 0");
	assert_int_equal(o.urls_count, 2);
	assert_int_equal(conn->max_len, 1000);
	assert_true(o.print_id);
	assert_int_equal(conn->replicas, 2);
	assert_int_equal(conn->replicas_ms, 500);
	assert_true(conn->patience == 0);
	assert_int_equal(o.retry, 3);
	assert_true(o.retry_delay == 1);
}

static void
test_redis_refused(void **state)
{
	(void)state;
	refused(REDIS "--distribute", "--distribute has no meaning with "
	    "redis://: whoever shares messages reads them as a group");
	refused(REDIS "--no-drop", "--no-drop has no meaning with redis://: "
	    "Redis keeps what nobody has read yet");
	refused(REDIS "--wait-subscribers 2", "--wait-subscribers has no "
	    "meaning with redis://: Redis keeps what nobody has read yet");
	refused(REDIS "-T --print-id", "-T and --print-id exclude each "
	    "other");
	bad(REDIS "--maxlen 0");
	refused(REDIS "--wait 2", "bad --wait '2': not REPLICAS:MILLISECONDS,"
	    " up to 1000:3600000");
	redis_refuses(REDIS, &o.keys);
	refused(REDIS "-u " URL, "URLs of Redis and others have no meaning "
	    "together");
	refused(URL "--maxlen 1", "--maxlen has no meaning without redis://");
	refused(URL "--print-id",
	    "--print-id has no meaning without redis://");
	refused(URL "--wait 1:1", "--wait has no meaning without redis://");
	refused(URL "--retry 1", "--retry has no meaning without redis://");
	refused(URL "--retry-delay 1",
	    "--retry-delay has no meaning without redis://");
	refused(URL "--redis-auth f",
	    "--redis-auth has no meaning without redis://");
	refused(REDIS "x redis://:secret@h?stream=t", "unexpected argument "
	    "'@h?stream=t'; more URLs are given with -u");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_too_many_urls),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_redis),
		cmocka_unit_test(test_redis_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
