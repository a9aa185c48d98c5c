/* Unit tests of base/url: streams in Redis. */
#include "base/url.h"
#include "unit.h"

static struct cal_url url;

static void
parse(const char *text)
{
	struct cal_err err;

	if (cal_url_parse(&url, text, false, &err) != CAL_OK)
		fail_msg("'%s' was refused: %s", text, err.text);
}

/* It comes out as said, and that is taken and comes out again. */
static void
shows(const char *text, const char *shown)
{
	char *again;
	int i;

	for (i = 0; i < 2; i++) {
		parse(i == 0 ? text : shown);
		again = cal_url_text(&url);
		assert_string_equal(again, shown);
		free(again);
	}
}

static void
refuse(const char *text, const char *why)
{
	struct cal_err err;

	if (cal_url_parse(&url, text, false, &err) != CAL_EUSAGE)
		fail_msg("accepted: %s", text);
	assert_memory_equal(err.text, "bad URL '", 9);
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s': '%s' has no '%s'", text, err.text, why);
	assert_null(strstr(err.text, "secret"));
	assert_null(strstr(err.text, "alice"));
}

static void
test_places(void **state)
{
	(void)state;
	parse("redis://localhost?stream=s");
	assert_int_equal(url.scheme, CAL_REDIS);
	assert_true(cal_url_is_redis(&url));
	assert_string_equal(url.host, "localhost");
	assert_int_equal(url.port, 6379);
	assert_int_equal(url.redis.db, 0);
	assert_string_equal(url.redis.stream, "s");
	assert_string_equal(url.redis.user, "");
	assert_string_equal(url.redis.password, "");
	assert_string_equal(url.redis.group, "");
	parse("redis://[::1]:7000/15?group=g&consumer=c&stream=a:b/c=d");
	assert_string_equal(url.host, "::1");
	assert_int_equal(url.port, 7000);
	assert_int_equal(url.redis.db, 15);
	assert_string_equal(url.redis.stream, "a:b/c=d");
	assert_string_equal(url.redis.group, "g");
	assert_string_equal(url.redis.consumer, "c");
	parse("redis+unix:///run/redis.sock?db=65535&stream=s");
	assert_int_equal(url.scheme, CAL_REDIS_UNIX);
	assert_true(cal_url_is_redis(&url));
	assert_string_equal(url.path, "/run/redis.sock");
	assert_int_equal(url.redis.db, 65535);
	parse("redis+unix://relative?stream=s");
	assert_string_equal(url.path, "relative");
}

static void
test_userinfo(void **state)
{
	(void)state;
	parse("redis://:secret@h?stream=s");
	assert_string_equal(url.redis.user, "");
	assert_string_equal(url.redis.password, "secret");
	parse("redis://alice@h?stream=s");
	assert_string_equal(url.redis.user, "alice");
	assert_string_equal(url.redis.password, "");
	parse("redis://alice:a:%40%2f%3F%25%ff@h:1/2?stream=s");
	assert_string_equal(url.redis.user, "alice");
	assert_string_equal(url.redis.password, "a:@/?%\xff");
	assert_string_equal(url.host, "h");
	parse("redis+unix://alice:secret@/run/r?stream=s");
	assert_string_equal(url.redis.password, "secret");
	assert_string_equal(url.path, "/run/r");
}

static void
test_text(void **state)
{
	(void)state;
	shows("redis://h?stream=s", "redis://h:6379?stream=s");
	shows("redis://alice:secret@h:1/0?stream=s", "redis://h:1?stream=s");
	shows("redis://:secret@[::1]/3?consumer=c&group=g&stream=a:b/c",
	    "redis://[::1]:6379/3?stream=a:b/c&group=g&consumer=c");
	shows("redis://h?stream=a+b=%c3%a4%26%40%20",
	    "redis://h:6379?stream=a%2Bb%3D%C3%A4%26%40%20");
	shows("redis+unix://alice:secret@/r?db=1&stream=s&group=g",
	    "redis+unix:///r?stream=s&group=g&db=1");
	shows("redis+unix://r?db=0&stream=s", "redis+unix://r?stream=s");
}

