/* Unit tests of auth/trust. */
#include "auth/trust.h"
#include "base/io.h"
#include "folder.h"

static void
taken(const char *path, enum cal_trust trust)
{
	struct cal_err err;
	int fd;

	if (cal_trust_open(&fd, path, trust, &err) != CAL_OK)
		fail_msg("refused: %s", err.text);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cal_io_close(&fd);
}

static void
refused(const char *path, enum cal_trust trust, const char *why)
{
	struct cal_err err;
	int fd;

	assert_int_equal(cal_trust_open(&fd, path, trust, &err), CAL_ECONFIG);
	assert_int_equal(fd, -1);
	assert_string_equal(err.text, why);
}

static void
test_modes(void **state)
{
	mode_t mode;
	struct cal_err err;
	char want[128];
	int fd;

	(void)state;
	for (mode = 0400; mode <= 0777; mode++) {
		folder_write("file", BYTES("x"), mode);
		if (cal_trust_open(&fd, "file", CAL_TRUST_SECRET, &err) !=
		    CAL_OK) {
			assert_int_not_equal(mode & 077, 0);
			(void)snprintf(want, sizeof(want), "file: its mode is "
			    "%04o, but a secret is for its owner alone: "
			    "chmod 600", (unsigned)mode);
			assert_string_equal(err.text, want);
		} else {
			assert_int_equal(mode & 077, 0);
			cal_io_close(&fd);
		}
		if ((mode & 022) == 0)
			taken("file", CAL_TRUST_PUBLIC);
	}
	folder_write("file", BYTES("x"), 0664);
	refused("file", CAL_TRUST_PUBLIC, "file: its mode is 0664, so others "
	    "may write to it: chmod go-w");
}

static void
test_kinds(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("folder", 0700), 0);
	folder_write("file", BYTES("x"), 0600);
	assert_int_equal(symlink("file", "link"), 0);
	refused("fifo", CAL_TRUST_SECRET, "fifo: it is no regular file");
	refused("fifo", CAL_TRUST_PUBLIC, "fifo: it is no regular file");
	refused("folder", CAL_TRUST_SECRET, "folder: it is a folder");
	refused("folder", CAL_TRUST_PUBLIC, "folder: it is a folder");
	refused("/dev/zero", CAL_TRUST_PUBLIC,
	    "/dev/zero: it is no regular file");
	refused("link", CAL_TRUST_SECRET, "link: it is a symbolic link, "
	    "which a secret must not be");
	taken("link", CAL_TRUST_PUBLIC);
	refused("nothing", CAL_TRUST_SECRET,
	    "nothing: No such file or directory");
	refused("", CAL_TRUST_SECRET, "the name of the file is empty");
	refused("file/x", CAL_TRUST_PUBLIC, "file/x: Not a directory");
}

