/* Unit tests of cli/redis: positions, replicas, and where a password is. */
#include "cli/redis.h"
#include "folder.h"

static void
begins(const char *position, const char *want)
{
	char start[CAL_REDIS_START];
	struct cal_err err;

	assert_int_equal(cal_redis_start(start, position, &err), CAL_OK);
	assert_string_equal(start, want);
}

static void
test_start(void **state)
{
	static const char *const bad[] = {
		"", "-", "1-", "-1", "a", "1-a", "1-2-3", "0x1", " 1", "+1",
		"$", ">", "Beginning", "ends", "s@", "s@a", "s@1-2", "S@1",
		"18446744073709551616", "1-18446744073709551616",
		"99999999999999999999999999999999999999999-1",
	};
	char start[CAL_REDIS_START];
	struct cal_err err;
	size_t i;

	(void)state;
	begins("beginning", "0");
	begins("end", "$");
	begins("0", "0-0");
	begins("1526919030474", "1526919030474-0");
	begins("1526919030474-55", "1526919030474-55");
	begins("18446744073709551615-18446744073709551615",
	    "18446744073709551615-18446744073709551615");
	begins("s@1526919030474", "1526919030473-18446744073709551615");
	begins("s@0", "0-0");
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(cal_redis_start(start, bad[i], &err),
		    CAL_EUSAGE);
}

static void
test_replicas(void **state)
{
	static const char *const bad[] = {
		"", ":", "1", "1:", ":1", "0:1", "1:0", "1001:1", "1:3600001",
		"1:1:1", "a:1", "1:a", "-1:1", "1 :1",
		"11111111111111111111111111111111111:1",
	};
	struct cal_conn_redis conn = { .replicas = 0 };
	struct cal_err err;
	size_t i;

	(void)state;
	assert_int_equal(cal_redis_replicas(&conn, "1000:3600000", &err),
	    CAL_OK);
	assert_int_equal(conn.replicas, 1000);
	assert_int_equal(conn.replicas_ms, 3600000);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(cal_redis_replicas(&conn, bad[i], &err),
		    CAL_EUSAGE);
}

/* Two URLs: the first has a password of its own. */
static int
open_two(struct cal_url urls[2], const char *file, struct cal_err *err)
{
	const struct cal_redis_options redis = { .auth = file };

	assert_int_equal(cal_url_parse(&urls[0], "redis://:own@h?stream=s",
	    false, err), CAL_OK);
	assert_int_equal(cal_url_parse(&urls[1], "redis://alice@h?stream=s",
	    false, err), CAL_OK);
	return cal_redis_open(urls, 2, &redis, err);
}

static void
takes(const char *file, const char *want)
{
	struct cal_url urls[2];
	struct cal_err err;

	if (open_two(urls, file, &err) != CAL_OK)
		fail_msg("%s", err.text);
	assert_string_equal(urls[0].redis.password, "own");
	assert_string_equal(urls[1].redis.password, want);
	assert_string_equal(urls[1].redis.user, "alice");
}

static void
refuses(const char *file, enum cal_code code, const char *words)
{
	struct cal_url urls[2];
	struct cal_err err;

	assert_int_equal(open_two(urls, file, &err), code);
	assert_string_equal(err.text, words);
}

static void
set(const char *cal, const char *cli)
{
	assert_int_equal(cal != NULL ? setenv("CAL_REDIS_PASSWORD", cal, 1) :
	    unsetenv("CAL_REDIS_PASSWORD"), 0);
	assert_int_equal(cli != NULL ? setenv("REDISCLI_AUTH", cli, 1) :
	    unsetenv("REDISCLI_AUTH"), 0);
}

static void
test_sources(void **state)
{
	(void)state;
	folder_write("file", BYTES("of file\n"), 0600);
	set(NULL, NULL);
	takes(NULL, "");
	set(NULL, "cli");
	takes(NULL, "cli");
	set("", "cli");
	takes(NULL, "cli");
	set("cal", "cli");
	takes(NULL, "cal");
	takes("file", "of file");
	set(NULL, NULL);
	takes("file", "of file");
}

