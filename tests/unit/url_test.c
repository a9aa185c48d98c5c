/* Unit tests of base/url. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "base/url.h"

/* What is accepted comes out again as it was written. */
static void
take(const char *text, bool bind)
{
	struct cal_err err;
	struct cal_url url;
	char *again;

	if (cal_url_parse(&url, text, bind, &err) != CAL_OK)
		fail_msg("%s", err.text);
	again = cal_url_text(&url);
	assert_string_equal(again, text);
	free(again);
}

static void
refuse(const char *text, bool bind)
{
	struct cal_err err;
	struct cal_url url;

	if (cal_url_parse(&url, text, bind, &err) != CAL_EUSAGE)
		fail_msg("accepted: %s", text);
	assert_memory_equal(err.text, "bad URL '", 9);
}

static void
test_accepted(void **state)
{
	(void)state;
	take("tcp://localhost:5555", false);
	take("tcp://127.0.0.1:1", false);
	take("tcp://[::1]:65535", false);
	take("tcp://a-b.example_c.org.:80", false);
	take("tcp://3com.com:80", false);
	take("tcp://2x4:80", false);
	take("tcp://host.3xl:80", false);
	take("tcp://*:5555", true);
	take("tcp://127.0.0.1:*", true);
	take("tcp://*:*", true);
	take("ipc:///tmp/socket", false);
	take("ipc://relative/%d", true);
	take("loop://name", true);
}

static void
test_refused(void **state)
{
	static const char *const texts[] = {
		"", "tcp", "tcp:", "tcp://", "TCP://a:1", "http://a:1",
		"tcp://a", "tcp://:1", "tcp://a:", "tcp://a:0",
		"tcp://a:65536", "tcp://a:99999", "tcp://a:-1", "tcp://a:+1",
		"tcp://a: 1", "tcp://a:1 ", " tcp://a:1", "tcp://a:1/",
		"tcp://a:1?x=1", "tcp://a:1#x", "tcp://u@a:1",
		"tcp://u:p@a:1", "tcp://*:1", "tcp://a:*", "tcp://::1:1",
		"tcp://[::1]", "tcp://[::1]:", "tcp://[::1:1", "tcp://[]:1",
		"tcp://[127.0.0.1]:1", "tcp://[fe80::1%eth0]:1",
		"tcp://[::g]:1", "tcp://127.1:1", "tcp://1:1",
		"tcp://256.1.1.1:1", "tcp://0x7f.1:1", "tcp://a.0x1:1", "tcp://a.0X1:1",
		"tcp://a..b:1", "tcp://.a:1", "tcp://-a:1", "tcp://a,b:1",
		"tcp://a;b:1", "tcp://\xc3\xa9:1", "tcp://a\x01:1",
		"ipc://", "ipc://@name", "ipc://*", "ipc:///a b",
		"ipc:///a\n", "ipc:///a%20b", "ipc:///a?x=1", "loop://",
	};
	char longer[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refuse(texts[i], false);
	refuse("tcp://a:0", true);
	refuse("tcp://**:1", true);
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "ipc://", 6);
	longer[6 + CAL_URL_PATH_MAX] = '\0';
	take(longer, false);
	longer[6 + CAL_URL_PATH_MAX] = 'a';
	longer[6 + CAL_URL_PATH_MAX + 1] = '\0';
	refuse(longer, false);
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "tcp://", 6);
	strcpy(longer + 300, ":1");
	refuse(longer, false);
}

static void
test_no_secret(void **state)
{
	static const char *const texts[] = {
		"tcp://user:secret@host:1", "tcp://user:secret@host",
		"redis://:secret@host:1", "tcp://secret@host:x",
	};
	struct cal_err err;
	struct cal_url url;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(cal_url_parse(&url, texts[i], false, &err),
		    CAL_EUSAGE);
		assert_null(strstr(err.text, "secret"));
	}
}

static void
resolve(const char *text, const char *numeric, bool open)
{
	char found[INET6_ADDRSTRLEN + 2];
	struct cal_err err;
	struct cal_url url;
	bool is_open;

	assert_int_equal(cal_url_parse(&url, text, true, &err), CAL_OK);
	assert_int_equal(cal_url_resolve(&url, found, &is_open, &err), CAL_OK);
	assert_string_equal(found, numeric);
	assert_true(is_open == open);
	assert_int_equal(cal_url_resolve(&url, NULL, &is_open, &err), CAL_OK);
}

static void
test_resolve(void **state)
{
	struct cal_err err;
	struct cal_url url;
	bool open;

	(void)state;
	resolve("tcp://127.0.0.1:1", "127.0.0.1", false);
	resolve("tcp://127.9.9.9:1", "127.9.9.9", false);
	resolve("tcp://[::1]:1", "[::1]", false);
	resolve("tcp://[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]", false);
	resolve("tcp://[::]:1", "[::]", true);
	resolve("tcp://0.0.0.0:1", "0.0.0.0", true);
	resolve("tcp://192.0.2.1:1", "192.0.2.1", true);
	resolve("tcp://*:1", "*", true);
	assert_int_equal(cal_url_parse(&url, "tcp://no.such.invalid:1", false,
	    &err), CAL_OK);
	assert_int_equal(cal_url_resolve(&url, NULL, &open, &err),
	    CAL_ENOHOST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_secret),
		cmocka_unit_test(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
