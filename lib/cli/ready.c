/* Readiness is said once, in every way that somebody waits for. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/ready.h"

/* What systemd listens to: one datagram to the socket that it names. */
static void
notify_supervisor(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, "READY=1\n", 8, MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&addr, (socklen_t)(offsetof(
	    struct sockaddr_un, sun_path) + len)) == -1)
		cal_log(CAL_LOG_WARNING, "cannot notify the supervisor: %s",
		    strerror(errno));
	cal_io_close(&fd);
}

int
cal_ready_check(uint64_t notify_fd, struct cal_err *err)
{
	int fd = (int)notify_fd;

	if (notify_fd == 0)
		return CAL_OK;
	if (notify_fd < 3 || notify_fd > INT_MAX || fcntl(fd, F_GETFD) == -1)
		return cal_fail(err, CAL_EUSAGE, "descriptor %d cannot be "
		    "notified: it is not open, or one of 0, 1, 2", fd);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CAL_OK;
}

/* The URL and a newline in one write, then nothing more ever. */
static int
say_on_stdout(const char *url, struct cal_err *err)
{
	char *line = cal_asprintf("%s\n", url);
	int failed = cal_io_write_all(STDOUT_FILENO, line, strlen(line));
	int null, reason = errno;

	free(line);
	if (failed == -1)
		return cal_fail_errno(err, CAL_EIO, reason,
		    "cannot write to standard output");
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null != -1)
		(void)dup2(null, STDOUT_FILENO);
	cal_io_close(&null);
	return CAL_OK;
}

static void
say_on_stderr(const char *url)
{
	size_t len;

	for (; *url != '\0'; url += len + (url[len] != '\0')) {
		len = strcspn(url, "\n");
		cal_log_line(CAL_LOG_FAILURE, cal_slice_of(url, len));
	}
}

int
cal_ready_say(enum cal_ready_line line, const char *url, uint64_t notify_fd,
    struct cal_err *err)
{
	int rc = CAL_OK;

	switch (line) {
	case CAL_READY_QUIET:
		break;
	case CAL_READY_STDOUT:
		rc = say_on_stdout(url, err);
		break;
	case CAL_READY_STDERR:
		say_on_stderr(url);
		break;
	}
	if (notify_fd != 0) {
		(void)cal_io_write_all((int)notify_fd, "\n", 1);
		(void)close((int)notify_fd);
	}
	notify_supervisor();
	return rc;
}
