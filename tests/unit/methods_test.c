/*
 * Unit tests of serve/methods: names, which of two wins, folders that are not
 * safe, and folders that change under running requests.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "codec/hello.h"
#include "commands.h"
#include "serve/methods.h"

static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };

static struct cal_methods *
new_methods(void)
{
	struct cal_methods_conf conf = { .command = {
		.reaper = reaper, .env = env, .kill_after = 0.1, .loop = loop,
	} };

	return cal_methods_new(&conf);
}

static int
add(struct cal_methods *methods, const char *name, const char *command)
{
	char *text = cal_strdup(command);
	char *argv[] = { text, NULL };
	struct cal_err err;
	int rc = cal_methods_add(methods, name, argv, &err);

	free(text);
	return rc;
}

static void
put_file(const char *name, const char *text, mode_t mode)
{
	char *path = folder_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd != -1);
	assert_int_equal(cal_io_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	cal_io_close(&fd);
	free(path);
}

static void
remove_file(const char *name)
{
	char *path = folder_path(name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

static bool
has(struct cal_methods *methods, const char *name)
{
	return cal_methods_find(methods, cal_slice_text(name)) != NULL;
}

static void
test_names(void **state)
{
	static const char *const good[] = {
		"a", "A1", "_", "0", "a.b:c-d_e", "*",
	};
	static const char *const bad[] = {
		"", ".a", "-a", ":a", "a b", "a/b", "a*", "**", "\xc3\xa9",
		"a\n", "a=b",
	};
	struct cal_methods *methods = new_methods();
	char name[130];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++)
		assert_int_equal(add(methods, good[i], "/bin/cat"), CAL_OK);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(add(methods, bad[i], "/bin/cat"), CAL_EUSAGE);
	memset(name, 'n', sizeof(name));
	name[129] = '\0';
	assert_int_equal(add(methods, name, "/bin/cat"), CAL_EUSAGE);
	name[128] = '\0';
	assert_int_equal(add(methods, name, "/bin/cat"), CAL_OK);
	assert_int_equal(add(methods, "a", "/bin/true"), CAL_EUSAGE);
	assert_int_equal(add(methods, "*", "/bin/true"), CAL_EUSAGE);
	assert_int_equal(add(methods, "b", "/nowhere"), CAL_ENOCMD);
	assert_int_equal(add(methods, "b", "/etc/passwd"), CAL_ENOEXEC);
	assert_int_equal(cal_methods_count(methods), COUNT(good) + 1);
	cal_methods_free(methods);
	cal_methods_free(NULL);
}

static void
test_star(void **state)
{
	struct cal_methods *methods = new_methods();
	struct cal_method *star;

	(void)state;
	assert_int_equal(add(methods, "a", "/bin/cat"), CAL_OK);
	assert_false(has(methods, "b"));
	assert_false(has(methods, "*"));
	assert_int_equal(add(methods, "*", "/bin/cat"), CAL_OK);
	star = cal_methods_find(methods, BYTES("b"));
	assert_non_null(star);
	assert_ptr_equal(cal_methods_find(methods, BYTES("")), star);
	assert_ptr_equal(cal_methods_find(methods, BYTES("a\0b")), star);
	assert_ptr_equal(cal_methods_find(methods, BYTES("*")), star);
	assert_ptr_not_equal(cal_methods_find(methods, BYTES("a")), star);
	cal_methods_free(methods);
}

static void
test_shell(void **state)
{
	static const char *const bad[] = {
		"a", "=true", "a=", "", "=", "a b=true", ".a=true",
	};
	struct cal_methods *methods = new_methods();
	struct cal_err err;
	size_t i;

	(void)state;
	assert_int_equal(cal_methods_add_shell(methods, "a=echo b=c | cat",
	    &err), CAL_OK);
	assert_int_equal(cal_methods_add_shell(methods, "*=cat", &err),
	    CAL_OK);
	assert_int_equal(cal_methods_add_shell(methods, "a=true", &err),
	    CAL_EUSAGE);
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(cal_methods_add_shell(methods, bad[i], &err),
		    CAL_EUSAGE);
	assert_int_equal(cal_methods_count(methods), 2);
	cal_methods_free(methods);
}

static void
test_list(void **state)
{
	struct cal_methods *methods = new_methods();

	(void)state;
	assert_slice(cal_methods_list(methods), "\x90");
	assert_int_equal(add(methods, "a", "/bin/cat"), CAL_OK);
	assert_slice(cal_methods_list(methods), "\x91\xa1" "a");
	assert_int_equal(add(methods, "b", "/bin/cat"), CAL_OK);
	assert_true(cal_hello_lists(cal_methods_list(methods), BYTES("b")));
	assert_false(cal_hello_lists(cal_methods_list(methods), BYTES("c")));
	assert_int_equal(add(methods, "*", "/bin/cat"), CAL_OK);
	assert_true(cal_hello_lists(cal_methods_list(methods), BYTES("c")));
	cal_methods_free(methods);
}

static void
test_folder(void **state)
{
	struct cal_methods *methods = new_methods();
	struct cal_method *first;
	struct cal_err err;
	char *path = folder_path("link");

	(void)state;
	put_file("one.sh", "#!/bin/sh\n", 0755);
	put_file("two", "#!/bin/sh\n", 0700);
	put_file("mine", "#!/bin/sh\n", 0755);
	put_file("README", "text", 0644);
	put_file(".hidden", "#!/bin/sh\n", 0755);
	assert_int_equal(symlink("/bin/cat", path), 0);
	assert_int_equal(add(methods, "mine", "/bin/cat"), CAL_OK);
	first = cal_methods_find(methods, BYTES("mine"));
	assert_int_equal(cal_methods_load(methods, folder, false, &err),
	    CAL_OK);
	assert_int_equal(cal_methods_count(methods), 4);
	assert_true(has(methods, "one.sh"));
	assert_true(has(methods, "two"));
	assert_true(has(methods, "link"));
	assert_false(has(methods, "README"));
	assert_false(has(methods, ".hidden"));
	/* What was named wins, at every reading. */
	assert_ptr_equal(cal_methods_find(methods, BYTES("mine")), first);
	remove_file("mine");
	remove_file("two");
	put_file("three", "#!/bin/sh\n", 0755);
	assert_int_equal(cal_methods_load(methods, folder, true, &err),
	    CAL_OK);
	assert_ptr_equal(cal_methods_find(methods, BYTES("mine")), first);
	assert_false(has(methods, "two"));
	assert_true(has(methods, "three"));
	assert_true(cal_hello_lists(cal_methods_list(methods),
	    BYTES("three")));
	assert_false(cal_hello_lists(cal_methods_list(methods),
	    BYTES("two")));
	remove_file("one.sh");
	remove_file("three");
	remove_file("README");
	remove_file(".hidden");
	remove_file("link");
	free(path);
	cal_methods_free(methods);
}

