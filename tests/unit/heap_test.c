/* Unit tests of base/heap. */
#include "unit.h"

#include "base/heap.h"

enum { MANY = 2000 };

static void
test_small(void **state)
{
	struct cal_heap heap = { 0 };
	struct cal_heap_entry a = { .rank = 2 }, b = { .rank = 1 };

	(void)state;
	assert_null(cal_heap_first(&heap));
	cal_heap_remove(&heap, &a);
	cal_heap_add(&heap, &a);
	cal_heap_add(&heap, &b);
	assert_ptr_equal(cal_heap_first(&heap), &b);
	assert_true(cal_heap_has(&a));
	cal_heap_remove(&heap, &b);
	assert_false(cal_heap_has(&b));
	assert_ptr_equal(cal_heap_first(&heap), &a);
	cal_heap_release(&heap);
	assert_false(cal_heap_has(&a));
	assert_null(cal_heap_first(&heap));
	cal_heap_release(&heap);
}

static void
check_places(const struct cal_heap *heap)
{
	size_t i;

	for (i = 1; i <= heap->count; i++) {
		assert_int_equal(heap->entries[i]->place, i);
		assert_true(i == 1 || heap->entries[i / 2]->rank <=
		    heap->entries[i]->rank);
	}
}

/* Anything may be taken out at any time; the rest comes out by rank. */
static void
test_random(void **state)
{
	static struct cal_heap_entry entries[MANY];
	struct cal_heap heap = { 0 };
	uint64_t seed = 1, rank = 0;
	struct cal_heap_entry *entry;
	size_t i, round;

	(void)state;
	for (round = 0; round < 20 * MANY; round++) {
		entry = &entries[next_random(&seed) % MANY];
		if (cal_heap_has(entry)) {
			cal_heap_remove(&heap, entry);
		} else {
			entry->rank = next_random(&seed) % 500;
			cal_heap_add(&heap, entry);
		}
		if (round % 256 == 0)
			check_places(&heap);
	}
	for (i = heap.count; i > 0; i--) {
		entry = cal_heap_first(&heap);
		assert_true(entry->rank >= rank);
		rank = entry->rank;
		cal_heap_remove(&heap, entry);
	}
	assert_null(cal_heap_first(&heap));
	cal_heap_release(&heap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
