/* transport/redis_call: requests into Redis, and answers out of it. */
#include "base/hex.h"
#include "redis_rpc.h"

static void
start(void)
{
	rpc_open(false);
	WAIT_FOR(rpc.ups == 1);
	assert_null(cal_conn_trouble(rpc.conn));
}

static int
send_request(uint64_t receipt)
{
	struct cal_frames frames = {
		.word = CAL_WORD_UPPER,
		.header = BYTES("hdr"),
		.payload = BYTES("msg"),
		.receipt = receipt,
	};

	return cal_conn_send(rpc.conn, rpc.link, &frames, NULL);
}

/* An answer as a server writes it; cid may be NULL. */
static void
answer(const char *key, const uint8_t *cid)
{
	const struct asked asked = { CAL_RPC_RESULT, .seq = 5, .cid = cid };

	rpc_write(key, &asked);
}

static const char *
rto(void)
{
	static char text[CAL_REDIS_KEY_MAX + 1];

	(void)snprintf(text, sizeof(text), "%.*s", (int)rpc.link->rto.len,
	    (const char *)rpc.link->rto.ptr);
	return text;
}

static void
test_names(void **state)
{
	char name[2 * CAL_RPCMSG_CID + 1];

	(void)state;
	start();
	assert_int_equal(rpc.link->cid.len, CAL_RPCMSG_CID);
	cal_hex_text(name, rpc.link->cid);
	assert_string_equal(rpc.link->name, name);
	assert_int_equal(strlen(rto()), 9 + strlen(name));
	assert_memory_equal(rto(), "svc.conn.", 9);
	assert_string_equal(rto() + 9, name);
	assert_true(rpc_close(5));
}

static void
test_answers(void **state)
{
	static const uint8_t other[CAL_RPCMSG_CID] = { 1 };

	(void)state;
	answer("svc.conn", NULL);               /* it was there before */
	start();
	assert_int_equal(send_request(1), CAL_OK);
	WAIT_FOR(cal_conn_idle(rpc.conn));
	assert_int_equal(redis_number("XLEN svc.bind"), 1);
	answer(rto(), other);
	answer("svc.conn", other);
	freeReplyObject(redis_do("XADD svc.conn * meta create-stream"));
	freeReplyObject(redis_do("XADD svc.conn * hdr x msg y"));
	freeReplyObject(redis_do("XADD %s * msg y", rto()));
	answer("svc.conn", NULL);
	answer("svc.conn", rpc.link->cid.ptr);
	answer(rto(), rpc.link->cid.ptr);
	answer(rto(), NULL);
	WAIT_FOR(rpc.count == 4);
	settle();
	assert_int_equal(rpc.count, 4);
	assert_true(rpc_close(5));
	assert_int_equal(redis_number("KEYS svc.conn.*"), 0);
	assert_int_equal(redis_number("XLEN svc.conn"), 6);
}

static void
test_cancel(void **state)
{
	(void)state;
	start();
	assert_int_equal(send_request(0), CAL_OK);
	WAIT_FOR(cal_conn_idle(rpc.conn));
	assert_int_equal(redis_number("XLEN svc.cancel"), 1);
	assert_in_range(redis_number("TTL svc.cancel"), 3590, 3600);
	assert_int_equal(redis_number("EXISTS svc.bind"), 0);
	assert_true(rpc_close(5));
}

/* What Redis does not take is told of each request. */
static void
test_failed(void **state)
{
	(void)state;
	start();
	freeReplyObject(redis_do("CONFIG SET maxmemory 1"));
	assert_int_equal(send_request(41), CAL_OK);
	WAIT_FOR(rpc.failures == 1);
	assert_int_equal(rpc.failed, 41);
	assert_int_equal(rpc.failure.code, CAL_ETEMP);
	freeReplyObject(redis_do("CONFIG SET maxmemory 0"));
	freeReplyObject(redis_do("SET svc.bind x"));
	assert_int_equal(send_request(42), CAL_OK);
	WAIT_FOR(rpc.failures == 2);
	assert_int_equal(rpc.failed, 42);
	assert_int_equal(rpc.failure.code, CAL_ECONFIG);
	assert_true(rpc_close(5));
}

/* While Redis is away nothing leaves; what was answered meanwhile comes. */
static void
test_down(void **state)
{
	char key[CAL_REDIS_KEY_MAX + 1];
	uint8_t cid[CAL_RPCMSG_CID];

	(void)state;
	start();
	assert_int_equal(send_request(1), CAL_OK);
	WAIT_FOR(cal_conn_idle(rpc.conn));
	strcpy(key, rto());
	memcpy(cid, rpc.link->cid.ptr, sizeof(cid));
	redis_stop();
	WAIT_FOR(cal_conn_trouble(rpc.conn) != NULL);
	assert_int_equal(send_request(2), CAL_EAGAIN);
	redis_restart();
	answer(key, cid);
	WAIT_FOR(rpc.rooms == 1 && rpc.count == 1);
	assert_int_equal(send_request(3), CAL_OK);
	assert_int_equal(rpc.downs + rpc.failures, 0);
	assert_true(rpc_close(5));
}

static void
test_crowded(void **state)
{
	size_t i;

	(void)state;
	start();
	for (i = 0; send_request(i + 1) == CAL_OK; i++)
		assert_in_range(i, 0, 100000);
	assert_in_range(i, 1000, 100000);
	WAIT_FOR(rpc.rooms == 1);
	assert_int_equal(send_request(i + 1), CAL_OK);
	WAIT_FOR(cal_conn_idle(rpc.conn));
	assert_int_equal(redis_number("XLEN svc.bind"), i + 1);
	assert_true(rpc_close(5));
}

/* Many answers: what was read does not stay. */
static void
test_trim(void **state)
{
	size_t i;

	(void)state;
	start();
	for (i = 0; i < 3000; i++)
		answer(rto(), rpc.link->cid.ptr);
	WAIT_FOR(rpc.count == 3000);
	answer(rto(), rpc.link->cid.ptr);
	WAIT_FOR(rpc.count == 3001);
	WAIT_FOR(cal_conn_idle(rpc.conn));
	assert_in_range(redis_number("XLEN %s", rto()), 0, 500);
	assert_true(rpc_close(5));
}

static void
test_nobody_there(void **state)
{
	(void)state;
	redis_stop();
	rpc_open(false);
	turn_loop();
	assert_non_null(cal_conn_trouble(rpc.conn));
	assert_int_equal(rpc.ups, 0);
	redis_restart();
	WAIT_FOR(rpc.ups == 1);
	assert_true(rpc_close(5));
}

/* Closed in the middle of everything. */
static void
test_close(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 30; i++) {
		int turns = i;

		rpc_open(false);
		while (turns-- > 0)
			ev_run(loop, EVRUN_NOWAIT);
		if (rpc.ups > 0)
			(void)send_request(1);
		(void)rpc_close(i % 2);
	}
	WAIT_FOR(redis_number("KEYS svc.conn.*") == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, \
    rpc_enter, rpc_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names), TEST(answers), TEST(cancel), TEST(failed),
		TEST(down), TEST(crowded), TEST(trim), TEST(nobody_there),
		TEST(close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