/* The first time it stops the start, later it is skipped. */
static void
check_refused(enum cal_code code)
{
	struct cal_methods *methods = new_methods();
	struct cal_err err;

	assert_int_equal(cal_methods_load(methods, folder, false, &err), code);
	cal_methods_free(methods);
	methods = new_methods();
	assert_int_equal(cal_methods_load(methods, folder, true, &err),
	    CAL_OK);
	assert_int_equal(cal_methods_count(methods), 0);
	cal_methods_free(methods);
}

static void
test_unsafe_files(void **state)
{
	(void)state;
	put_file("bad", "#!/bin/sh\n", 0775);
	check_refused(CAL_ECONFIG);
	put_file("bad", "#!/bin/sh\n", 0757);
	check_refused(CAL_ECONFIG);
	put_file("bad", "no interpreter", 0755);
	check_refused(CAL_ENOEXEC);
	remove_file("bad");
	put_file("bad name", "#!/bin/sh\n", 0755);
	check_refused(CAL_ECONFIG);
	remove_file("bad name");
}

static void
test_unsafe_folder(void **state)
{
	struct cal_methods *methods = new_methods();
	struct cal_err err;

	(void)state;
	put_file("good", "#!/bin/sh\n", 0755);
	assert_int_equal(cal_methods_load(methods, folder, false, &err),
	    CAL_OK);
	assert_int_equal(chmod(folder, 0770), 0);
	assert_int_equal(cal_methods_load(methods, folder, false, &err),
	    CAL_ECONFIG);
	assert_int_equal(chmod(folder, 0707), 0);
	assert_int_equal(cal_methods_load(methods, folder, true, &err),
	    CAL_ECONFIG);
	assert_int_equal(chmod(folder, 0700), 0);
	assert_int_equal(cal_methods_load(methods, "/nowhere", false, &err),
	    CAL_ENOINPUT);
	assert_int_equal(cal_methods_load(methods, "/etc/passwd", true, &err),
	    CAL_ENOINPUT);
	/* What was read before a failure stays. */
	assert_true(has(methods, "good"));
	remove_file("good");
	cal_methods_free(methods);
}

/* A method that is in use outlives its name, and a change of its file. */
static void
test_reload_under_requests(void **state)
{
	struct cal_methods *methods = new_methods();
	struct cal_method *old, *renewed;
	struct cal_handler *handler;
	struct cal_err err;

	(void)state;
	put_file("m", "#!/bin/sh\n", 0755);
	assert_int_equal(cal_methods_load(methods, folder, false, &err),
	    CAL_OK);
	old = cal_methods_find(methods, BYTES("m"));
	cal_method_use(old);
	cal_method_use(old);
	handler = cal_method_handler(old);
	assert_non_null(handler);

	assert_int_equal(cal_methods_load(methods, folder, true, &err),
	    CAL_OK);
	renewed = cal_methods_find(methods, BYTES("m"));
	assert_non_null(renewed);
	assert_ptr_equal(cal_method_handler(old), handler);
	remove_file("m");
	assert_int_equal(cal_methods_load(methods, folder, true, &err),
	    CAL_OK);
	assert_false(has(methods, "m"));
	assert_ptr_equal(cal_method_handler(old), handler);
	cal_method_unuse(old);
	assert_ptr_equal(cal_method_handler(old), handler);
	cal_method_unuse(old);
	cal_methods_free(methods);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_star),
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_unsafe_files),
		cmocka_unit_test(test_unsafe_folder),
		cmocka_unit_test(test_reload_under_requests),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
