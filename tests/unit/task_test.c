/*
 * Unit tests of serve/service and serve/task: real commands behind a service
 * on loop://, called by peers and by connections in the hands of the test.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "peer_end.h"
#include "serve/service.h"

static struct cal_reaper *reaper;
static char folder[] = "/tmp/cal-task-XXXXXX";
static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };

struct server {
	struct cal_service_conf conf;
	struct cal_methods *methods;
	struct cal_service *service;
	size_t readies, dones;
};

static void
on_ready(void *arg)
{
	struct server *server = arg;

	server->readies++;
}

static void
on_done(void *arg)
{
	struct server *server = arg;

	server->dones++;
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	(void)arg;
	fail_msg("refused: %s", err->text);
}

/* Fields of conf that were set before stay. */
static void
server_open(struct server *server)
{
	static const char *const specs[] = {
		"cat=cat", "fail=echo words >&2; exit 3", "bad=echo '{'",
		"space=echo ' [1, 2] '", "none=true", "big=printf %2000s 1",
		/* Runs until the file in its body is there. */
		("wait=read f; while ! test -e \"$f\"; do sleep 0.01; done; "
		"echo 1"),
		"env=printf '[\"%s\",\"%s\"]' \"$CAL_METHOD\" \"$CAL_KEY\"",
	};
	struct cal_command_conf command = {
		.reaper = reaper, .env = env, .kill_after = 0.1, .loop = loop,
	};
	struct cal_service_conf *conf = &server->conf;
	struct cal_err err;
	size_t i;

	server->methods = cal_methods_new(&command);
	for (i = 0; i < COUNT(specs); i++)
		assert_int_equal(cal_methods_add_shell(server->methods,
		    specs[i], &err), CAL_OK);
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
	conf->ready = on_ready;
	conf->done = on_done;
	conf->refused = on_refused;
	conf->arg = server;
	assert_int_equal(cal_service_open(&server->service, conf, &err),
	    CAL_OK);
}

/* Drains, which has to come to its end, and closes. */
static void
server_close(struct server *server)
{
	assert_int_equal(server->readies, 1);
	cal_service_drain(server->service, -1);
	WAIT_FOR(server->dones > 0);
	assert_int_equal(server->dones, 1);
	assert_true(cal_service_close(server->service, 0));
	cal_methods_free(server->methods);
}

static void
call_key(struct errand *errand, struct end *end, const char *method,
    const char *body, const char *key)
{
	struct cal_call_conf conf = {
		.method = cal_slice_text(method),
		.body = cal_slice_text(body),
		.key = cal_slice_text(key),
	};

	call_with(errand, end, &conf);
}

static char *
gate_path(const char *name)
{
	return cal_asprintf("%s/%s", folder, name);
}

static void
open_gate(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd != -1);
	cal_io_close(&fd);
}

/* The body of "wait": the path as a JSON string does not suit read. */
static void
call_wait(struct errand *errand, struct end *end, const char *path,
    const char *key, struct cal_buf *body)
{
	struct cal_call_conf conf = {
		.method = BYTES("wait"), .key = cal_slice_text(key),
	};

	cal_buf_printf(body, "\"%s\"", path);
	conf.body = cal_buf_view(body);
	call_with(errand, end, &conf);
}

static void
check_answer(struct end *client, const char *method, const char *body,
    enum cal_answer_kind kind, const char *want)
{
	struct errand errand;

	call_key(&errand, client, method, body, "k%");
	WAIT_FOR(errand.done);
	assert_int_equal(errand.answer.kind, kind);
	if (!cal_slice_is(cal_buf_view(kind == CAL_ANSWER_RESULT ?
	    &errand.body : &errand.error[0]), want))
		fail_msg("'%s' answers '%s'", method, cal_buf_text(kind ==
		    CAL_ANSWER_RESULT ? &errand.body : &errand.error[0]));
	errand_release(&errand);
}

static void
test_answers(void **state)
{
	struct server server = { .conf.max_body = 1024 };
	struct end client = { 0 };

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	check_answer(&client, "cat", "[1, 2]", CAL_ANSWER_RESULT, "[1, 2]");
	check_answer(&client, "cat", " 1 ", CAL_ANSWER_RESULT, "1");
	check_answer(&client, "space", "1", CAL_ANSWER_RESULT, "[1, 2]");
	check_answer(&client, "none", "1", CAL_ANSWER_RESULT, "null");
	check_answer(&client, "env", "1", CAL_ANSWER_RESULT,
	    "[\"env\",\"k%25\"]");
	check_answer(&client, "fail", "1", CAL_ANSWER_FAILURE, "HandlerExit");
	check_answer(&client, "bad", "1", CAL_ANSWER_FAILURE, "BadOutput");
	check_answer(&client, "big", "1", CAL_ANSWER_ERROR, "TooLarge");
	check_answer(&client, "cat", "{", CAL_ANSWER_ERROR, "BadRequest");
	check_answer(&client, "nope", "1", CAL_ANSWER_ERROR,
	    "MethodNotFound");
	end_close(&client);
	server_close(&server);
}

