/*
 * Unit tests of auth/allow_list: every kind of line that is good, and every
 * kind that is bad with its sentence.
 */
#include "users.h"

static void
test_good(void **state)
{
	static const char *const texts[] = {
		KEY1 " ann\n" KEY2 " bob\n",
		KEY1 " ann\n" KEY2 " bob",
		KEY1 " ann\r\n" KEY2 " bob\r\n",
		KEY1 " ann\r\n" KEY2 " bob\r",
		"\xef\xbb\xbf" KEY1 " ann\n" KEY2 " bob\n",
		"\xef\xbb\xbf# both\r\n" KEY1 " ann\r\n" KEY2 " bob",
		"\t " KEY1 "\t\tann \t\n\n \t\n" KEY2 " bob\t\n\n\n",
		"# caf\xc3\xa9\n  #\n#\n" KEY1 " ann\n# " KEY3 " x\n"
		    KEY2 " bob\n\r\n",
	};
	struct cal_allow *allow;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		allow = parse_good(cal_slice_text(texts[i]));
		assert_int_equal(cal_allow_count(allow), 2);
		assert_user(allow, KEY1, "ann");
		assert_user(allow, KEY2, "bob");
		assert_user(allow, KEY3, NULL);
		cal_allow_free(allow);
	}
}

static void
test_names(void **state)
{
	static const char name64[] =
	    "_23456789.123456789@123456789-123456789A123456789b123456789c1234";
	struct cal_allow *allow;
	char *text;

	(void)state;
	text = cal_asprintf("%s %s\n%s 0\n", KEY1, name64, KEY2);
	allow = parse_good(cal_slice_text(text));
	assert_user(allow, KEY1, name64);
	assert_user(allow, KEY2, "0");
	cal_allow_free(allow);
	free(text);
}

static void
assert_may(const struct cal_allow *allow, const char *key, const char *method,
    bool may)
{
	struct cal_user *user = find(allow, key);
	struct cal_slice copy = exact(cal_slice_text(method));

	assert_int_equal(cal_user_may(user, copy), may);
	exact_free(copy);
	cal_user_unuse(user);
}

/* Of one user, each key has its own methods. */
static void
test_methods(void **state)
{
	struct cal_allow *allow = parse_good(BYTES(
	    KEY1 " ann methods=add,a.b:c-d_1,9,ad\n"
	    KEY2 " ann methods=sub\t\n" KEY3 " ann\n"));
	struct cal_user *user;

	(void)state;
	assert_may(allow, KEY1, "add", true);
	assert_may(allow, KEY1, "ad", true);
	assert_may(allow, KEY1, "9", true);
	assert_may(allow, KEY1, "a.b:c-d_1", true);
	assert_may(allow, KEY1, "a", false);
	assert_may(allow, KEY1, "addd", false);
	assert_may(allow, KEY1, "sub", false);
	assert_may(allow, KEY1, "", false);
	assert_may(allow, KEY1, "*", false);
	assert_may(allow, KEY1, "add,ad", false);
	assert_may(allow, KEY2, "sub", true);
	assert_may(allow, KEY2, "add", false);
	assert_may(allow, KEY3, "add", true);
	assert_may(allow, KEY3, "", true);
	user = find(allow, KEY1);
	assert_true(cal_user_limited(user));
	assert_false(cal_user_may(user, BYTES("add\0")));
	assert_false(cal_user_may(user, BYTES("\xff")));
	assert_false(cal_user_may(user, cal_slice_of(NULL, 0)));
	cal_user_unuse(user);
	user = find(allow, KEY3);
	assert_false(cal_user_limited(user));
	cal_user_unuse(user);
	cal_allow_free(allow);
}

#define BAD_USER "bad name of a user: it is letters, digits and '_', and " \
    "'.', '@', '-' behind the first, at most 64"
#define BAD_METHOD(n) "bad name of method " n " of methods=: it is letters, " \
    "digits and '_', and '.', ':', '-' behind the first, at most 128"
#define UNKNOWN "unknown word behind the user: only methods=NAME,NAME,... " \
    "can stand there"

