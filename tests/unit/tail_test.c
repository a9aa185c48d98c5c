/* Unit tests of exec/tail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "exec/tail.h"

static void
test_pieces(void **state)
{
	struct cal_tail tail;
	struct cal_buf all = { 0 }, out = { 0 };
	size_t n, want;
	int i;

	(void)state;
	for (n = 1; n < 40; n++) {
		cal_tail_init(&tail, 10);
		cal_buf_clear(&all);
		for (i = 0; i < 7; i++) {
			uint8_t bytes[40];

			memset(bytes, 'a' + i, n);
			bytes[n / 2] = '.';
			cal_tail_add(&tail, bytes, n);
			cal_buf_put(&all, bytes, n);
		}
		want = all.len < 10 ? all.len : 10;
		assert_true(tail.cut == (all.len > 10));
		cal_tail_take(&tail, &out);
		assert_int_equal(out.len, want);
		assert_memory_equal(out.ptr, all.ptr + all.len - want, want);
		cal_buf_release(&out);
		cal_tail_release(&tail);
	}
	cal_buf_release(&all);
}

static void
test_nothing_kept(void **state)
{
	struct cal_tail tail;
	struct cal_buf out = { 0 };

	(void)state;
	cal_tail_init(&tail, 0);
	cal_tail_add(&tail, (const uint8_t *)"abc", 3);
	assert_true(tail.cut);
	cal_tail_take(&tail, &out);
	assert_int_equal(out.len, 0);
	cal_tail_release(&tail);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_nothing_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
