/*
 * Memory for what nobody else may see: between pages that cannot be touched,
 * locked as far as the system lets us, left out of core dumps, wiped when it
 * is given back.
 */
#ifndef CAL_BASE_SECRET_H
#define CAL_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

/* Ends the process as base/mem.h does when there is none. */
void *cal_secret_new(size_t size);
void cal_secret_free(void *secret);     /* NULL is no error */

/* Wipes bytes that are elsewhere, for instance on the stack. */
void cal_secret_wipe(void *ptr, size_t size);

/*
 * From now on this process leaves no core and cannot be traced or looked into
 * by others of the same user (Linux: PR_SET_DUMPABLE).  Only the soft limit
 * of core files changes, so that processes that we start can have theirs back
 * (exec/spawn.c).  Called before the first secret is read.
 */
void cal_secret_guard(void);

/* The limit of core files before the guard; false: there is no guard. */
bool cal_secret_core(struct rlimit *limit);

#endif
