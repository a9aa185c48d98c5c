/*
 * A Unix socket's path, claimed before libzmq binds to it, since libzmq
 * deletes a regular file that stands there and takes the path of a live server
 * away, both without an error.
 */
#ifndef CAL_TRANSPORT_IPC_H
#define CAL_TRANSPORT_IPC_H

#include "base/err.h"

/*
 * Locks PATH.lock for as long as *lockp is open and removes a dead socket that
 * is ours.  CAL_ECONFIG when something else stands there, or a live server;
 * CAL_EOS when the lock cannot be made.
 */
int cal_ipc_claim(int *lockp, const char *path, struct cal_err *err);

/* Removes the socket and the lock's file, and closes the lock. */
void cal_ipc_release(int *lockp, const char *path);

#endif
