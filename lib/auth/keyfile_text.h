/* The text of a key file, for keyfile_save.c. */
#ifndef CAL_AUTH_KEYFILE_TEXT_H
#define CAL_AUTH_KEYFILE_TEXT_H

#include "auth/keyfile.h"

/*
 * Writes the text of one half to text, which has room for CAL_KEYFILE_MAX
 * bytes.
 */
void cal_keyfile_text(char *text, const struct cal_keys *keys, bool secret,
    enum cal_keyfile_kind kind);

#endif