static void
test_refused(void **state)
{
	(void)state;
	refuse("redis://", "no host");
	refuse("redis://h", "names no stream");
	refuse("redis://h?", "unknown query key ''");
	refuse("redis://h?group=g", "names no stream");
	refuse("redis://?stream=s", "no host");
	refuse("redis://alice@?stream=s", "no host");
	refuse("redis://h:?stream=s", "bad port ''");
	refuse("redis://h:0?stream=s", "bad port");
	refuse("redis://h:65536?stream=s", "bad port");
	refuse("redis://h:*?stream=s", "'*' is only for listening");
	refuse("redis://*?stream=s", "'*' is only for listening");
	refuse("redis://::1?stream=s", "in brackets");
	refuse("redis://h/?stream=s", "bad database ''");
	refuse("redis://h/x?stream=s", "bad database 'x'");
	refuse("redis://h/-1?stream=s", "bad database");
	refuse("redis://h/65536?stream=s", "bad database");
	refuse("redis://h/1/2?stream=s", "bad database");
	refuse("redis://h?stream=s#x", "'#'");
	refuse("redis://h#x?stream=s", "'#'");
	refuse("redis+unix://?stream=s", "no path");
	refuse("redis+unix:///a*?stream=s", "a path has no '*'");
	refuse("redis+unix:///a%20b?stream=s", "not understood in a path");
	refuse("redis+unix:///a", "names no stream");
	refuse("redis+unix://@name?stream=s", "user: it is empty");
	refuse("redis+unix:///a?stream=s&db=1&db=1", "db= twice");
	refuse("redis+unix:///a?stream=s&db=", "bad database ''");
	refuse("redis+unix:///a?stream=s&db", "bad database ''");
	refuse("redis+unix:///a?stream=s&db=65536", "bad database");
	refuse("rediss://:secret@h?stream=s", "no TLS");
	refuse("redis+sentinel://h:1,i:2/m?stream=s", "not supported yet");
	refuse("redis://h?stream=s&cluster=1", "not supported yet");
	refuse("REDIS://h?stream=s", "must begin with");
}

static void
test_queries(void **state)
{
	(void)state;
	refuse("redis://h?stream=", "stream: it is empty");
	refuse("redis://h?stream", "stream: it is empty");
	refuse("redis://h?stream=s&group=", "group: it is empty");
	refuse("redis://h?stream=s&consumer=", "consumer: it is empty");
	refuse("redis://h?stream=s&stream=s", "stream= twice");
	refuse("redis://h?group=g&stream=s&group=h", "group= twice");
	refuse("redis://h?stream=s&", "unknown query key ''");
	refuse("redis://h?&stream=s", "unknown query key ''");
	refuse("redis://h?stream=s&Group=g", "unknown query key 'Group'");
	refuse("redis://h?stream=s&password=secret",
	    "unknown query key 'password'");
	refuse("redis://h?stream=s&db=1", "HOST:PORT/DB");
	refuse("redis://h?stream=%", "stream: bad percent code");
	refuse("redis://h?stream=%4", "stream: bad percent code");
	refuse("redis://h?stream=%4g", "stream: bad percent code");
	refuse("redis://h?stream=a%00", "stream: control character");
	refuse("redis://h?stream=a%0a", "stream: control character");
	refuse("redis://h?stream=a%7f", "stream: control character");
	refuse("redis://h?stream=a b", "white space or control");
	refuse("redis://h?stream=a\x01", "white space or control");
	refuse("redis://h?stream=%ff", "stream: not UTF-8");
	refuse("redis://h?stream=s&group=%c3", "group: not UTF-8");
}

