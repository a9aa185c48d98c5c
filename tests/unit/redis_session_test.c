/*
 * Unit tests of transport/redis_session with a real Redis: what comes back, and
 * what follows when Redis goes and comes, or may not do what it is told.
 */
#include "redis_true.h"

static void
test_up(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	assert_false(cal_redis_session_is_up(end.session));
	WAIT_FOR(end.ups == 1);
	assert_null(cal_redis_session_trouble(end.session));
	end_send("ECHO one", 0);
	end_send("ECHO two", 0);
	assert_int_equal(cal_redis_session_pending(end.session), 2);
	assert_int_equal(end.answers, 0);
	WAIT_FOR(end.answers == 2);
	assert_string_equal(end.text, "two");
	end_close();
	assert_int_equal(end.downs, 0);
}

static void
on_next_number(void *arg, const redisReply *reply)
{
	long long *last = arg;

	assert_int_equal(reply->integer, ++*last);
}

/* Each answer comes to its command, however many wait. */
static void
test_order(void **state)
{
	long long last = 0, sent = 0;

	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	cal_redis_begin(&end.words, "INCR");
	cal_redis_add_text(&end.words, "n");
	while (sent < 5000) {
		do
			cal_redis_send(end.session, &end.words, 0,
			    on_next_number, &last);
		while (++sent % 70 != 0);
		ev_run(loop, EVRUN_NOWAIT);
	}
	WAIT_FOR(last == sent);
	assert_int_equal(cal_redis_session_pending(end.session), 0);
}

/* Any bytes, also none. */
static void
test_bytes(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	cal_redis_begin(&end.words, "SET");
	cal_redis_add(&end.words, BYTES("k\0\r\n"));
	cal_redis_add(&end.words, BYTES(""));
	cal_redis_send(end.session, &end.words, 0, on_answer, &end);
	cal_redis_begin(&end.words, "APPEND");
	cal_redis_add(&end.words, BYTES("k\0\r\n"));
	cal_redis_add_number(&end.words, UINT64_MAX);
	cal_redis_send(end.session, &end.words, 0, on_answer, &end);
	WAIT_FOR(end.answers == 2);
	assert_int_equal(redis_number("STRLEN %b", "k\0\r\n", (size_t)4), 20);
}

/* More than the kernel takes at once, both ways, and nobody waits. */
static void
test_large(void **state)
{
	size_t len = 20 << 20, i;
	uint8_t *body = cal_malloc(len);

	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	for (i = 0; i < len; i++)
		body[i] = (uint8_t)(i * 7);
	cal_redis_begin(&end.words, "SET");
	cal_redis_add_text(&end.words, "k");
	cal_redis_add(&end.words, cal_slice_of(body, len));
	cal_redis_send(end.session, &end.words, 0, on_answer, &end);
	end_send("ECHO behind", 0);
	end_send("GET k", 0);
	WAIT_FOR(end.answers == 3);
	assert_int_equal(end.lost, 0);
	assert_memory_equal(end.text, body, 1);
	free(body);
}

/* What waits is answered, once, in closing. */
static void
test_close(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("ECHO one", 0);
	end_send("ECHO two", 0);
	end_close();
	assert_int_equal(end.answers, 2);
	assert_int_equal(end.lost, 2);
	settle();
	assert_int_equal(end.answers, 2);
	assert_int_equal(end.downs, 0);
}

static void
on_answer_close(void *arg, const redisReply *reply)
{
	on_answer(arg, reply);
	cal_redis_session_close(end.session);
	end.session = NULL;
}

/* Also from within an answer. */
static void
test_close_within(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	cal_redis_begin(&end.words, "PING");
	cal_redis_send(end.session, &end.words, 0, on_answer_close, &end);
	cal_redis_send(end.session, &end.words, 0, on_answer, &end);
	WAIT_FOR(end.answers > 0);
	assert_int_equal(end.answers, 2);
	assert_int_equal(end.lost, 1);
	settle();
	assert_int_equal(end.answers, 2);
}

static void
test_nobody_there(void **state)
{
	(void)state;
	end_open();
	settle();
	assert_non_null(strstr(cal_redis_session_trouble(end.session),
	    "No such file"));
	redis_start(NULL);
	WAIT_FOR(end.ups == 1);
	assert_null(cal_redis_session_trouble(end.session));
}

static void
test_no_such_host(void **state)
{
	struct cal_redis_session_conf conf = {
		.loop = loop, .url = &end.url, .up = on_up, .down = on_down,
		.refused = on_refused, .arg = &end,
	};
	struct cal_err err;

	(void)state;
	end.url.scheme = CAL_REDIS;
	strcpy(end.url.host, "nobody.invalid");
	end.url.port = 6379;
	assert_int_equal(cal_redis_session_open(&end.session, &conf, &err),
	    CAL_ENOHOST);
	assert_null(end.session);
}

/* Killed while it is asked: whether it did it is not known. */
static void
test_restart(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("BLPOP nothing 0", 60000);
	end_send("ECHO behind", 0);
	settle();
	redis_stop();
	WAIT_FOR(end.downs == 1);
	assert_int_equal(end.lost, 2);
	assert_int_equal(end.kind, CAL_REDIS_LOST);
	assert_non_null(cal_redis_session_trouble(end.session));
	redis_restart();
	WAIT_FOR(end.ups == 2);
	end_send("ECHO again", 0);
	WAIT_FOR(end.answers == 3);
	assert_string_equal(end.text, "again");
}

