/*
 * Files that decide who is let in: opened without waiting for anybody, and
 * only if nobody else can have written them, or, for a secret, read them.
 */
#ifndef CAL_AUTH_TRUST_H
#define CAL_AUTH_TRUST_H

#include <dirent.h>

#include "base/err.h"

enum cal_trust {
	CAL_TRUST_SECRET,       /* no symbolic link; ours or root's; nothing
	                           for group and others */
	CAL_TRUST_PUBLIC,       /* ours or root's; others may not write */
};

/*
 * Opens a regular file for reading; the checks are made on what was opened.
 * CAL_ECONFIG as "PATH: why", without a path that has a key in it.  Within the
 * folder that $CREDENTIALS_DIRECTORY names, a secret of root's may be readable
 * for the group, since systemd gives its services access by an ACL, which
 * shows there.
 */
int cal_trust_open(int *fdp, const char *path, enum cal_trust trust,
    struct cal_err *err);

/* The same for a file of an open folder; dir is for words only. */
int cal_trust_open_at(int *fdp, int at, const char *dir, const char *name,
    enum cal_trust trust, struct cal_err *err);

/*
 * Opens a folder: ours or root's, others may not write.  *dirp NULL without an
 * error: path is no folder.
 */
int cal_trust_opendir(DIR **dirp, const char *path, struct cal_err *err);

#endif
