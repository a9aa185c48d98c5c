/* A temporary folder to be in, for tests of files; what is in it goes, too. */
#ifndef CAL_TESTS_FOLDER_H
#define CAL_TESTS_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char folder_path[32];

static inline int
folder_enter(void **state)
{
	(void)state;
	strcpy(folder_path, "/tmp/cal-unit-XXXXXX");
	return mkdtemp(folder_path) == NULL || chdir(folder_path) == -1;
}

static inline int
folder_drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int
folder_leave(void **state)
{
	(void)state;
	return chdir("/") == -1 ||
	    nftw(folder_path, folder_drop, 8, FTW_DEPTH | FTW_PHYS) == -1;
}

/* A file of this text and mode, whatever the umask. */
static inline void
folder_write(const char *name, struct cal_slice text, mode_t mode)
{
	int fd;

	(void)unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(fd, -1);
	if (text.len > 0)
		assert_int_equal(write(fd, text.ptr, text.len), text.len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

#endif
