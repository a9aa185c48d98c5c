/*
 * Unit tests of cli/keys: what fits together on the command line, and what the
 * files come to.
 */
#include <stdlib.h>

#include "auth/keyfile.h"
#include "cli/keys.h"
#include "folder.h"

static char server_text[CAL_KEY_TEXT + 1];      /* of server.pub */

/* server.key, server.pub, client.key, client.pub, and list. */
static int
enter(void **state)
{
	static const char *const names[] = { "server", "client" };
	char line[CAL_KEY_TEXT + 8], text[CAL_KEY_TEXT + 1];
	struct cal_keys keys = { .secret = NULL };
	struct cal_err err;
	size_t i;

	if (folder_enter(state) != 0)
		return -1;
	for (i = 0; i < 2; i++) {
		cal_keys_make(&keys);
		cal_key_text(text, keys.public);
		if (i == 0)
			memcpy(server_text, text, sizeof(text));
		if (cal_keyfile_save(&keys, names[i], CAL_KEYFILE_PLAIN, false,
		    &err) != CAL_OK)
			return -1;
		cal_keys_release(&keys);
	}
	(void)snprintf(line, sizeof(line), "%s anna\n", text);
	folder_write("list", cal_slice_text(line), 0644);
	return 0;
}

static void
refuse(const struct cal_keys_options *options, bool bind, int code,
    const char *words)
{
	struct cal_keyring ring;
	struct cal_err err;

	assert_int_equal(cal_keyring_open(&ring, options, bind, &err), code);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_null(cal_keyring_keys(&ring));
	assert_null(ring.allow);
	cal_keyring_close(&ring);
}

/* What is open to be used, and has to be closed. */
static void
take(struct cal_keyring *ring, const struct cal_keys_options *options,
    bool bind)
{
	struct cal_err err;

	if (cal_keyring_open(ring, options, bind, &err) != CAL_OK)
		fail_msg("%s", err.text);
}

static void
test_nothing(void **state)
{
	const struct cal_keys_options none = { .identity = NULL };
	struct cal_keyring ring;
	bool bind = true;
	int i;

	(void)state;
	for (i = 0; i < 2; i++, bind = !bind) {
		take(&ring, &none, bind);
		assert_null(cal_keyring_keys(&ring));
		assert_false(cal_keyring_reload(&ring));
		cal_keyring_close(&ring);
	}
}

static void
test_server(void **state)
{
	const struct cal_keys_options listed = {
		.identity = "server.key", .authorized = "list",
	};
	const struct cal_keys_options any = {
		.identity = "server.key", .allow_any_client = true,
		.domain = "mine",
	};
	struct cal_keyring ring;
	char text[CAL_KEY_TEXT + 1];

	(void)state;
	take(&ring, &listed, true);
	cal_key_text(text, cal_keyring_keys(&ring)->own->public);
	assert_string_equal(text, server_text);
	assert_int_equal(cal_allow_count(cal_keyring_keys(&ring)->allow), 1);
	assert_string_equal(cal_keyring_keys(&ring)->domain, "cal");
	assert_true(cal_keyring_reload(&ring));
	folder_write("list", cal_slice_text("nonsense\n"), 0644);
	assert_false(cal_keyring_reload(&ring));
	assert_int_equal(cal_allow_count(ring.allow), 1);
	cal_keyring_close(&ring);
	cal_keyring_close(&ring);
	take(&ring, &any, true);
	assert_null(cal_keyring_keys(&ring)->allow);
	assert_string_equal(cal_keyring_keys(&ring)->domain, "mine");
	cal_keyring_close(&ring);
}

static void
test_client(void **state)
{
	struct cal_keys_options options = { .server_key = server_text };
	struct cal_keyring ring;
	uint8_t made[CAL_KEY_BYTES], known[CAL_KEY_BYTES];
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_key_read(known, cal_slice_text(server_text),
	    &err), CAL_OK);
	/* Without -i a key is made up, another one each time. */
	take(&ring, &options, false);
	memcpy(made, ring.own.public, sizeof(made));
	assert_memory_equal(cal_keyring_keys(&ring)->server, known,
	    sizeof(known));
	cal_keyring_close(&ring);
	options.server_key = "@server.pub";
	take(&ring, &options, false);
	assert_memory_not_equal(made, ring.own.public, sizeof(made));
	assert_memory_equal(ring.server, known, sizeof(known));
	cal_keyring_close(&ring);
	options.server_key = "server.pub";
	options.identity = "client.key";
	take(&ring, &options, false);
	assert_memory_equal(ring.server, known, sizeof(known));
	cal_keyring_close(&ring);
	/* A file whose name is as long as a key is one, unless it is a key. */
	options.server_key = "0123456789012345678901234567890123456,78";
	assert_int_equal(rename("server.pub", options.server_key), 0);
	take(&ring, &options, false);
	cal_keyring_close(&ring);
	assert_int_equal(rename(options.server_key, "server.pub"), 0);
}

