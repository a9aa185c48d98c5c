/*
 * A line's shape given by the user, in kcat's words: %s body, %S its size, %k
 * key, %t topic, %T time, %o id, %% a percent sign; \n, \r, \t, \0, \\ and
 * \xNN.
 */
#ifndef CAL_CLI_FORMAT_H
#define CAL_CLI_FORMAT_H

#include "base/buf.h"

/* What the tokens stand for; all lent. */
struct cal_format_values {
	struct cal_slice body, key, topic, time, id;
};

/* CAL_EUSAGE for an unknown token or escape. */
int cal_format_check(const char *format, struct cal_err *err);

/* Adds a checked format with these values to out. */
void cal_format_put(struct cal_buf *out, const char *format,
    const struct cal_format_values *values);

#endif
