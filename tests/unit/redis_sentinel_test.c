/*
 * Unit tests of transport/redis_sentinel and the session that asks it, with one
 * listener that is the sentinel first and then, on the same port, the master.
 */
#include <stdio.h>

#include "redis_false.h"

static void
add_sentinel(unsigned number)
{
	struct cal_url_redis *redis = &end.url.redis;
	struct cal_url_place *place = &redis->sentinels[redis->sentinel_count];

	redis->sentinel_count++;
	strcpy(place->host, "127.0.0.1");
	place->port = (uint16_t)number;
}

static int
enter(void **state)
{
	if (false_enter(state) != 0)
		return -1;
	end.url.scheme = CAL_REDIS_SENTINEL;
	strcpy(end.url.redis.master, "mymaster");
	strcpy(end.url.redis.stream, "s");
	return 0;
}

/* What came so far begins so. */
static void
heard(const char *words)
{
	const char *text;
	static char bytes[4096];
	ssize_t got = -1;

	WAIT_FOR((got = recv(accepted, bytes, sizeof(bytes) - 1, 0)) > 0);
	bytes[got] = '\0';
	text = strstr(bytes, words);
	if (text == NULL)
		fail_msg("'%s' is not in '%s'", words, bytes);
}

static void
name_port(unsigned number)
{
	char text[64], digits[16];

	(void)snprintf(digits, sizeof(digits), "%u", number);
	(void)snprintf(text, sizeof(text),
	    "*2\r\n$9\r\n127.0.0.1\r\n$%zu\r\n%s\r\n", strlen(digits), digits);
	say(text);
}

/* The sentinel is asked, and names itself. */
static void
ask(void)
{
	WAIT_FOR(listener_accept());
	heard("SENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$8\r\nmymaster");
	name_port(port);
}

static void
be_master(void)
{
	WAIT_FOR(listener_accept());
	heard("*1\r\n$4\r\nROLE\r\n*1\r\n$4\r\nPING\r\n");
	say("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n+PONG\r\n");
}

static bool
is_troubled(const char *words)
{
	const char *trouble = cal_redis_session_trouble(end.session);

	return trouble != NULL && strstr(trouble, words) != NULL;
}

static void
test_master(void **state)
{
	(void)state;
	add_sentinel(port);
	end_open();
	ask();
	assert_int_equal(end.ups, 0);
	be_master();
	WAIT_FOR(end.ups == 1);
	end_send("ECHO one", 0);
	say("$3\r\none\r\n");
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_OK);
}

/* The password is for the master. */
static void
test_password(void **state)
{
	(void)state;
	strcpy(end.url.redis.password, "sesame");
	add_sentinel(port);
	end_open();
	ask();
	WAIT_FOR(listener_accept());
	heard("*2\r\n$4\r\nAUTH\r\n$6\r\nsesame\r\n*1\r\n$4\r\nROLE");
	say("+OK\r\n*1\r\n$6\r\nmaster\r\n+PONG\r\n");
	WAIT_FOR(end.ups == 1);
}

static void
test_replica(void **state)
{
	(void)state;
	add_sentinel(port);
	end_open();
	ask();
	WAIT_FOR(listener_accept());
	say("*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"
	    "+PONG\r\n");
	WAIT_FOR(is_troubled("no master now"));
	assert_true(is_troubled("the master 'mymaster', which is at 127.0.0."));
	assert_true(cal_redis_session_is_put_off(end.session));
	ask();
	be_master();
	WAIT_FOR(end.ups == 1);
	assert_int_equal(end.refusals, 0);
	assert_null(cal_redis_session_trouble(end.session));
}

/* What was sent before is answered, and then it is left. */
static void
test_demoted(void **state)
{
	(void)state;
	add_sentinel(port);
	end_open();
	ask();
	be_master();
	WAIT_FOR(end.ups == 1);
	end_send("SET a 1", 0);
	end_send("SET b 1", 0);
	settle();
	say("-READONLY You can't write against a read only replica.\r\n");
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_LATER);
	end_send("SET c 1", 0);
	settle();
	assert_int_equal(end.downs, 0);
	say("-READONLY You can't write against a read only replica.\r\n");
	WAIT_FOR(end.downs == 1);
	assert_int_equal(end.answers, 3);
	assert_int_equal(end.lost, 1);
	assert_true(is_troubled("no master any more"));
	ask();
	be_master();
	WAIT_FOR(end.ups == 2);
}

/* The one that named a master is the first next time. */
static void
test_next(void **state)
{
	unsigned dead;

	(void)state;
	dead = port;
	listener_close();
	port = listener_open();
	assert_int_not_equal(dead, port);
	add_sentinel(dead);
	add_sentinel(port);
	end_open();
	ask();
	be_master();
	WAIT_FOR(end.ups == 1);
	cal_redis_session_restart(end.session);
	ask();
	be_master();
	WAIT_FOR(end.ups == 2);
}