/* A key is a name of 40 characters, which may have a '/' in it. */
static void
test_key_or_file(void **state)
{
	static const char name[] = "0123456789012345678901234567890123456789";
	const struct cal_keys_options options = { .server_key = name };
	const struct cal_keys_options file = {
		.server_key = "@0123456789012345678901234567890123456789",
	};

	(void)state;
	folder_write(name, cal_slice_text(server_text), 0644);
	refuse(&options, false, CAL_EUSAGE, "write @FILE");
	folder_write(name, cal_slice_text("x"), 0644);
	refuse(&file, false, CAL_ECONFIG, name);
	assert_int_equal(unlink(name), 0);
}

static void
test_usage(void **state)
{
	static const struct {
		struct cal_keys_options options;
		bool bind;
		int code;
		const char *words;
	} cases[] = {
		{ { .server_key = "x" }, true, CAL_EUSAGE, "-S is for" },
		{ { .authorized = "list" }, true, CAL_EUSAGE, "-A needs" },
		{ { .allow_any_client = true }, true, CAL_EUSAGE,
		    "--allow-any-client needs" },
		{ { .identity = "server.key", .authorized = "list",
		    .allow_any_client = true }, true, CAL_EUSAGE, "exclude" },
		{ { .domain = "" }, true, CAL_EUSAGE, "--domain" },
		{ { .identity = "server.key" }, true, CAL_ECONFIG,
		    "--allow-any-client" },
		{ { .identity = "none", .allow_any_client = true }, true,
		    CAL_ECONFIG, "none" },
		{ { .identity = "server.key", .authorized = "none" }, true,
		    CAL_ECONFIG, "none" },
		{ { .authorized = "list" }, false, CAL_EUSAGE, "-A is for" },
		{ { .allow_any_client = true }, false, CAL_EUSAGE,
		    "--allow-any-client is for" },
		{ { .domain = "a" }, false, CAL_EUSAGE, "--domain is for" },
		{ { .insecure = true }, false, CAL_EUSAGE, "--insecure is" },
		{ { .identity = "client.key" }, false, CAL_EUSAGE, "-i needs" },
		{ { .identity = "client.key", .server_key = "none" }, false,
		    CAL_ECONFIG, "none" },
		{ { .identity = "none", .server_key = "@server.pub" }, false,
		    CAL_ECONFIG, "none" },
		{ { .server_key = "0000000000000000000000000000000000000000" },
		    false, CAL_ECONFIG, "bad key of the server" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuse(&cases[i].options, cases[i].bind, cases[i].code,
		    cases[i].words);
}

/*
 * What is in the environment for the other role is no mistake; half of what
 * this one needs is.
 */
static void
test_environment(void **state)
{
	struct cal_keys_options options = { .identity = NULL };
	struct cal_keyring ring;

	(void)state;
	(void)setenv("CAL_IDENTITY", "client.key", 1);
	(void)setenv("CAL_SERVER_KEY", server_text, 1);
	(void)setenv("CAL_AUTHORIZED", "list", 1);
	options.server_key = getenv("CAL_SERVER_KEY");
	take(&ring, &options, true);
	assert_null(cal_keyring_keys(&ring));
	cal_keyring_close(&ring);
	options.authorized = getenv("CAL_AUTHORIZED");
	refuse(&options, true, CAL_EUSAGE,
	    "CAL_AUTHORIZED needs our own key, -i");
	take(&ring, &options, false);
	assert_non_null(cal_keyring_keys(&ring));
	assert_null(ring.allow);
	cal_keyring_close(&ring);
	options.server_key = NULL;
	options.identity = getenv("CAL_IDENTITY");
	refuse(&options, false, CAL_EUSAGE,
	    "CAL_IDENTITY needs the server's key, -S");
	/* The option stands above it. */
	options.allow_any_client = true;
	take(&ring, &options, true);
	assert_null(ring.allow);
	cal_keyring_close(&ring);
	(void)unsetenv("CAL_IDENTITY");
	(void)unsetenv("CAL_SERVER_KEY");
	(void)unsetenv("CAL_AUTHORIZED");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, enter,
		    folder_leave),
		cmocka_unit_test_setup_teardown(test_server, enter,
		    folder_leave),
		cmocka_unit_test_setup_teardown(test_client, enter,
		    folder_leave),
		cmocka_unit_test_setup_teardown(test_key_or_file, enter,
		    folder_leave),
		cmocka_unit_test_setup_teardown(test_usage, enter,
		    folder_leave),
		cmocka_unit_test_setup_teardown(test_environment, enter,
		    folder_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
