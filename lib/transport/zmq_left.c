/*
 * What has left a publishing socket.
 *
 * libzmq does not say what it still holds.  But the system says it of the
 * connections, and libzmq's thread gives them all that they take: nothing is
 * left here when the other side has got everything that they had.
 *
 * Over TCP its host has to have confirmed it: of a connection that was closed
 * the system throws away what is not confirmed, should the other side still say
 * something, as heartbeats of its own.  On this host it has to have read it: a
 * reader of libzmq's that has no room leaves what has come in the kernel, and
 * forgets it when its connection ends; over a Unix socket it hears of that at
 * once, over TCP when it has read everything.
 */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "transport/zmq.h"

/* libzmq's thread may hold messages still when all that it sent is read. */
enum { LOOKS = 3, LOOK_MS = 1 };

/* Bytes that the other side has not got; 0 of what is closed already. */
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
	const struct cal_zmq_reader *reader;
	uint64_t bytes, sum = 0;

	*progressp = 0;
	TAILQ_FOREACH(reader, &zc->readers, in_readers) {
		bytes = held(reader);
		*progressp += conn->conf.url.scheme == CAL_TCP ?
		    confirmed(reader) : bytes;
		sum += bytes;
	}
	return sum == 0;
}

bool
cal_zmq_left_wait(struct cal_zmq_conn *zc, double grace)
{
	uint64_t progress, before = UINT64_MAX;
	double end = 0, now;
	int looks = LOOKS;
	bool left;

	if (zc->conn.conf.url.scheme != CAL_IPC || grace == 0 ||
	    TAILQ_EMPTY(&zc->readers))
		return true;
	while (looks > 0) {
		/* Who connected has events to tell, which is over now. */
		if (zc->conn.conf.bind)
			cal_zmq_monitor_read(zc);
		left = cal_zmq_left(&zc->conn, &progress);
		now = cal_clock_now();
		if (progress != before)
			end = now + grace;
		before = progress;
		looks = left ? looks - 1 : LOOKS;
		if (!left && now >= end)
			return false;
		(void)poll(NULL, 0, LOOK_MS);
	}
	return true;
}
