/*
 * A point in time with microseconds, as stream messages carry it, and its text:
 * RFC 3339, "2026-01-15T15:43:01.123456Z".
 */
#ifndef CAL_CODEC_STAMP_H
#define CAL_CODEC_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Zeroed: not known. */
struct cal_stamp {
	bool known;
	int64_t us;             /* since 1970-01-01T00:00:00Z; years 0 to 4094 */
	int offset;             /* minutes east of UTC, in which it was told */
};

/* A date and a time of day, without a zone. */
struct cal_stamp_fields {
	int year, month, day;   /* 0 to 4094, 1 to 12, 1 to 31 */
	int hour, minute, second, us;
};

/* Now, by the system's clock, in UTC. */
struct cal_stamp cal_stamp_now(void);

/* Milliseconds since 1970; stamp is known. */
int64_t cal_stamp_ms(const struct cal_stamp *stamp);

/*
 * CAL_EDATA: there is no such day, hour, …, the offset is a day or more, or in
 * UTC it is not in these years any more.
 */
int cal_stamp_make(struct cal_stamp *stamp,
    const struct cal_stamp_fields *fields, int offset, struct cal_err *err);
void cal_stamp_split(struct cal_stamp_fields *fields,
    const struct cal_stamp *stamp, int offset);

/*
 * Adds the text, always with six digits of the second and with its own offset;
 * "-" if not known.
 */
void cal_stamp_put(struct cal_buf *out, const struct cal_stamp *stamp);

/*
 * Reads RFC 3339 with any number of digits of the second, cut to microseconds,
 * or "-".  CAL_EDATA; a leap second is refused too.
 */
int cal_stamp_read(struct cal_stamp *stamp, struct cal_slice text,
    struct cal_err *err);

#endif
