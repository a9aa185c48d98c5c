/* Unit tests of codec/snappy. */
#include "unit.h"

#include "codec/snappy.h"

static void
round_trip(const struct cal_buf *plain)
{
	struct cal_buf block = { 0 }, back = { 0 };

	cal_snappy_compress(&block, cal_buf_view(plain));
	assert_int_equal(cal_snappy_expand(&back, cal_buf_view(&block),
	    plain->len, NULL), CAL_OK);
	assert_true(cal_slice_same(cal_buf_view(plain), cal_buf_view(&back)));
	if (plain->len > 0) {
		cal_buf_clear(&back);
		assert_int_equal(cal_snappy_expand(&back,
		    cal_buf_view(&block), plain->len - 1, NULL), CAL_EDATA);
		assert_int_equal(back.len, 0);
	}
	cal_buf_release(&block);
	cal_buf_release(&back);
}

static void
test_round_trip(void **state)
{
	struct cal_buf plain = { 0 };
	uint64_t seed = 11;
	size_t i;

	(void)state;
	round_trip(&plain);
	cal_buf_put_text(&plain, "a");
	round_trip(&plain);
	for (i = 0; i < 100000; i++)
		cal_buf_put_byte(&plain, (uint8_t)next_random(&seed));
	round_trip(&plain);
	memset(plain.ptr, 'a', plain.len);
	round_trip(&plain);
	cal_buf_release(&plain);
}

/* The best that a block can do: its length is believed. */
static void
test_best_ratio(void **state)
{
	struct cal_buf plain = { 0 };

	(void)state;
	memset(cal_buf_room(&plain, 1 << 22), 0, 1 << 22);
	cal_buf_grown(&plain, 1 << 22);
	round_trip(&plain);
	cal_buf_release(&plain);
}

static void
test_refused(void **state)
{
	struct cal_buf out = { 0 };
	struct cal_err err;
	size_t max = 1 << 20;

	(void)state;
	cal_buf_put_text(&out, "kept");
	assert_int_equal(cal_snappy_expand(&out, BYTES(""), max, &err),
	    CAL_EPROTO);
	assert_string_equal(err.text, "not a snappy block");
	assert_int_equal(cal_snappy_expand(&out, BYTES("\x05"), max, &err),
	    CAL_EPROTO);
	assert_string_equal(err.text, "corrupt snappy block");
	assert_int_equal(cal_snappy_expand(&out,
	    BYTES("\xff\xff\xff\xff\xff\x01"), max, &err), CAL_EPROTO);
	assert_int_equal(cal_snappy_expand(&out,
	    BYTES("\xff\xff\xff\xff\x0f"), max, &err), CAL_EDATA);
	assert_string_equal(err.text, "expands to more than 1048576 bytes");
	/* As much as is allowed, from nothing: refused without memory. */
	assert_int_equal(cal_snappy_expand(&out,
	    BYTES("\xff\xff\xff\xff\x0f"), SIZE_MAX, &err), CAL_EPROTO);
	assert_true(out.cap < 4096);
	assert_int_equal(cal_snappy_expand(&out, BYTES("\x05\x10hello!"),
	    max, &err), CAL_EPROTO);
	assert_int_equal(cal_snappy_expand(&out, BYTES("\xff\x06\0\0sNaPpY"),
	    max, &err), CAL_EPROTO);
	assert_slice(cal_buf_view(&out), "kept");
	assert_int_equal(cal_snappy_expand(&out, BYTES("\x05\x10hello"), max,
	    &err), CAL_OK);
	assert_slice(cal_buf_view(&out), "kepthello");
	cal_buf_release(&out);
}

static void
test_mutations(void **state)
{
	struct cal_buf plain = { 0 }, block = { 0 }, out = { 0 };
	uint64_t seed = 13;
	int round;

	(void)state;
	for (round = 0; round < 300; round++)
		cal_buf_printf(&plain, "line %d\n", round % 30);
	cal_snappy_compress(&block, cal_buf_view(&plain));
	for (round = 0; round < 5000; round++) {
		struct cal_slice copy = exact(cal_slice_of(block.ptr,
		    round % 2 == 0 ? block.len :
		    next_random(&seed) % block.len));

		if (copy.len > 0)
			((uint8_t *)(uintptr_t)copy.ptr)[next_random(&seed) %
			    copy.len] ^= (uint8_t)(1 << round % 8);
		cal_buf_clear(&out);
		cal_snappy_expand(&out, copy, 1 << 16, NULL);
		exact_free(copy);
	}
	cal_buf_release(&plain);
	cal_buf_release(&block);
	cal_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_best_ratio),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
