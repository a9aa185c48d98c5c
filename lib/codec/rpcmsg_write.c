/*
 * Writing RPC messages, byte for byte as the library does.  The names of keys
 * are written together with their heads, since they never change.
 */
#include "codec/rpcmsg.h"

#include "base/utf8.h"
#include "codec/mp.h"
#include "codec/snappy.h"

/* Literal bytes without their NUL. */
#define PUT(out, bytes) cal_buf_put(out, bytes, sizeof(bytes) - 1)

static void
put_slice(struct cal_buf *out, struct cal_slice slice)
{
	cal_buf_put(out, slice.ptr, slice.len);
}

void
cal_rpcmsg_put_method(struct cal_buf *out, struct cal_slice name)
{
	cal_mp_put_str(out, name);
}

void
cal_rpcmsg_put_key(struct cal_buf *out, struct cal_slice key)
{
	cal_mp_put_key(out, key);
}

void
cal_rpcmsg_put_seq(struct cal_buf *out, uint32_t seq)
{
	cal_mp_put_uint(out, seq);
}

static void
put_extensions(struct cal_buf *out, const struct cal_rpcmsg *msg)
{
	if (msg->has_dl) {
		PUT(out, "\xa2" "dl");
		cal_mp_put_uint(out, msg->dl);
	}
	if (msg->cid.len > 0) {
		PUT(out, "\xa3" "cid");
		cal_mp_put_bin(out, msg->cid);
	}
	if (msg->has_max) {
		PUT(out, "\xa3" "max");
		cal_mp_put_uint(out, msg->max);
	}
	if (msg->rto.len > 0) {
		PUT(out, "\xa3" "rto");
		cal_mp_put_str(out, msg->rto);
	}
	if (msg->why.len > 0) {
		PUT(out, "\xa3" "why");
		cal_mp_put_str(out, msg->why);
	}
	if (msg->has_st) {
		PUT(out, "\xa2" "st");
		cal_mp_put_int(out, msg->st);
	}
}

static void
put_header(struct cal_buf *out, const struct cal_rpcmsg *msg)
{
	cal_mp_put_map(out, 5u + msg->has_dl + (msg->cid.len > 0) +
	    msg->has_max + (msg->rto.len > 0) + (msg->why.len > 0) +
	    msg->has_st);
	PUT(out, "\xa4" "type");
	cal_mp_put_uint(out, msg->type);
	PUT(out, "\xa4" "meth");
	put_slice(out, msg->id.meth);
	PUT(out, "\xa4" "okey");
	put_slice(out, msg->id.okey);
	PUT(out, "\xa3" "seq");
	put_slice(out, msg->id.seq);
	PUT(out, "\xa3" "zip");
	cal_mp_put_bool(out, msg->zip);
	put_extensions(out, msg);
}

/*
 * Text as a str that the library can read: it stops receiving for good at one
 * that is not UTF-8, so each bad byte becomes U+FFFD.  With out NULL it is
 * only measured.
 */
static size_t
put_repaired(struct cal_buf *out, struct cal_slice text)
{
	static const uint8_t replacement[] = { 0xef, 0xbf, 0xbd };
	uint32_t point;
	size_t len = 0, n;

	if (cal_utf8_valid(text)) {
		if (out != NULL)
			put_slice(out, text);
		return text.len;
	}
	while (text.len > 0) {
		struct cal_slice piece = text;

		if ((n = cal_utf8_next(text, &point)) == 0)
			piece = cal_slice_of(replacement, sizeof(replacement));
		else
			piece.len = n;
		if (out != NULL)
			put_slice(out, piece);
		len += piece.len;
		n = n > 0 ? n : 1;
		text = cal_slice_of(text.ptr + n, text.len - n);
	}
	return len;
}

static uint32_t
str_head_len(size_t len)
{
	return len < 32 ? 1 : len <= UINT8_MAX ? 2 : len <= UINT16_MAX ? 3 : 5;
}

/* The three texts as msgpack inside a bin. */
static void
put_error(struct cal_buf *out, const struct cal_slice error[3])
{
	uint32_t len[3], total = 1;
	int i;

	for (i = 0; i < 3; i++) {
		len[i] = (uint32_t)put_repaired(NULL, error[i]);
		total += str_head_len(len[i]) + len[i];
	}
	cal_mp_put_bin_head(out, total);
	cal_mp_put_array(out, 3);
	for (i = 0; i < 3; i++) {
		cal_mp_put_str_head(out, len[i]);
		put_repaired(out, error[i]);
	}
}

static void
put_payload(struct cal_buf *out, const struct cal_rpcmsg *msg)
{
	cal_buf_room(out, msg->body.len + 64);
	PUT(out, "\x82\xa4" "meta");
	switch (msg->type) {
	case CAL_RPC_FUNCTION:
		PUT(out, "\xc4\x00\xa4" "body");
		cal_mp_put_bin(out, msg->body);
		break;
	case CAL_RPC_RESULT:
		PUT(out, "\xc4\x01\x90\xa4" "body");
		cal_mp_put_bin(out, msg->body);
		break;
	case CAL_RPC_FAILURE:
	case CAL_RPC_ERROR:
		put_error(out, msg->error);
		PUT(out, "\xa4" "body\xc0");
		break;
	case CAL_RPC_NULL:
	case CAL_RPC_CANCEL:
	case CAL_RPC_CANCELLED:
		PUT(out, "\xc4\x01\x90\xa4" "body\xc0");
		break;
	}
}

void
cal_rpcmsg_write(const struct cal_rpcmsg *msg, struct cal_buf *header,
    struct cal_buf *payload)
{
	struct cal_buf plain;

	put_header(header, msg);
	if (!msg->zip) {
		put_payload(payload, msg);
		return;
	}
	cal_buf_init(&plain, 0);
	put_payload(&plain, msg);
	cal_snappy_compress(payload, cal_buf_view(&plain));
	cal_buf_release(&plain);
}
