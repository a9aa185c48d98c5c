/*
 * Unit tests of transport/redis_session with somebody who only says that he is
 * Redis, or does not even say so.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "redis_false.h"

/* A session that is up, with one command that waits. */
static void
begin(void)
{
	end_open();
	WAIT_FOR(listener_accept());
	say("+PONG\r\n");
	WAIT_FOR(end.ups == 1);
	end_send("ECHO one", 0);
}

/* Says it, which ends the connection within so many seconds: why. */
static void
ends_after(struct cal_slice bytes, double seconds, const char *why)
{
	double start = cal_clock_now();

	begin();
	listener_say(bytes.ptr, bytes.len);
	WAIT_FOR(end.downs == 1);
	assert_true(cal_clock_now() - start < seconds);
	assert_int_equal(end.answers, 1);
	assert_int_equal(end.lost, 1);
	if (strstr(cal_redis_session_trouble(end.session), why) == NULL)
		fail_msg("'%s' is not in '%s'", why,
		    cal_redis_session_trouble(end.session));
	WAIT_FOR(listener_accept());
	say("+PONG\r\n");
	WAIT_FOR(end.ups == 2);
}

static void
test_depth(void **state)
{
	(void)state;
	ends_after(BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
	    ":1\r\n"), 2, "nested");
}

static void
test_elements(void **state)
{
	(void)state;
	ends_after(BYTES("*1000000000\r\n"), 2, "too large");
}

static void
test_long(void **state)
{
	(void)state;
	ends_after(BYTES("$4294967296\r\nx"), 2, "too large");
}

static void
test_garbage(void **state)
{
	(void)state;
	ends_after(BYTES("\033[2Jgarbage\r\n"), 2, "no Redis");
}

/* More answers than there were questions. */
static void
test_too_much(void **state)
{
	(void)state;
	begin();
	say("$3\r\none\r\n+OK\r\n+OK\r\n");
	WAIT_FOR(end.downs == 1);
	assert_int_equal(end.answers, 1);
	assert_string_equal(end.text, "one");
	assert_non_null(strstr(cal_redis_session_trouble(end.session),
	    "nobody asked"));
}

static void
test_half(void **state)
{
	(void)state;
	ends_after(BYTES("$3\r\nab"), 8, "does not answer");
}

static void
test_hangs_up(void **state)
{
	(void)state;
	begin();
	say("$3\r\nab");
	cal_io_close(&accepted);
	WAIT_FOR(end.downs == 1);
	assert_int_equal(end.lost, 1);
}

/* It is an answer all the same; and a terminal does not obey it. */
static void
test_escape(void **state)
{
	(void)state;
	begin();
	say("-ERR \033]0;x\007\r\n");
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_REFUSED);
	assert_string_equal(end.why.text, "ERR \\x1b]0;x\\x07");
	assert_int_equal(end.downs, 0);
}

static void
test_byte_by_byte(void **state)
{
	const char *answer = "*2\r\n$3\r\none\r\n:-1\r\n";
	size_t i;

	(void)state;
	begin();
	for (i = 0; answer[i] != '\0'; i++) {
		listener_say(answer + i, 1);
		settle();
	}
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_OK);
	assert_int_equal(end.downs, 0);
}

/* One that does not know AUTH says again what it was told. */
static void
test_repeats_password(void **state)
{
	(void)state;
	strcpy(end.url.redis.password, "sesame");
	end_open();
	WAIT_FOR(listener_accept());
	say("-ERR unknown command `AUTH`, with args beginning with: "
	    "`sesame`, \r\n");
	WAIT_FOR(end.refusals == 1);
	assert_int_equal(end.refusal.code, CAL_EDENIED);
	assert_null(strstr(end.refusal.text, "sesame"));
}

/* What it says before it hangs up is why it does. */
static void
test_full(void **state)
{
	(void)state;
	strcpy(end.url.redis.password, "sesame");
	end_open();
	WAIT_FOR(listener_accept());
	say("-ERR max number of clients reached\r\n");
	cal_io_close(&accepted);
	WAIT_FOR(cal_redis_session_trouble(end.session) != NULL);
	assert_string_equal(cal_redis_session_trouble(end.session),
	    "ERR max number of clients reached");
	WAIT_FOR(listener_accept());
	assert_int_equal(end.refusals, 0);
}

