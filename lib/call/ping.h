/* --ping: is there a server, and what is it? */
#ifndef CAL_CALL_PING_H
#define CAL_CALL_PING_H

#include "rpc/peer.h"

/* The line that says it: {"ms":0.21,...}; hello is NULL of a plain peer. */
void cal_ping_put(struct cal_buf *out, double seconds,
    const struct cal_hello *hello);

#endif
