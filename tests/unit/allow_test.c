/*
 * Unit tests of auth/allow: users in use, and what stays when a list cannot be
 * read again.
 */
#include "users.h"

#include <sys/resource.h>
#include <sys/wait.h>

static void
test_nobody(void **state)
{
	struct cal_allow *allow = cal_allow_new();

	(void)state;
	assert_int_equal(cal_allow_count(allow), 0);
	assert_user(allow, KEY1, NULL);
	cal_user_unuse(NULL);
	cal_allow_free(allow);
	cal_allow_free(NULL);
	/* Where users are not known, everybody may everything. */
	assert_true(cal_user_may(NULL, BYTES("add")));
	assert_true(cal_user_may(NULL, cal_slice_of(NULL, 0)));
	assert_false(cal_user_limited(NULL));
}

/* Who is in use stays what he was, whatever becomes of the table. */
static void
test_in_use(void **state)
{
	struct cal_allow *allow = cal_allow_new();
	struct cal_user *ann, *again, *bob;
	struct cal_err err;

	(void)state;
	put_file("users", KEY1 " ann methods=add\n" KEY2 " bob\n");
	assert_int_equal(cal_allow_load(allow, "users", &err), CAL_OK);
	assert_int_equal(cal_allow_count(allow), 2);
	ann = find(allow, KEY1);
	again = find(allow, KEY1);
	bob = find(allow, KEY2);
	assert_ptr_equal(ann, again);
	put_file("users", KEY1 " eve methods=sub\n");
	assert_int_equal(cal_allow_load(allow, "users", &err), CAL_OK);
	assert_int_equal(cal_allow_count(allow), 1);
	assert_user(allow, KEY1, "eve");
	assert_user(allow, KEY2, NULL);
	assert_string_equal(cal_user_name(ann), "ann");
	cal_user_unuse(ann);
	assert_true(cal_user_may(again, BYTES("add")));
	assert_false(cal_user_may(again, BYTES("sub")));
	cal_user_unuse(again);
	again = find(allow, KEY1);
	cal_allow_free(allow);
	assert_string_equal(cal_user_name(bob), "bob");
	assert_false(cal_user_limited(bob));
	assert_false(cal_user_may(again, BYTES("add")));
	cal_user_unuse(bob);
	cal_user_unuse(again);
}

static void
test_bad_files(void **state)
{
	(void)state;
	check_kept("users", "users: No such file or directory");
	put_file("users", "");
	check_kept("users", "'users' is empty: it lets nobody in");
	put_file("users", KEY1 " ann\n" KEY1 " ann\n");
	check_kept("users", "'users' line 2: the key is that of line 1");
	folder_write("users", BYTES(KEY1 " ann\n"), 0664);
	check_kept("users", "others may write to it");
	folder_write("users", BYTES(KEY1 " ann\n"), 0646);
	check_kept("users", "others may write to it");
	/* Sparse, a gigabyte: only so much of it is read. */
	put_file("users", KEY1 " ann\n");
	assert_int_equal(truncate("users", 1 << 30), 0);
	check_kept("users", "'users' is larger than 16777216 bytes");
}

static void
test_no_files(void **state)
{
	static const char *const targets[] = { "/dev/zero", "/dev/null" };
	size_t i;

	(void)state;
	assert_int_equal(mkfifo("users", 0600), 0);
	check_kept("users", "users: it is no regular file");
	remove_file("users");
	for (i = 0; i < COUNT(targets); i++) {
		assert_int_equal(symlink(targets[i], "users"), 0);
		check_kept("users", "users: it ");
		remove_file("users");
	}
	assert_int_equal(symlink("users", "users"), 0);
	check_kept("users", "symbolic link");
}

/* A key in place of a file may be a secret one. */
static void
test_key_for_file(void **state)
{
	static const char key[] = "rqZrMZZUZZLns47E1ZkRZoZnZFcmmsLZZZH8Zyf7";
	struct cal_allow *allow = cal_allow_new();
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_allow_load(allow, key, &err), CAL_ECONFIG);
	assert_null(strstr(err.text, key));
	cal_allow_free(allow);
}

/* Root may read everything, and so has to be somebody else for a while. */
static void
test_unreadable(void **state)
{
	(void)state;
	folder_write("users", BYTES(KEY1 " ann\n"), 0000);
	if (geteuid() == 0) {
		assert_int_equal(chmod(".", 0711), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	check_kept("users", "users: Permission denied");
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(chmod(".", 0700), 0);
	}
}

static void
test_other_owner(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return;
	put_file("users", KEY1 " ann\n");
	assert_int_equal(chown("users", 65534, 65534), 0);
	check_kept("users", "users: it belongs to another user");
}

/* All descriptors are in use but so many. */
static void
check_without_descriptors(const char *name, rlim_t spare)
{
	struct rlimit limit = { 3 + spare, 3 + spare };
	int fd, status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		/* What is above the limit stays, and takes no room. */
		for (fd = 3; fd < 3 + (int)spare; fd++)
			(void)close(fd);
		if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
			_exit(1);
		check_kept(name, "Too many open files");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_no_descriptors(void **state)
{
	(void)state;
	if (under_valgrind())
		return;
	put_file("ann.pub", KEY1 "\n");
	check_without_descriptors("ann.pub", 0);
	check_without_descriptors(".", 0);
	/* The folder itself can be opened, but none of its files. */
	check_without_descriptors(".", 1);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nobody),
		TEST(test_in_use),
		TEST(test_bad_files),
		TEST(test_no_files),
		TEST(test_key_for_file),
		TEST(test_unreadable),
		TEST(test_other_owner),
		TEST(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
