/* Unit tests of auth/keyfile: writing. */
#include <dirent.h>
#include <sys/wait.h>

#include "auth/keyfile.h"
#include "base/io.h"
#include "folder.h"

/* Files here that are not "." and "..". */
static unsigned
count_files(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	assert_int_equal(closedir(dir), 0);
	return count;
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(name, &st), 0);
	return st.st_mode & 07777;
}

static void
assert_text(const char *name, const char *want)
{
	struct cal_buf text = { 0 };
	struct cal_err err;

	assert_int_equal(cal_io_load(&text, name, &err), CAL_OK);
	assert_string_equal(cal_buf_text(&text), want);
	cal_buf_release(&text);
}

/* What stands in both files is one pair; *publicp is its public key. */
static void
assert_pair(const char *secret_name, const char *public_name,
    uint8_t publicp[CAL_KEY_BYTES])
{
	struct cal_keys keys;
	struct cal_err err;

	if (cal_keyfile_load(&keys, secret_name, &err) != CAL_OK ||
	    cal_keyfile_load_public(publicp, public_name, &err) != CAL_OK)
		fail_msg("%s", err.text);
	assert_memory_equal(keys.public, publicp, CAL_KEY_BYTES);
	cal_keys_release(&keys);
}

static int
save(const char *name, enum cal_keyfile_kind kind, bool replace,
    uint8_t public[CAL_KEY_BYTES], struct cal_err *err)
{
	struct cal_keys keys;
	int rc;

	cal_keys_make(&keys);
	rc = cal_keyfile_save(&keys, name, kind, replace, err);
	memcpy(public, keys.public, CAL_KEY_BYTES);
	cal_keys_release(&keys);
	return rc;
}

static void
test_kinds(void **state)
{
	uint8_t made[CAL_KEY_BYTES], found[CAL_KEY_BYTES];
	char text[CAL_KEY_TEXT + 1], want[128];
	struct cal_err err;

	(void)state;
	assert_int_equal(save("a", CAL_KEYFILE_PLAIN, false, made, &err),
	    CAL_OK);
	assert_pair("a.key", "a.pub", found);
	assert_memory_equal(found, made, CAL_KEY_BYTES);
	cal_key_text(text, made);
	(void)snprintf(want, sizeof(want), "# cal public key\n%s\n", text);
	assert_text("a.pub", want);
	assert_int_equal(save("b", CAL_KEYFILE_CERTIFICATE, false, made, &err),
	    CAL_OK);
	assert_pair("b.key_secret", "b.key", found);
	assert_memory_equal(found, made, CAL_KEY_BYTES);
	assert_int_equal(count_files(), 4);
	/* In another folder, and with a dot in its name. */
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(save("d/.c.d", CAL_KEYFILE_PLAIN, false, made, &err),
	    CAL_OK);
	assert_pair("d/.c.d.key", "d/.c.d.pub", found);
}

static void
test_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 027, 077, 0777 };
	uint8_t public[CAL_KEY_BYTES];
	struct cal_err err;
	mode_t before = umask(0);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(masks); i++) {
		(void)umask(masks[i]);
		assert_int_equal(save("a", CAL_KEYFILE_PLAIN, i > 0, public,
		    &err), CAL_OK);
		assert_int_equal(mode_of("a.key"), 0600);
		assert_int_equal(mode_of("a.pub"), 0644 & ~masks[i]);
	}
	(void)umask(before);
}

/* One of the two is there: nothing is changed, and nothing stays behind. */
static void
test_exists(void **state)
{
	static const char *const there[] = { "a.key", "a.pub" };
	uint8_t public[CAL_KEY_BYTES];
	struct cal_err err;
	char want[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(there); i++) {
		folder_write(there[i], BYTES("old"), 0600);
		assert_int_equal(save("a", CAL_KEYFILE_PLAIN, false, public,
		    &err), CAL_ECREATE);
		(void)snprintf(want, sizeof(want), "'%s' is there already",
		    there[i]);
		assert_string_equal(err.text, want);
		assert_text(there[i], "old");
		assert_int_equal(count_files(), 1);
		assert_int_equal(unlink(there[i]), 0);
	}
	assert_int_equal(symlink("nowhere", "a.pub"), 0);
	assert_int_equal(save("a", CAL_KEYFILE_PLAIN, false, public, &err),
	    CAL_ECREATE);
	assert_int_equal(count_files(), 1);
}

