/*
 * A service on loop:// with commands behind it, and a client of it.  Its
 * method "wait" runs until the gate, the file that its body names, is there.
 */
#ifndef CAL_TESTS_SERVER_H
#define CAL_TESTS_SERVER_H

#include <fcntl.h>

#include "base/io.h"
#include "commands.h"
#include "peer_end.h"
#include "serve/service.h"

struct server {
	struct cal_service_conf conf;           /* before server_open */
	struct cal_methods *methods;            /* or NULL: those below */
	struct cal_service *service;            /* NULL: closed */
	size_t readies, dones;
	struct end client;
	char *gate;
	bool gate_open;
	struct cal_buf wait_body;               /* the gate, as JSON text */
};

static inline void
on_server_ready(void *arg)
{
	struct server *server = arg;

	server->readies++;
}

static inline void
on_server_done(void *arg)
{
	struct server *server = arg;

	server->dones++;
}

static inline void
on_server_refused(void *arg, const struct cal_err *err)
{
	(void)arg;
	fail_msg("refused: %s", err->text);
}

static inline struct cal_methods *
server_methods(void)
{
	static const char *const specs[] = {
		"cat=cat", "fail=echo words >&2; exit 3", "bad=echo '{'",
		"space=echo ' [1, 2] '", "none=true", "big=printf %2000s 1",
		("wait=read f; while ! test -e \"$f\"; do sleep 0.01; done; "
		"echo 1"),
		"env=printf '[\"%s\",\"%s\"]' \"$CAL_METHOD\" \"$CAL_KEY\"",
	};
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	struct cal_methods_conf conf = { .command = {
		.reaper = reaper, .env = env, .kill_after = 0.1, .loop = loop,
	} };
	struct cal_methods *methods = cal_methods_new(&conf);
	struct cal_err err;
	size_t i;

	for (i = 0; i < COUNT(specs); i++)
		assert_int_equal(cal_methods_add_shell(methods, specs[i],
		    &err), CAL_OK);
	return methods;
}

/* Opens the service and its client.  Fields of conf that were set stay. */
static inline void
server_open(struct server *server)
{
	struct cal_service_conf *conf = &server->conf;
	struct cal_err err;

	if (server->methods == NULL)
		server->methods = server_methods();
	conf->loop = loop;
	conf->reaper = reaper;
	conf->methods = server->methods;
	conf->bind = true;
	conf->url.scheme = CAL_LOOPBACK;
	(void)snprintf(conf->url.path, sizeof(conf->url.path), "s");
	assert_int_equal(cal_body_find(&conf->body, "json", NULL), CAL_OK);
	if (conf->max_body == 0)
		conf->max_body = 1 << 20;
	if (conf->jobs == 0)
		conf->jobs = 10;
	if (conf->max_queue == 0)
		conf->max_queue = 100;
	conf->ready = on_server_ready;
	conf->done = on_server_done;
	conf->refused = on_server_refused;
	conf->arg = server;
	assert_int_equal(cal_service_open(&server->service, conf, &err),
	    CAL_OK);
	end_open(&server->client, "s", false);
	server->gate = folder_path("gate");
	cal_buf_printf(&server->wait_body, "\"%s\"", server->gate);
}

/* Drains, which has to come to its end; the client is still there. */
static inline void
server_end(struct server *server)
{
	assert_int_equal(server->readies, 1);
	cal_service_drain(server->service, -1);
	WAIT_FOR(server->dones > 0);
	assert_int_equal(server->dones, 1);
	assert_true(cal_service_close(server->service, 0));
	server->service = NULL;
	cal_methods_free(server->methods);
}

/* Closes what a test has left open, and takes the gate away. */
static inline void
server_close(struct server *server)
{
	if (server->client.peer != NULL)
		end_close(&server->client);
	if (server->service != NULL)
		server_end(server);
	assert_int_equal(unlink(server->gate) == 0, server->gate_open);
	free(server->gate);
	cal_buf_release(&server->wait_body);
}

static inline void
server_call(struct errand *errand, struct server *server, const char *method,
    const char *body, const char *key)
{
	struct cal_call_conf conf = {
		.method = cal_slice_text(method),
		.body = cal_slice_text(body),
		.key = cal_slice_text(key),
	};

	call_with(errand, &server->client, &conf);
}

/* Needs conf.text: a JSON string does not suit read. */
static inline void
server_call_wait(struct errand *errand, struct server *server, const char *key)
{
	server_call(errand, server, "wait", cal_buf_text(&server->wait_body),
	    key);
}

/* Lets the calls of "wait" come to their end. */
static inline void
server_open_gate(struct server *server)
{
	int fd = open(server->gate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);

	assert_true(fd != -1);
	cal_io_close(&fd);
	server->gate_open = true;
}

#endif
