/* Children of a test: scripts that run, and how each came to its end. */
#ifndef CAL_TESTS_CHILDREN_H
#define CAL_TESTS_CHILDREN_H

#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "commands.h"
#include "exec/child.h"

struct result {
	struct cal_child *child;
	bool started;           /* start or stop has returned */
	bool done;
	struct cal_child_end end;
};

static inline void
on_child_done(void *arg, struct cal_child_end *end)
{
	struct result *result = arg;

	assert_true(result->started);
	assert_false(result->done);
	result->done = true;
	result->end = *end;
	memset(&end->output, 0, sizeof(end->output));
	memset(&end->tail, 0, sizeof(end->tail));
}

/* With a limit of descriptors that the children are to get, too. */
static inline int
open_children(void **state)
{
	struct rlimit given;

	(void)getrlimit(RLIMIT_NOFILE, &given);
	given.rlim_cur = 200;
	(void)setrlimit(RLIMIT_NOFILE, &given);
	return open_commands(state);
}

static inline size_t
count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static inline bool
is_gone(pid_t pid)
{
	return kill(pid, 0) == -1 && errno == ESRCH;
}

static inline int
start_argv(struct result *result, const char *path, char *const *argv,
    struct cal_slice input, double kill_after, struct cal_err *err)
{
	struct cal_child_conf conf = {
		.path = path, .argv = argv, .envp = environ, .input = input,
		.max_output = 16 << 20, .max_tail = 1000,
		.kill_after = kill_after,
	};
	int rc;

	memset(result, 0, sizeof(*result));
	rc = cal_child_start(&result->child, reaper, &conf, on_child_done,
	    result, err);
	result->started = true;
	return rc;
}

static inline void
start_shell(struct result *result, const char *script, struct cal_slice input,
    double kill_after)
{
	char sh[] = "sh", c[] = "-c", *text = cal_strdup(script);
	char *argv[] = { sh, c, text, NULL };
	struct cal_err err;

	assert_int_equal(start_argv(result, "/bin/sh", argv, input,
	    kill_after, &err), CAL_OK);
	free(text);
}

/* Runs script to its end; the caller releases result. */
static inline void
run_shell(struct result *result, const char *script, struct cal_slice input)
{
	start_shell(result, script, input, 0.1);
	WAIT_FOR(result->done);
}

static inline void
release(struct result *result)
{
	cal_buf_release(&result->end.output);
	cal_buf_release(&result->end.tail);
}

static inline bool
is_written(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 0;
}

/* Waits until the script has written something into the file $READY. */
static inline void
start_ready(struct result *result, const char *script, double kill_after)
{
	char *path = folder_path("ready");

	(void)setenv("READY", path, 1);
	start_shell(result, script, cal_slice_of(NULL, 0), kill_after);
	WAIT_FOR(is_written(path));
	(void)unlink(path);
	free(path);
}

static inline void
stop(struct result *result)
{
	result->started = false;
	cal_child_stop(result->child);
	result->started = true;
}

#endif
