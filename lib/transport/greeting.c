/*
 * Asking for a greeting: connect, say the first eleven bytes, read 64.
 *
 * The signature and the major version make the other side send the rest of its
 * own greeting, in which its mechanism stands at byte 12; it waits for ours in
 * vain, which is not a failed handshake there before its time is over, and we
 * hang up long before.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "transport/greeting.h"

enum {
	GREETING = 64,          /* bytes */
	MECHANISM = 12,         /* where it stands */
	MECHANISM_MAX = 20,
	VERSION = 10,           /* where the major version stands */
};
static const double PATIENCE = 1;       /* seconds */
static const char opening[] = "\xff\0\0\0\0\0\0\0\1\x7f\3";

struct cal_greeting {
	struct ev_loop *loop;
	int fd;                 /* -1: there is none */
	ev_io io;
	ev_timer timer;         /* fed when there is nothing to wait for */
	bool said;
	size_t count;
	uint8_t bytes[GREETING];
	cal_greeting_fn *done;
	void *arg;
};

void
cal_greeting_stop(struct cal_greeting *greeting)
{
	if (greeting == NULL)
		return;
	ev_io_stop(greeting->loop, &greeting->io);
	ev_timer_stop(greeting->loop, &greeting->timer);
	ev_clear_pending(greeting->loop, &greeting->timer);
	cal_io_close(&greeting->fd);
	free(greeting);
}

static enum cal_mechanism
mechanism(const uint8_t *bytes)
{
	static const struct {
		char name[MECHANISM_MAX];
		enum cal_mechanism mechanism;
	} known[] = {
		{ "NULL", CAL_MECHANISM_NULL },
		{ "CURVE", CAL_MECHANISM_CURVE },
	};
	size_t i;

	if (bytes[0] != 0xff || bytes[9] != 0x7f || bytes[VERSION] < 3)
		return CAL_MECHANISM_UNKNOWN;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (memcmp(bytes + MECHANISM, known[i].name,
		    MECHANISM_MAX) == 0)
			return known[i].mechanism;
	return CAL_MECHANISM_OTHER;
}

static void
end(struct cal_greeting *greeting)
{
	enum cal_mechanism found = CAL_MECHANISM_UNKNOWN;
	cal_greeting_fn *done = greeting->done;
	void *arg = greeting->arg;

	if (greeting->count == GREETING)
		found = mechanism(greeting->bytes);
	cal_greeting_stop(greeting);
	done(arg, found);
}

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	end(timer->data);
}

/* Connected, or not; what is small enough leaves at once. */
static bool
say(struct cal_greeting *greeting)
{
	size_t len = sizeof(opening) - 1;

	greeting->said = true;
	if (send(greeting->fd, opening, len, MSG_NOSIGNAL) != (ssize_t)len)
		return false;
	ev_io_stop(greeting->loop, &greeting->io);
	ev_io_set(&greeting->io, greeting->fd, EV_READ);
	ev_io_start(greeting->loop, &greeting->io);
	return true;
}

static bool
hear(struct cal_greeting *greeting)
{
	ssize_t n;

	n = read(greeting->fd, greeting->bytes + greeting->count,
	    GREETING - greeting->count);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR;
	greeting->count += (size_t)n;
	return n > 0 && greeting->count < GREETING;
}

static void
on_socket(struct ev_loop *loop, ev_io *io, int revents)
{
	struct cal_greeting *greeting = io->data;

	(void)loop;
	(void)revents;
	if (!(greeting->said ? hear(greeting) : say(greeting)))
		end(greeting);
}

static socklen_t
fill_tcp(struct sockaddr_storage *addr, const struct cal_url *url)
{
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)addr;

	if (inet_pton(AF_INET, url->host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(url->port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, url->host, &in6->sin6_addr) != 1)
		return 0;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(url->port);
	return sizeof(*in6);
}

static socklen_t
fill_address(struct sockaddr_storage *addr, const struct cal_url *url)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)addr;

	memset(addr, 0, sizeof(*addr));
	if (url->scheme != CAL_IPC)
		return fill_tcp(addr, url);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, url->path, strlen(url->path) + 1);
	return sizeof(*un);
}

/* -1: there is nobody, or nothing to ask with. */
static int
dial(const struct cal_url *url)
{
	struct sockaddr_storage addr;
	socklen_t len = fill_address(&addr, url);
	int fd;

	if (len == 0)
		return -1;
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&addr, len) == -1 &&
	    errno != EINPROGRESS)
		cal_io_close(&fd);
	return fd;
}

struct cal_greeting *
cal_greeting_start(struct ev_loop *loop, const struct cal_url *url,
    cal_greeting_fn *done, void *arg)
{
	struct cal_greeting *greeting;

	CAL_NEW(greeting);
	greeting->loop = loop;
	greeting->done = done;
	greeting->arg = arg;
	greeting->fd = dial(url);
	ev_io_init(&greeting->io, on_socket, greeting->fd, EV_WRITE);
	ev_timer_init(&greeting->timer, on_timer, PATIENCE, 0);
	greeting->io.data = greeting->timer.data = greeting;
	if (greeting->fd == -1) {
		ev_feed_event(loop, &greeting->timer, 0);
	} else {
		ev_io_start(loop, &greeting->io);
		ev_timer_start(loop, &greeting->timer);
	}
	return greeting;
}
