/* Bytes as hexadecimal digits, in lower case. */
#ifndef CAL_BASE_HEX_H
#define CAL_BASE_HEX_H

#include "base/buf.h"

/* text has room for two digits a byte, and a NUL. */
void cal_hex_text(char *text, struct cal_slice bytes);

#endif
