/*
 * Z85: binary as printable text, four bytes in five characters (ZeroMQ's
 * rfc.zeromq.org/spec/32).  Here for keys, which are short.
 */
#ifndef CAL_CODEC_Z85_H
#define CAL_CODEC_Z85_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Writes len / 4 * 5 characters and a NUL to text.  len is a multiple of 4.
 */
void cal_z85_encode(char *text, const uint8_t *bytes, size_t len);

/*
 * Writes text.len / 5 * 4 bytes.  False, with bytes in no certain state: the
 * length is no multiple of 5, a character is none of Z85's, or five of them
 * stand for more than 32 bits.
 */
bool cal_z85_decode(uint8_t *bytes, struct cal_slice text);

/* Is c one of the 85 characters? */
bool cal_z85_has(char c);

#endif