static void
test_secrets(void **state)
{
	(void)state;
	refuse("redis://@h?stream=s", "user: it is empty");
	refuse("redis://:@h?stream=s", "password: it is empty");
	refuse("redis://alice:@h?stream=s", "password: it is empty");
	refuse("redis://:secret%@h?stream=s", "password: bad percent code");
	refuse("redis://:secret%00@h?stream=s", "password: control");
	refuse("redis://alice%1b:secret@h?stream=s", "user: control");
	refuse("redis://%ffalice:x@h?stream=s", "user: not UTF-8");
	refuse("redis://:secret/x@h?stream=s", "as percent codes only");
	refuse("redis://:secret?x@h?stream=s", "as percent codes only");
	refuse("redis://:secret#x@h?stream=s", "as percent codes only");
	refuse("redis://:secret@alice@h?stream=s", "as percent codes only");
	refuse("redis://:secret@h?stream=alice@s", "as percent codes only");
	refuse("redis+unix://:secret@/alice@1?stream=s",
	    "as percent codes only");
	refuse("redis://alice:secret@h:x?stream=s", "bad port 'x'");
	refuse("redis://alice:secret@h:1/x?stream=s", "bad database 'x'");
}

static void
test_lengths(void **state)
{
	char text[8000];
	size_t len;

	(void)state;
	strcpy(text, "redis://h?stream=");
	len = strlen(text);
	memset(text + len, 'a', sizeof(text) - len);
	text[len + CAL_URL_NAME_MAX] = '\0';
	parse(text);
	assert_int_equal(strlen(url.redis.stream), CAL_URL_NAME_MAX);
	text[len + CAL_URL_NAME_MAX] = 'a';
	text[len + CAL_URL_NAME_MAX + 1] = '\0';
	refuse(text, "stream: more than 255 bytes");
	text[len + CAL_URL_NAME_MAX + 1] = 'a';
	text[sizeof(text) - 1] = '\0';
	refuse(text, "more than 4096 bytes");

	strcpy(text, "redis://:");
	len = strlen(text);
	memset(text + len, 'a', CAL_URL_PASSWORD_MAX);
	strcpy(text + len + CAL_URL_PASSWORD_MAX, "@h?stream=s");
	parse(text);
	assert_int_equal(strlen(url.redis.password), CAL_URL_PASSWORD_MAX);
	strcpy(text + len + CAL_URL_PASSWORD_MAX, "a@h?stream=s");
	refuse(text, "password: more than 511 bytes");

	strcpy(text, "redis+unix://");
	len = strlen(text);
	memset(text + len, 'a', CAL_URL_PATH_MAX);
	strcpy(text + len + CAL_URL_PATH_MAX, "?stream=s");
	parse(text);
	strcpy(text + len + CAL_URL_PATH_MAX, "a?stream=s");
	refuse(text, "path is longer than 107 bytes");
}

/* Whoever refuses leaves nothing of it behind. */
static void
test_nothing_left(void **state)
{
	static const struct cal_url none;

	(void)state;
	refuse("redis://alice:secret@h:1?stream=s&stream=t", "twice");
	assert_memory_equal(&url, &none, sizeof(none));
}

static void
test_resolve(void **state)
{
	struct cal_err err;
	bool open;

	(void)state;
	parse("redis://127.0.0.1?stream=s");
	assert_int_equal(cal_url_resolve(&url, NULL, &open, &err), CAL_OK);
	parse("redis://no.such.invalid?stream=s");
	assert_int_equal(cal_url_resolve(&url, NULL, &open, &err),
	    CAL_ENOHOST);
	parse("redis+unix://no.such.invalid?stream=s");
	assert_int_equal(cal_url_resolve(&url, NULL, &open, &err), CAL_OK);
}

static void
test_shown(void **state)
{
	(void)state;
	assert_string_equal(cal_url_shown("redis://a:b@h"), "@h");
	assert_string_equal(cal_url_shown("redis://a:b@c@h"), "@h");
	assert_string_equal(cal_url_shown("word"), "word");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_userinfo),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
