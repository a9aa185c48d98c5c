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
#include "lines.h"
#include "rig.h"

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

static void
send_line(void *sock, const char *line, size_t len)
{
	rig_send(sock, "UPPER", 5, ZMQ_SNDMORE);
	rig_send(sock, LINES_HEADER, LINES_HEADER_LEN, ZMQ_SNDMORE);
	rig_send(sock, line, len, 0);
}

static void
publish(int type, const char *url)
{
	void *sock = rig_socket(type, url);

	wait_for_reader(sock, type);
	lines_read(send_line, sock);
	/* Ends when everything has left. */
	zmq_close(sock);
	zmq_ctx_term(rig_context);
}

/* Whoever waits for more must not keep what there is. */
static void
receive(void *sock, zmq_msg_t frames[3], struct lines *out)
{
	int i, flags = ZMQ_DONTWAIT;

	for (i = 0; i < 3; i++) {
		while (zmq_msg_recv(&frames[i], sock, flags) == -1) {
			if (errno != EAGAIN)
				die("zmq_msg_recv");
			lines_write(out);
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
	struct lines out = { NULL, 0, 0 };
	zmq_msg_t frames[3];
	int i;

	for (i = 0; i < 3; i++)
		zmq_msg_init(&frames[i]);
	for (; count != 0; count--) {
		receive(sock, frames, &out);
		lines_add(&out, zmq_msg_data(&frames[2]),
		    zmq_msg_size(&frames[2]));
	}
	lines_write(&out);
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
