/* The way to Redis: an address, and a descriptor that begins to connect. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/io.h"
#include "transport/redis_socket.h"

enum { KEEP_IDLE = 15, KEEP_INTERVAL = 5, KEEP_COUNT = 3 };     /* seconds */

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static int
find_tcp(union address *address, socklen_t *lenp, const struct cal_url *url,
    struct cal_err *err)
{
	char text[INET6_ADDRSTRLEN + 2];
	bool open;
	int rc;

	if ((rc = cal_url_resolve(url, text, &open, err)) != CAL_OK)
		return rc;
	if (text[0] != '[') {
		address->in.sin_family = AF_INET;
		address->in.sin_port = htons(url->port);
		*lenp = sizeof(address->in);
		(void)inet_pton(AF_INET, text, &address->in.sin_addr);
		return CAL_OK;
	}
	text[strlen(text) - 1] = '\0';
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_port = htons(url->port);
	*lenp = sizeof(address->in6);
	(void)inet_pton(AF_INET6, text + 1, &address->in6.sin6_addr);
	return CAL_OK;
}

static int
find(union address *address, socklen_t *lenp, const struct cal_url *url,
    struct cal_err *err)
{
	memset(address, 0, sizeof(*address));
	if (url->scheme == CAL_REDIS)
		return find_tcp(address, lenp, url, err);
	address->un.sun_family = AF_UNIX;
	memcpy(address->un.sun_path, url->path, sizeof(url->path));
	*lenp = sizeof(address->un);
	return CAL_OK;
}

/* A network that forgets connections is found out even when nothing is said. */
static void
set_tcp(int fd)
{
	int on = 1, idle = KEEP_IDLE, interval = KEEP_INTERVAL,
	    count = KEEP_COUNT;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
	    sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

int
cal_redis_dial(int *fdp, const struct cal_url *url, struct cal_err *err)
{
	union address address;
	socklen_t len;
	int rc;

	if ((rc = find(&address, &len, url, err)) != CAL_OK)
		return rc;
	*fdp = socket(address.any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fdp == -1)
		return cal_fail_errno(err, CAL_EOS, errno, "cannot connect");
	if (address.any.sa_family != AF_UNIX)
		set_tcp(*fdp);
	if (connect(*fdp, &address.any, len) == -1 && errno != EINPROGRESS) {
		rc = cal_fail_errno(err, CAL_EUNAVAIL, errno, "cannot connect");
		cal_io_close(fdp);
	}
	return rc;
}
