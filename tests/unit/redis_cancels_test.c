/* transport/redis_cancels and redis_rpc: what both sides of calls share. */
#include "redis_rpc.h"

#include "transport/redis_cancels.h"

static struct cal_redis_cancels *cancels;
static struct cal_url url;
static size_t heard, known;

static void
on_heard(void *arg, const struct cal_rpcmsg *head, struct cal_slice hdr,
    struct cal_slice msg)
{
	(void)arg;
	assert_int_equal(head->type, CAL_RPC_CANCEL);
	assert_true(hdr.len > 0 && msg.len > 0);
	heard++;
}

static void
on_known(void *arg)
{
	(void)arg;
	known++;
}

static void
on_refused(void *arg, const struct cal_err *err)
{
	(void)arg;
	fail_msg("refused: %s", err->text);
}

static void
start(void)
{
	const struct cal_redis_cancels_conf conf = {
		.loop = loop, .url = &url, .key = "svc.cancel",
		.max_body = 1 << 20, .heard = on_heard, .known = on_known,
		.refused = on_refused,
	};
	struct cal_err err;

	heard = known = 0;
	redis_url(&url, "svc");
	assert_int_equal(cal_redis_cancels_open(&cancels, &conf, &err),
	    CAL_OK);
	assert_false(cal_redis_cancels_known(cancels));
}

static void
cancel(const uint8_t *cid, uint32_t seq)
{
	const struct asked asked = { CAL_RPC_CANCEL, .seq = seq, .cid = cid };

	rpc_write("svc.cancel", &asked);
}

static bool
has(const uint8_t *cid, uint32_t seq)
{
	struct cal_buf raw = { .max = 0 };
	struct cal_rpcmsg head = { .type = CAL_RPC_FUNCTION };
	bool there;

	cal_rpcmsg_put_seq(&raw, seq);
	head.id.seq = cal_buf_view(&raw);
	if (cid != NULL)
		head.cid = cal_slice_of(cid, CAL_RPCMSG_CID);
	there = cal_redis_cancels_has(cancels, &head);
	cal_buf_release(&raw);
	return there;
}

static void
test_remembered(void **state)
{
	static const uint8_t a[CAL_RPCMSG_CID] = { 1 },
	    b[CAL_RPCMSG_CID] = { 2 };
	const struct asked other = { CAL_RPC_FUNCTION, .seq = 9, .cid = a };

	(void)state;
	cancel(a, 1);
	cancel(a, 70000);
	rpc_write("svc.cancel", &other);
	freeReplyObject(redis_do("XADD svc.cancel * hdr x msg y"));
	start();
	WAIT_FOR(known == 1);
	assert_int_equal(heard, 2);
	assert_true(has(a, 1) && has(a, 70000));
	assert_false(has(a, 2) || has(b, 1) || has(a, 9) || has(NULL, 1));
	cancel(b, 1);
	cancel(NULL, 5);
	cancel(b, 1);
	WAIT_FOR(heard == 5);
	assert_true(has(b, 1));
	/* Whoever has no cid has numbers that others have, too. */
	assert_false(has(NULL, 5));
	cal_redis_cancels_close(cancels);
}

static void
test_many(void **state)
{
	static const uint8_t a[CAL_RPCMSG_CID] = { 1 };
	uint32_t i;

	(void)state;
	for (i = 0; i < CAL_REDIS_CANCELS + 5; i++)
		cancel(a, i);
	start();
	WAIT_FOR(known == 1);
	assert_int_equal(heard, CAL_REDIS_CANCELS + 5);
	assert_false(has(a, 0) || has(a, 4));
	assert_true(has(a, 5) && has(a, CAL_REDIS_CANCELS + 4));
	cal_redis_cancels_close(cancels);
}

/* It goes on behind what it heard last. */
static void
test_down(void **state)
{
	static const uint8_t a[CAL_RPCMSG_CID] = { 1 };

	(void)state;
	start();
	WAIT_FOR(known == 1);
	cancel(a, 1);
	WAIT_FOR(heard == 1);
	redis_stop();
	redis_restart();
	cancel(a, 2);
	WAIT_FOR(heard == 2);
	assert_int_equal(known, 1);
	assert_true(has(a, 1) && has(a, 2));
	cal_redis_cancels_close(cancels);
}

static void
test_ahead(void **state)
{
	struct cal_redis_ahead ahead = { 0 };
	size_t first = cal_redis_ahead(&ahead, SIZE_MAX);

	(void)state;
	assert_in_range(first, 1, 100);
	assert_int_equal(cal_redis_ahead(&ahead, 3), 3);
	cal_redis_ahead_came(&ahead, first, 1000);
	assert_int_equal(cal_redis_ahead(&ahead, SIZE_MAX), 2 * first);
	/* Ten of a MiB: no more than eight. */
	cal_redis_ahead_came(&ahead, 10, 10 << 20);
	assert_int_equal(cal_redis_ahead(&ahead, SIZE_MAX), 8);
	cal_redis_ahead_came(&ahead, 1, 50 << 20);
	assert_int_equal(cal_redis_ahead(&ahead, SIZE_MAX), 1);
	cal_redis_ahead_came(&ahead, 1, 5 << 20);
	assert_int_equal(cal_redis_ahead(&ahead, SIZE_MAX), 1);
	cal_redis_ahead_came(&ahead, 1, 1 << 20);
	assert_int_equal(cal_redis_ahead(&ahead, SIZE_MAX), 2);
	cal_redis_ahead_lost(&ahead);
	assert_int_equal(cal_redis_ahead(&ahead, SIZE_MAX), 1);
}

static void
test_keys(void **state)
{
	static const uint8_t cid[CAL_RPCMSG_CID] = { 0, 255, 0x1f };
	char name[CAL_URL_NAME_MAX + 1], key[CAL_REDIS_KEY_MAX + 1];
	struct cal_redis_keys keys;

	(void)state;
	cal_redis_keys_init(&keys, "a b");
	assert_string_equal(keys.bind, "a b.bind");
	assert_string_equal(keys.conn, "a b.conn");
	assert_string_equal(keys.cancel, "a b.cancel");
	cal_redis_keys_answers(&keys, cal_slice_of(cid, sizeof(cid)), key);
	assert_string_equal(key, "a b.conn.00ff1f00000000000000000000000000");
	memset(name, 'n', CAL_URL_NAME_MAX);
	name[CAL_URL_NAME_MAX] = '\0';
	cal_redis_keys_init(&keys, name);
	cal_redis_keys_answers(&keys, cal_slice_of(cid, sizeof(cid)), key);
	assert_int_equal(strlen(key), CAL_REDIS_KEY_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, \
    rpc_enter, rpc_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(remembered), TEST(many), TEST(down),
		cmocka_unit_test(test_ahead), cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
