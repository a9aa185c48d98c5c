/*
 * Bare calls over Redis, a caller and a server that echoes:
 *
 *      rawrpc serve SOCKET NAME
 *      rawrpc [-b BYTES] [-n COUNT] [-w WINDOW] call SOCKET NAME METHOD
 *
 * Requests go to NAME.bind, answers to NAME.conn.CID.  Either side reads over
 * one connection, which its blocking reads hold, and writes over another.  The
 * server reads ahead, and answers nothing before Redis has confirmed that what
 * it read is acknowledged and deleted: else it might run twice.
 */
#include <unistd.h>

#include "redis.h"

enum { CID = 16, KEEP_FOR = 3600 };

static const char group[] = "cal";

struct caller {
	redisContext *reader, *writer;
	char bind[256], rto[256];
	char last[64];                  /* the id of the last answer read */
	uint8_t header[1024], *seq, *payload;
	size_t header_len, payload_len;
	const uint8_t *body;
	size_t body_len;
	long count, window, sent, done;
};

/* The server. */

static void
append_text(redisContext *ctx, const char *text)
{
	struct words words;

	words.count = 0;
	add(&words, text);
	append(ctx, &words);
}

/* In one transaction; its answers are four. */
static void
acknowledge(redisContext *ctx, const char *stream, const struct batch *batch)
{
	struct words words;

	append_text(ctx, "MULTI");
	append_ack(ctx, stream, group, batch);
	words.count = 0;
	add(&words, "XDEL");
	add(&words, stream);
	append_ids(ctx, &words, batch);
	append_text(ctx, "EXEC");
	drop_answers(ctx, 4);
}

/* Where a request's answer goes: its rto, a str of less than 256 bytes. */
static const char *
find_rto(const redisReply *hdr, char rto[256])
{
	const char *at = memmem(hdr->str, hdr->len, "\xa3rto\xd9", 5);
	size_t left, len;

	if (at == NULL)
		errx(1, "a request without rto");
	left = hdr->len - (size_t)(at + 5 - hdr->str);
	len = left == 0 ? 0 : (uint8_t)at[5];
	if (len == 0 || len >= left)
		errx(1, "a request without rto");
	memcpy(rto, at + 6, len);
	rto[len] = '\0';
	return rto;
}

/* A RESULT with the same header but for a byte, and the same payload. */
static void
append_answer(redisContext *ctx, redisReply *hdr, const redisReply *msg)
{
	char rto[256], keep_for[16];
	struct words words;

	if (hdr->len <= RIG_TYPE_AT || hdr->str[RIG_TYPE_AT] != RIG_FUNCTION)
		errx(1, "not a request");
	hdr->str[RIG_TYPE_AT] = RIG_RESULT;
	append_text(ctx, "MULTI");
	append_entry(ctx, find_rto(hdr, rto), hdr->str, hdr->len, msg->str,
	    msg->len);
	snprintf(keep_for, sizeof(keep_for), "%d", KEEP_FOR);
	words.count = 0;
	add(&words, "EXPIRE");
	add(&words, rto);
	add(&words, keep_for);
	append(ctx, &words);
	append_text(ctx, "EXEC");
}

static void
serve(const char *path, const char *name)
{
	redisContext *reader = redis_connect(path);
	redisContext *writer = redis_connect(path);
	struct batch batch;
	char stream[256];
	long owed = 0;
	size_t i;

	snprintf(stream, sizeof(stream), "%s.bind", name);
	make_group(writer, stream, group);
	puts("ready");
	fflush(stdout);
	append_read(reader, stream, group, "100");
	for (;;) {
		batch = take_batch(reader);
		append_read(reader, stream, group, "100");
		flush(reader);
		drop_answers(writer, owed);
		if (batch.count > 0)
			acknowledge(writer, stream, &batch);
		for (i = 0; i < batch.count; i++)
			append_answer(writer, field(&batch, i, HDR),
			    field(&batch, i, MSG));
		flush(writer);
		owed = 4 * (long)batch.count;
		freeReplyObject(batch.reply);
	}
}

/* The caller. */

static uint8_t *
put_text(uint8_t *at, const char *key, const void *ptr, size_t len)
{
	size_t key_len = strlen(key);

	memcpy(at, key, key_len);
	at += key_len;
	*at++ = (uint8_t)len;
	memcpy(at, ptr, len);
	return at + len;
}

