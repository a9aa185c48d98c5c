/*
 * The table of users.  A list or a folder fills a table of its own, which
 * takes the place of the old one only when all of it is good; who is in use
 * then lives on outside of any table.
 */
#include <stdlib.h>

#include "auth/allow_parts.h"
#include "base/io.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/name.h"

struct cal_allow {
	struct cal_map *users;          /* by the bytes of their keys */
};

static struct cal_slice
slice_of(const uint8_t key[CAL_KEY_BYTES])
{
	return cal_slice_of(key, CAL_KEY_BYTES);
}

struct cal_allow *
cal_allow_new(void)
{
	struct cal_allow *allow;

	CAL_NEW(allow);
	allow->users = cal_map_new();
	return allow;
}

static void
unuse_entry(struct cal_slice key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	cal_user_unuse(value);
}

void
cal_allow_free(struct cal_allow *allow)
{
	if (allow == NULL)
		return;
	cal_map_each(allow->users, unuse_entry, NULL);
	cal_map_free(allow->users);
	free(allow);
}

size_t
cal_allow_count(const struct cal_allow *allow)
{
	return cal_map_count(allow->users);
}

const struct cal_user *
cal_allow_peek(const struct cal_allow *allow, const uint8_t key[CAL_KEY_BYTES])
{
	return cal_map_find(allow->users, slice_of(key));
}

int
cal_allow_add(struct cal_user **userp, struct cal_allow *allow,
    const uint8_t key[CAL_KEY_BYTES], struct cal_slice name,
    struct cal_err *err)
{
	struct cal_user *user;

	*userp = NULL;
	if (!cal_name_is(name, ".@-", CAL_USER_MAX))
		return cal_fail(err, CAL_ECONFIG, "bad name of a user: it is "
		    "letters, digits and '_', and '.', '@', '-' behind the "
		    "first, at most %d", CAL_USER_MAX);
	if (cal_allow_count(allow) >= CAL_ALLOW_KEYS)
		return cal_fail(err, CAL_ECONFIG, "there are more than %d keys",
		    CAL_ALLOW_KEYS);
	CAL_NEW(user);
	user->uses = 1;
	memcpy(user->name, name.ptr, name.len);
	(void)cal_map_put(allow->users, slice_of(key), user);
	*userp = user;
	return CAL_OK;
}

int
cal_allow_settle(struct cal_allow *allow, struct cal_allow *fresh, int rc)
{
	struct cal_map *old = allow->users;

	if (rc == CAL_OK) {
		allow->users = fresh->users;
		fresh->users = old;
	}
	cal_allow_free(fresh);
	return rc;
}

static int
load_list(struct cal_allow *allow, const char *path, struct cal_err *err)
{
	struct cal_buf text;
	struct cal_err why;
	int fd = -1, rc;

	cal_buf_init(&text, CAL_ALLOW_MAX);
	if ((rc = cal_trust_open(&fd, path, CAL_TRUST_PUBLIC, err)) != CAL_OK)
		goto out;
	if (cal_io_load_fd(&text, fd, path, &why) != CAL_OK) {
		rc = cal_fail(err, CAL_ECONFIG, "%s", why.text);
		goto out;
	}
	rc = cal_allow_parse(allow, cal_buf_view(&text), path, err);
out:
	cal_io_close(&fd);
	cal_buf_release(&text);
	return rc;
}

int
cal_allow_load(struct cal_allow *allow, const char *path, struct cal_err *err)
{
	DIR *dir;
	int rc;

	if ((rc = cal_trust_opendir(&dir, path, err)) != CAL_OK)
		return rc;
	if (dir == NULL)
		return load_list(allow, path, err);
	rc = cal_allow_read_dir(allow, dir, path, err);
	(void)closedir(dir);
	return rc;
}

struct cal_user *
cal_allow_find(const struct cal_allow *allow, const uint8_t key[CAL_KEY_BYTES])
{
	struct cal_user *user = cal_map_find(allow->users, slice_of(key));

	if (user != NULL)
		user->uses++;
	return user;
}

void
cal_user_unuse(struct cal_user *user)
{
	if (user == NULL || --user->uses > 0)
		return;
	free(user->methods);
	free(user->text);
	free(user);
}

const char *
cal_user_name(const struct cal_user *user)
{
	return user == NULL ? "" : user->name;
}

/* Bytes beside a string: in the order of strcmp, which sorted the strings. */
static int
compare(const void *key, const void *item)
{
	const struct cal_slice *method = key;
	const char *name = *(const char *const *)item;
	size_t len = strlen(name);
	int order = memcmp(method->ptr, name,
	    method->len < len ? method->len : len);

	return order != 0 ? order : (method->len > len) - (method->len < len);
}

bool
cal_user_may(const struct cal_user *user, struct cal_slice method)
{
	if (!cal_user_limited(user))
		return true;
	return method.len > 0 && bsearch(&method, user->methods, user->count,
	    sizeof(user->methods[0]), compare) != NULL;
}

bool
cal_user_limited(const struct cal_user *user)
{
	return user != NULL && user->methods != NULL;
}

const char *const *
cal_user_methods(const struct cal_user *user, size_t *countp)
{
	*countp = user == NULL ? 0 : user->count;
	return user == NULL ? NULL : user->methods;
}
