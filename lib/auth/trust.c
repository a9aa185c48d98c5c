/*
 * Files that decide who is let in.  All is asked of the open descriptor, so
 * that what was checked is what is read.
 */
#include "auth/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/keys.h"
#include "base/io.h"
#include "base/mem.h"
#include "codec/z85.h"

enum {
	OTHERS = S_IRWXG | S_IRWXO,
	OTHERS_WRITE = S_IWGRP | S_IWOTH,
};

static bool
is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() || st->st_uid == 0;
}

/* A file of root's in the folder that systemd made, for us alone. */
static bool
is_credential(const struct stat *st, const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	const char *slash = strrchr(path, '/');
	struct stat there;
	char *twin;
	bool same;

	if (folder == NULL || *folder != '/' || st->st_uid != 0 ||
	    (st->st_mode & OTHERS & ~S_IRGRP) != 0)
		return false;
	twin = cal_asprintf("%s/%s", folder, slash ? slash + 1 : path);
	same = lstat(twin, &there) == 0 && there.st_dev == st->st_dev &&
	    there.st_ino == st->st_ino;
	free(twin);
	return same;
}

static int
check(int fd, const char *path, enum cal_trust trust, struct cal_err *err)
{
	struct stat st;
	mode_t mode;

	if (fstat(fd, &st) == -1)
		return cal_fail_errno(err, CAL_ECONFIG, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return cal_fail(err, CAL_ECONFIG, "%s: it is %s", path,
		    S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
	if (!is_ours(&st))
		return cal_fail(err, CAL_ECONFIG, "%s: it belongs to another "
		    "user, number %lu", path, (unsigned long)st.st_uid);
	mode = st.st_mode & 07777;
	switch (trust) {
	case CAL_TRUST_SECRET:
		if ((mode & OTHERS) == 0 || is_credential(&st, path))
			break;
		return cal_fail(err, CAL_ECONFIG, "%s: its mode is %04o, but "
		    "a secret is for its owner alone: chmod 600", path,
		    (unsigned)mode);
	case CAL_TRUST_PUBLIC:
		if ((mode & OTHERS_WRITE) == 0)
			break;
		return cal_fail(err, CAL_ECONFIG, "%s: its mode is %04o, so "
		    "others may write to it: chmod go-w", path,
		    (unsigned)mode);
	}
	return CAL_OK;
}

/* path is the whole of name, for words. */
static int
open_file(int *fdp, int at, const char *name, const char *path,
    enum cal_trust trust, struct cal_err *err)
{
	/* A FIFO or a terminal must not hold us up, nor become ours. */
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int rc;

	if (trust == CAL_TRUST_SECRET)
		flags |= O_NOFOLLOW;
	*fdp = openat(at, name, flags);
	if (*fdp == -1 && errno == ELOOP && trust == CAL_TRUST_SECRET)
		return cal_fail(err, CAL_ECONFIG, "%s: it is a symbolic "
		    "link, which a secret must not be", path);
	if (*fdp == -1)
		return cal_fail_errno(err, CAL_ECONFIG, errno, "%s", path);
	if ((rc = check(*fdp, path, trust, err)) != CAL_OK)
		cal_io_close(fdp);
	return rc;
}

/*
 * Was a key given, maybe a secret one, or all that its file holds, where the
 * name of a file belongs?
 */
static bool
has_key(const char *path)
{
	size_t run = 0;

	for (; *path != '\0'; path++) {
		if (!cal_z85_has(*path) && run == CAL_KEY_TEXT)
			return true;
		run = cal_z85_has(*path) ? run + 1 : 0;
	}
	return run == CAL_KEY_TEXT;
}

/* Says it again, if what was said shows a key, or nothing.  Returns rc. */
static int
say_again(int rc, const char *path, struct cal_err *err)
{
	if (*path == '\0')
		return cal_fail(err, CAL_ECONFIG, "the name of the file is "
		    "empty");
	if (has_key(path) && access(path, F_OK) == -1)
		return cal_fail(err, CAL_ECONFIG, "there is no such file, "
		    "and a key itself is not taken here");
	return rc;
}

int
cal_trust_open(int *fdp, const char *path, enum cal_trust trust,
    struct cal_err *err)
{
	int rc = open_file(fdp, AT_FDCWD, path, path, trust, err);

	return rc != CAL_OK ? say_again(rc, path, err) : rc;
}

int
cal_trust_open_at(int *fdp, int at, const char *dir, const char *name,
    enum cal_trust trust, struct cal_err *err)
{
	char *path = cal_asprintf("%s/%s", dir, name);
	int rc = open_file(fdp, at, name, path, trust, err);

	free(path);
	return rc;
}

static int
check_folder(int fd, const char *path, struct cal_err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return cal_fail_errno(err, CAL_ECONFIG, errno, "%s", path);
	if (!is_ours(&st))
		return cal_fail(err, CAL_ECONFIG, "%s: the folder belongs to "
		    "another user, number %lu", path,
		    (unsigned long)st.st_uid);
	if ((st.st_mode & OTHERS_WRITE) != 0)
		return cal_fail(err, CAL_ECONFIG, "%s: the folder's mode is "
		    "%04o, so others may put files there: chmod go-w", path,
		    (unsigned)(st.st_mode & 07777));
	return CAL_OK;
}

int
cal_trust_opendir(DIR **dirp, const char *path, struct cal_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	*dirp = NULL;
	if (fd == -1)
		return errno == ENOTDIR ? CAL_OK :
		    say_again(cal_fail_errno(err, CAL_ECONFIG, errno, "%s",
		    path), path, err);
	if ((rc = check_folder(fd, path, err)) == CAL_OK &&
	    (*dirp = fdopendir(fd)) == NULL)
		rc = cal_fail_errno(err, CAL_ECONFIG, errno, "%s", path);
	if (rc != CAL_OK)
		cal_io_close(&fd);
	return rc;
}
