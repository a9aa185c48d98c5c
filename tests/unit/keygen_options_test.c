/* Unit tests of keygen/options. */
#include "auth/keyfile.h"
#include "keygen/options.h"
#include "words.h"

static struct cal_keygen_options o;
static struct words words;

static int
parse(const char *line, struct cal_err *err)
{
	bool done;
	int rc;

	words_split(&words, "cal-keygen", line);
	rc = cal_keygen_options_read(&o, words.argc, words.argv, &done, err);
	assert_false(done);
	return rc;
}

static void
test_make(void **state)
{
	(void)state;
	good("server");
	assert_int_equal(o.action, CAL_KEYGEN_MAKE);
	assert_string_equal(o.path, "server");
	assert_int_equal(o.format, CAL_KEYFILE_PLAIN);
	assert_null(o.output);
	assert_false(o.force);
	good("--force a/b --format cert -o - -vq --log-format json");
	assert_string_equal(o.path, "a/b");
	assert_int_equal(o.format, CAL_KEYFILE_CERTIFICATE);
	assert_string_equal(o.output, "-");
	assert_true(o.force);
	assert_int_equal(o.words.format, 1);
	good("--format plain x");
	assert_int_equal(o.format, CAL_KEYFILE_PLAIN);
}

static void
test_files(void **state)
{
	(void)state;
	good("--public a.key");
	assert_int_equal(o.action, CAL_KEYGEN_PUBLIC);
	assert_string_equal(o.path, "a.key");
	good("--public a.key --output=x.json");
	assert_string_equal(o.output, "x.json");
	good("--fingerprint a.pub");
	assert_int_equal(o.action, CAL_KEYGEN_FINGERPRINT);
	good("--check a.key");
	assert_int_equal(o.action, CAL_KEYGEN_CHECK);
	assert_string_equal(o.path, "a.key");
}

static void
test_bad(void **state)
{
	static const char *const lines[] = {
		"", "''", "a/", "/", "a b", "-- a", "a -- b", "--force",
		"--public a --check b", "--check a --fingerprint a",
		"--public a --fingerprint b", "--public a b", "--check a b",
		"--public a --force", "--check a --format plain",
		"--check a -o -", "--fingerprint a -o -", "a -o ''",
		"--format pem a", "--secret a", "--public", "-o", "-x a",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lines); i++)
		bad(lines[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
