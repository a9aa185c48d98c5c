/*
 * temporenc, the binary form of dates and times (temporenc.org), as far as the
 * Python library reads it: types DT, DTS, DTZ and DTSZ in every precision of
 * the second.  It writes DTSZ with microseconds in UTC, and so do we.
 */
#ifndef CAL_CODEC_TEMPORENC_H
#define CAL_CODEC_TEMPORENC_H

#include "codec/stamp.h"

enum { CAL_TEMPORENC_BYTES = 9 };

/*
 * Reads a whole value.  Without a zone it counts as UTC, with another one its
 * fields are local time, as the library takes them; nanoseconds are cut.  The
 * year 0, which Python has not, is read too.
 * CAL_EDATA: a date or a time alone, an empty field, a zone that stands for no
 * offset, second 60, set padding, another length, or a day, hour, ... that
 * does not exist.
 */
int cal_temporenc_read(struct cal_stamp *stamp, struct cal_slice bytes,
    struct cal_err *err);

/* stamp is known.  Its offset is lost. */
void cal_temporenc_write(uint8_t bytes[CAL_TEMPORENC_BYTES],
    const struct cal_stamp *stamp);

#endif
