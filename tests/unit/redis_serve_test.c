/* transport/redis_serve: requests from Redis, and answers into it. */
#include "redis_rpc.h"

#include "transport/redis_serve.h"

static bool
is_group_of(long long consumers)
{
	return redis_number("XINFO CONSUMERS svc.bind cal") == consumers;
}

static long long
pending(void)
{
	redisReply *reply = redis_do("XPENDING svc.bind cal");
	long long count = reply->element[0]->integer;

	freeReplyObject(reply);
	return count;
}

static void
start(void)
{
	rpc_open(true);
	WAIT_FOR(rpc.readies == 1);
}

static void
test_one(void **state)
{
	static const uint8_t cid[CAL_RPCMSG_CID] = { 1, 2, 0xab };
	const struct asked asked = {
		CAL_RPC_FUNCTION, .seq = 7, .cid = cid,
		.rto = "svc.conn.0102ab00000000000000000000000000",
		.has_dl = true, .dl = 60000,
	};

	(void)state;
	start();
	rpc_write("svc.bind", &asked);
	WAIT_FOR(rpc.count == 1);
	assert_int_equal(rpc.ups, 1);
	assert_string_equal(rpc.link->name,
	    "0102ab00000000000000000000000000");
	assert_true(rpc.got[0].receipt != 0);
	assert_in_range(rpc.got[0].age_ms, 0, DEADLINE * 1000);
	/* At most once: it is nobody's any more before it is handed up. */
	assert_int_equal(pending(), 0);
	assert_int_equal(redis_number("XLEN svc.bind"), 0);
	assert_int_equal(rpc_answer(&rpc, rpc.link, rpc.got[0].receipt,
	    "yes"), CAL_OK);
	WAIT_FOR(cal_conn_idle(rpc.conn));
	assert_int_equal(redis_number("XLEN %s", asked.rto), 1);
	assert_in_range(redis_number("TTL %s", asked.rto), 3590, 3600);
	assert_true(rpc_close(5));
	assert_int_equal(redis_number("XINFO CONSUMERS svc.bind cal"), 0);
}

static void
test_nobodys_cid(void **state)
{
	const struct asked asked = { CAL_RPC_FUNCTION, .seq = 0 };

	(void)state;
	start();
	rpc.answers = true;
	rpc_write("svc.bind", &asked);
	rpc_write("svc.bind", &asked);
	WAIT_FOR(rpc.count == 2 && cal_conn_idle(rpc.conn));
	assert_int_equal(rpc.ups, 1);
	assert_string_equal(rpc.link->name, "anybody");
	assert_int_equal(redis_number("XLEN svc.conn"), 2);
	assert_int_equal(redis_number("TTL svc.conn"), -1);
	assert_true(rpc_close(5));
}

/* No more are read than there are places; each answer makes one. */
static void
test_window(void **state)
{
	uint32_t i;

	(void)state;
	rpc.redis.window = 3;
	for (i = 0; i < 10; i++)
		rpc_ask(1, i);
	start();
	WAIT_FOR(rpc.count == 3);
	settle();
	assert_int_equal(redis_number("XLEN svc.bind"), 7);
	assert_int_equal(rpc_answer(&rpc, rpc.got[1].link, rpc.got[1].receipt,
	    ""), CAL_OK);
	WAIT_FOR(rpc.count == 4);
	assert_int_equal(redis_number("XLEN svc.bind"), 6);
	cal_conn_settle(rpc.conn, rpc.got[0].receipt, CAL_SETTLE_DONE, NULL);
	WAIT_FOR(rpc.count == 5);
	assert_int_equal(redis_number("XLEN svc.bind"), 5);
	assert_true(rpc_close(5));
	assert_int_equal(redis_number("XLEN svc.bind"), 5);
	assert_int_equal(pending(), 0);
}

/* Links of callers who were not heard of for longest go down. */
static void
test_callers(void **state)
{
	uint32_t i;

	(void)state;
	start();
	rpc_ask(1000000, 0);
	WAIT_FOR(rpc.count == 1);
	rpc.answers = true;
	for (i = 0; i < CAL_REDIS_CALLERS + 50; i++)
		rpc_ask(i, 0);
	WAIT_FOR(rpc.count == CAL_REDIS_CALLERS + 51);
	assert_int_equal(rpc.ups, CAL_REDIS_CALLERS + 51);
	assert_int_equal(rpc.downs, 51);
	/* One who was there lately is still there, one who was not is new. */
	rpc_ask(CAL_REDIS_CALLERS, 1);
	WAIT_FOR(rpc.count == CAL_REDIS_CALLERS + 52);
	assert_int_equal(rpc.ups, CAL_REDIS_CALLERS + 51);
	rpc_ask(3, 1);
	WAIT_FOR(rpc.count == CAL_REDIS_CALLERS + 53);
	assert_int_equal(rpc.ups, CAL_REDIS_CALLERS + 52);
	assert_true(rpc_close(5));
}

