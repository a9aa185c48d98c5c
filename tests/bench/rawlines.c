/*
 * Bare lines to messages and back, in two processes:
 *
 *      rawlines [-w N] pub|push URL    binds; lines of stdin become messages
 *      rawlines [-c N] sub|pull URL    bodies become lines of stdout
 *
 * A message is UPPER, a header that never changes, and the line.  The publisher
 * waits for its first reader, and whenever N messages (64) wait for that; the
 * reader writes what it has when nothing more is there, and leaves after N.
 */
#include <unistd.h>

#include "rig.h"

enum { CHUNK = 65536 };

/* An array of a time. */
static const char header[] = "\x91\xc4\x09\xeb\xf5\x03\x9f\x58\x23\xc4\x81\x00";

struct text {
	char *ptr;
	size_t len, cap;
};

static void
make_room(struct text *text, size_t len)
{
	if (text->cap - text->len >= len)
		return;
	while (text->cap - text->len < len)
		text->cap = text->cap == 0 ? 2 * CHUNK : 2 * text->cap;
	if ((text->ptr = realloc(text->ptr, text->cap)) == NULL)
		die("realloc");
}

/* PUSH waits by itself; XPUB is sent the subscription. */
static void
wait_for_reader(void *sock, int type)
{
	zmq_msg_t first;

	if (type == ZMQ_PUSH)
		return;
	zmq_msg_init(&first);
	if (zmq_msg_recv(&first, sock, 0) == -1)
		die("zmq_msg_recv");
	zmq_msg_close(&first);
}

/* All whole lines; the rest of one moves to the front. */
static void
send_lines(void *sock, struct text *text)
{
	char *line = text->ptr, *end;
	size_t left = text->len;

	while ((end = memchr(line, '\n', left)) != NULL) {
		rig_send(sock, "UPPER", 5, ZMQ_SNDMORE);
		rig_send(sock, header, sizeof(header) - 1, ZMQ_SNDMORE);
		rig_send(sock, line, (size_t)(end - line), 0);
		left -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	memmove(text->ptr, line, left);
	text->len = left;
}

static void
publish(int type, const char *url)
{
	void *sock = rig_socket(type, url);
	struct text in = { NULL, 0, 0 };
	ssize_t n;

	wait_for_reader(sock, type);
	for (;;) {
		make_room(&in, CHUNK);
		n = read(0, in.ptr + in.len, in.cap - in.len);
		if (n == -1)
			die("stdin");
		if (n == 0)
			break;
		in.len += (size_t)n;
		send_lines(sock, &in);
	}
	/* Ends when everything has left. */
	zmq_close(sock);
	zmq_ctx_term(rig_context);
}

static void
write_out(struct text *out)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < out->len; done += (size_t)n)
		if ((n = write(1, out->ptr + done, out->len - done)) == -1)
			die("stdout");
	out->len = 0;
}

/* Whoever waits for more must not keep what there is. */
static void
receive(void *sock, zmq_msg_t frames[3], struct text *out)
{
	int i, flags = ZMQ_DONTWAIT;

	for (i = 0; i < 3; i++) {
		while (zmq_msg_recv(&frames[i], sock, flags) == -1) {
			if (errno != EAGAIN)
				die("zmq_msg_recv");
			write_out(out);
			flags = 0;
		}
		if ((zmq_msg_more(&frames[i]) != 0) != (i < 2)) {
			fprintf(stderr, "not a message of three frames\n");
			exit(1);
		}
	}
}

static void
consume(int type, const char *url, long count)
{
	void *sock = rig_socket(type, url);
	struct text out = { NULL, 0, 0 };
	zmq_msg_t frames[3];
	size_t size;
	int i;

	for (i = 0; i < 3; i++)
		zmq_msg_init(&frames[i]);
	for (; count != 0; count--) {
		receive(sock, frames, &out);
		size = zmq_msg_size(&frames[2]);
		make_room(&out, size + 1);
		memcpy(out.ptr + out.len, zmq_msg_data(&frames[2]), size);
		out.ptr[out.len + size] = '\n';
		out.len += size + 1;
		if (out.len >= CHUNK)
			write_out(&out);
	}
	write_out(&out);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int type;
	} roles[] = {
		{ "pub", ZMQ_XPUB }, { "push", ZMQ_PUSH },
		{ "sub", ZMQ_SUB }, { "pull", ZMQ_PULL },
	};
	long count = -1;
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "c:w:")) != -1)
		switch (c) {
		case 'c': count = rig_number(optarg, 1); break;
		case 'w': rig_ahead = (int)rig_number(optarg, 1); break;
		default: return 64;
		}
	for (i = 0; argc - optind == 2 && i < 4; i++) {
		if (strcmp(argv[optind], roles[i].name) != 0)
			continue;
		if (rig_connects(roles[i].type))
			consume(roles[i].type, argv[optind + 1], count);
		else
			publish(roles[i].type, argv[optind + 1]);
		fflush(stdout);
		_exit(0);
	}
	fprintf(stderr, "usage: rawlines [-c count] [-w window]"
	    " pub|push|sub|pull URL\n");
	return 64;
}
