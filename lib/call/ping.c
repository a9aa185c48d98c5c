/* One JSON object: the time, and what the hello holds. */
#include <errno.h>
#include <unistd.h>

#include "base/io.h"
#include "call/ping.h"

double
cal_ping_timeout(const struct cal_call_options *options)
{
	if (options->timeout > 0 && (options->connect_timeout == 0 ||
	    options->timeout < options->connect_timeout))
		return options->timeout;
	return options->connect_timeout;
}

static void
put_line(struct cal_buf *out, double seconds, const struct cal_hello *hello)
{
	struct cal_buf said = { .max = 0 };

	cal_buf_printf(out, "{\"ms\":%.3f", seconds * 1000);
	if (hello != NULL)
		cal_hello_put_json(&said, hello);
	/* Its members go on with ours, if it is more than "{}". */
	if (said.len > 2) {
		cal_buf_put_byte(out, ',');
		cal_buf_put(out, said.ptr + 1, said.len - 2);
	}
	cal_buf_put_text(out, "}\n");
	cal_buf_release(&said);
}

int
cal_ping_print(double seconds, const struct cal_hello *hello,
    struct cal_err *err)
{
	struct cal_buf line = { .max = 0 };
	int rc = CAL_OK;

	put_line(&line, seconds, hello);
	if (cal_io_write_all(STDOUT_FILENO, line.ptr, line.len) == -1)
		rc = errno == EPIPE ? CAL_EGONE : cal_fail_errno(err, CAL_EIO,
		    errno, "cannot write to standard output");
	cal_buf_release(&line);
	return rc;
}
