/* Unit tests of call/options: what is accepted, and what excludes what. */
#include "call/options.h"
#include "redis_words.h"

static struct cal_call_options o;
static struct words words;

static int
parse(const char *line, struct cal_err *err)
{
	bool done;
	int rc;

	words_split(&words, "cal-call", line);
	rc = cal_call_options_read(&o, words.argc, words.argv, &done, err);
	assert_false(done);
	return rc;
}

#define URL "tcp://127.0.0.1:5555 "

static void
test_defaults(void **state)
{
	(void)state;
	good(URL "echo");
	assert_int_equal(o.url.scheme, CAL_TCP);
	assert_int_equal(o.url.port, 5555);
	assert_string_equal(o.method, "echo");
	assert_string_equal(o.shape.body->name, "json");
	assert_int_equal(o.shape.mode, CAL_SHAPE_ONE);
	assert_null(o.source.data);
	assert_null(o.source.data_file);
	assert_int_equal(o.jobs, 1);
	assert_int_equal(o.retry, 0);
	assert_int_equal(o.max_body, 10 << 20);
	assert_true(o.timeout == 60);
	assert_true(o.connect_timeout == 5);
	assert_false(o.bind);
	assert_slice(o.shape.delimiter, "\n");
}

static void
test_bodies(void **state)
{
	(void)state;
	good(URL "echo {}");
	assert_string_equal(o.source.data, "{}");
	good(URL "echo ''");
	assert_string_equal(o.source.data, "");
	good(URL "echo -d -1");
	assert_string_equal(o.source.data, "-1");
	good("-d@file " URL "echo");
	assert_string_equal(o.source.data_file, "file");
	assert_null(o.source.data);
	good(URL "-d @- echo");
	assert_string_equal(o.source.data_file, "-");
	good(URL "echo -n");
	assert_string_equal(o.source.data, "");
	bad(URL "echo -1");
	bad(URL "echo 1 2");
}

/* BODY, -d, -n and the ways to read many: one of them. */
static void
test_bodies_exclude_each_other(void **state)
{
	static const char *const ways[] = {
		"-d 1", "-n", "-l", "-0", "-D x", "--framed", "-J",
	};
	char line[200];
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(ways); i++) {
		(void)snprintf(line, sizeof(line), URL "echo %s", ways[i]);
		good(line);
		(void)snprintf(line, sizeof(line), URL "echo 1 %s", ways[i]);
		bad(line);
		for (k = 0; k < COUNT(ways); k++) {
			(void)snprintf(line, sizeof(line), URL "echo %s %s",
			    ways[i], ways[k]);
			if (i != k)
				bad(line);
		}
	}
}

static void
test_modes(void **state)
{
	(void)state;
	good(URL "echo -l");
	assert_int_equal(o.shape.mode, CAL_SHAPE_PIECES);
	assert_slice(o.shape.delimiter, "\n");
	good(URL "echo -0");
	assert_slice(o.shape.delimiter, "\0");
	good(URL "echo -D ab");
	assert_slice(o.shape.delimiter, "ab");
	good(URL "echo --framed");
	assert_int_equal(o.shape.mode, CAL_SHAPE_FRAMED);
	good(URL "-J");
	assert_int_equal(o.shape.mode, CAL_SHAPE_JSON);
	assert_null(o.method);
	good(URL "-J echo");
	assert_string_equal(o.method, "echo");
	bad(URL "echo -D ''");
}

static void
test_shapes(void **state)
{
	(void)state;
	good(URL "echo -r");
	good(URL "echo -r --framed");
	bad(URL "echo -r -l");
	bad(URL "echo -r -0");
	bad(URL "echo -r -D x");
	bad(URL "echo -r --text");
	bad(URL "echo -r -J");
	bad(URL "echo --text -J");
	bad(URL "echo -f %s -J");
	good(URL "echo --text -l");
	good(URL "echo -f %s\\n -l");
	bad(URL "echo -f %x");
	bad(URL "echo -s msgpackk");
	good(URL "echo -s json");
	good(URL "echo -s raw -l");
	bad(URL "echo -s raw --text");
	good(URL "echo --exit-remote");
	bad(URL "echo --exit-remote -l");
}

static void
test_keys(void **state)
{
	char line[5000];
	size_t len;

	(void)state;
	good(URL "echo -k a");
	good(URL "echo -k ''");
	good(URL "echo -l -K :");
	bad(URL "echo -K :");
	bad(URL "echo -J -K :");
	bad(URL "echo -l -K ''");
	good(URL "echo --key-from /a");
	good(URL "echo --key-from ''");
	bad(URL "echo --key-from a");
	bad(URL "echo --key-from /a -s raw");
	bad(URL "echo --key-from /~2");
	bad(URL "echo -l -k a -K :");
	bad(URL "echo -k a --key-from /a");
	len = (size_t)snprintf(line, sizeof(line), URL "echo -k ");
	memset(line + len, 'k', 900);
	line[len + 900] = '\0';
	good(line);
}

static void
test_words(void **state)
{
	char line[400];
	size_t len;

	(void)state;
	bad("");
	bad("-l");
	bad(URL);
	bad("echo");
	bad("tcp://127.0.0.1:* echo");
	bad("tcp://*:5555 echo");
	bad("tcp://127.0.0.1:99999 echo");
	good("--bind tcp://127.0.0.1:* echo");
	bad(URL "''");
	bad(URL "\xff");
	bad(URL "echo -- cat");
	bad(URL "echo -j 0");
	bad(URL "echo -W -1");
	bad(URL "echo --bind --connect");
	bad(URL "echo -1");
	bad(URL "echo --notify-fd 3");
	good(URL "echo --bind -1 --insecure --notify-fd 3");
	good(URL "a.b*/\xc3\xa9");
	good("--ping " URL);
	assert_true(o.ping);
	bad("--ping " URL "echo");
	len = (size_t)snprintf(line, sizeof(line), URL);
	memset(line + len, 'm', 256);
	line[len + 256] = '\0';
	bad(line);
	line[len + 255] = '\0';
	good(line);
}

static void
test_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("CAL_TIMEOUT", "1500ms", 1), 0);
	good(URL "echo");
	assert_true(o.timeout == 1.5);
	good(URL "echo -W 2m");
	assert_true(o.timeout == 120);
	assert_int_equal(setenv("CAL_TIMEOUT", "soon", 1), 0);
	bad(URL "echo");
	good(URL "echo -W 0");
	assert_true(o.timeout == 0);
	assert_int_equal(unsetenv("CAL_TIMEOUT"), 0);
}

#define REDIS "redis://h?stream=s m "

static void
test_redis(void **state)
{
	(void)state;
	good(REDIS);
	assert_int_equal(o.url.scheme, CAL_REDIS);
	assert_false(o.bind);
	/* As a server says it of itself. */
	good("redis+unix://r?stream=s&group=g&consumer=c m");
	refused("--ping redis://h?stream=s", "--ping has no meaning with "
	    "redis://: a server is not there to be asked");
	redis_refuses(REDIS, &o.keys);
	refused(URL "m --redis-auth f",
	    "--redis-auth has no meaning without redis://");
	refused(REDIS "x redis://:secret@h?stream=t",
	    "unexpected argument '@h?stream=t'");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_bodies_exclude_each_other),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_redis),
	};

	(void)unsetenv("CAL_TIMEOUT");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
