/*
 * Unit tests of transport/redis_session with a real Redis: who is let in, what
 * comes back, and what follows when Redis goes and comes.
 */
#include "loop.h"
#include "redis_server.h"
#include "transport/redis.h"

struct end {
	struct cal_redis_session *session;
	struct cal_url url;
	size_t ups, downs, refusals;
	struct cal_err refusal;
	size_t answers, lost;
	enum cal_redis_kind kind;       /* of the last answer */
	char text[64];
	struct cal_redis_words words;
};

static struct end end;

static void
on_up(void *arg)
{
	struct end *e = arg;

	assert_int_equal(e->ups, e->downs);
	assert_true(e->session == NULL ||
	    cal_redis_session_is_up(e->session));
	e->ups++;
}

/* All that waited was answered before. */
static void
on_down(void *arg)
{
	struct end *e = arg;

	e->downs++;
	assert_int_equal(e->ups, e->downs);
	assert_false(cal_redis_session_is_up(e->session));
	assert_int_equal(cal_redis_session_pending(e->session), 0);
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	struct end *e = arg;

	e->refusals++;
	e->refusal = *err;
}

static void
on_answer(void *arg, const redisReply *reply)
{
	struct end *e = arg;
	struct cal_slice text = cal_redis_text(reply);

	e->kind = cal_redis_kind(reply, NULL);
	e->lost += reply == NULL;
	e->answers++;
	(void)snprintf(e->text, sizeof(e->text), "%.*s", (int)text.len,
	    (const char *)text.ptr);
}

static void
end_open(void)
{
	struct cal_redis_session_conf conf = {
		.loop = loop, .url = &end.url, .max_body = 10 << 20,
		.up = on_up, .down = on_down, .refused = on_refused,
		.arg = &end,
	};
	struct cal_err err;

	assert_int_equal(cal_redis_session_open(&end.session, &conf, &err),
	    CAL_OK);
	assert_int_equal(end.ups, 0);
}

/* Sends the words of text, which spaces part. */
static void
end_send(const char *text, unsigned block_ms)
{
	char copy[256], *rest = copy, *word;

	(void)snprintf(copy, sizeof(copy), "%s", text);
	cal_redis_begin(&end.words, strsep(&rest, " "));
	while ((word = strsep(&rest, " ")) != NULL)
		cal_redis_add_text(&end.words, word);
	cal_redis_send(end.session, &end.words, block_ms, on_answer, &end);
}

static void
end_close(void)
{
	cal_redis_session_close(end.session);
	end.session = NULL;
	cal_redis_words_release(&end.words);
}

static int
enter(void **state)
{
	memset(&end, 0, sizeof(end));
	if (open_loop(state) != 0 || folder_enter(state) != 0)
		return -1;
	redis_url(&end.url, "s");
	return 0;
}

static int
leave(void **state)
{
	end_close();
	redis_stop();
	return close_loop(state) | folder_leave(state);
}

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

/* Who is let in. */

static void
is_refused(enum cal_code code, const char *words)
{
	end_open();
	WAIT_FOR(end.refusals == 1);
	settle();
	assert_int_equal(end.refusals, 1);
	assert_int_equal(end.ups, 0);
	assert_int_equal(end.refusal.code, code);
	if (strstr(end.refusal.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, end.refusal.text);
	assert_null(strstr(end.refusal.text, "sesame"));
	assert_string_equal(cal_redis_session_trouble(end.session),
	    end.refusal.text);
}

static const char *const with_password[] = {
	"--requirepass", "sesame", NULL,
};

static void
test_password(void **state)
{
	(void)state;
	redis_start(with_password);
	strcpy(end.url.redis.password, "sesame");
	end.url.redis.db = 3;
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("SET where three", 0);
	WAIT_FOR(end.answers == 1);
	freeReplyObject(redis_do("AUTH sesame"));
	assert_int_equal(redis_number("EXISTS where"), 0);
	freeReplyObject(redis_do("SELECT 3"));
	assert_int_equal(redis_number("EXISTS where"), 1);
}

static void
test_no_password(void **state)
{
	(void)state;
	redis_start(with_password);
	is_refused(CAL_EDENIED, "NOAUTH");
}

static void
test_wrong_password(void **state)
{
	(void)state;
	redis_start(with_password);
	strcpy(end.url.redis.password, "sesame, open");
	is_refused(CAL_EDENIED, "does not take this password");
}

static void
test_needless_password(void **state)
{
	(void)state;
	redis_start(NULL);
	strcpy(end.url.redis.password, "sesame");
	is_refused(CAL_EDENIED, "has no password");
}

static const char *const with_user[] = {
	"--user", "ali", "on", ">sesame", "~*", "+xadd", NULL,
};

/* A user who may do one thing only, and that is not PING. */
static void
test_user(void **state)
{
	(void)state;
	redis_start(with_user);
	strcpy(end.url.redis.user, "ali");
	strcpy(end.url.redis.password, "sesame");
	end_open();
	WAIT_FOR(end.ups == 1);
	end_send("XADD s * a b", 0);
	WAIT_FOR(end.answers == 1);
	assert_int_equal(end.kind, CAL_REDIS_OK);
	end_send("XLEN s", 0);
	WAIT_FOR(end.answers == 2);
	assert_int_equal(end.kind, CAL_REDIS_REFUSED);
}

static void
test_wrong_user(void **state)
{
	(void)state;
	redis_start(with_user);
	strcpy(end.url.redis.user, "baba");
	strcpy(end.url.redis.password, "sesame");
	is_refused(CAL_EDENIED, "user and password");
}

static void
test_user_may_not_select(void **state)
{
	(void)state;
	redis_start(with_user);
	strcpy(end.url.redis.user, "ali");
	strcpy(end.url.redis.password, "sesame");
	end.url.redis.db = 1;
	is_refused(CAL_EDENIED, "cannot select database 1: NOPERM");
}

static void
test_no_such_database(void **state)
{
	(void)state;
	redis_start(NULL);
	end.url.redis.db = 16;
	is_refused(CAL_ECONFIG, "cannot select database 16: ERR DB index");
}

/* The password changes while we are out. */
static void
test_refused_later(void **state)
{
	(void)state;
	redis_start(NULL);
	end_open();
	WAIT_FOR(end.ups == 1);
	freeReplyObject(redis_do("CONFIG SET requirepass sesame"));
	end_send("BLPOP nothing 0", 60000);
	settle();
	(void)redis_number("CLIENT KILL TYPE normal SKIPME yes");
	WAIT_FOR(end.refusals == 1);
	assert_int_equal(end.downs, 1);
	assert_int_equal(end.lost, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(up), TEST(bytes), TEST(large), TEST(close),
		TEST(close_within), TEST(nobody_there), TEST(no_such_host),
		TEST(restart), TEST(client_kill), TEST(made_anew),
		TEST(frozen), TEST(block), TEST(own_sleep), TEST(password),
		TEST(no_password), TEST(wrong_password),
		TEST(needless_password), TEST(user), TEST(wrong_user),
		TEST(user_may_not_select), TEST(no_such_database),
		TEST(refused_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
