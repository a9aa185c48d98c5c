/*
 * The table of methods.  Every method is counted by its users, the table being
 * one of them, so that a folder can change under running requests.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/name.h"
#include "codec/mp.h"
#include "serve/methods_parts.h"

int
cal_method_check_name(const char *name, struct cal_err *err)
{
	if (strcmp(name, "*") == 0 || cal_name_is_method(cal_slice_text(name)))
		return CAL_OK;
	return cal_fail(err, CAL_EUSAGE, "bad method name '%s': it is "
	    "letters, digits and '_', and '.', ':', '-' behind the first, at "
	    "most %d", name, CAL_NAME_METHOD);
}

struct cal_methods *
cal_methods_new(const struct cal_methods_conf *conf)
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

struct cal_slots *
cal_method_slots(struct cal_method *method)
{
	return method->handler->capacity > 0 ? &method->slots : NULL;
}

void
cal_method_unuse(struct cal_method *method)
{
	if (--method->users > 0)
		return;
	cal_slots_release(&method->slots);
	method->handler->ops->free(method->handler);
	free(method->name);
	free(method);
}

void
cal_methods_forget(struct cal_methods *methods)
{
	methods->recent = NULL;
	cal_buf_clear(&methods->list);
}

static void
unuse_entry(struct cal_slice name, void *value, void *arg)
{
	(void)name;
	(void)arg;
	cal_method_unuse(value);
}

void
cal_methods_clear(struct cal_methods *methods)
{
	cal_map_each(methods->table, unuse_entry, NULL);
	cal_map_free(methods->table);
	methods->table = cal_map_new();
	cal_methods_forget(methods);
}

void
cal_methods_free(struct cal_methods *methods)
{
	if (methods == NULL)
		return;
	cal_methods_clear(methods);
	cal_map_free(methods->table);
	cal_buf_release(&methods->list);
	cal_buf_release(&methods->user_list);
	free(methods);
}

static int
make_handler(struct cal_handler **handlerp, struct cal_methods *methods,
    const char *name, char *const *argv, struct cal_err *err)
{
	const struct cal_methods_conf *conf = &methods->conf;
	struct cal_pool_conf pool = {
		.command = conf->command,
		.method = strcmp(name, "*") == 0 ? NULL : name,
		.dialect = conf->dialect,
		.processes = conf->processes,
		.depth = conf->depth,
		.max_answer = conf->max_answer,
		.deaths = &methods->deaths,
	};
	int rc;

	pool.command.argv = argv;
	if (conf->dialect == NULL)
		return cal_command_new(handlerp, &pool.command, err);
	if (pool.method == NULL && !conf->dialect->names_method)
		return cal_fail(err, CAL_EUSAGE, "method '*' has no meaning "
		    "with --coprocess %s: a worker could not know the method",
		    conf->dialect->name);
	rc = cal_pool_check_room(conf->processes *
	    (cal_map_count(methods->table) + 1), err);
	if (rc != CAL_OK)
		return rc;
	return cal_pool_new(handlerp, &pool, err);
}

int
cal_methods_put(struct cal_methods *methods, const char *name,
    char *const *argv, const struct stat *file, struct cal_err *err)
{
	struct cal_handler *handler;
	struct cal_method *method;
	int rc;

	rc = make_handler(&handler, methods, name, argv, err);
	if (rc != CAL_OK)
		return rc;
	CAL_NEW(method);
	method->handler = handler;
	cal_slots_init(&method->slots, handler->capacity);
	method->name = cal_strdup(name);
	method->users = 1;
	method->from_dir = file != NULL;
	if (file != NULL)
		method->file = *file;
	method->seen = true;
	method = cal_map_put(methods->table, cal_slice_text(name), method);
	if (method != NULL)
		cal_method_unuse(method);
	cal_methods_forget(methods);
	return CAL_OK;
}

int
cal_methods_add(struct cal_methods *methods, const char *name,
    char *const *argv, struct cal_err *err)
{
	int rc;

	if ((rc = cal_method_check_name(name, err)) != CAL_OK)
		return rc;
	if (cal_map_find(methods->table, cal_slice_text(name)) != NULL)
		return cal_fail(err, CAL_EUSAGE, "method '%s' is there twice",
		    name);
	return cal_methods_put(methods, name, argv, NULL, err);
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

struct cal_method *
cal_methods_find(struct cal_methods *methods, struct cal_slice name)
{
	struct cal_method *method = methods->recent;

	/* One request is often for the method of the one before. */
	if (method != NULL && cal_slice_is(name, method->name))
		return method;
	method = NULL;
	if (!cal_slice_is(name, "*"))
		method = cal_map_find(methods->table, name);
	if (method == NULL)
		method = cal_map_find(methods->table, cal_slice_text("*"));
	methods->recent = method;
	return method;
}

uint64_t
cal_methods_deaths(const struct cal_methods *methods)
{
	return methods->deaths;
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

struct cal_slice
cal_methods_list_for(struct cal_methods *methods, const struct cal_user *user)
{
	struct cal_buf names = { .max = 0 }, *list = &methods->user_list;
	size_t i, n;
	const char *const *may = cal_user_methods(user, &n);
	struct cal_slice name;
	uint32_t count = 0;

	if (may == NULL)
		return cal_methods_list(methods);
	for (i = 0; i < n; i++) {
		name = cal_slice_text(may[i]);
		if (cal_methods_find(methods, name) == NULL)
			continue;
		cal_mp_put_str(&names, name);
		count++;
	}
	cal_buf_clear(list);
	cal_mp_put_array(list, count);
	cal_buf_put(list, names.ptr, names.len);
	cal_buf_release(&names);
	return cal_buf_view(list);
}
