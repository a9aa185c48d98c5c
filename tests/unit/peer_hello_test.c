/*
 * Unit tests of rpc/call: what the server's hello says of its methods and of
 * the largest body holds for calls that leave after it.
 */
#include "pair.h"

enum { MIB = 1 << 20 };

/* {"methods": ["a"], "max_body": 2 MiB} */
static const char HELLO[] =
    "\x82\xa7methods\x91\xa1" "a\xa8max_body\xce\x00\x20\x00\x00";

static void
test_hello_refuses_locally(void **state)
{
	struct pair pair = { 0 };
	struct errand a, b, large;
	uint8_t *body = cal_calloc(3, MIB);
	struct cal_call_conf conf = {
		.method = BYTES("a"), .body = cal_slice_of(body, 3 * MIB),
	};

	(void)state;
	pair_open(&pair);
	raw_send(&pair.server, CAL_WORD_PONG, BYTES("cal1"), BYTES(HELLO));
	settle();
	assert_int_equal(pair.client.ups, 1);
	call(&a, &pair.client, "a", "1");
	call(&b, &pair.client, "b", "1");
	call_with(&large, &pair.client, &conf);
	settle();
	assert_int_equal(pair.server.count, 1);
	assert_slice(raw_read(&pair.server, 0)->method, "a");
	assert_true(b.done);
	assert_int_equal(b.answer.kind, CAL_ANSWER_ERROR);
	assert_slice(cal_buf_view(&b.error[0]), "MethodNotFound");
	assert_true(b.answer.ours);
	assert_true(large.done);
	assert_int_equal(large.answer.kind, CAL_ANSWER_UNSENT);
	assert_int_equal(large.answer.err.code, CAL_EDATA);
	errand_release(&b);
	pair_close(&pair);
	free(body);
}

static void
test_star_is_any_method(void **state)
{
	struct pair pair = { 0 };
	struct errand errand;

	(void)state;
	pair_open(&pair);
	raw_send(&pair.server, CAL_WORD_PONG, BYTES("cal1"),
	    BYTES("\x81\xa7methods\x91\xa1*"));
	settle();
	call(&errand, &pair.client, "whatever", "1");
	settle();
	assert_int_equal(pair.server.count, 1);
	assert_false(errand.done);
	pair_close(&pair);
}

/* A body above 1 MiB waits for the hello, and nothing overtakes it. */
static void
test_large_body_waits(void **state)
{
	struct pair pair = { 0 };
	struct errand large, edge, small;
	uint8_t *body = cal_calloc(1, MIB + 1);
	struct cal_call_conf conf = {
		.method = BYTES("a"), .body = cal_slice_of(body, MIB + 1),
	};
	int plain;

	(void)state;
	for (plain = 0; plain < 2; plain++) {
		pair_open(&pair);
		conf.body.len = MIB;
		call_with(&edge, &pair.client, &conf);
		conf.body.len = MIB + 1;
		call_with(&large, &pair.client, &conf);
		call(&small, &pair.client, "a", "1");
		settle();
		assert_int_equal(pair.server.count, 1);
		assert_true(cal_call_sent(edge.call));
		assert_false(cal_call_sent(large.call));
		assert_false(cal_call_sent(small.call));
		raw_send(&pair.server, CAL_WORD_PONG, BYTES("cal1"),
		    plain == 1 ? BYTES("") : BYTES(HELLO));
		settle();
		assert_int_equal(pair.server.count, 3);
		assert_true(cal_call_sent(large.call));
		assert_true(cal_call_sent(small.call));
		assert_int_equal(raw_read(&pair.server, 1)->body.len, MIB + 1);
		assert_slice(raw_read(&pair.server, 2)->body, "1");
		pair_close(&pair);
	}
	free(body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_refuses_locally),
		cmocka_unit_test(test_star_is_any_method),
		cmocka_unit_test(test_large_body_waits),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
