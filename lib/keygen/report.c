/* A pair as a line of JSON, for a script, and where it goes. */
#include "keygen/report.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "codec/json.h"

static void
put_member(struct cal_buf *out, const char *name, const char *text)
{
	cal_buf_printf(out, "%s\"%s\":",
	    out->ptr[out->len - 1] == '{' ? "" : ",", name);
	cal_json_quote_lossy(out, cal_slice_text(text));
}

void
cal_report_put(struct cal_buf *out, const struct cal_report *report)
{
	char key[CAL_KEY_TEXT + 1], fingerprint[CAL_KEY_FINGERPRINT + 1];

	cal_key_text(key, report->public);
	cal_key_fingerprint(fingerprint, report->public);
	cal_buf_put_text(out, "{");
	put_member(out, "name", report->name);
	put_member(out, "public", key);
	put_member(out, "fingerprint", fingerprint);
	cal_buf_put_text(out, ",\"files\":{");
	if (report->secret_path != NULL)
		put_member(out, "secret", report->secret_path);
	if (report->public_path != NULL)
		put_member(out, "public", report->public_path);
	cal_buf_put_text(out, "}}\n");
}

static int
write_stdout(struct cal_slice text, struct cal_err *err)
{
	if (cal_io_write_all(STDOUT_FILENO, text.ptr, text.len) == 0)
		return CAL_OK;
	return errno == EPIPE ? CAL_EGONE : cal_fail_errno(err, CAL_EIO,
	    errno, "cannot write to standard output");
}

/* A file that is there may be a key: only pipes and devices are written to. */
int
cal_report_check(const char *path, struct cal_err *err)
{
	struct stat st;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode))
		return cal_fail(err, CAL_ECREATE, "'%s' is there already",
		    path);
	return CAL_OK;
}

static int
open_output(int *fdp, const char *path, struct cal_err *err)
{
	int rc;

	*fdp = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (*fdp == -1 && errno == EEXIST) {
		if ((rc = cal_report_check(path, err)) != CAL_OK)
			return rc;
		*fdp = open(path, O_WRONLY | O_CLOEXEC);
	}
	return *fdp != -1 ? CAL_OK : cal_fail_errno(err, CAL_EIO, errno,
	    "cannot write '%s'", path);
}

int
cal_report_write(const char *path, struct cal_slice text, struct cal_err *err)
{
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return write_stdout(text, err);
	if ((rc = open_output(&fd, path, err)) != CAL_OK)
		return rc;
	if (cal_io_write_all(fd, text.ptr, text.len) == -1)
		rc = cal_fail_errno(err, CAL_EIO, errno, "cannot write '%s'",
		    path);
	cal_io_close(&fd);
	return rc;
}
