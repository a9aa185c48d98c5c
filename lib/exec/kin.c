/*
 * Kin, by /proc.  A kernel with CONFIG_PROC_CHILDREN lists our children in one
 * file; on others all processes are looked through.  A child of ours that
 * nobody reaped keeps its number, so what is listed here can be killed safely.
 */
#include "exec/kin.h"
#include "base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEP = 16384, ENV_MAX = 4 << 20 };

/* The whole of a file of /proc, as far as max; false when it is not there. */
static bool
load(struct cal_buf *text, const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	cal_buf_clear(text);
	if (fd == -1)
		return false;
	while (text->len < max && cal_io_read(fd, text, STEP) > 0)
		;
	cal_io_close(&fd);
	return true;
}

static void
add_pid(struct cal_buf *pids, long number)
{
	pid_t pid = (pid_t)number;

	if (pid > 0)
		cal_buf_put(pids, &pid, sizeof(pid));
}

/* "17 18 20 " */
static void
add_listed(struct cal_buf *pids, const char *text)
{
	char *end;
	long number;

	for (;; text = end) {
		number = strtol(text, &end, 10);
		if (end == text)
			return;
		add_pid(pids, number);
	}
}

/* "17 (any (thing) here) S 1 ...": the parent stands behind the state. */
static long
parent_in(const char *stat)
{
	const char *behind = strrchr(stat, ')');

	if (behind == NULL || strlen(behind) < 5)
		return -1;
	return strtol(behind + 3, NULL, 10);
}

static void
search_all(struct cal_buf *pids)
{
	struct cal_buf text = { 0 };
	struct dirent *item;
	char path[64];
	DIR *dir;
	long pid;

	if ((dir = opendir("/proc")) == NULL)
		return;
	while ((item = readdir(dir)) != NULL) {
		pid = strtol(item->d_name, NULL, 10);
		if (pid <= 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
		if (load(&text, path, STEP) &&
		    parent_in(cal_buf_text(&text)) == (long)getpid())
			add_pid(pids, pid);
	}
	(void)closedir(dir);
	cal_buf_release(&text);
}

void
cal_kin_list(struct cal_buf *pids)
{
	struct cal_buf text = { 0 };
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%ld/children",
	    (long)getpid());
	if (load(&text, path, ENV_MAX))
		add_listed(pids, cal_buf_text(&text));
	else
		search_all(pids);
	cal_buf_release(&text);
}

void
cal_kin_environ(struct cal_buf *env, pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
	(void)load(env, path, ENV_MAX);
}

bool
cal_kin_has(const struct cal_buf *env, const char *string)
{
	size_t len = strlen(string) + 1, pos = 0, n;

	while (pos < env->len) {
		n = strnlen((const char *)env->ptr + pos, env->len - pos) + 1;
		if (n == len && pos + n <= env->len &&
		    memcmp(env->ptr + pos, string, len) == 0)
			return true;
		pos += n;
	}
	return false;
}
