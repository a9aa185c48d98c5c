/* Unit tests of base/map. */
#include "unit.h"

#include "base/map.h"

enum { MANY = 20000 };

static int values[MANY];

static struct cal_slice
key_of(int i)
{
	static char text[16];

	return cal_slice_of(text, (size_t)snprintf(text, sizeof(text), "%d",
	    i));
}

static void
test_one(void **state)
{
	struct cal_map *map = cal_map_new();
	int a, b;

	(void)state;
	assert_null(cal_map_find(map, BYTES("x")));
	assert_null(cal_map_remove(map, BYTES("x")));
	assert_null(cal_map_put(map, BYTES("x"), &a));
	assert_ptr_equal(cal_map_find(map, BYTES("x")), &a);
	assert_ptr_equal(cal_map_put(map, BYTES("x"), &b), &a);
	assert_int_equal(cal_map_count(map), 1);
	assert_ptr_equal(cal_map_remove(map, BYTES("x")), &b);
	assert_int_equal(cal_map_count(map), 0);
	assert_null(cal_map_find(map, BYTES("x")));
	cal_map_free(map);
	cal_map_free(NULL);
}

/* Keys are bytes: the empty one, NULs, and one that begins another. */
static void
test_keys(void **state)
{
	struct cal_map *map = cal_map_new();
	int a, b, c, d;

	(void)state;
	cal_map_put(map, cal_slice_of(NULL, 0), &a);
	cal_map_put(map, BYTES("\0"), &b);
	cal_map_put(map, BYTES("\0\0"), &c);
	cal_map_put(map, BYTES("\0x"), &d);
	assert_int_equal(cal_map_count(map), 4);
	assert_ptr_equal(cal_map_find(map, BYTES("")), &a);
	assert_ptr_equal(cal_map_find(map, BYTES("\0")), &b);
	assert_ptr_equal(cal_map_find(map, BYTES("\0\0")), &c);
	assert_ptr_equal(cal_map_find(map, BYTES("\0x")), &d);
	cal_map_free(map);
}

static void
count_even(struct cal_slice key, void *value, void *arg)
{
	struct cal_map *map = arg;
	int i = (int)((int *)value - values);

	assert_true(cal_slice_same(key, key_of(i)));
	values[i]++;
	if (i % 2 == 1)
		cal_map_remove(map, key_of(i));
}

static void
test_many(void **state)
{
	struct cal_map *map = cal_map_new();
	int i;

	(void)state;
	for (i = 0; i < MANY; i++)
		assert_null(cal_map_put(map, key_of(i), &values[i]));
	assert_int_equal(cal_map_count(map), MANY);
	cal_map_each(map, count_even, map);
	assert_int_equal(cal_map_count(map), MANY / 2);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(values[i], 1);
		assert_ptr_equal(cal_map_find(map, key_of(i)),
		    i % 2 == 0 ? &values[i] : NULL);
	}
	cal_map_free(map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
