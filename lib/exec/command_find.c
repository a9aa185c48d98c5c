/*
 * Which file is a command, and could it be executed?  Found out at the start,
 * so that a missing command stops the program instead of failing every call.
 */
#include "base/io.h"
#include "base/mem.h"
#include "exec/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_MAX = 256 };        /* as much of "#!" as Linux reads */

static int
check_file(const char *path, struct cal_err *err)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return cal_fail_errno(err,
		    errno == ENOENT || errno == ENOTDIR ? CAL_ENOCMD :
		    CAL_ENOEXEC, errno, "cannot run '%s'", path);
	if (S_ISDIR(st.st_mode))
		return cal_fail(err, CAL_ENOEXEC,
		    "cannot run '%s': is a directory", path);
	if (!S_ISREG(st.st_mode))
		return cal_fail(err, CAL_ENOEXEC,
		    "cannot run '%s': is not a regular file", path);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == -1)
		return cal_fail_errno(err, CAL_ENOEXEC, errno,
		    "cannot run '%s'", path);
	return CAL_OK;
}

/* line is what follows "#!", without the newline. */
static int
check_interpreter(const char *path, char *line, struct cal_err *err)
{
	struct cal_err why;
	char *name = line + strspn(line, " \t");

	name[strcspn(name, " \t")] = '\0';
	if (*name == '\0')
		return cal_fail(err, CAL_ENOEXEC,
		    "cannot run '%s': its #! line names nothing", path);
	if (check_file(name, &why) == CAL_OK)
		return CAL_OK;
	return cal_fail(err, CAL_ENOEXEC,
	    "cannot run '%s': its interpreter: %s", path, why.text);
}

/*
 * Only what is surely wrong is refused: an executable format that we do not
 * know may be one that the kernel does.
 */
static int
check_head(const char *path, char *head, size_t len, struct cal_err *err)
{
	if (len == 0)
		return cal_fail(err, CAL_ENOEXEC,
		    "cannot run '%s': is empty", path);
	head[len] = '\0';
	if (len >= 2 && head[0] == '#' && head[1] == '!') {
		head[strcspn(head, "\n")] = '\0';
		return check_interpreter(path, head + 2, err);
	}
	if (memchr(head, '\0', len) != NULL || memcmp(head, "\177ELF", 4) == 0)
		return CAL_OK;
	return cal_fail(err, CAL_ENOEXEC,
	    "cannot run '%s': has no #! line", path);
}

static int
check_command(const char *path, struct cal_err *err)
{
	char head[HEAD_MAX + 4] = { 0 };
	ssize_t len;
	int fd, rc;

	if ((rc = check_file(path, err)) != CAL_OK)
		return rc;
	/* A program may be executable without being readable. */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return CAL_OK;
	len = read(fd, head, HEAD_MAX);
	cal_io_close(&fd);
	return len == -1 ? CAL_OK : check_head(path, head, (size_t)len, err);
}

/*
 * The first file of this name in PATH that passes; else what is wrong with the
 * first one that is there at all.
 */
static int
search_path(char **pathp, const char *name, struct cal_err *err)
{
	const char *dir = getenv("PATH");
	int rc = CAL_ENOCMD, one;
	struct cal_err why;
	size_t len;
	char *path;

	if (dir == NULL)
		dir = "/usr/local/bin:/usr/bin:/bin";
	for (;; dir += len + 1) {
		len = strcspn(dir, ":");
		path = cal_asprintf("%.*s/%s", len == 0 ? 1 : (int)len,
		    len == 0 ? "." : dir, name);
		if ((one = check_command(path, &why)) == CAL_OK) {
			*pathp = path;
			return CAL_OK;
		}
		free(path);
		if (rc == CAL_ENOCMD && one != CAL_ENOCMD)
			rc = cal_fail(err, CAL_ENOEXEC, "%s", why.text);
		if (dir[len] == '\0')
			break;
	}
	if (rc != CAL_ENOCMD)
		return rc;
	return cal_fail(err, CAL_ENOCMD, "cannot run '%s': not found in PATH",
	    name);
}

int
cal_command_locate(char **pathp, const char *name, struct cal_err *err)
{
	int rc;

	*pathp = NULL;
	if (*name == '\0')
		return cal_fail(err, CAL_ENOCMD, "the command has no name");
	if (strchr(name, '/') == NULL)
		return search_path(pathp, name, err);
	if ((rc = check_command(name, err)) == CAL_OK)
		*pathp = cal_strdup(name);
	return rc;
}
