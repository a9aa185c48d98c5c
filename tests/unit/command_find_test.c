/* Unit tests of exec/command: which file a name means, and whether it runs. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "commands.h"
#include "exec/command.h"

/* What locating a file of these bytes says. */
static void
locate(const char *bytes, size_t len, mode_t mode, int code, const char *words)
{
	char *path = folder_path("file"), *found;
	struct cal_err err;
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(cal_io_write_all(fd, bytes, len), 0);
	(void)fchmod(fd, mode);
	cal_io_close(&fd);
	assert_int_equal(cal_command_locate(&found, path, &err), code);
	if (words != NULL)
		assert_non_null(strstr(err.text, words));
	free(found);
	/* By PATH it is the same. */
	(void)setenv("PATH", folder, 1);
	assert_int_equal(cal_command_locate(&found, "file", &err), code);
	if (code == CAL_OK)
		assert_string_equal(found, path);
	(void)setenv("PATH", "/usr/bin:/bin", 1);
	free(found);
	(void)unlink(path);
	free(path);
}

static void
test_locate(void **state)
{
	char *found;
	struct cal_err err;

	(void)state;
	(void)setenv("PATH", "/no/such:/usr/bin:/bin", 1);
	assert_int_equal(cal_command_locate(&found, "sh", &err), CAL_OK);
	assert_string_equal(found, "/usr/bin/sh");
	free(found);
	assert_int_equal(cal_command_locate(&found, "no-such", &err),
	    CAL_ENOCMD);
	assert_int_equal(cal_command_locate(&found, "/no/such", &err),
	    CAL_ENOCMD);
	assert_int_equal(cal_command_locate(&found, "", &err), CAL_ENOCMD);
	assert_int_equal(cal_command_locate(&found, "/tmp", &err),
	    CAL_ENOEXEC);
	assert_int_equal(cal_command_locate(&found, "/dev/null", &err),
	    CAL_ENOEXEC);
	locate("#!/bin/sh\n", 10, 0755, CAL_OK, NULL);
	locate("#! /bin/sh -e\n", 14, 0755, CAL_OK, NULL);
	locate("#!/bin/sh\n", 10, 0644, CAL_ENOEXEC, "Permission denied");
	locate("#!/no/such\n", 11, 0755, CAL_ENOEXEC, "interpreter");
	locate("#!/bin/sh\r\n", 11, 0755, CAL_ENOEXEC, "interpreter");
	locate("#!/etc/passwd\n", 14, 0755, CAL_ENOEXEC, "interpreter");
	locate("#!\n", 3, 0755, CAL_ENOEXEC, "names nothing");
	locate("echo hello\n", 11, 0755, CAL_ENOEXEC, "has no #! line");
	locate("#", 1, 0755, CAL_ENOEXEC, "has no #! line");
	locate("", 0, 0755, CAL_ENOEXEC, "is empty");
	locate("\177ELF", 4, 0755, CAL_OK, NULL);
	locate("PK\0\3", 4, 0755, CAL_OK, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locate),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
