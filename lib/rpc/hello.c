/* What both sides say of themselves, in PING and PONG. */
#include "rpc/side.h"

enum { ECHO_MAX = 1024 };       /* a PONG must not multiply a PING's bytes */

#define EXTENSIONS 5
static const char *const extensions[EXTENSIONS] = {
	"dl", "cid", "max", "why", "st",
};

/* Asks what the other side is, which also shows that we can be called. */
void
cal_side_ask(struct cal_side *side)
{
	struct cal_peer *peer = side->peer;

	side->asked = true;
	cal_buf_clear(&peer->header);
	cal_buf_clear(&peer->payload);
	cal_buf_put_text(&peer->header, CAL_HELLO_QUESTION);
	(void)cal_side_send(side, CAL_WORD_PING, 0);
}

static void
write_hello(struct cal_peer *peer, const struct cal_user *user)
{
	struct cal_buf ext = { .max = 0 };
	struct cal_hello hello = { .max_body = peer->conf.max_body };
	size_t i;

	cal_mp_put_array(&ext, EXTENSIONS);
	for (i = 0; i < EXTENSIONS; i++)
		cal_mp_put_str(&ext, cal_slice_text(extensions[i]));
	hello.version = cal_slice_text(CAL_VERSION);
	hello.ext = cal_buf_view(&ext);
	if (peer->conf.order != NULL)
		hello.order = cal_slice_text(peer->conf.order);
	if (peer->conf.serializer != NULL)
		hello.serializer = cal_slice_text(peer->conf.serializer);
	if (peer->conf.events->methods != NULL)
		peer->conf.events->methods(peer->conf.arg, user,
		    &hello.methods);
	cal_buf_clear(&peer->payload);
	cal_hello_write(&hello, &peer->payload);
	if (peer->payload.len > CAL_HELLO_MAX) {
		/* Too many to tell: then none, which says nothing. */
		hello.methods.len = 0;
		cal_buf_clear(&peer->payload);
		cal_hello_write(&hello, &peer->payload);
	}
	cal_buf_release(&ext);
}

/* How much a PONG to this PING would give back. */
static size_t
echoed(const struct cal_message *message)
{
	size_t i, len = message->header.len + message->payload.len;

	for (i = 0; i < message->pre_count; i++)
		len += message->pre[i].len;
	return len;
}

void
cal_side_pinged(struct cal_side *side, const struct cal_message *message)
{
	struct cal_peer *peer = side->peer;
	struct cal_frames frames = {
		.word = CAL_WORD_PONG,
		.header = message->header,
		.payload = message->payload,
		.pre = message->pre,
		.pre_count = message->pre_count,
	};
	bool question = message->payload.len == 0 &&
	    cal_slice_is(message->header, CAL_HELLO_QUESTION);

	if (side->link->barred || echoed(message) > ECHO_MAX) {
		peer->counts.malformed++;
		return;
	}
	if (question)
		write_hello(peer, side->link->user);
	(void)cal_conn_send(peer->conn, side->link, &frames,
	    question ? &peer->payload : NULL);
	if (!side->callable) {
		side->callable = true;
		cal_probe_side(side);
		cal_calls_flush(peer);
	}
}

/* Keeps a hello that was found good; a bad one leaves the last as it is. */
static void
remember_hello(struct cal_side *side, struct cal_slice payload)
{
	cal_buf_clear(&side->listed);
	cal_buf_clear(&side->hello_bytes);
	cal_buf_put(&side->hello_bytes, payload.ptr, payload.len);
	(void)cal_hello_read(&side->hello, cal_buf_view(&side->hello_bytes),
	    NULL);
	side->state = CAL_HELLO_OURS;
}

void
cal_side_ponged(struct cal_side *side, const struct cal_message *message)
{
	struct cal_peer *peer = side->peer;
	struct cal_hello hello;
	struct cal_err err = { .code = CAL_OK };

	if (cal_slice_is(message->header, CAL_HELLO_QUESTION) &&
	    message->payload.len > 0 &&
	    cal_hello_read(&hello, message->payload, &err) == CAL_OK)
		remember_hello(side, message->payload);
	if (side->state == CAL_HELLO_UNKNOWN)
		side->state = CAL_HELLO_PLAIN;
	if (!peer->conf.bind && !side->ponged && peer->conf.events->up != NULL)
		peer->conf.events->up(peer->conf.arg);
	side->ponged = true;
	if (peer->probe != NULL)
		cal_probe_done(peer, side->state == CAL_HELLO_OURS ?
		    &side->hello : NULL, err.code == CAL_OK ? NULL : &err);
	cal_calls_flush(peer);
}
