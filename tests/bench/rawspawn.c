/*
 * A bare server of commands: each FUNCTION starts `cat` by posix_spawn, with
 * the body on its stdin; what it wrote is the RESULT.  At most -j of them run
 * at once; the rest waits in the socket.  With -l COUNT there is no socket:
 * the same children, COUNT of them, and the rate is printed.  -g grows the
 * process by that many megabytes first.
 *
 * A child is over at the end of its output, and then waited for.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

enum { JOBS_MAX = 64, BODY_MAX = 65536 };

struct slot {
	pid_t pid;                      /* 0: free */
	int out;
	zmq_msg_t id, header;
	uint8_t body[BODY_MAX];
	size_t len;
};

static struct slot slots[JOBS_MAX];
static int jobs = 4, running;
extern char **environ;

static void
start(struct slot *slot, const void *body, size_t len)
{
	char word[] = "cat";
	char *argv[] = { word, NULL };
	posix_spawn_file_actions_t acts;
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		die("pipe2");
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, in[0], 0);
	posix_spawn_file_actions_adddup2(&acts, out[1], 1);
	if ((errno = posix_spawn(&slot->pid, "/bin/cat", &acts, NULL, argv,
	    environ)) != 0)
		die("cat");
	posix_spawn_file_actions_destroy(&acts);
	close(in[0]);
	close(out[1]);
	if (write(in[1], body, len) != (ssize_t)len)
		die("write");
	close(in[1]);
	slot->out = out[0];
	slot->len = 0;
	running++;
}

/* True when the child is over. */
static bool
drain(struct slot *slot)
{
	ssize_t got = read(slot->out, slot->body + slot->len,
	    BODY_MAX - slot->len);

	if (got == -1)
		die("read");
	slot->len += (size_t)got;
	if (got > 0)
		return false;
	close(slot->out);
	if (waitpid(slot->pid, NULL, 0) != slot->pid)
		die("waitpid");
	slot->pid = 0;
	running--;
	return true;
}

static void
answer(void *sock, struct slot *slot)
{
	uint8_t *header = zmq_msg_data(&slot->header), *payload;
	size_t len;

	payload = rig_payload(slot->body, slot->len, &len);
	header[RIG_TYPE_AT] = RIG_RESULT;
	if (zmq_msg_send(&slot->id, sock, ZMQ_SNDMORE) != -1) {
		rig_send(sock, "UPPER", 5, ZMQ_SNDMORE);
		if (zmq_msg_send(&slot->header, sock, ZMQ_SNDMORE) == -1)
			die("zmq_msg_send");
		rig_send(sock, payload, len, 0);
	}
	free(payload);
}

static struct slot *
free_slot(void)
{
	struct slot *slot = slots;

	while (slot->pid != 0)
		slot++;
	return slot;
}

static void
accept_one(void *sock)
{
	struct slot *slot = free_slot();
	const uint8_t *body;
	zmq_msg_t frames[3];
	size_t len;
	int i;

	for (i = 0; i < 3; i++)
		zmq_msg_init(&frames[i]);
	zmq_msg_init(&slot->id);
	rig_receive(sock, &slot->id, frames);
	if (rig_is(&frames[0], "PING")) {
		zmq_msg_send(&slot->id, sock, ZMQ_SNDMORE);
		rig_send(sock, "PONG", 4, ZMQ_SNDMORE);
		zmq_msg_send(&frames[1], sock, ZMQ_SNDMORE);
		zmq_msg_send(&frames[2], sock, 0);
		return;
	}
	zmq_msg_init(&slot->header);
	zmq_msg_move(&slot->header, &frames[1]);
	body = rig_body(&frames[2], &len);
	start(slot, body, len);
	zmq_msg_close(&frames[2]);
}

/* One turn: waits for the socket, if one may start, and for the children. */
static int
turn(void *sock, bool accepts)
{
	zmq_pollitem_t items[JOBS_MAX + 1];
	struct slot *whose[JOBS_MAX + 1];
	int count = 0, over = 0, i;

	if (accepts) {
		whose[count] = NULL;
		items[count++] = (zmq_pollitem_t){ sock, -1, ZMQ_POLLIN, 0 };
	}
	for (i = 0; i < jobs; i++)
		if (slots[i].pid != 0) {
			whose[count] = &slots[i];
			items[count++] = (zmq_pollitem_t){ NULL, slots[i].out,
			    ZMQ_POLLIN, 0 };
		}
	if (zmq_poll(items, count, -1) == -1)
		die("zmq_poll");
	for (i = 0; i < count; i++) {
		if (items[i].revents == 0)
			continue;
		if (whose[i] == NULL)
			accept_one(sock);
		else if (drain(whose[i])) {
			over++;
			if (sock != NULL)
				answer(sock, whose[i]);
		}
	}
	return over;
}

static void
loop(long count)
{
	struct timespec from, to;
	char body[100];
	long started = 0, over = 0;

	memset(body, 'x', sizeof(body));
	clock_gettime(CLOCK_MONOTONIC, &from);
	while (over < count) {
		while (running < jobs && started < count) {
			start(free_slot(), body, sizeof(body));
			started++;
		}
		over += turn(NULL, false);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("rate %.0f\n", (double)count / ((double)(to.tv_sec -
	    from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9));
}

static void
grow(long megabytes)
{
	size_t len = (size_t)megabytes << 20;
	void *ptr = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ptr == MAP_FAILED)
		die("mmap");
	memset(ptr, 1, len);
}

int
main(int argc, char **argv)
{
	long count = 0;
	void *sock;
	int c;

	while ((c = getopt(argc, argv, "g:j:l:")) != -1)
		switch (c) {
		case 'g': grow(rig_number(optarg, 1)); break;
		case 'j': jobs = (int)rig_number(optarg, 1); break;
		case 'l': count = rig_number(optarg, 1); break;
		default: return 64;
		}
	if (argc - optind != (count == 0) || jobs > JOBS_MAX) {
		fprintf(stderr, "usage: rawspawn [-g megabytes] [-j jobs]"
		    " URL | -l count\n");
		return 64;
	}
	if (count != 0) {
		loop(count);
		return 0;
	}
	sock = rig_socket(ZMQ_ROUTER, argv[optind]);
	for (;;)
		turn(sock, running < jobs);
}