static void
test_replace(void **state)
{
	uint8_t made[CAL_KEY_BYTES], found[CAL_KEY_BYTES];
	struct cal_err err;

	(void)state;
	/* Also where nothing is, or only one of them; a link is not used. */
	assert_int_equal(save("a", CAL_KEYFILE_PLAIN, true, made, &err),
	    CAL_OK);
	assert_int_equal(save("a", CAL_KEYFILE_PLAIN, true, made, &err),
	    CAL_OK);
	assert_pair("a.key", "a.pub", found);
	assert_memory_equal(found, made, CAL_KEY_BYTES);
	assert_int_equal(unlink("a.key"), 0);
	assert_int_equal(save("a", CAL_KEYFILE_PLAIN, true, made, &err),
	    CAL_OK);
	assert_int_equal(unlink("a.key"), 0);
	folder_write("target", BYTES("old"), 0644);
	assert_int_equal(symlink("target", "a.key"), 0);
	assert_int_equal(save("a", CAL_KEYFILE_PLAIN, true, made, &err),
	    CAL_OK);
	assert_pair("a.key", "a.pub", found);
	assert_memory_equal(found, made, CAL_KEY_BYTES);
	assert_text("target", "old");
	assert_int_equal(count_files(), 3);
}

static void
test_impossible(void **state)
{
	uint8_t public[CAL_KEY_BYTES];
	char name[300];
	struct cal_err err;

	(void)state;
	assert_int_equal(save("no/a", CAL_KEYFILE_PLAIN, false, public, &err),
	    CAL_EIO);
	assert_string_equal(err.text,
	    "cannot write 'no/a.key': No such file or directory");
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(save(name, CAL_KEYFILE_PLAIN, true, public, &err),
	    CAL_EIO);
	assert_int_equal(mkdir("a.pub", 0700), 0);
	assert_int_equal(save("a", CAL_KEYFILE_PLAIN, true, public, &err),
	    CAL_ECREATE);
	assert_string_equal(err.text, "'a.pub' is a folder");
	assert_int_equal(count_files(), 1);
}

/* Many at once, some of which replace: a pair is left, and none waits. */
static void
test_race(void **state)
{
	uint8_t public[CAL_KEY_BYTES];
	struct cal_err err;
	unsigned round, i;
	int status, rc;
	pid_t pid;

	(void)state;
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 8; i++) {
			pid = fork();
			assert_int_not_equal(pid, -1);
			if (pid > 0)
				continue;
			rc = save("a", CAL_KEYFILE_PLAIN, i % 2 == round % 2,
			    public, &err);
			_exit(rc == CAL_OK || rc == CAL_ECREATE ? 0 : 1);
		}
		for (i = 0; i < 8; i++) {
			assert_int_not_equal(wait(&status), -1);
			assert_int_equal(status, 0);
		}
		assert_pair("a.key", "a.pub", public);
		assert_int_equal(count_files(), 2);
		if (round % 4 == 3) {
			assert_int_equal(unlink("a.key"), 0);
			assert_int_equal(unlink("a.pub"), 0);
		}
	}
}

/* Without replacing: exactly one of many wins. */
static void
test_first(void **state)
{
	uint8_t public[CAL_KEY_BYTES];
	unsigned i, won = 0;
	struct cal_err err;
	int status;
	pid_t pid;

	(void)state;
	for (i = 0; i < 16; i++) {
		pid = fork();
		assert_int_not_equal(pid, -1);
		if (pid == 0)
			_exit(-save("a", CAL_KEYFILE_PLAIN, false, public,
			    &err));
	}
	for (i = 0; i < 16; i++) {
		assert_int_not_equal(wait(&status), -1);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) != 0)
			assert_int_equal(WEXITSTATUS(status), 73);
		won += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(won, 1);
	assert_pair("a.key", "a.pub", public);
	assert_int_equal(count_files(), 2);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, folder_enter, folder_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),
		TEST(test_umask),
		TEST(test_exists),
		TEST(test_replace),
		TEST(test_impossible),
		TEST(test_race),
		TEST(test_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
