/*
 * Connections with keys, and what their events said: servers and clients of
 * transport/zmq on one loop, and clients in the hands of the test.
 */
#ifndef CAL_TESTS_CURVE_H
#define CAL_TESTS_CURVE_H

#include <zmq.h>

#include "loop.h"
#include "transport/zmq.h"

enum { CURVE_LINKS = 16 };

/* What a link was, also after it went down. */
struct curve_seen {
	struct cal_link *link;          /* NULL: down */
	char user[CAL_USER_MAX + 1];
	char id[CAL_ZMQ_USER_ID];
	bool barred;
	unsigned messages, changed;
};

struct curve_end {
	struct cal_conn *conn;
	struct cal_allow *allow;
	struct cal_keys own;
	struct cal_conn_keys keys;
	unsigned ups, refusals;
	struct cal_err refusal;
	struct curve_seen seen[CURVE_LINKS];    /* in the order of their ups */
};

static inline void
curve_look(struct curve_seen *seen)
{
	struct cal_zmq_link *zl = (struct cal_zmq_link *)seen->link;

	(void)snprintf(seen->user, sizeof(seen->user), "%s",
	    cal_user_name(seen->link->user));
	(void)snprintf(seen->id, sizeof(seen->id), "%s", zl->user_id);
	seen->barred = seen->link->barred;
}

static inline void
curve_up(void *arg, struct cal_link *link)
{
	struct curve_end *end = arg;
	struct curve_seen *seen = &end->seen[end->ups];

	assert_in_range(end->ups, 0, CURVE_LINKS - 1);
	end->ups++;
	seen->link = link;
	link->above = seen;
	curve_look(seen);
}

static inline void
curve_message(void *arg, struct cal_link *link, struct cal_message *message)
{
	struct curve_seen *seen = link->above;

	(void)arg;
	(void)message;
	seen->messages++;
	curve_look(seen);
}

static inline void
curve_changed(void *arg, struct cal_link *link)
{
	struct curve_seen *seen = link->above;

	(void)arg;
	seen->changed++;
	curve_look(seen);
}

static inline void
curve_down(void *arg, struct cal_link *link)
{
	struct curve_seen *seen = link->above;

	(void)arg;
	seen->link = NULL;
}

static inline void
curve_refused(void *arg, const struct cal_err *err)
{
	struct curve_end *end = arg;

	end->refusals++;
	end->refusal = *err;
}

static const struct cal_conn_events curve_events = {
	.up = curve_up, .message = curve_message, .changed = curve_changed,
	.down = curve_down, .refused = curve_refused,
};

static inline void
curve_open(struct curve_end *end, const char *address, bool bind, bool encrypt)
{
	struct cal_conn_conf conf = {
		.loop = loop, .bind = bind, .max_body = 1 << 20,
		.keys = encrypt ? &end->keys : NULL,
		.events = &curve_events, .arg = end,
	};
	struct cal_err err;

	assert_int_equal(cal_url_parse(&conf.url, address, bind, &err),
	    CAL_OK);
	assert_int_equal(cal_conn_open(&end->conn, &conf, &err), CAL_OK);
}

/* Users in the order of their keys, NULL at the end; NAME or NAME methods=. */
static inline void
curve_allow(struct curve_end *server, const struct cal_keys *const *keys,
    const char *const *users)
{
	char text[1024] = "", key[CAL_KEY_TEXT + 1];
	struct cal_err err;
	size_t i, len = 0;

	for (i = 0; users[i] != NULL; i++) {
		cal_key_text(key, keys[i]->public);
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s %s\n", key, users[i]);
		assert_in_range(len, 1, sizeof(text) - 1);
	}
	if (server->allow == NULL)
		server->allow = cal_allow_new();
	if (cal_allow_parse(server->allow, cal_slice_text(text), "list",
	    &err) != CAL_OK)
		fail_msg("%s", err.text);
}

/* One user, one key. */
static inline void
curve_allow_one(struct curve_end *server, const struct cal_keys *keys,
    const char *user)
{
	curve_allow(server, &keys, (const char *const []){ user, NULL });
}

/* Lets in whoever is in the list that server already has; none: everybody. */
static inline void
curve_serve(struct curve_end *server, const char *domain)
{
	cal_keys_make(&server->own);
	server->keys = (struct cal_conn_keys){
		.own = &server->own, .allow = server->allow, .domain = domain,
	};
	curve_open(server, "tcp://127.0.0.1:*", true, true);
}

/* A client with the pair that it has; makes one if it has none. */
static inline void
curve_dial(struct curve_end *client, const char *address,
    const uint8_t *server_key)
{
	if (client->own.secret == NULL)
		cal_keys_make(&client->own);
	client->keys = (struct cal_conn_keys){
		.own = &client->own, .server = server_key,
	};
	curve_open(client, address, false, true);
}

static inline void
curve_call(struct curve_end *client, const struct curve_end *server)
{
	char *address = cal_conn_address(server->conn);

	curve_dial(client, address, server->own.public);
	free(address);
}

static inline void
curve_send(struct curve_end *client)
{
	struct cal_frames frames = { .word = CAL_WORD_PING };

	assert_non_null(client->seen[0].link);
	assert_int_equal(cal_conn_send(client->conn, client->seen[0].link,
	    &frames, NULL), CAL_OK);
}

/* Wipes everything; a second release does nothing. */
static inline void
curve_release(struct curve_end *end)
{
	if (end->conn != NULL)
		(void)cal_conn_close(end->conn, 0);
	cal_keys_release(&end->own);
	cal_allow_free(end->allow);
	memset(end, 0, sizeof(*end));
}

/* A client without a conn above it, with a routing id of its choice, if any. */
static inline void *
curve_raw(void *context, const struct curve_end *server,
    const struct cal_keys *keys, struct cal_slice id)
{
	char *address = cal_conn_address(server->conn);
	void *socket = zmq_socket(context, ZMQ_DEALER);
	int linger = 0, rc;

	assert_non_null(socket);
	rc = zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger));
	if (id.len > 0)
		rc |= zmq_setsockopt(socket, ZMQ_ROUTING_ID, id.ptr, id.len);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server->own.public,
	    CAL_KEY_BYTES);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public,
	    CAL_KEY_BYTES);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret,
	    CAL_KEY_BYTES);
	rc |= zmq_connect(socket, address);
	assert_int_equal(rc, 0);
	free(address);
	return socket;
}

static inline void
curve_raw_ping(void *socket)
{
	assert_int_equal(zmq_send(socket, "PING", 4, ZMQ_SNDMORE), 4);
	assert_int_equal(zmq_send(socket, "", 0, ZMQ_SNDMORE), 0);
	assert_int_equal(zmq_send(socket, "", 0, 0), 0);
}

#endif