static void
test_bad_environment(void **state)
{
	char text[CAL_URL_PASSWORD_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[CAL_URL_PASSWORD_MAX] = '\0';
	set(text, NULL);
	takes(NULL, text);
	text[CAL_URL_PASSWORD_MAX] = 'a';
	text[CAL_URL_PASSWORD_MAX + 1] = '\0';
	set(text, NULL);
	refuses(NULL, CAL_EUSAGE, "environment variable CAL_REDIS_PASSWORD: "
	    "more than 511 bytes");
	set(NULL, "secret\x1b");
	refuses(NULL, CAL_EUSAGE, "environment variable REDISCLI_AUTH: "
	    "control character");
	set(NULL, NULL);
}

static void
test_files(void **state)
{
	char text[CAL_URL_PASSWORD_MAX + 10];

	(void)state;
	folder_write("file", BYTES("secret"), 0600);
	takes("file", "secret");
	folder_write("file", BYTES("secret\r\n"), 0400);
	takes("file", "secret");
	folder_write("file", BYTES(" se cret \n"), 0600);
	takes("file", " se cret ");
	memset(text, 'a', sizeof(text));
	memcpy(text + CAL_URL_PASSWORD_MAX, "\r\n", 3);
	folder_write("file", cal_slice_of(text, CAL_URL_PASSWORD_MAX + 2),
	    0600);
	text[CAL_URL_PASSWORD_MAX] = '\0';
	takes("file", text);
}

static void
test_bad_files(void **state)
{
	const struct {
		struct cal_slice text;
		mode_t mode;
		const char *words;
	} bad[] = {
		{ BYTES(""), 0600, "file: it is empty" },
		{ BYTES("\n"), 0600, "file: it is empty" },
		{ BYTES("secret\n\n"), 0600,
		    "file: there is more than one line in it" },
		{ BYTES("secret\nsecret"), 0600,
		    "file: there is more than one line in it" },
		{ BYTES("secret\0secret\n"), 0600,
		    "file: control character" },
		{ BYTES("secret\tsecret\n"), 0600,
		    "file: control character" },
		{ BYTES("secret\n"), 0640, "file: its mode is 0640, but a "
		    "secret is for its owner alone: chmod 600" },
		{ BYTES("secret\n"), 0604, "file: its mode is 0604, but a "
		    "secret is for its owner alone: chmod 600" },
	};
	char want[200], text[CAL_URL_PASSWORD_MAX + 10];
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		folder_write("file", bad[i].text, bad[i].mode);
		(void)snprintf(want, sizeof(want), "--redis-auth: %s",
		    bad[i].words);
		refuses("file", CAL_ECONFIG, want);
	}
	memset(text, 'a', sizeof(text));
	for (len = CAL_URL_PASSWORD_MAX + 1; len <= sizeof(text); len++) {
		folder_write("file", cal_slice_of(text, len), 0600);
		refuses("file", CAL_ECONFIG,
		    "--redis-auth: file: more than 511 bytes");
	}
	refuses("hunter2", CAL_ECONFIG, "--redis-auth: there is no such "
	    "file, and a password itself is not taken here");
	refuses("hunter2/x", CAL_ECONFIG, "--redis-auth: there is no such "
	    "file, and a password itself is not taken here");
	refuses("file/hunter2", CAL_ECONFIG, "--redis-auth: there is no such "
	    "file, and a password itself is not taken here");
	refuses("", CAL_ECONFIG,
	    "--redis-auth: the name of the file is empty");
	folder_write("file", BYTES("secret\n"), 0600);
	assert_int_equal(symlink("file", "link"), 0);
	refuses("link", CAL_ECONFIG, "--redis-auth: link: it is a symbolic "
	    "link, which a secret must not be");
	refuses("/dev/null", CAL_ECONFIG,
	    "--redis-auth: /dev/null: it is no regular file");
}

/* Whoever has no Redis is not asked for its password. */
static void
test_others(void **state)
{
	const struct cal_redis_options redis = { .auth = NULL };
	struct cal_err err;
	struct cal_url url;

	(void)state;
	set("secret\x01", NULL);
	assert_int_equal(cal_url_parse(&url, "tcp://h:1", false, &err),
	    CAL_OK);
	assert_int_equal(cal_redis_open(&url, 1, &redis, &err), CAL_OK);
	set(NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_replicas),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_bad_environment),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
