/* Base64 with padding, RFC 4648. */
#ifndef CAL_CODEC_BASE64_H
#define CAL_CODEC_BASE64_H

#include "base/buf.h"

void cal_base64_put(struct cal_buf *out, struct cal_slice bytes);

/* CAL_EDATA for anything that is not exactly base64; out is then unchanged. */
int cal_base64_read(struct cal_buf *out, struct cal_slice text,
    struct cal_err *err);

#endif