static void
test_text(void **state)
{
	struct server server = { .conf.text = true };
	struct end client = { 0 };

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	check_answer(&client, "cat", "\"a\\\"\\n\\n\"", CAL_ANSWER_RESULT,
	    "\"a\\\"\\n\"");
	check_answer(&client, "none", "1", CAL_ANSWER_RESULT, "\"\"");
	check_answer(&client, "bad", "1", CAL_ANSWER_RESULT, "\"{\"");
	end_close(&client);
	server_close(&server);
}

/* One key: one after the other; no key, or another: at the same time. */
static void
test_order_of_keys(void **state)
{
	struct server server = { .conf.text = true };
	struct end client = { 0 };
	struct errand first, second, other, keyless;
	struct cal_buf body = { .max = 0 };
	char *gate = gate_path("keys");

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	call_wait(&first, &client, gate, "k", &body);
	call_key(&second, &client, "cat", "\"2\"", "k");
	call_key(&other, &client, "cat", "\"3\"", "l");
	call_key(&keyless, &client, "cat", "\"4\"", "");
	WAIT_FOR(other.done && keyless.done);
	assert_false(first.done);
	assert_false(second.done);
	open_gate(gate);
	WAIT_FOR(second.done);
	assert_true(first.done);
	assert_slice(cal_buf_view(&second.body), "\"2\"");
	errand_release(&first);
	errand_release(&second);
	errand_release(&other);
	errand_release(&keyless);
	cal_buf_release(&body);
	end_close(&client);
	server_close(&server);
	assert_int_equal(unlink(gate), 0);
	free(gate);
}

static void
test_cancel_waiting_and_running(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1 };
	struct end client = { 0 };
	struct errand running, waiting;
	struct cal_buf body = { .max = 0 };

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	call_wait(&running, &client, "/nowhere/gate", "", &body);
	call(&waiting, &client, "cat", "1");
	settle();
	cal_call_cancel(waiting.call);
	WAIT_FOR(waiting.done);
	assert_int_equal(waiting.answer.kind, CAL_ANSWER_CANCELLED);
	assert_slice(cal_buf_view(&waiting.why), "caller");
	assert_false(running.done);
	cal_call_cancel(running.call);
	cal_call_cancel(running.call);
	WAIT_FOR(running.done);
	assert_int_equal(running.answer.kind, CAL_ANSWER_CANCELLED);
	errand_release(&waiting);
	errand_release(&running);
	cal_buf_release(&body);
	end_close(&client);
	server_close(&server);
}

static void
test_limits_of_time(void **state)
{
	struct server server = { .conf.timeout = 0.1, .conf.text = true };
	struct raw_side raw;
	struct end client = { 0 };
	struct errand errand;
	struct cal_buf body = { .max = 0 };
	struct cal_rpcmsg msg = {
		.type = CAL_RPC_FUNCTION, .has_dl = true, .dl = 50,
		.id = { BYTES("\xa4wait"), BYTES("\xc4\x00"), BYTES("\x01") },
		.body = BYTES("\"/nowhere/gate\""),
	};

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	call_wait(&errand, &client, "/nowhere/gate", "", &body);
	WAIT_FOR(errand.done);
	assert_int_equal(errand.answer.kind, CAL_ANSWER_FAILURE);
	assert_slice(cal_buf_view(&errand.error[0]), "HandlerTimeout");
	errand_release(&errand);
	end_close(&client);

	/* The caller's own, which comes first; and one that is over. */
	raw_open(&raw, "s", false);
	settle();
	raw_send_msg(&raw, &msg);
	WAIT_FOR(raw.count > 0);
	assert_int_equal(raw_read(&raw, 0)->type, CAL_RPC_CANCELLED);
	assert_slice(raw_read(&raw, 0)->why, "deadline");
	msg.dl = 0;
	raw_send_msg(&raw, &msg);
	settle();
	assert_int_equal(raw.count, 2);
	assert_int_equal(raw_read(&raw, 1)->type, CAL_RPC_CANCELLED);
	raw_close(&raw);
	cal_buf_release(&body);
	server_close(&server);
}

static void
test_no_room(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1,
	    .conf.max_queue = 1 };
	struct end client = { 0 };
	struct errand running, waiting, refused;
	struct cal_buf body = { .max = 0 };
	char *gate = gate_path("room");

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	call_wait(&running, &client, gate, "", &body);
	call(&waiting, &client, "cat", "1");
	call(&refused, &client, "cat", "2");
	settle();
	assert_true(refused.done);
	assert_int_equal(refused.answer.kind, CAL_ANSWER_ERROR);
	assert_slice(cal_buf_view(&refused.error[0]), "Busy");
	assert_false(waiting.done);
	open_gate(gate);
	WAIT_FOR(running.done && waiting.done);
	assert_int_equal(waiting.answer.kind, CAL_ANSWER_RESULT);
	errand_release(&running);
	errand_release(&waiting);
	errand_release(&refused);
	cal_buf_release(&body);
	end_close(&client);
	server_close(&server);
	assert_int_equal(unlink(gate), 0);
	free(gate);
}

