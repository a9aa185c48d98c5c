/* The one line of a file is looked at as a whole, and wiped behind us. */
#include "auth/password.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "auth/trust.h"
#include "base/io.h"
#include "base/secret.h"

/* Behind the password CR and LF, and one byte more to see that it is longer. */
enum { TEXT_MAX = CAL_URL_PASSWORD_MAX + 2 };

static int
read_line(char *password, char *text, size_t len, const char *path,
    struct cal_err *err)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	if (memchr(text, '\n', len) != NULL)
		return cal_fail(err, CAL_ECONFIG, "%s: there is more than one "
		    "line in it", path);
	if (strlen(text) != len)
		return cal_fail(err, CAL_ECONFIG, "%s: control character",
		    path);
	if (cal_url_check_password(text, path, err) != CAL_OK) {
		err->code = CAL_ECONFIG;
		return CAL_ECONFIG;
	}
	memcpy(password, text, len + 1);
	return CAL_OK;
}

static int
open_file(int *fdp, const char *path, struct cal_err *err)
{
	int rc = cal_trust_open(fdp, path, CAL_TRUST_SECRET, err);

	if (rc != CAL_OK && *path != '\0' && access(path, F_OK) == -1 &&
	    errno != EACCES)
		return cal_fail(err, CAL_ECONFIG, "there is no such file, and "
		    "a password itself is not taken here");
	return rc;
}

int
cal_password_load(char password[CAL_URL_PASSWORD_MAX + 1], const char *path,
    struct cal_err *err)
{
	char text[TEXT_MAX + 1];
	ssize_t len;
	int fd, rc;

	if ((rc = open_file(&fd, path, err)) != CAL_OK)
		return rc;
	if ((len = cal_io_fill(fd, text, sizeof(text))) == -1)
		rc = cal_fail_errno(err, CAL_ECONFIG, errno, "%s", path);
	else if (len > TEXT_MAX)
		rc = cal_fail(err, CAL_ECONFIG, "%s: more than %d bytes", path,
		    CAL_URL_PASSWORD_MAX);
	else
		rc = read_line(password, text, (size_t)len, path, err);
	cal_secret_wipe(text, sizeof(text));
	cal_io_close(&fd);
	return rc;
}
