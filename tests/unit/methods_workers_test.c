/*
 * Unit tests of serve/methods with workers behind the names: pools that stay,
 * those that are replaced, and their deaths.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "commands.h"
#include "exec/pool_parts.h"
#include "serve/methods.h"

static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };

static struct cal_methods *
new_methods(const struct cal_dialect *dialect)
{
	struct cal_methods_conf conf = {
		.command = {
			.reaper = reaper, .env = env, .kill_after = 0.1,
			.loop = loop,
		},
		.dialect = dialect, .processes = 2, .depth = 3,
		.max_answer = 1 << 20,
	};

	return cal_methods_new(&conf);
}

/* All their workers end. */
static void
free_methods(struct cal_methods *methods)
{
	cal_methods_free(methods);
	WAIT_FOR(cal_reaper_watched(reaper) == 0);
	settle();
}

static int
add(struct cal_methods *methods, const char *name, struct cal_err *err)
{
	char cat[] = "/bin/cat", *argv[] = { cat, NULL };

	return cal_methods_add(methods, name, argv, err);
}

static struct cal_method *
find(struct cal_methods *methods, const char *name)
{
	return cal_methods_find(methods, cal_slice_text(name));
}

/* Its i-th worker, or NULL. */
static struct cal_worker *
worker_of(const struct cal_method *method, size_t i)
{
	struct cal_handler *handler = cal_method_handler(method);

	return ((struct cal_pool *)(void *)handler)->places[i].worker;
}

static void
put_file(const char *name, const char *text)
{
	char *path = folder_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_true(fd != -1);
	assert_int_equal(cal_io_write_all(fd, text, strlen(text)), 0);
	cal_io_close(&fd);
	free(path);
}

