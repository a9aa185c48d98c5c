/*
 * The first words of a ZeroMQ server, asked for over a connection of our own.
 *
 * When a handshake fails, libzmq often does not say why: a server that hears
 * of another security mechanism hangs up before its own is sent.  Whoever
 * says no more than that it speaks ZMTP 3 is told the mechanism each time
 * (rfc.zeromq.org/spec/23, "greeting").
 */
#ifndef CAL_TRANSPORT_GREETING_H
#define CAL_TRANSPORT_GREETING_H

#include "base/url.h"

struct ev_loop;
struct cal_greeting;

enum cal_mechanism {
	CAL_MECHANISM_UNKNOWN,  /* nobody there, no answer in time, no ZMTP 3 */
	CAL_MECHANISM_NULL,
	CAL_MECHANISM_CURVE,
	CAL_MECHANISM_OTHER,
};

typedef void cal_greeting_fn(void *arg, enum cal_mechanism mechanism);

/*
 * Asks who listens at url, a tcp one whose host is a number, or an ipc one.
 * done comes once, from the loop, after a second at the latest; greeting is
 * gone then.
 */
struct cal_greeting *cal_greeting_start(struct ev_loop *loop,
    const struct cal_url *url, cal_greeting_fn *done, void *arg);

/* Gives up: done does not come any more.  NULL is no error. */
void cal_greeting_stop(struct cal_greeting *greeting);

#endif
