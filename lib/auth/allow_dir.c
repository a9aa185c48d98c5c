/*
 * A folder of keys, a user a file.  It is read through its descriptor, so that
 * what was checked and what is read are the same folder, and in the order of
 * the names, so that of two bad files the same is always told.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/allow_parts.h"
#include "auth/keyfile.h"
#include "base/io.h"
#include "base/mem.h"

enum {
	FIRST_ROOM = 64,
	/* A file of the secret may be beside each. */
	NAMES_MAX = 2 * CAL_ALLOW_KEYS,
};

struct names {
	char **list;
	size_t count, room;
};

static void
release(struct names *names)
{
	while (names->count > 0)
		free(names->list[--names->count]);
	free(names->list);
}

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && strcmp(name + len - n, end) == 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
add_name(struct names *names, const char *name, const char *path,
    struct cal_err *err)
{
	if (names->count == NAMES_MAX)
		return cal_fail(err, CAL_ECONFIG, "%s: the folder has more "
		    "than %d files", path, NAMES_MAX);
	if (names->count == names->room) {
		names->room = names->room > 0 ? 2 * names->room : FIRST_ROOM;
		names->list = cal_realloc(names->list,
		    names->room * sizeof(names->list[0]));
	}
	names->list[names->count++] = cal_strdup(name);
	return CAL_OK;
}

static int
read_names(struct names *names, DIR *dir, const char *path,
    struct cal_err *err)
{
	struct dirent *entry;
	int rc;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    ends_with(entry->d_name, "_secret"))
			continue;
		rc = add_name(names, entry->d_name, path, err);
		if (rc != CAL_OK)
			return rc;
	}
	if (errno != 0)
		return cal_fail_errno(err, CAL_ECONFIG, errno,
		    "%s: the folder cannot be read", path);
	if (names->count > 0)
		qsort(names->list, names->count, sizeof(names->list[0]),
		    compare);
	return CAL_OK;
}

/* NAME.key beside NAME.pub: what cal-keygen leaves in a folder. */
static bool
is_beside(const struct names *names, const char *name)
{
	size_t len = strlen(name);
	char *other;
	bool found;

	if (!ends_with(name, ".key"))
		return false;
	other = cal_asprintf("%.*s.pub", (int)(len - strlen(".key")), name);
	found = bsearch(&other, names->list, names->count,
	    sizeof(names->list[0]), compare) != NULL;
	free(other);
	return found;
}

/* Without where it is: the caller says so. */
static int
add_user(struct cal_allow *allow, const struct names *names, size_t i,
    const uint8_t key[CAL_KEY_BYTES], struct cal_err *err)
{
	const char *name = names->list[i];
	struct cal_slice text = cal_slice_text(name);
	const struct cal_user *earlier;
	struct cal_user *user;
	int rc;

	if ((earlier = cal_allow_peek(allow, key)) != NULL)
		return cal_fail(err, CAL_ECONFIG, "the key is that of '%s'",
		    names->list[earlier->place]);
	if (ends_with(name, ".pub") || ends_with(name, ".key"))
		text.len -= strlen(".pub");
	if ((rc = cal_allow_add(&user, allow, key, text, err)) == CAL_OK)
		user->place = (unsigned)i;
	return rc;
}

static int
take_file(struct cal_allow *allow, const struct names *names, size_t i,
    DIR *dir, const char *path, struct cal_err *err)
{
	const char *name = names->list[i];
	uint8_t key[CAL_KEY_BYTES];
	char *where = cal_asprintf("%s/%s", path, name);
	bool certificate;
	int fd = -1, rc;

	rc = cal_trust_open_at(&fd, dirfd(dir), path, name, CAL_TRUST_PUBLIC,
	    err);
	if (rc != CAL_OK)
		goto out;
	rc = cal_keyfile_read_public(key, &certificate, fd, where, err);
	if (rc != CAL_OK)
		goto out;
	if (!certificate && !ends_with(name, ".pub"))
		rc = cal_fail(err, CAL_ECONFIG, "%s: it is no certificate, "
		    "and a plain key is in NAME.pub only", where);
	else if ((rc = add_user(allow, names, i, key, err)) != CAL_OK)
		cal_err_prefix(err, "%s", where);
out:
	cal_io_close(&fd);
	free(where);
	return rc;
}

static int
take_files(struct cal_allow *allow, const struct names *names, DIR *dir,
    const char *path, struct cal_err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < names->count; i++) {
		if (is_beside(names, names->list[i]))
			continue;
		rc = take_file(allow, names, i, dir, path, err);
		if (rc != CAL_OK)
			return rc;
	}
	if (cal_allow_count(allow) == 0)
		return cal_fail(err, CAL_ECONFIG, "%s: the folder has no "
		    "public key: it lets nobody in", path);
	return CAL_OK;
}

int
cal_allow_read_dir(struct cal_allow *allow, DIR *dir, const char *path,
    struct cal_err *err)
{
	struct cal_allow *fresh = cal_allow_new();
	struct names names = { 0 };
	int rc;

	rc = read_names(&names, dir, path, err);
	if (rc == CAL_OK)
		rc = take_files(fresh, &names, dir, path, err);
	release(&names);
	return cal_allow_settle(allow, fresh, rc);
}
