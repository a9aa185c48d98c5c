/*
 * Unit tests of transport/greeting: which mechanism a server says it has, and
 * who is no server at all.
 */
#include <zmq.h>

#include "listener.h"
#include "loop.h"
#include "transport/greeting.h"

enum { GREETING = 64, OPENING = 11 };

static struct cal_greeting *greeting;
static struct cal_url url;
static int heard;                       /* -1: nothing yet */

static void
on_done(void *arg, enum cal_mechanism mechanism)
{
	assert_ptr_equal(arg, &url);
	assert_int_equal(heard, -1);
	greeting = NULL;
	heard = (int)mechanism;
}

static void
start(void)
{
	heard = -1;
	greeting = cal_greeting_start(loop, &url, on_done, &url);
	assert_int_equal(heard, -1);    /* not inside of the call */
}

static int
close_all(void **state)
{
	(void)state;
	cal_greeting_stop(greeting);
	greeting = NULL;
	listener_close();
	return 0;
}

static void
hears(enum cal_mechanism mechanism)
{
	WAIT_FOR(heard != -1);
	assert_int_equal(heard, mechanism);
}

/* A server of libzmq at address with this mechanism. */
static void
ask_libzmq(const char *address, int option, enum cal_mechanism mechanism)
{
	void *context = zmq_ctx_new(), *socket = zmq_socket(context,
	    ZMQ_ROUTER);
	char text[128];
	size_t len = sizeof(text);
	struct cal_err err;
	int on = 1;

	if (option != 0)
		assert_int_equal(zmq_setsockopt(socket, option, &on,
		    sizeof(on)), 0);
	assert_int_equal(zmq_bind(socket, address), 0);
	assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, text, &len),
	    0);
	assert_int_equal(cal_url_parse(&url, text, false, &err), CAL_OK);
	start();
	hears(mechanism);
	(void)zmq_close(socket);
	(void)zmq_ctx_term(context);
}

static void
test_libzmq(void **state)
{
	(void)state;
	ask_libzmq("tcp://127.0.0.1:*", 0, CAL_MECHANISM_NULL);
	ask_libzmq("tcp://127.0.0.1:*", ZMQ_CURVE_SERVER, CAL_MECHANISM_CURVE);
	ask_libzmq("tcp://127.0.0.1:*", ZMQ_PLAIN_SERVER, CAL_MECHANISM_OTHER);
}

static void
test_ipc(void **state)
{
	char folder[] = "/tmp/cal-greeting-XXXXXX", address[64], *path;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(address, sizeof(address), "ipc://%s/s", folder);
	path = address + strlen("ipc://");
	ask_libzmq(address, ZMQ_CURVE_SERVER, CAL_MECHANISM_CURVE);
	(void)unlink(path);
	start();
	hears(CAL_MECHANISM_UNKNOWN);
	assert_int_equal(rmdir(folder), 0);
}

static void
listen_here(void)
{
	url = (struct cal_url){ .scheme = CAL_TCP,
	    .port = (uint16_t)listener_open() };
	strcpy(url.host, "127.0.0.1");
}

/* The server has heard what it is asked with. */
static void
accept_opening(void)
{
	char opening[OPENING + 1];
	ssize_t n = 0;

	listen_here();
	start();
	WAIT_FOR(listener_accept());
	WAIT_FOR((n = recv(accepted, opening, sizeof(opening), 0)) != -1);
	assert_int_equal(n, OPENING);
	assert_memory_equal(opening, "\xff\0\0\0\0\0\0\0\1\x7f\3", OPENING);
}

static void
make(uint8_t *bytes, int version, const char *mechanism)
{
	memset(bytes, 0, GREETING);
	bytes[0] = 0xff;
	bytes[8] = 1;
	bytes[9] = 0x7f;
	bytes[10] = (uint8_t)version;
	memcpy(bytes + 12, mechanism, strlen(mechanism));
}

