/*
 * Keys of CURVE: pairs of Curve25519, as text 40 characters of Z85, the same
 * that libzmq and the Python library use.
 */
#ifndef CAL_AUTH_KEYS_H
#define CAL_AUTH_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	CAL_KEY_BYTES = 32,
	CAL_KEY_TEXT = 40,              /* without the NUL */
	CAL_KEY_FINGERPRINT = 50,       /* "SHA256:" and 43 characters */
};

/* Zeroed: none. */
struct cal_keys {
	uint8_t public[CAL_KEY_BYTES];
	uint8_t *secret;                /* CAL_KEY_BYTES; of base/secret.h */
};

/* A new pair from the system's random numbers. */
void cal_keys_make(struct cal_keys *keys);

/*
 * The pair that a secret belongs to; takes secret (of base/secret.h) over,
 * also when it fails.  CAL_ECONFIG: all zero.
 */
int cal_keys_take(struct cal_keys *keys, uint8_t *secret, struct cal_err *err);

/* Wipes; a second release does nothing. */
void cal_keys_release(struct cal_keys *keys);

/*
 * A public key from its text.  CAL_ECONFIG, in words without the text itself
 * (it may be a secret that stands in the wrong place): not exactly 40
 * characters of Z85, all zero, or a point of low order, with which everybody
 * could read what is encrypted.
 */
int cal_key_read(uint8_t public[CAL_KEY_BYTES], struct cal_slice text,
    struct cal_err *err);

/*
 * The bytes of any key, secret or public, with no other check; a key that is
 * refused may have left some of them.
 */
int cal_key_decode(uint8_t key[CAL_KEY_BYTES], struct cal_slice text,
    struct cal_err *err);

/* The same check as in cal_key_read, for bytes. */
int cal_key_check(const uint8_t public[CAL_KEY_BYTES], struct cal_err *err);

void cal_key_text(char text[CAL_KEY_TEXT + 1],
    const uint8_t public[CAL_KEY_BYTES]);

/* "SHA256:" and base64 without "=" of the 32 bytes' SHA-256. */
void cal_key_fingerprint(char text[CAL_KEY_FINGERPRINT + 1],
    const uint8_t public[CAL_KEY_BYTES]);

#endif
