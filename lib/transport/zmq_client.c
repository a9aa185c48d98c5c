/*
 * What a connecting end makes of the events of its socket: it is up, it goes
 * down, or it will never be let in, and why.
 *
 * libzmq itself tries on in silence, but for a handshake that broke the
 * protocol, after which it gives up.  A handshake that fails without a detail
 * may mean another mechanism, which the greeting shows, or another key, which
 * nothing shows: then it fails again and again.
 */
#include "base/clock.h"
#include "transport/zmq.h"

enum {
	FAILURES = 3,                   /* until a key is known to be wrong */
	UNKNOWN_KEY = 400,              /* of ZAP; 500: the handler failed */
};
static const double FAILING = 1;        /* over so many seconds at least */
static const double SILENCE = 4;        /* seconds: it was a time-out */

static void
refuse(struct cal_zmq_conn *zc, const char *why)
{
	struct cal_err err;

	if (zc->refused)
		return;
	zc->refused = true;
	ev_feed_event(zc->conn.conf.loop, &zc->reopen, 0);
	(void)cal_fail(&err, CAL_EDENIED, "%s", why);
	zc->conn.conf.events->refused(zc->conn.conf.arg, &err);
}

/* What both ends say they do, once both are known. */
static void
compare(struct cal_zmq_conn *zc, enum cal_mechanism theirs)
{
	bool encrypt = zc->conn.conf.keys != NULL;

	switch (theirs) {
	case CAL_MECHANISM_NULL:
		if (encrypt)
			refuse(zc, "encryption mismatch: the server does not "
			    "encrypt");
		break;
	case CAL_MECHANISM_CURVE:
		if (!encrypt)
			refuse(zc, "encryption mismatch: the server takes CURVE "
			    "only, which needs its key, -S, and mostly one of "
			    "our own, -i");
		break;
	case CAL_MECHANISM_OTHER:
		refuse(zc, "encryption mismatch: the server expects another "
		    "way of authentication");
		break;
	case CAL_MECHANISM_UNKNOWN:
		break;
	}
}

static void
on_greeting(void *arg, enum cal_mechanism mechanism)
{
	struct cal_zmq_conn *zc = arg;

	zc->greeting = NULL;
	if (zc->mismatch && mechanism == CAL_MECHANISM_UNKNOWN)
		mechanism = CAL_MECHANISM_OTHER;
	zc->mismatch = false;
	if (!zc->server->up)
		compare(zc, mechanism);
}

static void
ask_greeting(struct cal_zmq_conn *zc)
{
	struct cal_url url = zc->conn.conf.url;
	size_t len = strlen(zc->numeric);

	if (zc->greeting != NULL)
		return;
	if (zc->numeric[0] == '[')      /* "[::1]" */
		(void)snprintf(url.host, sizeof(url.host), "%.*s",
		    (int)(len - 2), zc->numeric + 1);
	else
		(void)snprintf(url.host, sizeof(url.host), "%s",
		    zc->numeric);
	zc->greeting = cal_greeting_start(zc->conn.conf.loop, &url,
	    on_greeting, zc);
}

static void
on_failure(struct cal_zmq_conn *zc)
{
	double now = cal_clock_now();

	if (now - zc->connected_at > SILENCE)
		return;
	ask_greeting(zc);
	if (zc->failures++ == 0)
		zc->first_failure = now;
	if (zc->conn.conf.keys != NULL && zc->failures >= FAILURES &&
	    now - zc->first_failure >= FAILING)
		refuse(zc, "the server's key is not the one that was given, or "
		    "no CURVE server is there");
}

/* Only who has the secret key can prove it: no need to look again. */
static void
on_bad_handshake(struct cal_zmq_conn *zc, uint32_t value)
{
	switch (value) {
	case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
		zc->mismatch = true;
		ask_greeting(zc);
		break;
	case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
		refuse(zc, "the server's key is not the one that was given");
		break;
	}
}

/*
 * After an error of protocol libzmq never tries again: whoever listens there
 * next would wait in vain.  Where it does try, it says so in a moment, and the
 * timer stops.  For a stream it may, with what it still holds.
 */
static void
on_end(struct cal_zmq_conn *zc)
{
	struct ev_loop *loop = zc->conn.conf.loop;
	bool was_up = zc->server->up;

	if (was_up) {
		zc->trouble = "the server hung up";
		cal_zmq_link_down(zc->server);
	}
	if (was_up && zc->conn.conf.pattern == CAL_PATTERN_RPC) {
		ev_feed_event(loop, &zc->reopen, 0);
	} else if (!zc->refused && !ev_is_pending(&zc->reopen)) {
		ev_timer_again(loop, &zc->reopen);
	}
}

/* libzmq tries itself. */
static void
keep_socket(struct cal_zmq_conn *zc)
{
	if (!ev_is_pending(&zc->reopen) && !zc->refused)
		ev_timer_stop(zc->conn.conf.loop, &zc->reopen);
}

static void
on_connected(struct cal_zmq_conn *zc)
{
	keep_socket(zc);
	zc->connected = true;
	zc->connected_at = cal_clock_now();
	zc->trouble = "something listens there, but does not finish the "
	    "handshake of this service";
}

static void
on_retried(struct cal_zmq_conn *zc)
{
	keep_socket(zc);
	/* It comes after a refusal, and after a hang-up as well. */
	if (!zc->connected)
		zc->trouble = "nobody listens there";
	zc->connected = false;
}

void
cal_zmq_client_event(struct cal_zmq_conn *zc, uint16_t event, uint32_t value)
{
	switch (event) {
	case ZMQ_EVENT_CONNECTED:
		on_connected(zc);
		break;
	case ZMQ_EVENT_CONNECT_RETRIED:
		on_retried(zc);
		break;
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		/* libzmq was faster than we: this socket is about to go. */
		if (ev_is_pending(&zc->reopen))
			break;
		zc->trouble = NULL;
		zc->failures = 0;
		cal_zmq_link_up(zc->server);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		refuse(zc, value == UNKNOWN_KEY ? "the server does not let "
		    "this client in: it does not know its key" : "the server "
		    "does not let this client in: it cannot say whether it "
		    "knows its key");
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
		on_bad_handshake(zc, value);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		on_failure(zc);
		break;
	case ZMQ_EVENT_DISCONNECTED:
		if (zc->conn.conf.pattern == CAL_PATTERN_RPC)
			cal_zmq_drain(zc);
		on_end(zc);
		break;
	}
}