/* The map of five becomes one of seven. */
static void
write_header(struct caller *caller, const char *name, const char *method)
{
	uint8_t cid[CID], *at;
	char *end;
	int i;

	if (getentropy(cid, sizeof(cid)) == -1)
		err(1, "getentropy");
	end = caller->rto + snprintf(caller->rto, 128, "%s.conn.", name);
	for (i = 0; i < CID; i++)
		end += sprintf(end, "%02x", cid[i]);
	caller->seq = rig_header(caller->header, method, &caller->header_len);
	caller->header[0] += 2;
	at = caller->header + caller->header_len;
	at = put_text(at, "\xa3" "cid\xc4", cid, sizeof(cid));
	at = put_text(at, "\xa3rto\xd9", caller->rto, strlen(caller->rto));
	caller->header_len = (size_t)(at - caller->header);
}

static void
send_some(struct caller *caller)
{
	for (; caller->sent < caller->count &&
	    caller->sent - caller->done < caller->window; caller->sent++) {
		rig_put_u32(caller->seq, (uint32_t)caller->sent);
		append_entry(caller->writer, caller->bind, caller->header,
		    caller->header_len, caller->payload, caller->payload_len);
	}
	flush(caller->writer);
}

static struct batch
read_some(struct caller *caller)
{
	const char *const texts[] = {
		"XREAD", "COUNT", "1000", "BLOCK", "1000", "STREAMS",
		caller->rto, caller->last,
	};
	struct words words;
	size_t i;

	words.count = 0;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add(&words, texts[i]);
	append(caller->reader, &words);
	return take_batch(caller->reader);
}

static void
check(const struct caller *caller, const struct batch *batch, size_t number)
{
	const redisReply *hdr = field(batch, number, HDR);
	const redisReply *msg = field(batch, number, MSG);
	const uint8_t *body;
	size_t len;

	if (hdr->len <= RIG_TYPE_AT || hdr->str[RIG_TYPE_AT] != RIG_RESULT)
		errx(1, "not a result");
	body = rig_body_in((const uint8_t *)msg->str, msg->len, &len);
	if (len != caller->body_len || memcmp(body, caller->body, len) != 0)
		errx(1, "not what was sent");
}

/* Whose answer is here, has been confirmed by Redis, too. */
static void
pump(struct caller *caller)
{
	struct batch batch;
	size_t i;

	send_some(caller);
	while (caller->done < caller->count) {
		batch = read_some(caller);
		caller->done += (long)batch.count;
		send_some(caller);
		for (i = 0; i < batch.count; i++)
			check(caller, &batch, i);
		if (batch.count > 0)
			snprintf(caller->last, sizeof(caller->last), "%s",
			    batch.entries[batch.count - 1]->element[0]->str);
		drop_answers(caller->writer, (long)batch.count);
		freeReplyObject(batch.reply);
	}
	freeReplyObject(redisCommand(caller->writer, "DEL %s", caller->rto));
}

static void
call(struct caller *caller, const char *path, const char *name,
    const char *method, size_t size)
{
	uint8_t *body = malloc(size);

	if (body == NULL)
		err(1, "malloc");
	memset(body, 'x', size);        /* with quotes a JSON string */
	body[0] = body[size - 1] = '"';
	caller->body = body;
	caller->body_len = size;
	caller->payload = rig_payload(body, size, &caller->payload_len);
	write_header(caller, name, method);
	snprintf(caller->bind, sizeof(caller->bind), "%s.bind", name);
	strcpy(caller->last, "0-0");
	caller->reader = redis_connect(path);
	caller->writer = redis_connect(path);
	pump(caller);
}

int
main(int argc, char **argv)
{
	struct caller caller = { .count = 1000, .window = 1 };
	size_t size = 100;
	int c;

	while ((c = getopt(argc, argv, "b:n:w:")) != -1)
		switch (c) {
		case 'b': size = (size_t)rig_number(optarg, 2); break;
		case 'n': caller.count = rig_number(optarg, 1); break;
		case 'w': caller.window = rig_number(optarg, 1); break;
		default: return 64;
		}
	argv += optind;
	argc -= optind;
	if (argc == 3 && strcmp(argv[0], "serve") == 0 && strlen(argv[2]) < 64)
		serve(argv[1], argv[2]);
	else if (argc == 4 && strcmp(argv[0], "call") == 0 &&
	    strlen(argv[2]) < 64 && strlen(argv[3]) < 256)
		call(&caller, argv[1], argv[2], argv[3], size);
	else
		errx(64, "usage: rawrpc [-b bytes] [-n count] [-w window]"
		    " serve|call SOCKET NAME [METHOD]");
	_exit(0);
}
