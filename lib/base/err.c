/*
 * Errors as values.  Every text is made in a place of its own first, so that
 * an error's own text may be among the arguments.
 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static void
set(struct cal_err *err, enum cal_code code, const char *text)
{
	err->code = code;
	memcpy(err->text, text, strlen(text) + 1);
}

/* Adds ": MORE" to a text of CAL_ERR_TEXT bytes; what has no room is cut. */
static void
append(char *text, const char *more)
{
	size_t len = strlen(text), room = CAL_ERR_TEXT - len;

	if (room > 2) {
		memcpy(text + len, ": ", 3);
		len += 2;
		room -= 2;
		memcpy(text + len, more, strnlen(more, room - 1));
		text[len + strnlen(more, room - 1)] = '\0';
	}
}

int
cal_fail(struct cal_err *err, enum cal_code code, const char *fmt, ...)
{
	char text[CAL_ERR_TEXT];
	va_list args;

	if (err == NULL)
		return code;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	set(err, code, text);
	return code;
}

int
cal_fail_errno(struct cal_err *err, enum cal_code code, int errnum,
    const char *fmt, ...)
{
	char text[CAL_ERR_TEXT], reason[128];
	va_list args;

	if (err == NULL)
		return code;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	append(text, strerror_r(errnum, reason, sizeof(reason)));
	set(err, code, text);
	return code;
}

void
cal_err_prefix(struct cal_err *err, const char *fmt, ...)
{
	char text[CAL_ERR_TEXT];
	va_list args;

	if (err == NULL)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	append(text, err->text);
	set(err, err->code, text);
}
