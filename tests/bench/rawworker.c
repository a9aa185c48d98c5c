/*
 * A bare server with one persistent worker: each FUNCTION goes to `cat` as a
 * line, and the line that comes back is the RESULT.  Answers are matched in
 * order.  Sockets and pipes are drained before anything is waited for, and
 * pipes are read and written in large pieces.
 */
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "rig.h"

enum {
	WAITING_MAX = 16384,            /* a power of two */
	PIECE = 262144,
	PIPE = 1048576,
	MESSAGES_A_TURN = 256,
};

/* Who asked, in the order of the lines. */
struct waiting {
	zmq_msg_t id, header;
};

/* Bytes from done to len are still to be written, or to be cut into lines. */
struct bytes {
	uint8_t *ptr;
	size_t done, len, room;
};

static struct waiting waiting[WAITING_MAX];
static size_t first, behind;            /* they count on; used by their rest */
static struct bytes out, in;
static int to_worker, from_worker;
extern char **environ;

/* Room for len more bytes, what was done with being thrown away. */
static void
reserve(struct bytes *bytes, size_t len)
{
	if (bytes->len + len <= bytes->room)
		return;
	bytes->len -= bytes->done;
	if (bytes->len > 0)
		memmove(bytes->ptr, bytes->ptr + bytes->done, bytes->len);
	bytes->done = 0;
	if (bytes->len + len <= bytes->room)
		return;
	bytes->room = 4 * PIECE + 2 * (bytes->len + len);
	if ((bytes->ptr = realloc(bytes->ptr, bytes->room)) == NULL)
		die("realloc");
}

static int
our_end(int fd)
{
	(void)fcntl(fd, F_SETPIPE_SZ, PIPE);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
start_worker(void)
{
	char word[] = "cat";
	char *argv[] = { word, NULL };
	posix_spawn_file_actions_t acts;
	int down[2], up[2];
	pid_t pid;

	if (pipe2(down, O_CLOEXEC) == -1 || pipe2(up, O_CLOEXEC) == -1)
		die("pipe2");
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, down[0], 0);
	posix_spawn_file_actions_adddup2(&acts, up[1], 1);
	if ((errno = posix_spawn(&pid, "/bin/cat", &acts, NULL, argv,
	    environ)) != 0)
		die("cat");
	posix_spawn_file_actions_destroy(&acts);
	close(down[0]);
	close(up[1]);
	to_worker = our_end(down[1]);
	from_worker = our_end(up[0]);
}

static void
pong(void *sock, zmq_msg_t *id, zmq_msg_t frames[3])
{
	if (zmq_msg_send(id, sock, ZMQ_SNDMORE) == -1)
		return;
	rig_send(sock, "PONG", 4, ZMQ_SNDMORE);
	if (zmq_msg_send(&frames[1], sock, ZMQ_SNDMORE) == -1 ||
	    zmq_msg_send(&frames[2], sock, 0) == -1)
		die("zmq_msg_send");
}

static void
write_ahead(zmq_msg_t *payload)
{
	const uint8_t *body;
	size_t len;

	body = rig_body(payload, &len);
	reserve(&out, len + 1);
	memcpy(out.ptr + out.len, body, len);
	out.len += len;
	out.ptr[out.len++] = '\n';
}

/* True if there was a message. */
static bool
accept_one(void *sock)
{
	struct waiting *slot = &waiting[behind % WAITING_MAX];
	static zmq_msg_t frames[3];
	int i;

	if (zmq_msg_recv(&slot->id, sock, ZMQ_DONTWAIT) == -1) {
		if (errno != EAGAIN)
			die("zmq_msg_recv");
		return false;
	}
	for (i = 0; i < 3; i++)
		zmq_msg_init(&frames[i]);
	rig_receive(sock, NULL, frames);
	if (rig_is(&frames[0], "PING")) {
		pong(sock, &slot->id, frames);
	} else {
		zmq_msg_move(&slot->header, &frames[1]);
		write_ahead(&frames[2]);
		behind++;
	}
	zmq_msg_close(&frames[2]);
	return true;
}

static bool
receive(void *sock)
{
	int count = 0;

	while (count < MESSAGES_A_TURN && behind - first < WAITING_MAX &&
	    out.len - out.done < PIECE && accept_one(sock))
		count++;
	return count > 0;
}

static bool
feed(void)
{
	ssize_t put;

	if (out.done == out.len)
		return false;
	put = write(to_worker, out.ptr + out.done, out.len - out.done);
	if (put == -1 && errno != EAGAIN)
		die("write");
	if (put > 0 && (out.done += (size_t)put) == out.len)
		out.done = out.len = 0;
	return put > 0;
}

static void
answer(void *sock, const uint8_t *line, size_t len)
{
	struct waiting *slot = &waiting[first++ % WAITING_MAX];
	uint8_t *header = zmq_msg_data(&slot->header), *at;
	zmq_msg_t payload;

	header[RIG_TYPE_AT] = RIG_RESULT;
	/* A caller that has gone is no concern of ours. */
	if (zmq_msg_send(&slot->id, sock, ZMQ_SNDMORE) == -1)
		return;
	rig_send(sock, "UPPER", 5, ZMQ_SNDMORE);
	if (zmq_msg_send(&slot->header, sock, ZMQ_SNDMORE) == -1 ||
	    zmq_msg_init_size(&payload, RIG_BODY_AT + 5 + len) == -1)
		die("an answer");
	at = zmq_msg_data(&payload);
	memcpy(at, RIG_PAYLOAD_HEAD, RIG_BODY_AT + 1);
	rig_put_u32(at + RIG_BODY_AT + 1, (uint32_t)len);
	memcpy(at + RIG_BODY_AT + 5, line, len);
	if (zmq_msg_send(&payload, sock, 0) == -1)
		die("zmq_msg_send");
}

static bool
drain(void *sock)
{
	size_t searched;
	uint8_t *line, *end;
	ssize_t got;

	reserve(&in, PIECE);
	got = read(from_worker, in.ptr + in.len, in.room - in.len);
	if (got == -1 && errno == EAGAIN)
		return false;
	if (got <= 0)
		die("the worker");
	searched = in.len;
	in.len += (size_t)got;
	while ((end = memchr(in.ptr + searched, '\n',
	    in.len - searched)) != NULL) {
		line = in.ptr + in.done;
		answer(sock, line, (size_t)(end - line));
		searched = in.done = (size_t)(end + 1 - in.ptr);
	}
	if (in.done == in.len)
		in.done = in.len = 0;
	return true;
}

static void
wait_for_any(void *sock)
{
	zmq_pollitem_t items[3] = {
		{ sock, -1, ZMQ_POLLIN, 0 },
		{ NULL, from_worker, ZMQ_POLLIN, 0 },
		{ NULL, to_worker, ZMQ_POLLOUT, 0 },
	};

	if (zmq_poll(items, out.done < out.len ? 3 : 2, -1) == -1)
		die("zmq_poll");
}

int
main(int argc, char **argv)
{
	void *sock;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: rawworker URL\n");
		return 64;
	}
	for (i = 0; i < WAITING_MAX; i++) {
		zmq_msg_init(&waiting[i].id);
		zmq_msg_init(&waiting[i].header);
	}
	start_worker();
	sock = rig_socket(ZMQ_ROUTER, argv[1]);
	for (;;) {
		bool moved = receive(sock);

		moved = feed() || moved;
		moved = drain(sock) || moved;
		if (!moved)
			wait_for_any(sock);
	}
}
