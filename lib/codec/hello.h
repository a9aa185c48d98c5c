/*
 * What a server of ours says of itself in the PONG to a PING that asked:
 * a msgpack map in the payload frame, at most CAL_HELLO_MAX bytes.
 */
#ifndef CAL_CODEC_HELLO_H
#define CAL_CODEC_HELLO_H

#include <stdbool.h>

#include "base/buf.h"

enum { CAL_HELLO_MAX = 65536 };

/* The header frame of a PING that asks, and of the PONG that answers. */
#define CAL_HELLO_QUESTION "cal1"

struct cal_hello {
	struct cal_slice version, order, serializer;    /* text; may be empty */
	uint64_t max_body;                              /* 0: not told */
	struct cal_slice methods, ext;  /* raw arrays of str, or empty */
};

/* Slices point into payload.  CAL_EPROTO; unknown keys are ignored. */
int cal_hello_read(struct cal_hello *hello, struct cal_slice payload,
    struct cal_err *err);
void cal_hello_write(const struct cal_hello *hello, struct cal_buf *out);

/* Is text, or "*", among the items?  An empty slice says nothing: true. */
bool cal_hello_lists(struct cal_slice array, struct cal_slice text);

/* The map as one line of JSON, for people. */
void cal_hello_put_json(struct cal_buf *out, const struct cal_hello *hello);

#endif
