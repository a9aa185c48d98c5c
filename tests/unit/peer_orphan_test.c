/*
 * Unit test of rpc/request: a caller who used one name for everything leaves.
 */
#include "peer_end.h"

enum { MANY = 100000, SECONDS = 10 };

static struct cal_request *reqs[MANY];
static size_t count;

static void
on_request(void *arg, struct cal_request *req)
{
	(void)arg;
	reqs[count++] = req;
}

static const struct cal_peer_events events = { .request = on_request };

/* It must not cost a look at every one for every one. */
static void
test_many_of_one_name(void **state)
{
	struct cal_rpcmsg msg = { .type = CAL_RPC_FUNCTION, .id = {
		BYTES_OF("\xa4" "echo"), BYTES_OF("\xc4\x00"),
		BYTES_OF("\x05") } };
	struct end server = { .conf.events = &events };
	struct raw_side client;
	double start;
	size_t i;

	(void)state;
	end_open(&server, "a", true);
	raw_open(&client, "a", false);
	settle();
	for (i = 0; i < MANY; i++)
		raw_send_msg(&client, &msg);
	settle();
	assert_int_equal(count, MANY);
	start = cal_clock_now();
	raw_close(&client);
	settle();
	for (i = 0; i < MANY; i++) {
		assert_null(reqs[i]->caller);
		cal_request_drop(reqs[i]);
	}
	if (!under_valgrind())
		assert_true(cal_clock_now() - start < SECONDS);
	end_close(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_of_one_name),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