static void
test_at_least_once(void **state)
{
	(void)state;
	rpc.redis.at_least_once = true;
	rpc.redis.lease = 30;
	start();
	rpc_ask(1, 1);
	rpc_ask(1, 2);
	rpc_ask(1, 3);
	WAIT_FOR(rpc.count == 3);
	assert_int_equal(pending(), 3);
	assert_int_equal(rpc_answer(&rpc, rpc.link, rpc.got[0].receipt, ""),
	    CAL_OK);
	WAIT_FOR(cal_conn_idle(rpc.conn));
	assert_int_equal(pending(), 2);
	assert_int_equal(redis_number("XLEN svc.bind"), 2);
	cal_conn_settle(rpc.conn, rpc.got[1].receipt, CAL_SETTLE_DONE, NULL);
	WAIT_FOR(cal_conn_idle(rpc.conn));
	assert_int_equal(pending(), 1);
	/* The third one is not answered: it stays, for whoever comes next. */
	assert_true(rpc_close(5));
	assert_int_equal(pending(), 1);
	assert_true(is_group_of(1));
	rpc.redis.at_least_once = true;
	rpc.redis.lease = 30;
	start();
	WAIT_FOR(rpc.count == 1);
	assert_int_equal(rpc_answer(&rpc, rpc.link, rpc.got[0].receipt, ""),
	    CAL_OK);
	assert_true(rpc_close(5));
	assert_int_equal(pending(), 0);
	assert_int_equal(redis_number("XLEN svc.bind"), 0);
}

/* Nothing is read, and what comes anyway goes back. */
static void
test_pause(void **state)
{
	(void)state;
	start();
	rpc_ask(1, 1);
	WAIT_FOR(rpc.count == 1);
	cal_conn_pause(rpc.conn, true);
	settle();
	rpc_ask(1, 2);
	turn_loop();
	turn_loop();
	assert_int_equal(rpc.count, 1);
	WAIT_FOR(pending() == 0);
	assert_int_equal(redis_number("XLEN svc.bind"), 1);
	cal_conn_pause(rpc.conn, false);
	WAIT_FOR(rpc.count == 2);
	assert_int_equal(pending(), 0);
	assert_true(rpc_close(5));
}

/* A CANCEL is handed up where its request is, and remembered elsewhere. */
static void
test_cancel(void **state)
{
	static const uint8_t cid[CAL_RPCMSG_CID] = { 9 };
	struct asked asked = { CAL_RPC_FUNCTION, .seq = 1, .cid = cid };

	(void)state;
	start();
	rpc_write("svc.bind", &asked);
	WAIT_FOR(rpc.count == 1);
	asked.type = CAL_RPC_CANCEL;
	asked.seq = 2;
	rpc_write("svc.cancel", &asked);
	asked.seq = 1;
	rpc_write("svc.cancel", &asked);
	WAIT_FOR(rpc.count == 2);
	assert_int_equal(rpc.got[1].receipt, 0);
	assert_ptr_equal(rpc.got[1].link, rpc.got[0].link);
	asked.type = CAL_RPC_FUNCTION;
	asked.seq = 2;
	rpc_write("svc.bind", &asked);
	asked.seq = 3;
	rpc_write("svc.bind", &asked);
	WAIT_FOR(rpc.count == 3);
	assert_int_equal(rpc.conn->counts.stale, 1);
	assert_true(rpc_close(5));
}

/* Answers wait for Redis; a close does so no longer than it may. */
static void
test_down(void **state)
{
	double begun;

	(void)state;
	start();
	rpc_ask(1, 1);
	rpc_ask(1, 2);
	WAIT_FOR(rpc.count == 2);
	redis_stop();
	WAIT_FOR(cal_conn_trouble(rpc.conn) != NULL);
	assert_int_equal(rpc_answer(&rpc, rpc.link, rpc.got[0].receipt, ""),
	    CAL_OK);
	assert_false(cal_conn_idle(rpc.conn));
	redis_restart();
	WAIT_FOR(cal_conn_idle(rpc.conn));
	assert_int_equal(redis_number(
	    "XLEN svc.conn.01000000000000000000000000000000"), 1);
	redis_stop();
	WAIT_FOR(cal_conn_trouble(rpc.conn) != NULL);
	assert_int_equal(rpc_answer(&rpc, rpc.link, rpc.got[1].receipt, ""),
	    CAL_OK);
	begun = cal_clock_now();
	assert_false(rpc_close(0.2));
	assert_true(cal_clock_now() - begun < DEADLINE);
}

/* A holder may keep the bytes for longer than the connection lives. */
static struct cal_hold *held;
static struct cal_slice held_header;

static void
on_held(void *arg, struct cal_link *link, struct cal_message *message)
{
	((struct rpc *)arg)->count++;
	(void)link;
	held_header = message->header;
	held = cal_message_take(message);
}

static void
test_hold(void **state)
{
	struct cal_conn_events events = rpc_events;

	(void)state;
	start();
	events.message = on_held;
	rpc.conn->conf.events = &events;
	rpc_ask(1, 1);
	WAIT_FOR(rpc.count == 1);
	assert_true(rpc_close(5));
	assert_int_equal(held_header.ptr[0] & 0xf0, 0x80);
	cal_hold_free(held);
}

static void
test_refused(void **state)
{
	(void)state;
	freeReplyObject(redis_do("SET svc.bind x"));
	rpc_open(true);
	WAIT_FOR(rpc.refusals == 1);
	assert_int_equal(rpc.refusal.code, CAL_ECONFIG);
	assert_int_equal(rpc.readies, 0);
	(void)rpc_close(1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, \
    rpc_enter, rpc_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one), TEST(nobodys_cid), TEST(window), TEST(callers),
		TEST(at_least_once), TEST(pause), TEST(cancel), TEST(down),
		TEST(hold), TEST(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
