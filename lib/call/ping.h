/* --ping: is there a server, and what is it? */
#ifndef CAL_CALL_PING_H
#define CAL_CALL_PING_H

#include "call/options.h"
#include "rpc/peer.h"

/* Seconds to wait for a PONG: the shorter of the two times; 0: for ever. */
double cal_ping_timeout(const struct cal_call_options *options);

/*
 * Prints the line that says it: {"ms":0.21,...}; hello is NULL of a plain
 * peer.  CAL_EGONE when nobody reads it, CAL_EIO when it cannot be written.
 */
int cal_ping_print(double seconds, const struct cal_hello *hello,
    struct cal_err *err);

#endif
