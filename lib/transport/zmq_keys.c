/*
 * CURVE on a socket, and whose messages they are.
 *
 * A routing id does not say whose a message is: a peer may guess one that
 * another had until just now.  What the ZAP handler gave to the connection
 * does, so it is looked at with every message.
 */
#include <errno.h>

#include "codec/z85.h"
#include "transport/zmq.h"

/* From ZeroMQ 4.3 on; its header shows it to drafts only. */
enum { ZAP_ENFORCE_DOMAIN = 93 };

static int
set_key(struct cal_zmq_conn *zc, int option, const uint8_t *key)
{
	return zmq_setsockopt(zc->socket, option, key, CAL_KEY_BYTES);
}

/* Should nobody answer for the domain, nobody is let in. */
static int
set_domain(struct cal_zmq_conn *zc)
{
	const char *domain = cal_zmq_zap_domain(zc);

	return zmq_setsockopt(zc->socket, ZMQ_ZAP_DOMAIN, domain,
	    strlen(domain)) | cal_zmq_set_int(zc, ZAP_ENFORCE_DOMAIN, 1);
}

int
cal_zmq_keys_set(struct cal_zmq_conn *zc, struct cal_err *err)
{
	const struct cal_conn_keys *keys = zc->conn.conf.keys;
	int rc = zc->asked_for ? set_domain(zc) : 0;

	if (keys != NULL && zc->conn.conf.bind) {
		rc |= cal_zmq_set_int(zc, ZMQ_CURVE_SERVER, 1);
	} else if (keys != NULL) {
		rc |= set_key(zc, ZMQ_CURVE_SERVERKEY, keys->server);
		rc |= set_key(zc, ZMQ_CURVE_PUBLICKEY, keys->own->public);
	}
	if (keys != NULL)
		rc |= set_key(zc, ZMQ_CURVE_SECRETKEY, keys->own->secret);
	if (rc != 0)
		return cal_fail_errno(err, CAL_EBUG, errno,
		    "cannot give the keys to the socket");
	return CAL_OK;
}

/* Looks the link's key up. */
static void
look_up(struct cal_zmq_link *zl, struct cal_user **userp, bool *barredp)
{
	const struct cal_allow *allow = zl->zc->conn.conf.keys->allow;
	uint8_t key[CAL_KEY_BYTES];

	*userp = NULL;
	*barredp = true;
	if (strlen(zl->user_id) < CAL_KEY_TEXT || !cal_z85_decode(key,
	    cal_slice_of(zl->user_id, CAL_KEY_TEXT)))
		return;
	if (allow != NULL)
		*userp = cal_allow_find(allow, key);
	*barredp = allow != NULL && *userp == NULL;
}

bool
cal_zmq_keys_own(struct cal_zmq_link *zl, const zmq_msg_t *part)
{
	/* What it gives back is a part of the message. */
	const char *id = zmq_msg_gets(part, "User-Id");

	if (id == NULL || strlen(id) >= sizeof(zl->user_id))
		return false;
	if (*zl->user_id == '\0') {
		memcpy(zl->user_id, id, strlen(id) + 1);
		look_up(zl, &zl->link.user, &zl->link.barred);
	}
	return strcmp(zl->user_id, id) == 0;
}

bool
cal_zmq_keys_barred(struct cal_zmq_conn *zc, const zmq_msg_t *part)
{
	const char *id = zmq_msg_gets(part, "User-Id");
	struct cal_zmq_link *zl = zc->server;
	struct cal_user *user;

	if (id == NULL || strlen(id) >= sizeof(zl->user_id))
		return true;
	/* Most messages come over the connection of the one before. */
	if (strcmp(zl->user_id, id) != 0) {
		memcpy(zl->user_id, id, strlen(id) + 1);
		look_up(zl, &user, &zl->link.barred);
		cal_user_unuse(user);
	}
	return zl->link.barred;
}

static void
recheck_links(struct cal_zmq_conn *zc)
{
	const struct cal_conn_conf *conf = &zc->conn.conf;
	struct cal_zmq_link *zl, *next;
	struct cal_user *before;

	for (zl = TAILQ_FIRST(&zc->links); zl != NULL; zl = next) {
		next = TAILQ_NEXT(zl, in_links);
		before = zl->link.user;
		look_up(zl, &zl->link.user, &zl->link.barred);
		/* What libzmq has cannot be taken back. */
		if (zl->link.barred)
			cal_zmq_link_drop(zl);
		if (zl->up && conf->events->changed != NULL)
			conf->events->changed(conf->arg, &zl->link);
		cal_user_unuse(before);
	}
}

struct removed {
	const struct cal_allow *allow;
	size_t count;
};

static void
look_whether_removed(struct cal_slice key, void *value, void *arg)
{
	struct removed *removed = arg;
	struct cal_user *user = cal_allow_find(removed->allow, key.ptr);

	(void)value;
	removed->count += user == NULL;
	cal_user_unuse(user);
}

/* He may have left long ago: that cannot be seen. */
static void
recheck_readers(struct cal_zmq_conn *zc)
{
	struct removed removed = { .allow = zc->conn.conf.keys->allow };

	cal_map_each(zc->admitted, look_whether_removed, &removed);
	if (removed.count == 0)
		return;
	cal_log(CAL_LOG_WARNING, "somebody who was let in to '%s' is not any "
	    "more: everybody has to connect again", zc->address);
	cal_map_free(zc->admitted);
	zc->admitted = cal_map_new();
	cal_zmq_socket_rebind(zc);
}

void
cal_zmq_keys_recheck(struct cal_conn *conn)
{
	struct cal_zmq_conn *zc = (struct cal_zmq_conn *)conn;

	if (conn->conf.keys == NULL || !conn->conf.bind)
		return;
	if (conn->conf.pattern == CAL_PATTERN_RPC) {
		recheck_links(zc);
	} else if (conn->conf.keys->allow == NULL) {
		return;
	} else if (zc->kind->publishes) {
		recheck_readers(zc);
	} else {
		zc->rechecked = true;
		zc->server->user_id[0] = '\0';
	}
}
