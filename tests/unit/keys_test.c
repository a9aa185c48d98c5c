/* Unit tests of auth/keys. */
#include <sodium.h>

#include "auth/keys.h"
#include "base/secret.h"
#include "codec/z85.h"
#include "unit.h"

/* RFC 7748, section 6.1: Alice's. */
static const uint8_t alice[CAL_KEY_BYTES] = {
	0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
	0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
	0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a,
};
static const uint8_t alice_public[CAL_KEY_BYTES] = {
	0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d,
	0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38,
	0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a,
};

static uint8_t *
secret_of(const uint8_t bytes[CAL_KEY_BYTES])
{
	uint8_t *secret = cal_secret_new(CAL_KEY_BYTES);

	memcpy(secret, bytes, CAL_KEY_BYTES);
	return secret;
}

static void
test_make(void **state)
{
	struct cal_keys a, b, again;
	struct cal_err err;

	(void)state;
	cal_keys_make(&a);
	cal_keys_make(&b);
	assert_memory_not_equal(a.public, b.public, CAL_KEY_BYTES);
	assert_memory_not_equal(a.secret, b.secret, CAL_KEY_BYTES);
	assert_int_equal(cal_key_check(a.public, &err), CAL_OK);
	assert_int_equal(cal_keys_take(&again, secret_of(a.secret), &err),
	    CAL_OK);
	assert_memory_equal(again.public, a.public, CAL_KEY_BYTES);
	cal_keys_release(&again);
	cal_keys_release(&b);
	cal_keys_release(&a);
	cal_keys_release(&a);
	assert_null(a.secret);
}

static void
test_take(void **state)
{
	static const uint8_t zeros[CAL_KEY_BYTES];
	struct cal_keys keys;
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_keys_take(&keys, secret_of(alice), &err), CAL_OK);
	assert_memory_equal(keys.public, alice_public, CAL_KEY_BYTES);
	cal_keys_release(&keys);
	assert_int_equal(cal_keys_take(&keys, secret_of(zeros), &err),
	    CAL_ECONFIG);
	assert_string_equal(err.text, "the key is all zero");
	assert_null(keys.secret);
}

static void
test_text(void **state)
{
	static const char want[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
	uint8_t public[CAL_KEY_BYTES];
	char text[CAL_KEY_TEXT + 1];
	struct cal_err err;

	(void)state;
	/* The example of libzmq's manual. */
	assert_int_equal(cal_key_read(public, cal_slice_text(want), &err),
	    CAL_OK);
	cal_key_text(text, public);
	assert_string_equal(text, want);
}

/* As sha256sum and base64 say. */
static void
test_fingerprint(void **state)
{
	char text[CAL_KEY_FINGERPRINT + 1];

	(void)state;
	cal_key_fingerprint(text, alice_public);
	assert_string_equal(text,
	    "SHA256:MAyclgO5Kks57TlYv5JAEUgE20/TcwEsDKR0MtY0Ja4");
}

static void
refused(const char *text, const char *why)
{
	struct cal_slice copy = exact(cal_slice_text(text));
	uint8_t public[CAL_KEY_BYTES];
	struct cal_err err;

	assert_int_equal(cal_key_read(public, copy, &err), CAL_ECONFIG);
	assert_string_equal(err.text, why);
	exact_free(copy);
}

static void
test_refused(void **state)
{
	(void)state;
	refused("", "a key has 40 characters, not 0");
	refused("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI",
	    "a key has 40 characters, not 39");
	refused("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID0",
	    "a key has 40 characters, not 41");
	refused("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID0000",
	    "a key has 40 characters, not 44");
	refused("Yne@$w vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
	    "no key: character 7 of 40 is none that Z85 has");
	refused("\"ne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\"",
	    "no key: character 1 of 40 is none that Z85 has");
	refused("#####w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "no key: five "
	    "characters of Z85 stand for more than 32 bits");
	refused("0000000000000000000000000000000000000000",
	    "the key is all zero");
}

/* libsodium's own word on a point: no secret can be agreed on with it. */
static bool
useless(const uint8_t point[CAL_KEY_BYTES])
{
	uint8_t shared[CAL_KEY_BYTES];

	return crypto_scalarmult(shared, alice, point) != 0;
}

static void
same_word(const uint8_t point[CAL_KEY_BYTES], unsigned *refusedp)
{
	struct cal_err err;
	int rc = cal_key_check(point, &err);

	assert_int_equal(rc == CAL_OK, !useless(point));
	*refusedp += rc != CAL_OK;
}

/*
 * All small numbers and all just below and above p, with and without the
 * highest bit: these hold every second name of a point.
 */
static void
test_low_order(void **state)
{
	uint8_t point[CAL_KEY_BYTES];
	unsigned i, top, low = 0, high = 0;

	(void)state;
	for (top = 0; top <= 0x80; top += 0x80) {
		for (i = 0; i < 256; i++) {
			memset(point, 0, sizeof(point));
			point[0] = (uint8_t)i;
			point[CAL_KEY_BYTES - 1] |= (uint8_t)top;
			same_word(point, &low);
			memset(point, 0xff, sizeof(point));
			point[0] = (uint8_t)i;
			point[CAL_KEY_BYTES - 1] = (uint8_t)(0x7f | top);
			same_word(point, &high);
		}
	}
	assert_int_equal(low, 4);
	assert_int_equal(high, 6);
}

/* The points of order 8, and others beside them. */
static void
test_order_eight(void **state)
{
	static const char *const points[] = {
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49"
		    "b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f"
		    "1157",
	};
	uint8_t point[CAL_KEY_BYTES];
	unsigned count = 0;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(points); i++) {
		assert_int_equal(sodium_hex2bin(point, sizeof(point),
		    points[i], strlen(points[i]), NULL, NULL, NULL), 0);
		same_word(point, &count);
		point[CAL_KEY_BYTES - 1] |= 0x80;
		same_word(point, &count);
		point[7] ^= 1;
		same_word(point, &count);
	}
	assert_int_equal(count, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_low_order),
		cmocka_unit_test(test_order_eight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
