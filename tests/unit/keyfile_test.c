/* Unit tests of auth/keyfile: the text of key files. */
#include "auth/keyfile.h"
#include "base/secret.h"
#include "unit.h"

/* The example pair of libzmq's manual. */
#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define MARK "\xef\xbb\xbf"

static int
parse(struct cal_keyfile *file, struct cal_slice text, struct cal_err *err)
{
	struct cal_slice copy = exact(text);
	int rc = cal_keyfile_parse(file, copy, err);

	exact_free(copy);
	return rc;
}

static void
assert_key(const uint8_t key[CAL_KEY_BYTES], const char *want)
{
	char text[CAL_KEY_TEXT + 1];

	cal_key_text(text, key);
	assert_string_equal(text, want);
}

static void
good(struct cal_keyfile *file, struct cal_slice text)
{
	struct cal_err err;

	if (parse(file, text, &err) != CAL_OK)
		fail_msg("line %u: %s", file->line, err.text);
}

static void
bad(struct cal_slice text, unsigned line, const char *why)
{
	struct cal_keyfile file;
	struct cal_err err;

	assert_int_equal(parse(&file, text, &err), CAL_ECONFIG);
	assert_string_equal(err.text, why);
	assert_int_equal(file.line, line);
	assert_null(file.secret);
	assert_false(file.has_public || file.has_secret);
}

static void
test_plain(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{ PUBLIC, 1 },
		{ PUBLIC "\n", 1 },
		{ PUBLIC "\r\n", 1 },
		{ MARK PUBLIC "\n", 1 },
		{ MARK "# words\r\n\r\n" PUBLIC "\r\n# end", 3 },
		{ "\n \t\n  # indented\n" PUBLIC "\n\n\n", 4 },
		{ "#" PUBLIC "\n" PUBLIC "\n", 2 },
	};
	struct cal_keyfile file;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		good(&file, cal_slice_text(cases[i].text));
		assert_false(file.certificate);
		assert_false(file.has_public || file.has_secret);
		assert_int_equal(file.line, cases[i].line);
		assert_key(file.public, PUBLIC);
		cal_keyfile_release(&file);
		cal_keyfile_release(&file);
	}
}

static void
test_plain_kinds(void **state)
{
	struct cal_keyfile file;

	(void)state;
	good(&file, BYTES("# cal secret key: do not share\n" SECRET "\n"));
	assert_true(file.has_secret && !file.has_public);
	assert_key(file.secret, SECRET);
	cal_keyfile_release(&file);
	good(&file, BYTES(MARK "# cal public key\r\n" PUBLIC "\r\n"));
	assert_true(file.has_public && !file.has_secret);
	assert_key(file.public, PUBLIC);
	assert_null(file.secret);
	cal_keyfile_release(&file);
	/* It may stand behind the key as well. */
	good(&file, BYTES(SECRET "\n# cal secret key of host a"));
	assert_true(file.has_secret);
	cal_keyfile_release(&file);
}

static void
test_plain_bad(void **state)
{
	(void)state;
	bad(BYTES(""), 0, "there is no key in it");
	bad(BYTES(MARK), 0, "there is no key in it");
	bad(BYTES("# cal secret key\n\n"), 0, "there is no key in it");
	bad(BYTES(PUBLIC "0\n"), 1, "a key has 40 characters, not 41");
	bad(BYTES(" " PUBLIC "\n"), 1, "a key has 40 characters, not 41");
	bad(BYTES(PUBLIC " \n"), 1, "a key has 40 characters, not 41");
	bad(BYTES("\"" PUBLIC "\"\n"), 1, "a key has 40 characters, not 42");
	bad(BYTES(PUBLIC "0000"), 1, "a key has 40 characters, not 44");
	bad(BYTES("# x\n39e@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\n"), 2,
	    "a key has 40 characters, not 39");
	bad(BYTES("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{h D\n"), 1,
	    "no key: character 39 of 40 is none that Z85 has");
	bad(BYTES("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{h\0D\n"), 1,
	    "no key: character 39 of 40 is none that Z85 has");
	bad(BYTES("$$$$$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n"), 1,
	    "no key: five characters of Z85 stand for more than 32 bits");
	bad(BYTES(PUBLIC "\n" PUBLIC "\n"), 2,
	    "a second line that is no comment");
	bad(BYTES(PUBLIC "\nwords\n"), 2, "a second line that is no comment");
	bad(BYTES(PUBLIC " joe\n"), 1, "a key has 40 characters, not 44");
	bad(BYTES("# cal public key\n# cal secret key\n" PUBLIC "\n"), 3,
	    "the comments call the key both secret and public");
	bad(BYTES("# cal public key\n0000000000000000000000000000000000000000"
	    ), 2, "the key is all zero");
}

