/* Passwords from files: one line each, kept as carefully as a secret key. */
#ifndef CAL_AUTH_PASSWORD_H
#define CAL_AUTH_PASSWORD_H

#include "base/err.h"
#include "base/url.h"

/*
 * The line in the file at path, without its newline.  CAL_ECONFIG: the file is
 * not safe (auth/trust.h) or not readable, or what it holds is no password.
 * Words never show that, nor a path where nothing is: it may be the password
 * itself.
 */
int cal_password_load(char password[CAL_URL_PASSWORD_MAX + 1],
    const char *path, struct cal_err *err);

#endif