static void
test_client_kill(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("BLPOP nothing 0", 60000);
	settle();
	(void)redis_number("CLIENT KILL TYPE normal SKIPME yes");
	WAIT_FOR(end.ups == 2);
	assert_int_equal(end.downs, 1);
	assert_int_equal(end.lost, 1);
}

static void
test_made_anew(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("ECHO one", 0);
	cal_redis_session_restart(end.session);
	assert_int_equal(end.answers, 0);
	assert_int_equal(end.downs, 0);
	WAIT_FOR(end.ups == 2);
	assert_int_equal(end.downs, 1);
	assert_int_equal(end.lost, 1);
}

/* It stands still: the answer is overdue, and later it is there again. */
static void
test_frozen(void **state)
{
	double start;

	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	redis_signal(SIGSTOP);
	end_send("ECHO one", 0);
	start = cal_clock_now();
	WAIT_FOR(end.downs == 1);
	assert_in_range((cal_clock_now() - start) * 10, 49, 70);
	assert_int_equal(end.lost, 1);
	assert_non_null(strstr(cal_redis_session_trouble(end.session),
	    "does not answer"));
	redis_signal(SIGCONT);
	WAIT_FOR(end.ups == 2);
}

/* A command that may block is waited for as long as it may, and longer. */
static void
test_block(void **state)
{
	double start = cal_clock_now();

	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("BLPOP nothing 6", 6000);
	WAIT_FOR(end.answers == 1);
	assert_true(cal_clock_now() - start > 5.9);
	assert_int_equal(end.lost, 0);
	assert_int_equal(end.downs, 0);
}

/* A process that stood still itself does not take Redis for dead. */
static void
test_own_sleep(void **state)
{
	const struct timespec nap = { .tv_sec = 6 };

	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("ECHO one", 0);
	ev_run(loop, EVRUN_NOWAIT);
	(void)nanosleep(&nap, NULL);
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.lost, 0);
	settle();
	assert_int_equal(end.downs, 0);
}

/* What a write is told when Redis may not write, and what when it may again. */
static void
test_troubles(void **state)
{
	static const struct {
		const char *begin, *end, *words;
	} rows[] = {
		{ "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "READONLY" },
		{ "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "OOM" },
		{ "CONFIG SET min-replicas-to-write 1",
		    "CONFIG SET min-replicas-to-write 0", "NOREPLICAS" },
	};
	size_t i;

	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	for (i = 0; i < COUNT(rows); i++) {
		freeReplyObject(redis_do(rows[i].begin));
		end_send("XADD s * a b", 0);
		WAIT_FOR(end.answers == 2 * i + 1);
		assert_int_equal(end.kind, CAL_REDIS_LATER);
		assert_non_null(strstr(end.why.text, rows[i].words));
		freeReplyObject(redis_do(rows[i].end));
		end_send("XADD s * a b", 0);
		WAIT_FOR(end.answers == 2 * i + 2);
		assert_int_equal(end.kind, CAL_REDIS_OK);
	}
	assert_int_equal(end.downs, 0);
}

/* Who only reads is let in even then. */
static void
test_disk_full(void **state)
{
	(void)state;
	redis_start(NULL);
	assert_int_equal(mkdir("dump.rdb", 0700), 0);
	freeReplyObject(redis_do("CONFIG SET save %s", "3600 100000"));
	freeReplyObject(redis_do("BGSAVE"));
	WAIT_FOR(redis_says("SET a b", "MISCONF"));
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("XLEN s", 0);
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_OK);
	end_send("XADD s * a b", 0);
	WAIT_FOR(end.answers == 2);
	assert_int_equal(end.kind, CAL_REDIS_LATER);
	assert_non_null(strstr(end.why.text, "MISCONF"));
}

/* It is there, but has not read yet what it keeps. */
static void
test_loading(void **state)
{
	static const char *const slow[] = { "--key-load-delay", "10000",
	    "--loading-process-events-interval-bytes", "1024", NULL };
	char body[1000] = "";
	int i;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	redis_start(NULL);
	for (i = 0; i < 200; i++)
		freeReplyObject(redis_do("SET k%d %s", i, body));
	freeReplyObject(redis_do("SAVE"));
	redis_stop();
	redis_start(slow);
	end_open();
	WAIT_FOR(cal_redis_session_trouble(end.session) != NULL);
	assert_non_null(strstr(cal_redis_session_trouble(end.session),
	    "LOADING"));
	assert_int_equal(end.ups, 0);
	WAIT_FOR(end.ups == 1);
	assert_int_equal(end.refusals, 0);
	end_send("STRLEN k199", 0);
	WAIT_FOR(end.answers == 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(up), TEST(order), TEST(bytes), TEST(large),
		TEST(close), TEST(close_within), TEST(nobody_there),
		TEST(no_such_host),
		TEST(restart), TEST(client_kill), TEST(made_anew),
		TEST(frozen), TEST(block), TEST(own_sleep), TEST(troubles),
		TEST(disk_full), TEST(loading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