static void
remove_file(const char *name)
{
	char *path = folder_path(name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

static void
load(struct cal_methods *methods, bool again)
{
	struct cal_err err;

	assert_int_equal(cal_methods_load(methods, folder, again, &err),
	    CAL_OK);
}

/* Which method it is must be in the request. */
static void
test_star(void **state)
{
	static const struct cal_dialect *const without[] = {
		&cal_dialect_lines, &cal_dialect_framed,
	};
	struct cal_methods *methods;
	struct cal_err err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(without); i++) {
		methods = new_methods(without[i]);
		assert_int_equal(add(methods, "*", &err), CAL_EUSAGE);
		assert_non_null(strstr(err.text, without[i]->name));
		assert_null(find(methods, "a"));
		assert_int_equal(cal_reaper_watched(reaper), 0);
		free_methods(methods);
	}
	methods = new_methods(&cal_dialect_jsonrpc);
	assert_int_equal(add(methods, "*", &err), CAL_OK);
	assert_non_null(find(methods, "a"));
	assert_int_equal(cal_reaper_watched(reaper), 2);
	free_methods(methods);
}

/* As many as all workers take; commands share what the service has. */
static void
test_slots(void **state)
{
	struct cal_methods *methods = new_methods(&cal_dialect_lines);
	struct cal_err err;

	(void)state;
	assert_int_equal(add(methods, "a", &err), CAL_OK);
	assert_int_equal(add(methods, "b", &err), CAL_OK);
	assert_int_equal(cal_method_slots(find(methods, "a"))->count, 6);
	assert_ptr_not_equal(cal_method_slots(find(methods, "a")),
	    cal_method_slots(find(methods, "b")));
	free_methods(methods);
	methods = new_methods(NULL);
	assert_int_equal(add(methods, "a", &err), CAL_OK);
	assert_null(cal_method_slots(find(methods, "a")));
	assert_int_equal(cal_reaper_watched(reaper), 0);
	free_methods(methods);
}

/* Workers go, but for those of a method that is in use. */
static void
test_clear(void **state)
{
	struct cal_methods *methods = new_methods(&cal_dialect_lines);
	struct cal_method *used;
	struct cal_err err;

	(void)state;
	assert_int_equal(add(methods, "a", &err), CAL_OK);
	assert_int_equal(add(methods, "b", &err), CAL_OK);
	used = find(methods, "b");
	cal_method_use(used);
	assert_int_equal(cal_reaper_watched(reaper), 4);
	assert_int_equal(cal_methods_list(methods).len, 5);
	cal_methods_clear(methods);
	assert_int_equal(cal_methods_count(methods), 0);
	assert_slice(cal_methods_list(methods), "\x90");
	assert_null(find(methods, "a"));
	WAIT_FOR(cal_reaper_watched(reaper) == 2);
	assert_non_null(worker_of(used, 0));
	cal_method_unuse(used);
	WAIT_FOR(cal_reaper_watched(reaper) == 0);
	cal_methods_clear(methods);
	/* They are usable again. */
	assert_int_equal(add(methods, "a", &err), CAL_OK);
	assert_int_equal(cal_methods_deaths(methods), 0);
	free_methods(methods);
}

/* Only a file that has changed gets a new pool. */
static void
test_reload(void **state)
{
	struct cal_methods *methods = new_methods(&cal_dialect_lines);
	struct cal_method *same, *other;
	struct cal_worker *worker;

	(void)state;
	put_file("same", "#!/bin/sh\nexec cat\n");
	put_file("other", "#!/bin/sh\nexec cat\n");
	put_file("gone", "#!/bin/sh\nexec cat\n");
	load(methods, false);
	same = find(methods, "same");
	other = find(methods, "other");
	cal_method_use(other);
	worker = worker_of(same, 1);
	put_file("other", "#!/bin/sh\nexec  cat\n");
	remove_file("gone");
	load(methods, true);
	assert_ptr_equal(find(methods, "same"), same);
	assert_ptr_equal(worker_of(same, 1), worker);
	assert_ptr_not_equal(find(methods, "other"), other);
	assert_null(find(methods, "gone"));
	WAIT_FOR(cal_reaper_watched(reaper) == 6);
	/* The old one works on for whoever uses it. */
	assert_non_null(worker_of(other, 0));
	cal_method_unuse(other);
	WAIT_FOR(cal_reaper_watched(reaper) == 4);
	load(methods, true);
	assert_ptr_equal(worker_of(find(methods, "same"), 1), worker);
	assert_int_equal(cal_methods_deaths(methods), 0);
	remove_file("same");
	remove_file("other");
	free_methods(methods);
}

/* A change that leaves the size as it is, and another file of that name. */
static void
test_small_changes(void **state)
{
	struct cal_methods *methods = new_methods(&cal_dialect_lines);
	struct cal_handler *handler;
	struct cal_method *old;
	char *path = folder_path("m"), *next = folder_path(".next");
	size_t i;

	(void)state;
	put_file("m", "#!/bin/sh\nexec cat\n");
	load(methods, false);
	for (i = 0; i < 2; i++) {
		old = find(methods, "m");
		cal_method_use(old);
		handler = cal_method_handler(old);
		if (i == 0) {
			assert_int_equal(chmod(path, 0500), 0);
		} else {
			put_file(".next", "#!/bin/sh\nexec cat\n");
			assert_int_equal(rename(next, path), 0);
		}
		load(methods, true);
		assert_ptr_not_equal(cal_method_handler(find(methods, "m")),
		    handler);
		cal_method_unuse(old);
	}
	remove_file("m");
	free(path);
	free(next);
	free_methods(methods);
}

/* Those that ended by themselves, of all methods, also of former ones. */
static void
test_deaths(void **state)
{
	struct cal_methods *methods = new_methods(&cal_dialect_lines);
	struct cal_err err;

	(void)state;
	assert_int_equal(add(methods, "a", &err), CAL_OK);
	assert_int_equal(add(methods, "b", &err), CAL_OK);
	assert_int_equal(cal_methods_deaths(methods), 0);
	cal_worker_kill(worker_of(find(methods, "a"), 0));
	cal_worker_kill(worker_of(find(methods, "b"), 1));
	WAIT_FOR(cal_methods_deaths(methods) == 2);
	WAIT_FOR(worker_of(find(methods, "a"), 0) != NULL);
	cal_methods_clear(methods);
	WAIT_FOR(cal_reaper_watched(reaper) == 0);
	assert_int_equal(cal_methods_deaths(methods), 2);
	free_methods(methods);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_star),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_small_changes),
		cmocka_unit_test(test_deaths),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
