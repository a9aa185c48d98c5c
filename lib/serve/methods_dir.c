/*
 * Methods from a folder.  It is read through its descriptor, so that what was
 * checked and what is read are the same folder.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "serve/methods_parts.h"

/* Nobody but us and root may have written what we execute. */
static const char *
unsafe(const struct stat *st)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return "it belongs to another user";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others may write to it";
	return NULL;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) == 0 &&
	    memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim)) == 0;
}

/* known: the method of that name, or NULL. */
static int
put_file(struct cal_methods *methods, const char *dir, const char *name,
    struct cal_method *known, const struct stat *st, struct cal_err *err)
{
	const char *why = unsafe(st);
	char *argv[] = { NULL, NULL };
	int rc;

	if (why != NULL)
		return cal_fail(err, CAL_ECONFIG, "'%s/%s' cannot be a method: "
		    "%s", dir, name, why);
	if ((rc = cal_method_check_name(name, err)) != CAL_OK)
		return cal_fail(err, CAL_ECONFIG,
		    "'%s/%s' cannot be a method: bad name", dir, name);
	if (known != NULL && same_file(&known->file, st)) {
		known->seen = true;     /* workers keep what they have */
		return CAL_OK;
	}
	argv[0] = cal_asprintf("%s/%s", dir, name);
	rc = cal_methods_put(methods, name, argv, st, err);
	free(argv[0]);
	return rc;
}

static int
take_entry(struct cal_methods *methods, const char *dir, int fd,
    const char *name, struct cal_err *err)
{
	struct cal_method *known;
	struct stat st;

	if (name[0] == '.' || fstatat(fd, name, &st, 0) == -1 ||
	    !S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
		return CAL_OK;
	known = cal_map_find(methods->table, cal_slice_text(name));
	if (known != NULL && !known->from_dir)
		return CAL_OK;          /* -m wins */
	return put_file(methods, dir, name, known, &st, err);
}

static void
mark_unseen(struct cal_slice name, void *value, void *arg)
{
	struct cal_method *method = value;

	(void)name;
	(void)arg;
	method->seen = !method->from_dir;
}

static void
drop_unseen(struct cal_slice name, void *value, void *arg)
{
	struct cal_methods *methods = arg;
	struct cal_method *method = value;

	if (method->seen)
		return;
	(void)cal_map_remove(methods->table, name);
	cal_methods_forget(methods);
	cal_method_unuse(method);
}

static int
read_entries(struct cal_methods *methods, const char *dir, DIR *stream,
    bool again, struct cal_err *err)
{
	struct dirent *entry;
	struct cal_err why;
	int rc;

	cal_map_each(methods->table, mark_unseen, NULL);
	while (errno = 0, (entry = readdir(stream)) != NULL) {
		rc = take_entry(methods, dir, dirfd(stream), entry->d_name,
		    &why);
		if (rc == CAL_OK)
			continue;
		if (!again) {
			*err = why;
			return rc;
		}
		cal_log(CAL_LOG_WARNING, "skipped: %s", why.text);
	}
	if (errno != 0)
		return cal_fail_errno(err, CAL_EIO, errno,
		    "cannot read the folder '%s'", dir);
	cal_map_each(methods->table, drop_unseen, methods);
	return CAL_OK;
}

int
cal_methods_load(struct cal_methods *methods, const char *dir, bool again,
    struct cal_err *err)
{
	struct stat st;
	const char *why;
	DIR *stream;
	int fd, rc;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (stream = fdopendir(fd)) == NULL) {
		rc = cal_fail_errno(err, CAL_ENOINPUT, errno,
		    "cannot read the folder '%s'", dir);
		if (fd != -1)
			(void)close(fd);
		return rc;
	}
	if (fstat(fd, &st) == 0 && (why = unsafe(&st)) != NULL)
		rc = cal_fail(err, CAL_ECONFIG, "the folder '%s' is not safe: "
		    "%s", dir, why);
	else
		rc = read_entries(methods, dir, stream, again, err);
	(void)closedir(stream);
	return rc;
}
