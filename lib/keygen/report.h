/* A pair, or the public half of one, as a line of JSON. */
#ifndef CAL_KEYGEN_REPORT_H
#define CAL_KEYGEN_REPORT_H

#include "auth/keys.h"

struct cal_report {
	const char *name;
	const uint8_t *public;          /* CAL_KEY_BYTES */
	const char *secret_path;        /* NULL: there is none */
	const char *public_path;        /* NULL: there is none */
};

/* Adds the object and a newline; what is not UTF-8 in names is replaced. */
void cal_report_put(struct cal_buf *out, const struct cal_report *report);

/* CAL_ECREATE where a file is that cal_report_write would not write to. */
int cal_report_check(const char *path, struct cal_err *err);

/*
 * Writes text to standard output for "-", or to a file, which must be new
 * (CAL_ECREATE) or no regular one.  CAL_EIO; CAL_EGONE: nobody reads.
 */
int cal_report_write(const char *path, struct cal_slice text,
    struct cal_err *err);

#endif
