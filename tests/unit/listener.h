/* A TCP server in the hands of the test: it says what the test says. */
#ifndef CAL_TESTS_LISTENER_H
#define CAL_TESTS_LISTENER_H

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "unit.h"

static int listener = -1, accepted = -1;

/* Tries to listen at a port. */
static inline bool
listener_open_at(unsigned port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)port) };
	int on = 1;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	assert_int_not_equal(listener, -1);
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)), 0);
	if (bind(listener, (struct sockaddr *)&in, sizeof(in)) == 0 &&
	    listen(listener, 16) == 0)
		return true;
	cal_io_close(&listener);
	return false;
}

/* Listens at a free port, which it returns; later others may listen there. */
static inline unsigned
listener_open(void)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	assert_true(listener_open_at(0));
	assert_int_equal(getsockname(listener, (struct sockaddr *)&in, &len),
	    0);
	return ntohs(in.sin_port);
}

/* Has somebody come?  The one before is left. */
static inline bool
listener_accept(void)
{
	cal_io_close(&accepted);
	accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return accepted != -1;
}

static inline void
listener_say(const void *bytes, size_t len)
{
	assert_int_equal(send(accepted, bytes, len, MSG_NOSIGNAL), len);
}

static inline void
listener_close(void)
{
	cal_io_close(&accepted);
	cal_io_close(&listener);
}

/* A port where nobody listens, which libzmq would say too early of its own. */
static inline unsigned
listener_free_port(void)
{
	unsigned port = listener_open();

	listener_close();
	return port;
}

#endif