static void
test_protected(void **state)
{
	(void)state;
	strcpy(end.url.redis.password, "sesame");
	end_open();
	WAIT_FOR(listener_accept());
	say("-DENIED Redis is running in protected mode\r\n");
	cal_io_close(&accepted);
	WAIT_FOR(end.refusals == 1);
	assert_non_null(strstr(end.refusal.text, "protected mode"));
}

/* It is taken, and nothing follows. */
static void
test_silent(void **state)
{
	double start = cal_clock_now();

	(void)state;
	end_open();
	WAIT_FOR(listener_accept());
	WAIT_FOR(cal_redis_session_trouble(end.session) != NULL);
	assert_in_range((cal_clock_now() - start) * 10, 49, 80);
	assert_string_equal(cal_redis_session_trouble(end.session),
	    "Redis does not answer");
	WAIT_FOR(listener_accept());
	say("+PONG\r\n");
	WAIT_FOR(end.ups == 1);
}

/* A cluster: one clear sentence. */
static void
test_cluster(void **state)
{
	(void)state;
	begin();
	say("-MOVED 3999 127.0.0.1:6381\r\n");
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_REFUSED);
	assert_int_equal(end.why.code, CAL_EDATA);
	assert_non_null(strstr(end.why.text, "cluster"));
}

/* It comes again, later each time, and not for ever later. */
static void
test_backoff(void **state)
{
	double start = cal_clock_now(), last = 0;
	int i;

	(void)state;
	end_open();
	for (i = 0; i < 5; i++) {
		WAIT_FOR(listener_accept());
		last = cal_clock_now() - start;
		cal_io_close(&accepted);
	}
	/* 0.1, 0.2, 0.4 and 0.8 s, each up to a half less. */
	assert_true(last > 0.75 && last < 2.5);
}

/* The descriptors of a session, and no others of this process. */
static void
test_descriptors(void **state)
{
	bool before[64];
	int fd, on, count = 0;
	socklen_t len = sizeof(on);

	(void)state;
	turn_loop();
	for (fd = 0; fd < 64; fd++)
		before[fd] = fcntl(fd, F_GETFD) != -1;
	begin();
	for (fd = 0; fd < 64; fd++)
		if (!before[fd] && fd != accepted &&
		    fcntl(fd, F_GETFD) != -1) {
			assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
			assert_int_equal(getsockopt(fd, IPPROTO_TCP,
			    TCP_NODELAY, &on, &len), 0);
			assert_int_equal(on, 1);
			count++;
		}
	assert_int_equal(count, 1);
	end_close();
	cal_io_close(&accepted);
	for (fd = 0; fd < 64; fd++)
		assert_int_equal(before[fd], fcntl(fd, F_GETFD) != -1);
}

/* In the middle of a connection attempt, and of a wait for the next. */
static void
test_close_early(void **state)
{
	(void)state;
	end_open();
	end_close();
	end_open();
	WAIT_FOR(listener_accept());
	end_close();
	end_open();
	WAIT_FOR(listener_accept());
	cal_io_close(&accepted);
	WAIT_FOR(cal_redis_session_trouble(end.session) != NULL);
	end_close();
	settle();
	assert_int_equal(end.ups + end.downs + end.refusals, 0);
}

/* Whoever takes a long command slowly is not silent. */
static void
test_slow_reader(void **state)
{
	static uint8_t bytes[1 << 20];
	size_t left = 24 << 20;
	double next = 0, now;
	ssize_t got;

	(void)state;
	end_open();
	WAIT_FOR(listener_accept());
	say("+PONG\r\n");
	WAIT_FOR(end.ups == 1);
	cal_redis_begin(&end.words, "SET");
	cal_redis_add_text(&end.words, "k");
	while (end.words.bytes.len < left)
		cal_redis_add(&end.words, cal_slice_of(bytes, sizeof(bytes)));
	cal_redis_send(end.session, &end.words, 0, on_answer, &end);
	while (left > 0) {
		turn_loop();
		if ((now = cal_clock_now()) < next)
			continue;
		next = now + 0.3;
		got = recv(accepted, bytes, sizeof(bytes), 0);
		if (got > 0)
			left -= (size_t)got < left ? (size_t)got : left;
	}
	assert_int_equal(end.downs, 0);
	say("+OK\r\n");
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.lost, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, false_enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(depth), TEST(elements), TEST(long), TEST(garbage),
		TEST(too_much), TEST(half), TEST(hangs_up), TEST(escape),
		TEST(byte_by_byte), TEST(repeats_password), TEST(full),
		TEST(protected), TEST(silent), TEST(cluster), TEST(backoff),
		TEST(descriptors), TEST(close_early), TEST(slow_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
