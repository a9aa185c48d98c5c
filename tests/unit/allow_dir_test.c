/*
 * Unit tests of auth/allow_dir: which files of a folder are users, who they
 * are, and what in a folder is refused.
 */
#include "users.h"

#define CERTIFICATE(key) \
    "#   ZeroMQ CURVE Public Certificate\n\n" \
    "metadata\n    name = \"x\"\ncurve\n    public-key = \"" key "\"\n"

static struct cal_allow *
load_good(void)
{
	struct cal_allow *allow = new_allow();
	struct cal_err err;

	if (cal_allow_load(allow, ".", &err) != CAL_OK)
		fail_msg("%s", err.text);
	return allow;
}

static void
test_good(void **state)
{
	struct cal_allow *allow;
	struct cal_user *user;

	(void)state;
	put_file("ann.pub", "# cal public key\n" KEY1 "\n");
	put_file("bob@host-1.x.pub", CERTIFICATE(KEY2));
	allow = load_good();
	assert_int_equal(cal_allow_count(allow), 2);
	assert_user(allow, KEY1, "ann");
	assert_user(allow, KEY2, "bob@host-1.x");
	user = find(allow, KEY1);
	assert_false(cal_user_limited(user));
	cal_user_unuse(user);
	cal_allow_free(allow);
}

/* What pyzmq writes, and any other name; only the known endings go. */
static void
test_certificates(void **state)
{
	struct cal_allow *allow;

	(void)state;
	put_file("ann.key", CERTIFICATE(KEY1));
	put_file("bob.cert", CERTIFICATE(KEY2));
	put_file("eve", CERTIFICATE(KEY3));
	allow = load_good();
	assert_int_equal(cal_allow_count(allow), 3);
	assert_user(allow, KEY1, "ann");
	assert_user(allow, KEY2, "bob.cert");
	assert_user(allow, KEY3, "eve");
	cal_allow_free(allow);
}

/* Secrets beside, hidden files, and folders in them, say nothing. */
static void
test_passed_over(void **state)
{
	struct cal_allow *allow;

	(void)state;
	put_file("ann.pub", KEY1 "\n");
	folder_write("ann.key", BYTES("# cal secret key: do not share\n" KEY3
	    "\n"), 0600);
	folder_write("bob.key_secret", BYTES("\x01"), 0000);
	put_file(".hidden.pub", "no key\n");
	assert_int_equal(mkdir(".git", 0777), 0);
	allow = load_good();
	assert_int_equal(cal_allow_count(allow), 1);
	assert_user(allow, KEY1, "ann");
	cal_allow_free(allow);
	remove_file("ann.pub");
	/* Alone it is a file of the folder like any other. */
	check_kept(".", "ann.key:2: this is a secret key");
	remove_file("ann.key");
	check_kept(".", ": the folder has no public key: it lets nobody in");
	remove_file("bob.key_secret");
	remove_file(".hidden.pub");
	remove_file(".git");
	check_kept(".", ": the folder has no public key: it lets nobody in");
}

/* Two keys of one user are two names; one key of two users is an error. */
static void
test_twice(void **state)
{
	struct cal_allow *allow;

	(void)state;
	put_file("ann", CERTIFICATE(KEY1));
	put_file("ann.pub", KEY2 "\n");
	allow = load_good();
	assert_user(allow, KEY1, "ann");
	assert_user(allow, KEY2, "ann");
	cal_allow_free(allow);
	put_file("ann.pub", KEY1 "\n");
	check_kept(".", "/ann.pub: the key is that of 'ann'");
	remove_file("ann.pub");
	put_file("zoe.pub", KEY1 "\n");
	put_file("eve.key", CERTIFICATE(KEY1));
	check_kept(".", "/eve.key: the key is that of 'ann'");
}

/* One bad file beside a good one, which comes first or last. */
static void
check_bad_file(const char *name, const char *text, mode_t mode,
    const char *part)
{
	put_file("a.pub", KEY2 "\n");
	put_file("z.pub", KEY3 "\n");
	folder_write(name, cal_slice_text(text), mode);
	check_kept(".", part);
	remove_file(name);
	remove_file("a.pub");
	remove_file("z.pub");
}

