/* Unit tests of base/buf. */
#include "unit.h"

static void
test_slices(void **state)
{
	char *text;

	(void)state;
	assert_true(cal_slice_same(cal_slice_of(NULL, 0), BYTES("")));
	assert_true(cal_slice_same(BYTES("a\0b"), BYTES("a\0b")));
	assert_false(cal_slice_same(BYTES("a\0b"), BYTES("a\0c")));
	assert_true(cal_slice_is(BYTES("abc"), "abc"));
	assert_false(cal_slice_is(BYTES("abc"), "ab"));
	assert_true(cal_slice_begins(BYTES("abc"), BYTES("ab")));
	assert_true(cal_slice_begins(BYTES("abc"), BYTES("abc")));
	assert_true(cal_slice_begins(cal_slice_of(NULL, 0), BYTES("")));
	assert_false(cal_slice_begins(BYTES("ab"), BYTES("abc")));
	assert_false(cal_slice_begins(BYTES("abc"), BYTES("b")));
	text = cal_slice_dup(BYTES("abc"));
	assert_string_equal(text, "abc");
	free(text);
	text = cal_slice_dup(cal_slice_of(NULL, 0));
	assert_string_equal(text, "");
	free(text);
}

static void
test_limit(void **state)
{
	struct cal_err err;
	struct cal_buf buf;

	(void)state;
	cal_buf_init(&buf, 5);
	assert_int_equal(cal_buf_add(&buf, "abc", 3, &err), CAL_OK);
	assert_int_equal(cal_buf_add(&buf, "def", 3, &err), CAL_EDATA);
	assert_string_equal(err.text, "larger than 5 bytes");
	assert_slice(cal_buf_view(&buf), "abc");
	assert_int_equal(cal_buf_add(&buf, "de", 2, &err), CAL_OK);
	assert_int_equal(cal_buf_add(&buf, "", 0, &err), CAL_OK);
	assert_int_equal(cal_buf_add(&buf, "f", 1, NULL), CAL_EDATA);
	assert_int_equal(cal_buf_add(&buf, "f", SIZE_MAX, NULL), CAL_EDATA);
	assert_slice(cal_buf_view(&buf), "abcde");
	cal_buf_put(&buf, "fg", 2);
	assert_int_equal(cal_buf_add(&buf, "h", 1, NULL), CAL_EDATA);
	cal_buf_release(&buf);
	cal_buf_release(&buf);
	assert_int_equal(buf.max, 5);
}

static void
test_put(void **state)
{
	struct cal_buf buf = { 0 };
	char text[1000];
	size_t i;

	(void)state;
	cal_buf_put(&buf, NULL, 0);
	assert_int_equal(cal_buf_view(&buf).len, 0);
	assert_string_equal(cal_buf_text(&buf), "");
	cal_buf_put_text(&buf, "ab");
	cal_buf_put_byte(&buf, 'c');
	cal_buf_printf(&buf, "%d", 42);
	assert_string_equal(cal_buf_text(&buf), "abc42");
	assert_int_equal(buf.len, 5);
	for (i = 0; i < sizeof(text); i++) {
		memset(text, 'x', i);
		text[i] = '\0';
		cal_buf_clear(&buf);
		cal_buf_printf(&buf, "%s", text);
		assert_int_equal(buf.len, i);
		assert_string_equal(cal_buf_text(&buf), text);
	}
	cal_buf_release(&buf);
	for (i = 0; i < 100000; i++)
		cal_buf_put_byte(&buf, (uint8_t)i);
	assert_int_equal(buf.len, 100000);
	for (i = 0; i < 100000; i++)
		assert_int_equal(buf.ptr[i], (uint8_t)i);
	cal_buf_release(&buf);
}

static void
test_room(void **state)
{
	struct cal_buf buf = { 0 };

	(void)state;
	assert_non_null(cal_buf_room(&buf, 0));
	memcpy(cal_buf_room(&buf, 200), "hello", 5);
	cal_buf_grown(&buf, 5);
	assert_slice(cal_buf_view(&buf), "hello");
	cal_buf_release(&buf);
}

static void
test_cut(void **state)
{
	struct cal_buf buf = { 0 };

	(void)state;
	cal_buf_consume(&buf, 0);
	cal_buf_cut(&buf, 0);
	cal_buf_put_text(&buf, "abcdef");
	cal_buf_consume(&buf, 2);
	assert_slice(cal_buf_view(&buf), "cdef");
	cal_buf_cut(&buf, 3);
	assert_slice(cal_buf_view(&buf), "cde");
	cal_buf_cut(&buf, 10);
	assert_slice(cal_buf_view(&buf), "cde");
	cal_buf_consume(&buf, 3);
	assert_int_equal(buf.len, 0);
	cal_buf_put_text(&buf, "x");
	cal_buf_consume(&buf, 5);
	assert_int_equal(buf.len, 0);
	cal_buf_release(&buf);
}

static void
test_hand_over(void **state)
{
	struct cal_buf a, b;
	uint8_t *ptr;
	size_t len;

	(void)state;
	cal_buf_init(&a, 10);
	cal_buf_init(&b, 20);
	assert_null(cal_buf_take(&a, &len));
	assert_int_equal(len, 0);
	cal_buf_put_text(&a, "one");
	cal_buf_put_text(&b, "two");
	cal_buf_move(&b, &a);
	assert_slice(cal_buf_view(&b), "one");
	assert_int_equal(a.len, 0);
	assert_int_equal(a.max, 10);
	assert_int_equal(b.max, 20);
	cal_buf_move(&b, &b);
	ptr = cal_buf_take(&b, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(ptr, "one", 3);
	free(ptr);
	assert_int_equal(b.len, 0);
	cal_buf_release(&a);
	cal_buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_hand_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
