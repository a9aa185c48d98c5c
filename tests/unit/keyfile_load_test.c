/* Unit tests of auth/keyfile: keys from files. */
#include "auth/keyfile.h"
#include "folder.h"

/* The example pair of libzmq's manual. */
#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define OTHER "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
#define ZEROS "0000000000000000000000000000000000000000"

#define CURVE(public) "metadata\ncurve\n    public-key = \"" public "\"\n"
#define PAIR(public) CURVE(public) "    secret-key = \"" SECRET "\"\n"

static void
assert_public(const uint8_t key[CAL_KEY_BYTES])
{
	char text[CAL_KEY_TEXT + 1];

	cal_key_text(text, key);
	assert_string_equal(text, PUBLIC);
}

static void
secret_good(struct cal_slice text)
{
	struct cal_keys keys;
	struct cal_err err;

	folder_write("k", text, 0600);
	if (cal_keyfile_load(&keys, "k", &err) != CAL_OK)
		fail_msg("refused: %s", err.text);
	assert_non_null(keys.secret);
	assert_public(keys.public);
	cal_keys_release(&keys);
}

static void
secret_bad(struct cal_slice text, const char *why)
{
	struct cal_keys keys;
	struct cal_err err;

	folder_write("k", text, 0600);
	assert_int_equal(cal_keyfile_load(&keys, "k", &err), CAL_ECONFIG);
	assert_string_equal(err.text, why);
	assert_null(keys.secret);
}

static void
public_good(struct cal_slice text)
{
	uint8_t public[CAL_KEY_BYTES];
	struct cal_err err;

	folder_write("k", text, 0644);
	if (cal_keyfile_load_public(public, "k", &err) != CAL_OK)
		fail_msg("refused: %s", err.text);
	assert_public(public);
}

static void
public_bad(struct cal_slice text, const char *why)
{
	uint8_t public[CAL_KEY_BYTES];
	struct cal_err err;

	folder_write("k", text, 0644);
	assert_int_equal(cal_keyfile_load_public(public, "k", &err),
	    CAL_ECONFIG);
	assert_string_equal(err.text, why);
}

static void
test_secret(void **state)
{
	(void)state;
	secret_good(BYTES(SECRET));
	secret_good(BYTES("# cal secret key: do not share\n" SECRET "\n"));
	secret_good(BYTES(PAIR(PUBLIC)));
	secret_bad(BYTES("# cal public key\n" PUBLIC "\n"), "k:2: this is a "
	    "public key, where the secret one is wanted");
	secret_bad(BYTES(CURVE(PUBLIC)), "k: the certificate has no "
	    "secret-key: it is the public half");
	secret_bad(BYTES(PAIR(OTHER)), "k:4: the secret key does not belong "
	    "to the public one");
	secret_bad(BYTES("\n" ZEROS), "k:2: the key is all zero");
	secret_bad(BYTES("# cal secret key\n" ZEROS "\n"),
	    "k:2: the key is all zero");
	secret_bad(BYTES("\n\n" SECRET "1"),
	    "k:3: a key has 40 characters, not 41");
	secret_bad(BYTES(""), "k: there is no key in it");
}

static void
test_public(void **state)
{
	(void)state;
	public_good(BYTES(PUBLIC));
	public_good(BYTES("# cal public key\r\n" PUBLIC "\r\n"));
	public_good(BYTES(CURVE(PUBLIC)));
	public_good(BYTES(PAIR(PUBLIC)));
	public_bad(BYTES("# cal secret key\n" SECRET "\n"), "k:2: this is a "
	    "secret key, where the public one is wanted");
	public_bad(BYTES(ZEROS), "k:1: the key is all zero");
	public_bad(BYTES("# x\n0rr91" "00000000000000000000000000000000000"),
	    "k:2: the key is a point of low order, which is safe for nobody");
	public_bad(BYTES("x"), "k:1: a key has 40 characters, not 1");
}

static int
load_any(const char *name, mode_t mode, struct cal_slice text,
    bool *secretp, struct cal_err *err)
{
	struct cal_keys keys;
	int rc;

	folder_write(name, text, mode);
	rc = cal_keyfile_load_any(&keys, name, err);
	*secretp = keys.secret != NULL;
	if (rc == CAL_OK)
		assert_public(keys.public);
	cal_keys_release(&keys);
	return rc;
}

static void
test_any(void **state)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
		bool secret;
	} cases[] = {
		{ "k", SECRET "\n", 0600, true },
		{ "k.pub", PUBLIC "\n", 0600, false },
		{ "k.pub", PUBLIC "\n", 0644, false },
		{ "k.pub", "# cal secret key\n" SECRET "\n", 0600, true },
		{ "k.key", "# cal public key\n" PUBLIC "\n", 0644, false },
		{ "k.key", CURVE(PUBLIC), 0644, false },
		{ "k.key_secret", PAIR(PUBLIC), 0400, true },
	};
	struct cal_err err;
	bool secret;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		if (load_any(cases[i].name, cases[i].mode,
		    cal_slice_text(cases[i].text), &secret, &err) != CAL_OK)
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(secret, cases[i].secret);
	}
	/* A secret is a secret, whoever looks at it. */
	assert_int_equal(load_any("k", 0640, BYTES(PAIR(PUBLIC)), &secret,
	    &err), CAL_ECONFIG);
	assert_non_null(strstr(err.text, "its mode is 0640"));
	assert_int_equal(load_any("k", 0644, BYTES(SECRET), &secret, &err),
	    CAL_ECONFIG);
	assert_non_null(strstr(err.text, "its mode is 0644"));
	assert_int_equal(load_any("k", 0600, BYTES(PAIR(OTHER)), &secret,
	    &err), CAL_ECONFIG);
	assert_non_null(strstr(err.text, "does not belong"));
}

static void
test_not_a_file(void **state)
{
	struct cal_keys keys;
	uint8_t public[CAL_KEY_BYTES];
	struct cal_err err;
	bool certificate;
	int fd;

	(void)state;
	assert_int_equal(cal_keyfile_load(&keys, "no", &err), CAL_ECONFIG);
	assert_string_equal(err.text, "no: No such file or directory");
	assert_int_equal(cal_keyfile_load_any(&keys, "no", &err), CAL_ECONFIG);
	assert_int_equal(cal_keyfile_load_public(public, "/dev/zero", &err),
	    CAL_ECONFIG);
	assert_string_equal(err.text, "/dev/zero: it is no regular file");
	/* A gigabyte without a block of its own. */
	folder_write("huge", BYTES("\n"), 0600);
	assert_int_equal(truncate("huge", 1 << 30), 0);
	assert_int_equal(cal_keyfile_load(&keys, "huge", &err), CAL_ECONFIG);
	assert_string_equal(err.text, "huge: it is larger than 4096 bytes");
	/* The descriptor is the caller's. */
	fd = open(".", O_RDONLY);
	assert_int_equal(cal_keyfile_read_public(public, &certificate, fd,
	    "dir", &err), CAL_ECONFIG);
	assert_string_equal(err.text, "dir: Is a directory");
	assert_int_equal(close(fd), 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_secret),
		TEST(test_public),
		TEST(test_any),
		TEST(test_not_a_file),
	};

	(void)unsetenv("CREDENTIALS_DIRECTORY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
