/*
 * Pairs of keys to files.  The new secret's file is locked from its birth on
 * until its public half is in place, and who replaces a secret waits for that
 * lock: so two processes never leave halves of different pairs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/keyfile.h"
#include "auth/keyfile_text.h"
#include "base/fault.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/secret.h"

struct half {
	char *path;
	char *temp;             /* what is there until it gets its name */
	int fd;
};

void
cal_keyfile_names(char **secretp, char **publicp, const char *name,
    enum cal_keyfile_kind kind)
{
	bool plain = kind == CAL_KEYFILE_PLAIN;

	*secretp = cal_asprintf("%s%s", name, plain ? ".key" : ".key_secret");
	*publicp = cal_asprintf("%s%s", name, plain ? ".pub" : ".key");
}

/* How much of a path is its folder, with the slash. */
static int
folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (int)(slash - path) + 1 : 0;
}

static void
init_half(struct half *half, char *path)
{
	int len = folder_len(path);

	half->path = path;
	half->temp = cal_asprintf("%.*s.%s.%08x", len, path, path + len,
	    (unsigned)cal_random_u32());
	half->fd = -1;
}

static void
release_half(struct half *half)
{
	if (half->fd != -1)
		(void)unlink(half->temp);
	cal_io_close(&half->fd);
	free(half->temp);
	free(half->path);
}

static int
fail_write(const struct half *half, struct cal_err *err)
{
	return cal_fail_errno(err, CAL_EIO, errno, "cannot write '%s'",
	    half->path);
}

/* secret: whatever the umask, for its owner, and only for him. */
static int
write_half(struct half *half, const char *text, bool secret,
    struct cal_err *err)
{
	half->fd = open(half->temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    secret ? 0600 : 0644);
	if (half->fd == -1)
		return fail_write(half, err);
	if (secret && fchmod(half->fd, 0600) == -1)
		return fail_write(half, err);
	/* Nobody else has it; a file system without locks does without. */
	(void)flock(half->fd, LOCK_EX | LOCK_NB);
	CAL_FAULT("keyfile-born");
	if (cal_io_write_all(half->fd, text, strlen(text)) == -1 ||
	    fsync(half->fd) == -1)
		return fail_write(half, err);
	CAL_FAULT("keyfile-written");
	return CAL_OK;
}

static int
write_halves(struct half *secret, struct half *public,
    const struct cal_keys *keys, enum cal_keyfile_kind kind,
    struct cal_err *err)
{
	char *text = cal_secret_new(CAL_KEYFILE_MAX);
	int rc;

	cal_keyfile_text(text, keys, true, kind);
	if ((rc = write_half(secret, text, true, err)) == CAL_OK) {
		cal_keyfile_text(text, keys, false, kind);
		rc = write_half(public, text, false, err);
	}
	cal_secret_free(text);
	return rc;
}

static int
fail_exists(const struct half *half, struct cal_err *err)
{
	return cal_fail(err, CAL_ECREATE, "'%s' is there already",
	    half->path);
}

/* Before anything is done: nothing stands where the file belongs. */
static int
check_free(const struct half *half, bool replace, struct cal_err *err)
{
	struct stat st;

	if (lstat(half->path, &st) == -1)
		return CAL_OK;          /* or it is told when writing */
	if (S_ISDIR(st.st_mode))
		return cal_fail(err, CAL_ECREATE, "'%s' is a folder",
		    half->path);
	return replace ? CAL_OK : fail_exists(half, err);
}

/* Gives a file its name, which nothing else may have. */
static int
link_half(const struct half *half, struct cal_err *err)
{
	if (link(half->temp, half->path) == 0)
		return CAL_OK;
	return errno == EEXIST ? fail_exists(half, err) :
	    fail_write(half, err);
}

static int
rename_half(const struct half *half, struct cal_err *err)
{
	return rename(half->temp, half->path) == 0 ? CAL_OK :
	    fail_write(half, err);
}

/* Is path still the open file, now that this is locked? */
static bool
is_there(int fd, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 &&
	    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

/*
 * The file at path, locked; -1 when there is none, or none that can be opened
 * and so none that a process of this user is about to complete.
 */
static int
lock_old(const char *path)
{
	int fd;

	for (;;) {
		fd = open(path,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd == -1)
			return -1;
		while (flock(fd, LOCK_EX) == -1 && errno == EINTR)
			;
		if (is_there(fd, path))
			return fd;
		cal_io_close(&fd);
	}
}

/*
 * The old public key goes first: a crash leaves a secret without its public
 * half, and never with that of another.
 */
static int
replace_secret(const struct half *secret, const struct half *public,
    struct cal_err *err)
{
	int old, rc;

	for (;;) {
		old = lock_old(secret->path);
		if (old != -1 || errno != ENOENT)
			break;
		if ((rc = link_half(secret, err)) != CAL_ECREATE)
			return rc;
	}
	if (unlink(public->path) == -1 && errno != ENOENT)
		rc = fail_write(public, err);
	else
		rc = rename_half(secret, err);
	cal_io_close(&old);
	return rc;
}

static int
place_halves(const struct half *secret, const struct half *public,
    bool replace, struct cal_err *err)
{
	int rc;

	if (replace)
		rc = replace_secret(secret, public, err);
	else
		rc = link_half(secret, err);
	if (rc != CAL_OK)
		return rc;
	CAL_FAULT("keyfile-secret");
	if (replace)
		return rename_half(public, err);
	if ((rc = link_half(public, err)) != CAL_OK)
		(void)unlink(secret->path);
	return rc;
}

/* Not every file system can do this, and not every folder can be read. */
static int
sync_folder(const char *path, struct cal_err *err)
{
	char *name = folder_len(path) > 0 ?
	    cal_strndup(path, (size_t)folder_len(path)) : cal_strdup(".");
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = CAL_OK;

	if (fd != -1 && fsync(fd) == -1 && errno != EINVAL)
		rc = cal_fail_errno(err, CAL_EIO, errno,
		    "cannot write the folder '%s'", name);
	cal_io_close(&fd);
	free(name);
	return rc;
}

int
cal_keyfile_save(const struct cal_keys *keys, const char *name,
    enum cal_keyfile_kind kind, bool replace, struct cal_err *err)
{
	struct half secret, public;
	char *secret_path, *public_path;
	int rc;

	cal_keyfile_names(&secret_path, &public_path, name, kind);
	init_half(&secret, secret_path);
	init_half(&public, public_path);
	if ((rc = check_free(&secret, replace, err)) != CAL_OK ||
	    (rc = check_free(&public, replace, err)) != CAL_OK ||
	    (rc = write_halves(&secret, &public, keys, kind,
	    err)) != CAL_OK ||
	    (rc = place_halves(&secret, &public, replace, err)) != CAL_OK)
		goto out;
	rc = sync_folder(secret.path, err);
out:
	release_half(&public);
	release_half(&secret);
	return rc;
}
