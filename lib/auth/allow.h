/*
 * Who is let in: users by their public keys, and what each may call.
 *
 * From a file, a user a line:
 *
 *      # comment
 *      KEY USER [methods=NAME,NAME,...]
 *
 * or from a folder of public keys (NAME.pub, plain or certificate) and of
 * certificates (any name), user = the file's name without ".pub", or without
 * ".key" where it is a certificate; names that begin with "." or end with
 * "_secret", and NAME.key beside NAME.pub, are passed over.
 *
 * A user is 1 to 64 characters of [A-Za-z0-9_.@-], the first a letter, a digit
 * or "_".  A user may have several keys (lines with other methods each hold for
 * their key), a key only one user.  methods are names that a cal-serve can
 * have, without "*"; none after "=" is not allowed.  At most
 * CAL_ALLOW_MAX bytes and CAL_ALLOW_KEYS keys.
 */
#ifndef CAL_AUTH_ALLOW_H
#define CAL_AUTH_ALLOW_H

#include "auth/keys.h"

enum {
	CAL_ALLOW_MAX = 16 << 20,       /* bytes of a list */
	CAL_ALLOW_KEYS = 100000,        /* keys of a list or folder */
	CAL_ALLOW_LINE = 65536,         /* bytes of a line */
	CAL_USER_MAX = 64,
};

struct cal_allow;

/* One key's user; counted, so that a new list leaves it as it was. */
struct cal_user;

struct cal_allow *cal_allow_new(void);  /* empty: lets nobody in */
void cal_allow_free(struct cal_allow *allow);

/*
 * Reads a file or a folder, all or nothing: CAL_ECONFIG, with the file and
 * line, when it is not safe (auth/trust.h) or not readable, one line is bad,
 * or nobody is in it; what allow held before stays then.
 */
int cal_allow_load(struct cal_allow *allow, const char *path,
    struct cal_err *err);

/* The same for the text of a file; path is for words only.  Pure. */
int cal_allow_parse(struct cal_allow *allow, struct cal_slice text,
    const char *path, struct cal_err *err);

size_t cal_allow_count(const struct cal_allow *allow);  /* keys */

/* A use of the user of a key, to be given back; NULL: not let in. */
struct cal_user *cal_allow_find(const struct cal_allow *allow,
    const uint8_t key[CAL_KEY_BYTES]);
void cal_user_unuse(struct cal_user *user);     /* NULL is no error */

/* Empty for NULL: not known. */
const char *cal_user_name(const struct cal_user *user);

/* May the user call it?  NULL: users are not known, anything. */
bool cal_user_may(const struct cal_user *user, struct cal_slice method);

/* Is there anything that the user may not call? */
bool cal_user_limited(const struct cal_user *user);

/* The *countp methods of a limited user; NULL: anything. */
const char *const *cal_user_methods(const struct cal_user *user,
    size_t *countp);

#endif
