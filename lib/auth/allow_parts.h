/*
 * Inside a table of users: what allow.c, allow_list.c (the text of a list) and
 * allow_dir.c (folders) share.  Nobody else includes this.
 */
#ifndef CAL_AUTH_ALLOW_PARTS_H
#define CAL_AUTH_ALLOW_PARTS_H

#include "auth/allow.h"
#include "auth/trust.h"

struct cal_user {
	unsigned uses;                  /* the table's is one */
	unsigned place;                 /* line, or number in the folder */
	char *text;                     /* what methods point into */
	const char **methods;           /* sorted; NULL: may call anything */
	size_t count;                   /* of methods */
	char name[CAL_USER_MAX + 1];
};

/* The user of a key, lent; NULL: the key is new. */
const struct cal_user *cal_allow_peek(const struct cal_allow *allow,
    const uint8_t key[CAL_KEY_BYTES]);

/*
 * Adds a user, who is lent to the caller, for a key that is new.  CAL_ECONFIG,
 * without a word on where: name is no user's, or there are too many keys.
 */
int cal_allow_add(struct cal_user **userp, struct cal_allow *allow,
    const uint8_t key[CAL_KEY_BYTES], struct cal_slice name,
    struct cal_err *err);

/*
 * Ends what fills a table: if rc is CAL_OK, allow has what fresh holds from
 * now on.  Takes fresh over and returns rc.
 */
int cal_allow_settle(struct cal_allow *allow, struct cal_allow *fresh, int rc);

/* cal_allow_load for an open folder; path is for words only. */
int cal_allow_read_dir(struct cal_allow *allow, DIR *dir, const char *path,
    struct cal_err *err);

#endif
