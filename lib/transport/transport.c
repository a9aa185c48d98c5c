/* The table of transports, and the way to the right row. */
#include "transport/transport.h"

static const struct cal_transport *const transports[] = {
	&cal_transport_zmq_tcp,
	&cal_transport_zmq_ipc,
	&cal_transport_loopback,
	&cal_transport_redis,
	&cal_transport_redis_unix,
};

int
cal_conn_open(struct cal_conn **connp, const struct cal_conn_conf *conf,
    struct cal_err *err)
{
	size_t i;

	*connp = NULL;
	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (transports[i]->scheme == conf->url.scheme)
			return transports[i]->open(connp, conf, err);
	return cal_fail(err, CAL_EUSAGE, "no transport for this address");
}

char *
cal_conn_address(const struct cal_conn *conn)
{
	return conn->ops->address(conn);
}

int
cal_conn_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own)
{
	int rc = conn->ops->send(conn, link, frames, own);

	if (own != NULL)
		cal_buf_clear(own);
	if (rc != CAL_OK)
		conn->counts.undeliverable++;
	return rc;
}

int
cal_conn_publish(struct cal_conn *conn, const struct cal_frames *frames,
    bool force, bool *missedp)
{
	return conn->ops->publish(conn, frames, force, missedp);
}

size_t
cal_conn_readers(const struct cal_conn *conn, struct cal_slice topic)
{
	return conn->ops->readers(conn, topic);
}

bool
cal_conn_is_read(const struct cal_conn *conn)
{
	return conn->ops->is_read(conn);
}

bool
cal_conn_left(const struct cal_conn *conn, uint64_t *progressp)
{
	*progressp = 0;
	return conn->ops->left == NULL || conn->ops->left(conn, progressp);
}

void
cal_conn_pause(struct cal_conn *conn, bool pause)
{
	conn->ops->pause(conn, pause);
}

void
cal_conn_settle(struct cal_conn *conn, uint64_t receipt,
    enum cal_settle settle, const char *why)
{
	if (receipt != 0 && conn->ops->settle != NULL)
		conn->ops->settle(conn, receipt, settle, why);
}

void
cal_conn_retry(struct cal_conn *conn, uint64_t receipt)
{
	if (receipt != 0 && conn->ops->retry != NULL)
		conn->ops->retry(conn, receipt);
}

bool
cal_conn_is_silent(const struct cal_conn *conn)
{
	return conn->ops->silent;
}

bool
cal_conn_idle(const struct cal_conn *conn)
{
	return conn->ops->idle(conn);
}

const char *
cal_conn_trouble(const struct cal_conn *conn)
{
	return conn->ops->trouble(conn);
}

void
cal_conn_recheck(struct cal_conn *conn)
{
	if (conn->ops->recheck != NULL)
		conn->ops->recheck(conn);
}

bool
cal_link_may(const struct cal_link *link, struct cal_slice method)
{
	return !link->barred && cal_user_may(link->user, method);
}

bool
cal_conn_close(struct cal_conn *conn, double grace)
{
	return conn == NULL || conn->ops->close(conn, grace);
}