/*
 * The caller leaves: what waits is dropped, what runs ends in vain, and is
 * said with all that is known of it.
 */
static void
test_caller_leaves(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1 };
	struct end client = { 0 };
	struct errand running, waiting;
	struct cal_buf body = { .max = 0 };
	char *gate = gate_path("gone");
	const struct cal_log_conf loud = {
		.program = "task_test", .level = CAL_LOG_INFO,
	}, quiet = { .program = "task_test", .level = CAL_LOG_FAILURE };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	call_wait(&running, &client, gate, "k", &body);
	call_key(&waiting, &client, "cat", "1", "k");
	settle();
	end_close(&client);
	settle();
	assert_int_equal(dup2(null, STDERR_FILENO), STDERR_FILENO);
	cal_log_setup(&loud);
	cal_service_drain(server.service, -1);
	settle();
	assert_int_equal(server.dones, 0);
	open_gate(gate);
	server_close(&server);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	cal_log_setup(&quiet);
	assert_false(running.done);
	assert_false(waiting.done);
	cal_io_close(&null);
	cal_io_close(&kept);
	cal_buf_release(&body);
	assert_int_equal(unlink(gate), 0);
	free(gate);
}

/* Draining: what runs may end, everything else is Busy. */
static void
test_drain(void **state)
{
	struct server server = { .conf.text = true, .conf.jobs = 1 };
	struct end client = { 0 };
	struct errand running, waiting, late;
	struct cal_buf body = { .max = 0 };
	char *gate = gate_path("drain");

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	call_wait(&running, &client, gate, "", &body);
	call(&waiting, &client, "cat", "1");
	settle();
	cal_service_drain(server.service, -1);
	assert_int_equal(server.dones, 0);
	call(&late, &client, "cat", "2");
	settle();
	assert_true(waiting.done && late.done);
	assert_slice(cal_buf_view(&waiting.error[0]), "Busy");
	assert_slice(cal_buf_view(&late.error[1]), "shutting down");
	assert_int_equal(server.dones, 0);
	open_gate(gate);
	WAIT_FOR(running.done);
	assert_int_equal(running.answer.kind, CAL_ANSWER_RESULT);
	assert_false(cal_service_cut_short(server.service));
	server_close(&server);
	errand_release(&running);
	errand_release(&waiting);
	errand_release(&late);
	cal_buf_release(&body);
	end_close(&client);
	assert_int_equal(unlink(gate), 0);
	free(gate);
}

static void
test_grace_is_over(void **state)
{
	struct server server = { .conf.text = true };
	struct end client = { 0 };
	struct errand running;
	struct cal_buf body = { .max = 0 };

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	call_wait(&running, &client, "/nowhere/gate", "", &body);
	settle();
	ev_now_update(loop);
	cal_service_drain(server.service, 0.02);
	WAIT_FOR(server.dones > 0);
	assert_true(cal_service_cut_short(server.service));
	settle();
	assert_true(running.done);
	assert_int_equal(running.answer.kind, CAL_ANSWER_CANCELLED);
	assert_slice(cal_buf_view(&running.why), "shutdown");
	errand_release(&running);
	cal_buf_release(&body);
	server_close(&server);
	end_close(&client);
}

static void
test_count(void **state)
{
	struct server server = { .conf.count = 2 };
	struct end client = { 0 };
	struct errand errands[3];
	size_t i;

	(void)state;
	server_open(&server);
	end_open(&client, "s", false);
	for (i = 0; i < COUNT(errands); i++)
		call(&errands[i], &client, "cat", "1");
	WAIT_FOR(server.dones > 0);
	settle();
	for (i = 0; i < COUNT(errands); i++) {
		assert_true(errands[i].done);
		assert_int_equal(errands[i].answer.kind, i < 2 ?
		    CAL_ANSWER_RESULT : CAL_ANSWER_ERROR);
		errand_release(&errands[i]);
	}
	server_close(&server);
	end_close(&client);
}

static int
set_up(void **state)
{
	const struct cal_log_conf quiet = {
		.program = "task_test", .level = CAL_LOG_FAILURE,
	};
	struct cal_err err;

	(void)signal(SIGPIPE, SIG_IGN);
	cal_log_setup(&quiet);
	if (mkdtemp(folder) == NULL || open_loop(state) == -1)
		return -1;
	return cal_reaper_open(&reaper, loop, &err);
}

static int
tear_down(void **state)
{
	cal_reaper_sweep(reaper);
	cal_reaper_close(reaper);
	(void)close_loop(state);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_order_of_keys),
		cmocka_unit_test(test_cancel_waiting_and_running),
		cmocka_unit_test(test_limits_of_time),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_grace_is_over),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