/* Whoever writes a key where its file is wanted does not read it again. */
static void
test_key(void **state)
{
	static const char key[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
	char text[128];

	(void)state;
	(void)snprintf(text, sizeof(text), "# cal secret key\n%s", key);
	refused(text, CAL_TRUST_SECRET, "there is no such file, and a key "
	    "itself is not taken here");
	(void)snprintf(text, sizeof(text), "secret-key = \"%s\"\n", key);
	refused(text, CAL_TRUST_PUBLIC, "there is no such file, and a key "
	    "itself is not taken here");
	refused(key, CAL_TRUST_SECRET, "there is no such file, and a key "
	    "itself is not taken here");
	refused(key, CAL_TRUST_PUBLIC, "there is no such file, and a key "
	    "itself is not taken here");
	folder_write(key, BYTES("x"), 0600);
	taken(key, CAL_TRUST_SECRET);
}

static void
test_owner(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return;
	folder_write("file", BYTES("x"), 0600);
	assert_int_equal(chown("file", 65534, 0), 0);
	refused("file", CAL_TRUST_SECRET, "file: it belongs to another user, "
	    "number 65534");
	refused("file", CAL_TRUST_PUBLIC, "file: it belongs to another user, "
	    "number 65534");
	/* Root's is good for everybody, if he may read it. */
	assert_int_equal(chown("file", 0, 65534), 0);
	assert_int_equal(chmod("file", 0644), 0);
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(seteuid(65534), 0);
	taken("file", CAL_TRUST_PUBLIC);
	assert_int_equal(seteuid(0), 0);
}

static void
test_credentials(void **state)
{
	char want[128];

	(void)state;
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir("cred", 0700), 0);
	folder_write("cred/key", BYTES("x"), 0440);
	folder_write("key", BYTES("x"), 0440);
	folder_write("other", BYTES("x"), 0440);
	(void)snprintf(want, sizeof(want), "%s/cred", folder_path);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", want, 1), 0);
	taken("cred/key", CAL_TRUST_SECRET);
	taken("cred/../cred//key", CAL_TRUST_SECRET);
	refused("key", CAL_TRUST_SECRET, "key: its mode is 0440, but a secret "
	    "is for its owner alone: chmod 600");
	refused("other", CAL_TRUST_SECRET, "other: its mode is 0440, but a "
	    "secret is for its owner alone: chmod 600");
	assert_int_equal(chmod("cred/key", 0460), 0);
	refused("cred/key", CAL_TRUST_SECRET, "cred/key: its mode is 0460, "
	    "but a secret is for its owner alone: chmod 600");
	assert_int_equal(chmod("cred/key", 0444), 0);
	refused("cred/key", CAL_TRUST_SECRET, "cred/key: its mode is 0444, "
	    "but a secret is for its owner alone: chmod 600");
	assert_int_equal(chmod("cred/key", 0440), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "cred", 1), 0);
	refused("cred/key", CAL_TRUST_SECRET, "cred/key: its mode is 0440, "
	    "but a secret is for its owner alone: chmod 600");
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	refused("cred/key", CAL_TRUST_SECRET, "cred/key: its mode is 0440, "
	    "but a secret is for its owner alone: chmod 600");
}

static void
test_folder(void **state)
{
	struct cal_err err;
	DIR *dir;
	int fd;

	(void)state;
	assert_int_equal(mkdir("users", 0700), 0);
	folder_write("users/joe", BYTES("x"), 0644);
	folder_write("users/jim", BYTES("x"), 0666);
	assert_int_equal(cal_trust_opendir(&dir, "users", &err), CAL_OK);
	assert_non_null(dir);
	assert_true(fcntl(dirfd(dir), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(cal_trust_open_at(&fd, dirfd(dir), "users", "joe",
	    CAL_TRUST_PUBLIC, &err), CAL_OK);
	cal_io_close(&fd);
	assert_int_equal(cal_trust_open_at(&fd, dirfd(dir), "users", "jim",
	    CAL_TRUST_PUBLIC, &err), CAL_ECONFIG);
	assert_string_equal(err.text, "users/jim: its mode is 0666, so others "
	    "may write to it: chmod go-w");
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(cal_trust_opendir(&dir, "users/joe", &err), CAL_OK);
	assert_null(dir);
	assert_int_equal(cal_trust_opendir(&dir, "nobody", &err), CAL_ECONFIG);
	assert_string_equal(err.text, "nobody: No such file or directory");
	assert_int_equal(chmod("users", 01777), 0);
	assert_int_equal(cal_trust_opendir(&dir, "users", &err), CAL_ECONFIG);
	assert_string_equal(err.text, "users: the folder's mode is 1777, so "
	    "others may put files there: chmod go-w");
	assert_null(dir);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_modes),
		TEST(test_kinds),
		TEST(test_key),
		TEST(test_owner),
		TEST(test_credentials),
		TEST(test_folder),
	};

	(void)unsetenv("CREDENTIALS_DIRECTORY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
