/*
 * One RPC message: the header and payload frames, to a struct and back.
 *
 * Header: a msgpack map of type, meth, okey, seq, zip; payload: a msgpack map
 * of meta and body, as one raw snappy block when zip is true.  Source: the
 * Callosum library as observed on the wire; the keys dl, cid, max, rto, why
 * and st are extensions, which readers ignore that do not know them.
 *
 * Decoding is in two steps, since a message with a readable header can still
 * be answered when its payload is bad.  It accepts what the library accepts:
 * any order of keys, unknown keys, meth as str, okey and seq of any kind but
 * map (up to CAL_RPCMSG_ECHO_MAX bytes), zip by truth, type 1.0 and true.  It
 * allocates nothing but what a compressed payload expands to.
 */
#ifndef CAL_CODEC_RPCMSG_H
#define CAL_CODEC_RPCMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum cal_rpc_type {
	CAL_RPC_NULL, CAL_RPC_FUNCTION, CAL_RPC_RESULT, CAL_RPC_FAILURE,
	CAL_RPC_ERROR, CAL_RPC_CANCEL, CAL_RPC_CANCELLED,
};

enum {
	CAL_RPCMSG_METHOD_MAX = 255,
	CAL_RPCMSG_ECHO_MAX = 4096,     /* raw okey, raw seq */
	CAL_RPCMSG_HEADER_MAX = 16384,
	CAL_RPCMSG_ERROR_MAX = 65536,   /* name, repr, traceback: each */
	CAL_RPCMSG_CID = 16,
};

/*
 * What identifies a call among those of one connection: the raw msgpack bytes
 * of the three values, so that str and bin stay different and everything is
 * echoed byte for byte.
 */
struct cal_rpcmsg_id {
	struct cal_slice meth, okey, seq;
};

bool cal_rpcmsg_same_id(const struct cal_rpcmsg_id *a,
    const struct cal_rpcmsg_id *b);

struct cal_rpcmsg {
	enum cal_rpc_type type;
	struct cal_rpcmsg_id id;        /* raw */
	struct cal_slice method;        /* the text of meth */
	struct cal_slice key;           /* okey's bytes if str or bin, else raw;
	                                   empty: no key */
	bool zip;                       /* compressed, or to be */

	/* Extensions; has_* tells a missing one from a zero. */
	bool has_dl, has_max, has_st;
	uint64_t dl;                    /* milliseconds left */
	uint64_t max;                   /* largest answer in bytes */
	int64_t st;                     /* exit status, or -signal */
	struct cal_slice cid;           /* CAL_RPCMSG_CID bytes, or empty */
	struct cal_slice rto;           /* text, or empty */
	struct cal_slice why;           /* text, or empty */

	/* From the payload. */
	struct cal_slice body;          /* str or bin; of FUNCTION and RESULT */
	struct cal_slice error[3];      /* name, repr, traceback */
};

/*
 * Reads a header.  Everything points into the frame.  CAL_EPROTO when it is
 * not readable; then nothing can be answered.  A message with a readable id
 * but a bad detail (an overlong method, an unknown type) also fails, and
 * *echoablep (may be NULL) is true when an ERROR with this id makes sense.
 */
int cal_rpcmsg_read_header(struct cal_rpcmsg *msg, struct cal_slice header,
    bool *echoablep, struct cal_err *err);

/*
 * Reads the payload of a message whose header was read.  A compressed one is
 * expanded into plain, which must live as long as msg is used; its limit is
 * max_bytes, as for the body.  CAL_EDATA: too large; CAL_EPROTO: anything
 * else.
 */
int cal_rpcmsg_read_payload(struct cal_rpcmsg *msg, struct cal_slice payload,
    struct cal_buf *plain, size_t max_bytes, struct cal_err *err);

/*
 * Writes both frames at the end of header and payload (which have no limit):
 * what the library writes byte for byte, followed by the extensions that are
 * set.  msg->zip compresses.  id.meth and the others are raw msgpack.
 */
void cal_rpcmsg_write(const struct cal_rpcmsg *msg, struct cal_buf *header,
    struct cal_buf *payload);

/* The raw form of a method name, key (str when UTF-8, else bin), number. */
void cal_rpcmsg_put_method(struct cal_buf *out, struct cal_slice name);
void cal_rpcmsg_put_key(struct cal_buf *out, struct cal_slice key);
void cal_rpcmsg_put_seq(struct cal_buf *out, uint32_t seq);

const char *cal_rpc_type_name(enum cal_rpc_type type);

#endif
