/*
 * Unit tests of rpc/call: over which link a call leaves, how long it waits
 * for one, and what is lost with it.
 */
#include "pair.h"

/* What waits at a binding peer for somebody who can be called. */
static void
test_unsent(void **state)
{
	struct end end = { .conf.connect_timeout = 0.2 };
	struct raw_side worker;
	struct errand waits, cancelled, short_of_time;
	struct cal_call_conf conf = {
		.method = BYTES("echo"), .timeout = 0.01,
	};

	(void)state;
	end_open(&end, "c", true);
	call(&waits, &end, "echo", "1");
	call(&cancelled, &end, "echo", "1");
	call_with(&short_of_time, &end, &conf);
	cal_call_cancel(cancelled.call);
	assert_false(cancelled.done);
	assert_false(cal_call_sent(waits.call));
	WAIT_FOR(cancelled.done);
	assert_int_equal(cancelled.answer.kind, CAL_ANSWER_UNSENT);
	WAIT_FOR(waits.done);
	assert_int_equal(waits.answer.kind, CAL_ANSWER_UNSENT);
	assert_int_equal(waits.answer.err.code, CAL_EUNAVAIL);
	assert_true(short_of_time.done);
	assert_int_equal(short_of_time.answer.kind, CAL_ANSWER_UNSENT);
	assert_int_equal(short_of_time.answer.err.code, CAL_EUNAVAIL);

	/* The next one has a time of its own to wait. */
	call(&waits, &end, "echo", "1");
	settle();
	assert_false(waits.done);
	WAIT_FOR(waits.done);
	assert_int_equal(waits.answer.err.code, CAL_EUNAVAIL);

	worker_open(&worker);
	call(&waits, &end, "echo", "1");
	settle();
	assert_false(waits.done);
	assert_int_equal(raw_count(&worker, CAL_WORD_UPPER), 1);
	raw_close(&worker);
	settle();
	assert_true(waits.done);
	assert_int_equal(waits.answer.kind, CAL_ANSWER_LOST);

	/* It was there just now: the time to connect begins anew. */
	call(&waits, &end, "echo", "1");
	settle();
	assert_false(waits.done);
	WAIT_FOR(waits.done);
	assert_int_equal(waits.answer.kind, CAL_ANSWER_UNSENT);
	end_close(&end);
}

/* Sent calls are lost with their link; unsent ones wait for the next. */
static void
test_peer_goes_away(void **state)
{
	struct end end = { .conf.connect_timeout = 5 };
	struct raw_side first, second;
	struct errand sent, unsent;
	struct cal_rpcmsg msg;

	(void)state;
	end_open(&end, "c", true);
	raw_open(&first, "c", false);
	settle();
	call(&sent, &end, "echo", "1");
	settle();
	/* It did not show yet that it speaks RPC. */
	assert_int_equal(first.count, 0);
	raw_send(&first, CAL_WORD_PING, BYTES(""), BYTES(""));
	settle();
	assert_int_equal(raw_count(&first, CAL_WORD_UPPER), 1);
	raw_close(&first);
	call(&unsent, &end, "echo", "2");
	settle();
	assert_true(sent.done);
	assert_int_equal(sent.answer.kind, CAL_ANSWER_LOST);
	assert_int_equal(sent.answer.err.code, CAL_EUNKNOWN);
	assert_int_equal(end.gone, 1);
	assert_false(unsent.done);

	worker_open(&second);
	assert_int_equal(second.got[0].word, CAL_WORD_PONG);
	assert_int_equal(second.got[1].word, CAL_WORD_PING);
	msg = *raw_read(&second, 2);
	answer(&second, &msg, "two");
	assert_true(unsent.done);
	assert_slice(cal_buf_view(&unsent.body), "two");
	errand_release(&unsent);
	raw_close(&second);
	end_close(&end);
}

/* An answer over another link than the call's own is not its answer. */
static void
test_answer_over_another_link(void **state)
{
	struct end end = { 0 };
	struct raw_side one, other;
	struct errand errand, second;
	struct cal_rpcmsg msg;

	(void)state;
	end_open(&end, "c", true);
	worker_open(&one);
	raw_clear(&one);
	call(&errand, &end, "echo", "1");
	settle();
	worker_open(&other);
	raw_clear(&other);
	msg = *raw_read(&one, raw_count(&one, CAL_WORD_PING));
	answer(&other, &msg, "stolen");
	assert_false(errand.done);

	/* The next one goes to whoever has the fewest. */
	call(&second, &end, "echo", "2");
	settle();
	assert_int_equal(raw_count(&other, CAL_WORD_UPPER), 1);
	answer(&one, &msg, "mine");
	assert_true(errand.done);
	assert_slice(cal_buf_view(&errand.body), "mine");
	errand_release(&errand);
	raw_close(&one);
	raw_close(&other);
	settle();
	assert_true(second.done);
	end_close(&end);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unsent),
		cmocka_unit_test(test_peer_goes_away),
		cmocka_unit_test(test_answer_over_another_link),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
