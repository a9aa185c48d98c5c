/*
 * What all bare rigs share: bytes made by hand, with nothing decoded that need
 * not be.  They are the limit that the programs are measured against, so they
 * do no work that a peer could leave out.
 */
#ifndef BYTES_H
#define BYTES_H

#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RIG_TYPE_AT = 6,        /* where the header map holds the type */
	RIG_SEQ_BEHIND = 12,    /* so far behind the method stands the seq */
	RIG_BODY_AT = 13,       /* where the payload map holds the body */
	RIG_FUNCTION = 1,
	RIG_RESULT = 2,
	RIG_ERROR = 4,
};

/* A whole number of at least low, or the end. */
static inline long
rig_number(const char *text, long low)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || number < low)
		errx(64, "bad number '%s'", text);
	return number;
}

/*
 * The header of a FUNCTION: type, meth, okey (none), seq (always four bytes,
 * at the returned place), zip.  Its length comes to *lenp.
 */
static inline uint8_t *
rig_header(uint8_t *out, const char *method, size_t *lenp)
{
	uint8_t *at = out, *seq;
	size_t len = strlen(method);

	memcpy(at, "\x85\xa4type\x01\xa4meth\xd9", 13);
	at += 13;
	*at++ = (uint8_t)len;
	memcpy(at, method, len);
	at += len;
	memcpy(at, "\xa4okey\xc4\x00\xa3seq\xce\0\0\0", 15);
	at += RIG_SEQ_BEHIND;
	seq = at;
	memset(seq, 0, 4);
	at += 4;
	memcpy(at, "\xa3zip\xc2", 5);
	*lenp = (size_t)(at + 5 - out);
	return seq;
}

static inline void
rig_put_u32(uint8_t *at, uint32_t number)
{
	at[0] = (uint8_t)(number >> 24);
	at[1] = (uint8_t)(number >> 16);
	at[2] = (uint8_t)(number >> 8);
	at[3] = (uint8_t)number;
}

/* What stands in front of a body's length; meta is empty. */
#define RIG_PAYLOAD_HEAD "\x82\xa4meta\xc4\x00\xa4" "body\xc6"

/* A payload with an empty meta around body; the caller frees. */
static inline uint8_t *
rig_payload(const void *body, size_t len, size_t *lenp)
{
	uint8_t *out = malloc(RIG_BODY_AT + 5 + len);

	if (out == NULL)
		err(1, "malloc");
	memcpy(out, RIG_PAYLOAD_HEAD, RIG_BODY_AT + 1);
	rig_put_u32(out + RIG_BODY_AT + 1, (uint32_t)len);
	memcpy(out + RIG_BODY_AT + 5, body, len);
	*lenp = RIG_BODY_AT + 5 + len;
	return out;
}

/*
 * The body in a payload whose meta is short: a bin of one byte (0x90) or
 * none, which is all that FUNCTION and RESULT have.
 */
static inline const uint8_t *
rig_body_in(const uint8_t *base, size_t size, size_t *lenp)
{
	size_t at = RIG_BODY_AT, head;
	uint32_t len = 0;

	if (size > 8 && base[7] == 1)
		at++;
	if (size < at + 2 || base[at] < 0xc4 || base[at] > 0xc6)
		goto bad;
	head = (size_t)1 << (base[at++] - 0xc4);
	if (size < at + head)
		goto bad;
	while (head-- > 0)
		len = len << 8 | base[at++];
	if (len != size - at)
		goto bad;
	*lenp = len;
	return base + at;
bad:
	errx(1, "a payload without a body");
}

#endif
