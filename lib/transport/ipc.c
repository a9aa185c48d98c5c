/*
 * Whoever holds the lock on PATH.lock owns PATH; the kernel drops the lock
 * with its holder, so that what a killed server left is taken over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/url.h"
#include "transport/ipc.h"

enum { LOCK_PATH = CAL_URL_PATH_MAX + sizeof(".lock") };

static void
lock_path(char *out, const char *path)
{
	(void)snprintf(out, LOCK_PATH, "%s.lock", path);
}

/* Does somebody accept connections there? */
static bool
alive(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;
	bool yes;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return true;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	yes = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 ||
	    errno != ECONNREFUSED;
	(void)close(fd);
	return yes;
}

static int
clear_path(const char *path, struct cal_err *err)
{
	struct stat st;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return CAL_OK;
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot look at '%s'", path);
	}
	if (!S_ISSOCK(st.st_mode))
		return cal_fail(err, CAL_ECONFIG,
		    "cannot bind '%s': something else than a socket is there",
		    path);
	if (st.st_uid != geteuid())
		return cal_fail(err, CAL_ECONFIG,
		    "cannot bind '%s': the socket there belongs to another "
		    "user", path);
	if (alive(path))
		return cal_fail(err, CAL_ECONFIG,
		    "cannot bind '%s': a server is listening there", path);
	if (unlink(path) == -1)
		return cal_fail_errno(err, CAL_EOS, errno,
		    "cannot remove the dead socket '%s'", path);
	return CAL_OK;
}

/* Was the file that we locked removed by its last holder meanwhile? */
static bool
stale(int fd, const char *lock)
{
	struct stat mine, there;

	return fstat(fd, &mine) == -1 || stat(lock, &there) == -1 ||
	    mine.st_ino != there.st_ino || mine.st_dev != there.st_dev;
}

int
cal_ipc_claim(int *lockp, const char *path, struct cal_err *err)
{
	char lock[LOCK_PATH];
	int rc;

	lock_path(lock, path);
	*lockp = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*lockp == -1)
		return cal_fail_errno(err, CAL_EOS, errno, "cannot open '%s'",
		    lock);
	if (flock(*lockp, LOCK_EX | LOCK_NB) == -1 || stale(*lockp, lock))
		rc = cal_fail(err, CAL_ECONFIG,
		    "cannot bind '%s': another server holds it", path);
	else if ((rc = clear_path(path, err)) != CAL_OK)
		(void)unlink(lock);
	if (rc != CAL_OK)
		cal_io_close(lockp);
	return rc;
}

void
cal_ipc_release(int *lockp, const char *path)
{
	char lock[LOCK_PATH];

	if (*lockp == -1)
		return;
	lock_path(lock, path);
	(void)unlink(path);
	(void)unlink(lock);
	cal_io_close(lockp);
}