static void
test_size(void **state)
{
	char text[CAL_KEYFILE_MAX + 2];
	struct cal_keyfile file;

	(void)state;
	memset(text, '#', sizeof(text));
	memcpy(text, PUBLIC "\n", CAL_KEY_TEXT + 1);
	good(&file, cal_slice_of(text, CAL_KEYFILE_MAX));
	cal_keyfile_release(&file);
	bad(cal_slice_of(text, CAL_KEYFILE_MAX + 1), 0,
	    "it is larger than 4096 bytes");
}

/* Both keys, or the public one only. */
static void
certificate(const char *text, bool secret)
{
	struct cal_keyfile file;

	good(&file, cal_slice_text(text));
	assert_true(file.certificate);
	assert_true(file.has_public);
	assert_key(file.public, PUBLIC);
	assert_int_equal(file.has_secret, secret);
	if (secret)
		assert_key(file.secret, SECRET);
	cal_keyfile_release(&file);
}

static void
test_certificate(void **state)
{
	(void)state;
	certificate("#   ****  Generated on 2026-11-23 by pyzmq  ****\n"
	    "#   ZeroMQ CURVE **Secret** Certificate\n\nmetadata\n"
	    "    name = joe\ncurve\n    public-key = \"" PUBLIC "\"\n"
	    "    secret-key = \"" SECRET "\"\n", true);
	certificate("curve\n    public-key = \"" PUBLIC "\"", false);
	certificate(MARK "curve\r\n\tpublic-key=\"" PUBLIC "\"\r\n", false);
	certificate("curve  # of a host\n  public-key = '" PUBLIC "' # x\n"
	    "  secret-key = " SECRET "\n", true);
	certificate("curve\n secret-key = \"" SECRET "\"\n public-key = \""
	    PUBLIC "\"\nother\n    public-key = \"x\"\n", true);
	certificate("metadata\n    public-key = \"x\"\ncurve\n"
	    "    public-keys = \"y\"\n    note\n    public-key = " PUBLIC
	    "\n", false);
	certificate("version = 1.0\n\ncurve\n\n# between\n"
	    "    public-key = \"" PUBLIC "\"\n", false);
}

static void
test_certificate_bad(void **state)
{
	static const char form[] = "no value of the form public-key = \"KEY\"";
	static const char none[] =
	    "the certificate has no public-key in a section curve";

	(void)state;
	bad(BYTES("curve\n"), 0, none);
	bad(BYTES("metadata\n    public-key = \"" PUBLIC "\"\n"), 0, none);
	bad(BYTES("curve\n    secret-key = \"" SECRET "\"\n"), 0, none);
	bad(BYTES("curve\npublic-key = \"" PUBLIC "\"\n"), 0, none);
	bad(BYTES("curve\n    public-key\n"), 2, form);
	bad(BYTES("curve\n    public-key " PUBLIC "\n"), 2, form);
	bad(BYTES("curve\n    public-key = \"" PUBLIC "\n"), 2, form);
	bad(BYTES("curve\n    public-key = \"" PUBLIC "\" x\n"), 2, form);
	bad(BYTES("\ncurve\n    secret-key = \"\n"), 3,
	    "no value of the form secret-key = \"KEY\"");
	bad(BYTES("curve\n    public-key =\n"), 2,
	    "a key has 40 characters, not 0");
	bad(BYTES("curve\n    public-key = \"" PUBLIC "1\"\n"), 2,
	    "a key has 40 characters, not 41");
	bad(BYTES("curve\n    public-key = \"" PUBLIC "\"\n"
	    "    public-key = \"" PUBLIC "\"\n"), 3, "a second public key");
	bad(BYTES("curve\n    secret-key = \"" SECRET "\"\n"
	    "    secret-key = \"" SECRET "\"\n"), 3, "a second secret key");
	bad(BYTES("curve\n    public-key = "
	    "\"0000000000000000000000000000000000000000\"\n"), 2,
	    "the key is all zero");
}

/* Every cut and every changed byte of a good file: an error or a key. */
static void
test_mangled(void **state)
{
	static const char text[] = MARK "# cal secret key\r\nmetadata\r\n"
	    "curve\r\n    public-key = \"" PUBLIC "\"\r\n"
	    "\tsecret-key = '" SECRET "'\r\n";
	char copy[sizeof(text)];
	struct cal_keyfile file;
	struct cal_err err;
	size_t i, len = sizeof(text) - 1;
	int c;

	(void)state;
	for (i = 0; i <= len; i++)
		if (parse(&file, cal_slice_of(text, i), &err) == CAL_OK)
			cal_keyfile_release(&file);
	for (i = 0; i < len; i++)
		for (c = 0; c < 256; c += 5) {
			memcpy(copy, text, sizeof(text));
			copy[i] = (char)c;
			if (parse(&file, cal_slice_of(copy, len), &err) ==
			    CAL_OK)
				cal_keyfile_release(&file);
			else
				assert_null(strstr(err.text, "D:)Q"));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_plain_kinds),
		cmocka_unit_test(test_plain_bad),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_certificate_bad),
		cmocka_unit_test(test_mangled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