/* One that takes connections and says nothing is left after 1.5 s. */
static void
test_silent(void **state)
{
	double start = cal_clock_now();

	(void)state;
	add_sentinel(port);
	add_sentinel(port);
	end_open();
	WAIT_FOR(listener_accept());
	heard("SENTINEL");
	while (recv(accepted, (char[1]){ 0 }, 1, MSG_PEEK) != 0)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_in_range((cal_clock_now() - start) * 10, 14, 25);
	ask();
	be_master();
	WAIT_FOR(end.ups == 1);
}

static void
says(const char *text, const char *words)
{
	WAIT_FOR(listener_accept());
	heard("SENTINEL");
	say(text);
	WAIT_FOR(is_troubled(words));
	assert_true(is_troubled("no sentinel names the master 'mymaster': "));
	assert_int_equal(end.refusals, 0);
}

static void
test_sayings(void **state)
{
	(void)state;
	add_sentinel(port);
	end_open();
	says("*-1\r\n", "it knows nobody of this name");
	says("$-1\r\n", "it knows nobody of this name");
	says("-NOAUTH Authentication required.\r\n", "it wants a password");
	says("-ERR unknown command 'SENTINEL'\r\n", "it is no sentinel");
	says("-NOPERM \033[2J\r\n", "NOPERM \\x1b[2J");
}

static void
test_no_address(void **state)
{
	static const char *const replies[] = {
		"+OK\r\n", ":1\r\n", "*0\r\n", "*1\r\n$1\r\nh\r\n",
		"*2\r\n$1\r\nh\r\n:1\r\n", "*2\r\n$1\r\nh\r\n$1\r\n0\r\n",
		"*2\r\n$1\r\nh\r\n$5\r\n65536\r\n",
		"*2\r\n$1\r\n*\r\n$1\r\n1\r\n", "*2\r\n$0\r\n\r\n$1\r\n1\r\n",
		"*2\r\n$1\r\nh\r\n$1\r\n*\r\n",
		"*2\r\n$3\r\nh\0i\r\n$1\r\n1\r\n",
		"*2\r\n$7\r\n/path/x\r\n$1\r\n1\r\n",
		"*3\r\n$1\r\nh\r\n$1\r\n1\r\n$1\r\n1\r\n",
	};
	size_t i;

	(void)state;
	add_sentinel(port);
	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		end_open();
		WAIT_FOR(listener_accept());
		heard("SENTINEL");
		if (strstr(replies[i], "$3\r\n") != NULL)
			listener_say("*2\r\n$3\r\nh\0i\r\n$1\r\n1\r\n", 20);
		else
			say(replies[i]);
		WAIT_FOR(cal_redis_session_trouble(end.session) != NULL);
		if (!is_troubled("what it says is no address"))
			fail_msg("%zu: %s", i,
			    cal_redis_session_trouble(end.session));
		end_close();
	}
}

/* What a sentinel said is told, not that another one does not answer. */
static void
test_weight(void **state)
{
	unsigned dead;

	(void)state;
	dead = port;
	listener_close();
	port = listener_open();
	add_sentinel(dead);
	add_sentinel(port);
	add_sentinel(dead);
	end_open();
	says("*-1\r\n", "it knows nobody of this name");
	listener_close();
	WAIT_FOR(is_troubled("Connection refused"));
}

static void
test_no_host(void **state)
{
	struct cal_redis_session_conf conf = {
		.loop = loop, .url = &end.url, .max_body = 1,
	};
	struct cal_err err;

	(void)state;
	add_sentinel(1);
	strcpy(end.url.redis.sentinels[0].host, "no.such.invalid");
	assert_int_equal(cal_redis_session_open(&end.session, &conf, &err),
	    CAL_ENOHOST);
	assert_non_null(strstr(err.text, "cannot resolve 'no.such.invalid'"));
	/* One that is known is enough. */
	add_sentinel(port);
	end_open();
	ask();
	be_master();
	WAIT_FOR(end.ups == 1);
}

static void
test_role_denied(void **state)
{
	(void)state;
	add_sentinel(port);
	end_open();
	ask();
	WAIT_FOR(listener_accept());
	say("-NOPERM this user has no permissions to run the 'role' command"
	    "\r\n+PONG\r\n");
	WAIT_FOR(end.refusals == 1);
	assert_int_equal(end.refusal.code, CAL_EDENIED);
	assert_non_null(strstr(end.refusal.text, "cannot ask for its role: "
	    "NOPERM"));
}

/* While it asks, and while it waits to ask again. */
static void
test_close(void **state)
{
	(void)state;
	add_sentinel(port);
	end_open();
	end_close();
	WAIT_FOR(listener_accept());
	end_open();
	WAIT_FOR(listener_accept());
	heard("SENTINEL");
	cal_redis_session_restart(end.session);
	end_close();
	end_open();
	says("*-1\r\n", "it knows nobody");
	end_close();
	settle();
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(master), TEST(password), TEST(replica), TEST(demoted),
		TEST(next), TEST(silent), TEST(sayings), TEST(no_address),
		TEST(weight), TEST(no_host), TEST(role_denied), TEST(close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