static void
test_mechanisms(void **state)
{
	static const struct {
		int version;
		const char *name;
		enum cal_mechanism mechanism;
	} rows[] = {
		{ 3, "NULL", CAL_MECHANISM_NULL },
		{ 3, "CURVE", CAL_MECHANISM_CURVE },
		{ 4, "CURVE", CAL_MECHANISM_CURVE },
		{ 3, "PLAIN", CAL_MECHANISM_OTHER },
		{ 3, "NULLx", CAL_MECHANISM_OTHER },
		{ 3, "CURV", CAL_MECHANISM_OTHER },
		{ 3, "", CAL_MECHANISM_OTHER },
		{ 3, "01234567890123456789", CAL_MECHANISM_OTHER },
		{ 2, "NULL", CAL_MECHANISM_UNKNOWN },
		{ 1, "CURVE", CAL_MECHANISM_UNKNOWN },
	};
	uint8_t bytes[GREETING];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		accept_opening();
		make(bytes, rows[i].version, rows[i].name);
		listener_say(bytes, sizeof(bytes));
		hears(rows[i].mechanism);
		(void)close_all(NULL);
	}
}

/* Byte by byte, with more behind it. */
static void
test_pieces(void **state)
{
	uint8_t bytes[GREETING];
	size_t i;

	(void)state;
	accept_opening();
	make(bytes, 3, "CURVE");
	for (i = 0; i < GREETING; i++) {
		assert_int_equal(heard, -1);
		listener_say(bytes + i, 1);
		turn_loop();
	}
	hears(CAL_MECHANISM_CURVE);
	(void)close_all(NULL);

	accept_opening();
	listener_say(bytes, GREETING);
	listener_say(bytes, GREETING);
	hears(CAL_MECHANISM_CURVE);
}

static void
test_no_greeting(void **state)
{
	static const char banner[] = "SSH-2.0-OpenSSH_9.2\r\n";
	uint8_t bytes[GREETING];
	size_t i;

	(void)state;
	make(bytes, 3, "CURVE");
	/* Cut at each byte. */
	for (i = 0; i < GREETING; i++) {
		accept_opening();
		listener_say(bytes, i);
		cal_io_close(&accepted);
		hears(CAL_MECHANISM_UNKNOWN);
		(void)close_all(NULL);
	}
	accept_opening();
	listener_say(banner, sizeof(banner) - 1);
	cal_io_close(&accepted);
	hears(CAL_MECHANISM_UNKNOWN);
	(void)close_all(NULL);

	accept_opening();
	memset(bytes, 'x', sizeof(bytes));
	listener_say(bytes, sizeof(bytes));
	hears(CAL_MECHANISM_UNKNOWN);
}

/* Nobody waits for whoever says nothing, or too little. */
static void
test_silence(void **state)
{
	double before;

	(void)state;
	accept_opening();
	before = cal_clock_now();
	listener_say("\xff", 1);
	hears(CAL_MECHANISM_UNKNOWN);
	assert_true(cal_clock_now() - before < 5);
}

static void
test_nobody(void **state)
{
	(void)state;
	listen_here();
	cal_io_close(&listener);
	start();
	hears(CAL_MECHANISM_UNKNOWN);

	/* A name is no number. */
	strcpy(url.host, "localhost");
	start();
	hears(CAL_MECHANISM_UNKNOWN);
}

static void
test_stop(void **state)
{
	uint8_t bytes[GREETING];

	(void)state;
	cal_greeting_stop(NULL);
	listen_here();
	start();
	cal_greeting_stop(greeting);
	settle();
	cal_io_close(&listener);

	accept_opening();
	make(bytes, 3, "NULL");
	listener_say(bytes, sizeof(bytes));
	cal_greeting_stop(greeting);
	greeting = NULL;
	settle();
	assert_int_equal(heard, -1);

	/* Where there is nobody, too. */
	strcpy(url.host, "localhost");
	start();
	cal_greeting_stop(greeting);
	greeting = NULL;
	settle();
	assert_int_equal(heard, -1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(test_##name, close_all)
	const struct CMUnitTest tests[] = {
		TEST(libzmq), TEST(ipc), TEST(mechanisms), TEST(pieces),
		TEST(no_greeting), TEST(silence), TEST(nobody), TEST(stop),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