static void
test_bad_lines(void **state)
{
	static const struct {
		const char *line, *sentence;
	} rows[] = {
		{ KEY1, "a user is missing behind the key" },
		{ KEY1 " \t", "a user is missing behind the key" },
		{ KEY1 " an/n", BAD_USER },
		{ KEY1 " ..", BAD_USER },
		{ KEY1 " -ann", BAD_USER },
		{ KEY1 " @ann", BAD_USER },
		{ KEY1 " an:n", BAD_USER },
		{ KEY1 " <anonymous>", BAD_USER },
		{ KEY1 " caf\xc3\xa9", BAD_USER },
		{ KEY1 " \"ann\"", BAD_USER },
		{ KEY1 " methods=add", BAD_USER },
		{ KEY1 " 123456789.123456789.123456789.123456789."
		    "123456789.123456789.12345", BAD_USER },
		{ KEY1 " " KEY3, BAD_USER },
		{ KEY1 " ann smith", UNKNOWN },
		{ KEY1 " ann # a comment", UNKNOWN },
		{ KEY1 " ann methods", UNKNOWN },
		{ KEY1 " ann Methods=add", UNKNOWN },
		{ KEY1 " ann " KEY3, UNKNOWN },
		{ KEY1 " ann methods=", "methods= names no method" },
		{ KEY1 " ann methods= add", "methods= names no method" },
		{ KEY1 " ann methods=add, sub", "unknown word behind "
		    "methods=: only commas stand between names" },
		{ KEY1 " ann methods=add methods=sub", "unknown word behind "
		    "methods=: only commas stand between names" },
		{ KEY1 " ann methods=,",
		    "the name of method 1 of methods= is empty" },
		{ KEY1 " ann methods=add,",
		    "the name of method 2 of methods= is empty" },
		{ KEY1 " ann methods=add,,sub",
		    "the name of method 2 of methods= is empty" },
		{ KEY1 " ann methods=*", BAD_METHOD("1") },
		{ KEY1 " ann methods=add,-sub", BAD_METHOD("2") },
		{ KEY1 " ann methods=a,b,c/d", BAD_METHOD("3") },
		{ KEY1 " ann methods=add,caf\xc3\xa9", BAD_METHOD("2") },
		{ KEY1 " ann methods=sub,add,mul,add",
		    "the method 'add' is there twice" },
		{ KEY2 " ann", "the key is that of line 2, user 'bob'" },
		{ KEY2 " bob", "the key is that of line 2, user 'bob'" },
		{ KEY1 " ann\xff", "the line is not UTF-8" },
		{ "# caf\xe9", "the line is not UTF-8" },
		{ KEY1 " ann\x1b[2J",
		    "there is a control character in the line" },
		{ "# \x7f", "there is a control character in the line" },
		{ "# \xc2\x9b", "there is a control character in the line" },
		{ "# \xe2\x80\xae",
		    "there is a control character in the line" },
		{ KEY1 "\r ann", "there is a control character in the line" },
		{ KEY1 " ann\r\r", "there is a control character in the line" },
		{ KEY1 "\v ann", "there is a control character in the line" },
	};
	char *text, *sentence;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		text = cal_asprintf("# users\n%s bob\n\n%s\n%s old\n", KEY2,
		    rows[i].line, KEY3);
		sentence = cal_asprintf("'users' line 4: %s",
		    rows[i].sentence);
		check_bad(cal_slice_text(text), sentence);
		free(text);
		free(sentence);
	}
	check_bad(BYTES("# x\n" KEY1 " a\0n\n"),
	    "'users' line 2: there is a NUL byte in the line");
	check_bad(BYTES("\0"),
	    "'users' line 1: there is a NUL byte in the line");
	/* UTF-16, as some editors save it. */
	check_bad(BYTES("\xff\xfe#\0\n\0"),
	    "'users' line 1: the line is not UTF-8");
}

/* A word that is no key may be a secret one: no part of it is shown. */
static void
test_bad_keys(void **state)
{
	static const char *const words[] = {
		"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf",
		"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf71",
		"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf71234",
		"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y,7",
		"\"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]\"",
		"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8\xc3\xa9",
		"%nSc1rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{#",
		"0000000000000000000000000000000000000000",
		"0rJua1Qkhq00000000000000000000000000000000000000",
		"ann", "metadata", ("\xef\xbb\xbf" KEY1),
	};
	struct cal_allow *allow = new_allow();
	struct cal_err err;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(words); i++) {
		text = cal_asprintf("#\n%s ann\n", words[i]);
		assert_int_equal(cal_allow_parse(allow, cal_slice_text(text),
		    "users", &err), CAL_ECONFIG);
		assert_memory_equal(err.text, "'users' line 2: ", 16);
		assert_true(strlen(err.text) > 16);
		assert_null(strstr(err.text, words[i]));
		assert_null(strstr(err.text, "rq:r"));
		assert_user(allow, KEY3, "old");
		free(text);
	}
	cal_allow_free(allow);
}

static void
test_nobody(void **state)
{
	(void)state;
	check_bad(cal_slice_of(NULL, 0),
	    "'users' is empty: it lets nobody in");
	check_bad(BYTES("\xef\xbb\xbf"), "'users' is empty: it lets nobody in");
	check_bad(BYTES("\n"),
	    "'users' has no line with a key: it lets nobody in");
	check_bad(BYTES(" \r\n# " KEY1 " ann\n#"),
	    "'users' has no line with a key: it lets nobody in");
	/* The file of a secret key, given as a list. */
	check_bad(BYTES("# cal secret key: do not share\n" KEY1 "\n"),
	    "'users' line 2: a user is missing behind the key");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
