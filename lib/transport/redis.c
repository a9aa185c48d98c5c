/*
 * The rows of Redis: over TCP, over a Unix socket and where sentinels say the
 * same is spoken, and what that is the pattern says.  Whoever publishes or
 * serves binds, as over ZeroMQ, though everybody connects to Redis.
 */
#include "transport/redis.h"

static int
redis_open(struct cal_conn **connp, const struct cal_conn_conf *conf,
    struct cal_err *err)
{
	*connp = NULL;
	if (conf->keys != NULL)
		return cal_fail(err, CAL_EUSAGE, "there is no CURVE over "
		    "Redis");
	switch (conf->pattern) {
	case CAL_PATTERN_RPC:
		return conf->bind ? cal_redis_serve_open(connp, conf, err) :
		    cal_redis_call_open(connp, conf, err);
	case CAL_PATTERN_PUBLISH:
		if (conf->bind)
			return cal_redis_publish_open(connp, conf, err);
		break;
	case CAL_PATTERN_SUBSCRIBE:
		if (!conf->bind)
			return cal_redis_read_open(connp, conf, err);
		break;
	case CAL_PATTERN_PUSH:
	case CAL_PATTERN_PULL:
		return cal_fail(err, CAL_EUSAGE, "over Redis a group shares a "
		    "stream, and nothing else does");
	}
	return cal_fail(err, CAL_EUSAGE, "over Redis nobody can turn round who "
	    "listens and who connects");
}

const struct cal_transport cal_transport_redis = {
	.scheme = CAL_REDIS,
	.open = redis_open,
};

const struct cal_transport cal_transport_redis_unix = {
	.scheme = CAL_REDIS_UNIX,
	.open = redis_open,
};

const struct cal_transport cal_transport_redis_sentinel = {
	.scheme = CAL_REDIS_SENTINEL,
	.open = redis_open,
};
