/* Keys of CURVE, by libsodium. */
#include "auth/keys.h"

#include <sodium.h>

#include "base/secret.h"
#include "codec/base64.h"
#include "codec/z85.h"

void
cal_keys_make(struct cal_keys *keys)
{
	keys->secret = cal_secret_new(CAL_KEY_BYTES);
	(void)crypto_box_keypair(keys->public, keys->secret);
}

int
cal_keys_take(struct cal_keys *keys, uint8_t *secret, struct cal_err *err)
{
	*keys = (struct cal_keys){ 0 };
	if (sodium_is_zero(secret, CAL_KEY_BYTES)) {
		cal_secret_free(secret);
		return cal_fail(err, CAL_ECONFIG, "the key is all zero");
	}
	(void)crypto_scalarmult_base(keys->public, secret);
	keys->secret = secret;
	return CAL_OK;
}

void
cal_keys_release(struct cal_keys *keys)
{
	cal_secret_free(keys->secret);
	*keys = (struct cal_keys){ 0 };
}

/*
 * The points of low order, lowest byte first, as RFC 7748 counts them: 0, 1,
 * the two of order 8, -1, and 0 and 1 again as p and p + 1.  A comparison and
 * no multiplication, as a list may have a hundred thousand keys.
 */
static const uint8_t low_order[][CAL_KEY_BYTES] = {
	{ 0 },
	{ 1 },
	{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
	    0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
	    0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
	{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
	    0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
	    0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

int
cal_key_check(const uint8_t public[CAL_KEY_BYTES], struct cal_err *err)
{
	uint8_t point[CAL_KEY_BYTES];
	size_t i;

	if (sodium_is_zero(public, CAL_KEY_BYTES))
		return cal_fail(err, CAL_ECONFIG, "the key is all zero");
	/* The highest bit says nothing. */
	memcpy(point, public, sizeof(point));
	point[CAL_KEY_BYTES - 1] &= 0x7f;
	for (i = 0; i < sizeof(low_order) / sizeof(low_order[0]); i++)
		if (memcmp(point, low_order[i], sizeof(point)) == 0)
			return cal_fail(err, CAL_ECONFIG,
			    "the key is a point of low order, which is safe "
			    "for nobody");
	return CAL_OK;
}

int
cal_key_decode(uint8_t key[CAL_KEY_BYTES], struct cal_slice text,
    struct cal_err *err)
{
	size_t i;

	if (text.len != CAL_KEY_TEXT)
		return cal_fail(err, CAL_ECONFIG,
		    "a key has 40 characters, not %zu", text.len);
	for (i = 0; i < text.len; i++)
		if (!cal_z85_has((char)text.ptr[i]))
			return cal_fail(err, CAL_ECONFIG, "no key: character "
			    "%zu of 40 is none that Z85 has", i + 1);
	if (!cal_z85_decode(key, text))
		return cal_fail(err, CAL_ECONFIG, "no key: five characters "
		    "of Z85 stand for more than 32 bits");
	return CAL_OK;
}

int
cal_key_read(uint8_t public[CAL_KEY_BYTES], struct cal_slice text,
    struct cal_err *err)
{
	int rc;

	if ((rc = cal_key_decode(public, text, err)) != CAL_OK)
		return rc;
	return cal_key_check(public, err);
}

void
cal_key_text(char text[CAL_KEY_TEXT + 1],
    const uint8_t public[CAL_KEY_BYTES])
{
	cal_z85_encode(text, public, CAL_KEY_BYTES);
}

void
cal_key_fingerprint(char text[CAL_KEY_FINGERPRINT + 1],
    const uint8_t public[CAL_KEY_BYTES])
{
	static const char head[] = "SHA256:";
	uint8_t hash[crypto_hash_sha256_BYTES];
	struct cal_buf buf = { 0 };

	(void)crypto_hash_sha256(hash, public, CAL_KEY_BYTES);
	cal_buf_put_text(&buf, head);
	cal_base64_put(&buf, cal_slice_of(hash, sizeof(hash)));
	/* Less the one "=" at the end. */
	memcpy(text, buf.ptr, CAL_KEY_FINGERPRINT);
	text[CAL_KEY_FINGERPRINT] = '\0';
	cal_buf_release(&buf);
}
