/* -S: a key, or a file with one. */
#include "cli/keys.h"
#include "folder.h"

/* Keys may begin with "@", as names of files here do. */
static const char plain_key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char at_key[] = "@0000>}U?@Lns47E1%kR.o@n%FcmmsL/X{H8]yf7";

static int
take(const char *word, struct cal_keyring *ring, struct cal_err *err)
{
	struct cal_keys_options options = { .server_key = word };

	return cal_keyring_open(ring, &options, false, err);
}

static void
accepts(const char *word, const char *key)
{
	struct cal_keyring ring;
	struct cal_err err;
	char text[CAL_KEY_TEXT + 1];

	assert_int_equal(take(word, &ring, &err), CAL_OK);
	cal_key_text(text, ring.server);
	assert_string_equal(text, key);
	cal_keyring_close(&ring);
}

static void
refuses(const char *word, enum cal_code code, const char *words)
{
	struct cal_keyring ring;
	struct cal_err err;

	assert_int_equal(take(word, &ring, &err), code);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s', without '%s'", err.text, words);
}

static void
write_key(const char *name, const char *key)
{
	folder_write(name, cal_slice_text(key), 0644);
}

static void
test_words(void **state)
{
	(void)state;
	accepts(plain_key, plain_key);
	accepts(at_key, at_key);
	write_key("server.pub", plain_key);
	accepts("server.pub", plain_key);
	accepts("@server.pub", plain_key);
	refuses("none.pub", CAL_ECONFIG, "none.pub: No such file");
	refuses("@none.pub", CAL_ECONFIG, "none.pub: No such file");
	refuses("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf ", CAL_ECONFIG,
	    "bad key of the server");
}

/* A file may have a name that is a key. */
static void
test_names(void **state)
{
	static const char name[] = "0123456789012345678901234567890123456789";
	static const char no_key[] = "a name of 40 bytes that is no key: blank";
	char path[64];

	(void)state;
	write_key(name, plain_key);
	refuses(name, CAL_EUSAGE, "write @FILE");
	(void)snprintf(path, sizeof(path), "@%s", name);
	accepts(path, plain_key);
	write_key(no_key, plain_key);
	accepts(no_key, plain_key);
}

static void
test_at(void **state)
{
	(void)state;
	write_key("0000AAA", plain_key);
	accepts("@0000AAA", plain_key);
	write_key("000000000000000000000000000000000000000", plain_key);
	refuses("@000000000000000000000000000000000000000", CAL_EUSAGE,
	    "write @./FILE");
	accepts("@./000000000000000000000000000000000000000", plain_key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, folder_enter,
		    folder_leave),
		cmocka_unit_test_setup_teardown(test_names, folder_enter,
		    folder_leave),
		cmocka_unit_test_setup_teardown(test_at, folder_enter,
		    folder_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
