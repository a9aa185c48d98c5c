/*
 * What has left a publishing socket.
 *
 * libzmq does not say what it still holds, but the system says it of the
 * connections, and libzmq's thread gives them all that they take.  So nothing
 * is left here when they would take more; over TCP, when their hosts have
 * confirmed all: of a connection that was closed the system throws away what
 * the other side has not got yet, should that still have said something.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include "transport/zmq.h"

/* Bytes that the other side has not got yet; 0 of what is closed already. */
static uint64_t
held(const struct cal_zmq_reader *reader)
{
	int bytes;

	return ioctl(reader->fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ?
	    (uint64_t)bytes : 0;
}

static uint64_t
confirmed(const struct cal_zmq_reader *reader)
{
	struct tcp_info info = { .tcpi_bytes_acked = 0 };
	socklen_t len = sizeof(info);

	(void)getsockopt(reader->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_bytes_acked;
}

bool
cal_zmq_left(const struct cal_conn *conn, uint64_t *progressp)
{
	const struct cal_zmq_conn *zc = (const struct cal_zmq_conn *)conn;
	bool tcp = conn->conf.url.scheme == CAL_TCP, left = true;
	const struct cal_zmq_reader *reader;

	*progressp = 0;
	TAILQ_FOREACH(reader, &zc->readers, in_readers) {
		*progressp += tcp ? confirmed(reader) : held(reader);
		left &= tcp ? held(reader) == 0 : cal_zmq_reader_takes(reader);
	}
	return left;
}
