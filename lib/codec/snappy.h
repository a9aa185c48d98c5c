/* Raw snappy blocks, bounded by the length that stands in their first bytes. */
#ifndef CAL_CODEC_SNAPPY_H
#define CAL_CODEC_SNAPPY_H

#include "base/buf.h"

/*
 * Expands block to the end of out.  CAL_EDATA when it says more than
 * max_bytes, before anything is allocated; CAL_EPROTO when it is corrupt.
 */
int cal_snappy_expand(struct cal_buf *out, struct cal_slice block,
    size_t max_bytes, struct cal_err *err);

void cal_snappy_compress(struct cal_buf *out, struct cal_slice plain);

#endif
