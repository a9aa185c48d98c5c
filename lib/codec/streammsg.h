/*
 * The header frame of a stream message: a msgpack array.
 *
 *      [time]                          the Python library's
 *      [time, seq, mid, key, flags]    ours; nils at the end are left out
 *
 * The library reads the first element only, and ignores what follows.  time is
 * a bin with temporenc.
 */
#ifndef CAL_CODEC_STREAMMSG_H
#define CAL_CODEC_STREAMMSG_H

#include "codec/stamp.h"

enum {
	CAL_STREAMMSG_MID = 16,         /* bytes of a message's id */
	CAL_STREAMMSG_KEY_MAX = 4096,
	CAL_STREAMMSG_TOPIC_MAX = 4096,
	CAL_STREAMMSG_HEADER_MAX = 16384,
	CAL_STREAMMSG_SNAPPY = 1,       /* in flags: the body is one raw block */
};

struct cal_streammsg {
	struct cal_stamp stamp;
	bool has_seq;
	uint64_t seq;                   /* the publisher's, for this topic */
	struct cal_slice mid;           /* CAL_STREAMMSG_MID bytes, or empty */
	struct cal_slice key;           /* empty: none */
	uint64_t flags;
};

/*
 * Slices point into header.  A time that cannot be read is one that is not
 * known.  Elements behind it that are not of our kinds, or a key that is too
 * long, are somebody else's: they, and what follows, are as nothing.
 * CAL_EPROTO: no msgpack array, an empty one, bytes behind it, or larger than
 * CAL_STREAMMSG_HEADER_MAX.
 */
int cal_streammsg_read(struct cal_streammsg *msg, struct cal_slice header,
    struct cal_err *err);

/*
 * To the end of out.  A stamp that is not known is written as nil, a key as str
 * when it is UTF-8, else as bin.
 */
void cal_streammsg_write(const struct cal_streammsg *msg, struct cal_buf *out);

#endif