static void
test_bad_files(void **state)
{
	static const struct {
		const char *name, *text, *part;
	} rows[] = {
		{ "m", KEY1 "\n", "/m: it is no certificate, and a plain key "
		    "is in NAME.pub only" },
		{ "m.key", KEY1 "\n", "/m.key: it is no certificate" },
		{ "m.pub~", KEY1 "\n", "/m.pub~: it is no certificate" },
		{ "m n.pub", KEY1 "\n", "/m n.pub: bad name of a user: it is "
		    "letters, digits and '_', and '.', '@', '-' behind the "
		    "first, at most 64" },
		{ "-m.pub", KEY1 "\n", "/-m.pub: bad name of a user" },
		{ "m:n", CERTIFICATE(KEY1), "/m:n: bad name of a user" },
		{ "caf\xc3\xa9.pub", KEY1 "\n", "bad name of a user" },
		{ "m\x1b[2J.pub", KEY1 "\n", "bad name of a user" },
		{ "m123456789.123456789.123456789.123456789.123456789."
		    "123456789.1234.pub", KEY1, "bad name of a user" },
		{ "m.pub", "", "/m.pub" },
		{ "m.pub", "ann\n", "/m.pub:1: " },
		{ "m.pub", KEY1 " ann\n", "/m.pub:1: " },
		{ "m.pub", KEY1 "\n" KEY2 "\n", "/m.pub:2: " },
		{ "m.pub", "# cal secret key: do not share\n" KEY1 "\n",
		    "/m.pub:2: this is a secret key" },
		{ "m.pub", "0000000000000000000000000000000000000000",
		    "/m.pub:1: the key is all zero" },
		{ "README", "The users of this server.\n", "/README:1: " },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_bad_file(rows[i].name, rows[i].text, 0644, rows[i].part);
	check_bad_file("m.pub", KEY1 "\n", 0664, "others may write to it");
}

/* What is no file, also by a link, and a link to nothing. */
static void
test_no_files(void **state)
{
	static const char *const targets[] = { "/", "/dev/zero", "nowhere" };
	size_t i;

	(void)state;
	put_file("a.pub", KEY2 "\n");
	assert_int_equal(mkdir("m.pub", 0700), 0);
	check_kept(".", "/m.pub: it is a folder");
	remove_file("m.pub");
	assert_int_equal(mkfifo("m.pub", 0600), 0);
	check_kept(".", "/m.pub: it is no regular file");
	remove_file("m.pub");
	for (i = 0; i < COUNT(targets); i++) {
		assert_int_equal(symlink(targets[i], "m.pub"), 0);
		check_kept(".", "/m.pub: ");
		remove_file("m.pub");
	}
}

/* A link to a file of ours is a file: so do secrets of containers come. */
static void
test_links(void **state)
{
	struct cal_allow *allow;

	(void)state;
	put_file(".version-1", KEY1 "\n");
	assert_int_equal(symlink(".version-1", "ann.pub"), 0);
	allow = load_good();
	assert_user(allow, KEY1, "ann");
	cal_allow_free(allow);
}

static void
test_bad_folder(void **state)
{
	(void)state;
	put_file("ann.pub", KEY1 "\n");
	assert_int_equal(chmod(".", 0770), 0);
	check_kept(".", "others may put files there");
	assert_int_equal(chmod(".", 0707), 0);
	check_kept(".", "others may put files there");
	assert_int_equal(chmod(".", 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(".", 65534, 65534), 0);
		check_kept(".", "belongs to another user");
		assert_int_equal(chown(".", 0, 0), 0);
		assert_int_equal(chmod(".", 0711), 0);
		assert_int_equal(seteuid(65534), 0);
	} else {
		assert_int_equal(chmod(".", 0100), 0);
	}
	check_kept(".", "Permission denied");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(".", 0700), 0);
}

/* Which of two bad files is told does not depend on the folder's order. */
static void
test_order(void **state)
{
	(void)state;
	put_file("n.pub", "no key\n");
	put_file("m.pub", "no key\n");
	put_file("o.pub", KEY1 "\n");
	check_kept(".", "/m.pub:1: ");
	remove_file("n.pub");
	put_file("l.pub", "no key\n");
	check_kept(".", "/l.pub:1: ");
}

static void
test_many(void **state)
{
	enum { MANY = 1000 };
	struct cal_allow *allow;
	unsigned int i;
	char name[16];

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "u%u.pub", i);
		put_file(name, nth_text(i));
	}
	allow = load_good();
	assert_int_equal(cal_allow_count(allow), MANY);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		assert_user(allow, nth_text(i), name);
	}
	cal_allow_free(allow);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_certificates),
		TEST(test_passed_over),
		TEST(test_twice),
		TEST(test_bad_files),
		TEST(test_no_files),
		TEST(test_links),
		TEST(test_bad_folder),
		TEST(test_order),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
