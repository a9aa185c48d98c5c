/*
 * The table of methods.  Every method is counted by its users, the table being
 * one of them, so that a folder can change under running requests.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "codec/mp.h"
#include "serve/methods.h"

enum { NAME_MAX_BYTES = 128 };

struct cal_method {
	struct cal_handler *handler;
	char *name;
	unsigned users;
	bool from_dir;
	bool seen;                      /* while the folder is read again */
};

struct cal_methods {
	struct cal_command_conf conf;
	struct cal_map *table;
	struct cal_buf list;            /* empty: to be written anew */
};

static int
check_name(const char *name, struct cal_err *err)
{
	size_t i;

	if (strcmp(name, "*") == 0)
		return CAL_OK;
	for (i = 0; name[i] != '\0'; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' &&
		    (i == 0 || strchr(".:-", name[i]) == NULL))
			break;
	if (i == 0 || i > NAME_MAX_BYTES || name[i] != '\0')
		return cal_fail(err, CAL_EUSAGE, "bad method name '%s': it is "
		    "letters, digits and '_', and '.', ':', '-' behind the "
		    "first, at most %d", name, NAME_MAX_BYTES);
	return CAL_OK;
}

struct cal_methods *
cal_methods_new(const struct cal_command_conf *conf)
{
	struct cal_methods *methods;

	CAL_NEW(methods);
	methods->conf = *conf;
	methods->table = cal_map_new();
	return methods;
}

void
cal_method_use(struct cal_method *method)
{
	method->users++;
}

struct cal_handler *
cal_method_handler(const struct cal_method *method)
{
	return method->handler;
}

void
cal_method_unuse(struct cal_method *method)
{
	if (--method->users > 0)
		return;
	method->handler->ops->free(method->handler);
	free(method->name);
	free(method);
}

static void
unuse_entry(struct cal_slice name, void *value, void *arg)
{
	(void)name;
	(void)arg;
	cal_method_unuse(value);
}

void
cal_methods_free(struct cal_methods *methods)
{
	if (methods == NULL)
		return;
	cal_map_each(methods->table, unuse_entry, NULL);
	cal_map_free(methods->table);
	cal_buf_release(&methods->list);
	free(methods);
}

static int
put(struct cal_methods *methods, const char *name, char *const *argv,
    bool from_dir, struct cal_err *err)
{
	struct cal_command_conf conf = methods->conf;
	struct cal_handler *handler;
	struct cal_method *method;
	int rc;

	conf.argv = argv;
	if ((rc = cal_command_new(&handler, &conf, err)) != CAL_OK)
		return rc;
	CAL_NEW(method);
	method->handler = handler;
	method->name = cal_strdup(name);
	method->users = 1;
	method->from_dir = from_dir;
	method->seen = true;
	method = cal_map_put(methods->table, cal_slice_text(name), method);
	if (method != NULL)
		cal_method_unuse(method);
	cal_buf_clear(&methods->list);
	return CAL_OK;
}

int
cal_methods_add(struct cal_methods *methods, const char *name,
    char *const *argv, struct cal_err *err)
{
	int rc;

	if ((rc = check_name(name, err)) != CAL_OK)
		return rc;
	if (cal_map_find(methods->table, cal_slice_text(name)) != NULL)
		return cal_fail(err, CAL_EUSAGE, "method '%s' is there twice",
		    name);
	return put(methods, name, argv, false, err);
}

int
cal_methods_add_shell(struct cal_methods *methods, const char *spec,
    struct cal_err *err)
{
	const char *equals = strchr(spec, '=');
	char *name, *shell[] = { NULL, NULL, NULL, NULL };
	int rc;

	if (equals == NULL || equals[1] == '\0')
		return cal_fail(err, CAL_EUSAGE,
		    "bad method '%s': it is NAME=SHELL-COMMAND", spec);
	name = cal_strndup(spec, (size_t)(equals - spec));
	shell[0] = cal_strdup("/bin/sh");
	shell[1] = cal_strdup("-c");
	shell[2] = cal_strdup(equals + 1);
	rc = cal_methods_add(methods, name, shell, err);
	free(shell[0]);
	free(shell[1]);
	free(shell[2]);
	free(name);
	return rc;
}

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

static int
put_file(struct cal_methods *methods, const char *dir, const char *name,
    const struct stat *st, struct cal_err *err)
{
	const char *why = unsafe(st);
	char *argv[] = { NULL, NULL };
	int rc;

	if (why != NULL)
		return cal_fail(err, CAL_ECONFIG, "'%s/%s' cannot be a method: "
		    "%s", dir, name, why);
	if ((rc = check_name(name, err)) != CAL_OK)
		return cal_fail(err, CAL_ECONFIG,
		    "'%s/%s' cannot be a method: bad name", dir, name);
	argv[0] = cal_asprintf("%s/%s", dir, name);
	rc = put(methods, name, argv, true, err);
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
	return put_file(methods, dir, name, &st, err);
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
	cal_buf_clear(&methods->list);
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

struct cal_method *
cal_methods_find(struct cal_methods *methods, struct cal_slice name)
{
	struct cal_method *method = NULL;

	if (!cal_slice_is(name, "*"))
		method = cal_map_find(methods->table, name);
	if (method == NULL)
		method = cal_map_find(methods->table, cal_slice_text("*"));
	return method;
}

size_t
cal_methods_count(const struct cal_methods *methods)
{
	return cal_map_count(methods->table);
}

static void
put_listed(struct cal_slice name, void *value, void *arg)
{
	(void)value;
	cal_mp_put_str(arg, name);
}

struct cal_slice
cal_methods_list(struct cal_methods *methods)
{
	if (methods->list.len == 0) {
		cal_mp_put_array(&methods->list,
		    (uint32_t)cal_map_count(methods->table));
		cal_map_each(methods->table, put_listed, &methods->list);
	}
	return cal_buf_view(&methods->list);
}
