/* Unit tests of rpc/resolver. */
#include "unit.h"

#include "rpc/resolver.h"

static int waiters[16];

/* Ten calls from 2^32 - 3 on: 0 follows 2^32 - 1. */
static void
test_wrap(void **state)
{
	struct cal_resolver *resolver = cal_resolver_new(UINT32_MAX - 2);
	uint32_t seq, i;

	(void)state;
	for (i = 0; i < 10; i++) {
		seq = cal_resolver_wait(resolver, &waiters[i]);
		assert_int_equal(seq, (uint32_t)(UINT32_MAX - 2 + i));
	}
	assert_int_equal(cal_resolver_count(resolver), 10);
	for (i = 0; i < 10; i++)
		assert_ptr_equal(cal_resolver_find(resolver,
		    (uint32_t)(UINT32_MAX - 2 + i)), &waiters[i]);
	assert_null(cal_resolver_find(resolver, 7));
	cal_resolver_free(resolver);
}

/* After the turn of the numbers, those still out are left out. */
static void
test_skips(void **state)
{
	struct cal_resolver *resolver = cal_resolver_new(0);
	struct cal_resolver *wrapped = cal_resolver_new(UINT32_MAX - 2);
	uint32_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(cal_resolver_wait(resolver, &waiters[i]), i);
	cal_resolver_free(resolver);

	/* 2^32-3 .. 4 are out; 1 and 3 are given back. */
	for (i = 0; i < 8; i++)
		(void)cal_resolver_wait(wrapped, &waiters[i]);
	cal_resolver_forget(wrapped, 1);
	cal_resolver_forget(wrapped, 3);
	assert_int_equal(cal_resolver_count(wrapped), 6);
	assert_null(cal_resolver_find(wrapped, 1));
	assert_int_equal(cal_resolver_wait(wrapped, &waiters[8]), 5);
	cal_resolver_free(wrapped);
}

/* One call that stays out while the numbers go round. */
static void
test_skips_the_one_out(void **state)
{
	struct cal_resolver *resolver = cal_resolver_new(UINT32_MAX);
	uint32_t seq;

	(void)state;
	seq = cal_resolver_wait(resolver, &waiters[0]);
	assert_int_equal(seq, UINT32_MAX);
	assert_int_equal(cal_resolver_wait(resolver, &waiters[1]), 0);
	cal_resolver_free(resolver);

	resolver = cal_resolver_new(2);
	(void)cal_resolver_wait(resolver, &waiters[0]);
	cal_resolver_forget(resolver, 2);
	assert_int_equal(cal_resolver_wait(resolver, &waiters[1]), 3);
	assert_ptr_equal(cal_resolver_find(resolver, 3), &waiters[1]);
	assert_null(cal_resolver_find(resolver, 2));
	cal_resolver_free(resolver);
}

static void
test_forget(void **state)
{
	struct cal_resolver *resolver = cal_resolver_new(0);

	(void)state;
	cal_resolver_forget(resolver, 12);
	(void)cal_resolver_wait(resolver, &waiters[0]);
	cal_resolver_forget(resolver, 0);
	cal_resolver_forget(resolver, 0);
	assert_int_equal(cal_resolver_count(resolver), 0);
	cal_resolver_free(resolver);
	cal_resolver_free(NULL);
}

/* Beside the simplest table there is: numbers that stay out long collide. */
static void
test_walk(void **state)
{
	enum { SEQS = 4096, STEPS = 20000 };
	static bool out[SEQS];
	struct cal_resolver *resolver = cal_resolver_new(0);
	uint32_t seq, i, random = 1, given = 0;
	size_t count = 0;

	(void)state;
	for (i = 0; i < STEPS && given < SEQS; i++) {
		random = random * 1664525 + 1013904223;
		seq = (random >> 8) % SEQS;
		if (random >> 31 == 0) {
			assert_int_equal(cal_resolver_wait(resolver,
			    &out[given]), given);
			out[given++] = true;
			count++;
		} else {
			cal_resolver_forget(resolver, seq);
			count -= out[seq];
			out[seq] = false;
		}
		assert_int_equal(cal_resolver_count(resolver), count);
	}
	for (seq = 0; seq < SEQS; seq++)
		assert_ptr_equal(cal_resolver_find(resolver, seq),
		    out[seq] ? &out[seq] : NULL);
	cal_resolver_free(resolver);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_skips),
		cmocka_unit_test(test_skips_the_one_out),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
