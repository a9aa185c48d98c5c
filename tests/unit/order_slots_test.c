/* Unit tests of work/order: what turns run on. */
#include "unit.h"
#include "work/order.h"

enum { SLOTS = 4, QUEUES = 4 };

static struct cal_order *order;
static struct cal_slots slots[SLOTS];
static struct cal_queue *queues[QUEUES];

static int
open_order(void **state)
{
	size_t i;

	(void)state;
	order = cal_order_new(CAL_ORDER_KEY, 1000);
	for (i = 0; i < SLOTS; i++)
		cal_slots_init(&slots[i], 1);
	for (i = 0; i < QUEUES; i++)
		queues[i] = cal_order_join(order, BYTES(""));
	return 0;
}

static int
close_order(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < QUEUES; i++)
		cal_order_leave(order, queues[i]);
	for (i = 0; i < SLOTS; i++)
		cal_slots_release(&slots[i]);
	cal_order_free(order);
	return 0;
}

static void
add(size_t queue, struct cal_turn *turn, size_t which, const char *key)
{
	assert_null(cal_order_add(order, queues[queue], turn, &slots[which],
	    cal_slice_text(key)));
}

static void
expect(struct cal_turn *turn)
{
	assert_ptr_equal(cal_order_next(order), turn);
}

static void
end(struct cal_turn *turn)
{
	cal_order_end(order, turn, true);
	assert_ptr_equal(cal_order_leaving(order), turn);
	assert_null(cal_order_leaving(order));
}

/* One that is full holds up nobody who is to run elsewhere. */
static void
test_full(void **state)
{
	struct cal_turn slow[3] = { 0 }, quick[3] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		add(0, &slow[i], 0, "");
	for (i = 0; i < 3; i++)
		add(0, &quick[i], 1, "");
	expect(&slow[0]);
	for (i = 0; i < 3; i++) {
		expect(&quick[i]);
		expect(NULL);
		end(&quick[i]);
	}
	expect(NULL);
	end(&slow[0]);
	expect(&slow[1]);
	end(&slow[1]);
	expect(&slow[2]);
	end(&slow[2]);
}

/*
 * Slots take turns, however many wait for each, and those that were full come
 * first when they are free again: they have waited longest.
 */
static void
test_fair(void **state)
{
	enum { MANY = 100 };
	struct cal_turn many[MANY] = { 0 }, two[2] = { 0 }, one = { 0 };
	size_t i;

	(void)state;
	slots[0].count = slots[1].count = MANY;
	for (i = 0; i < MANY; i++)
		add(0, &many[i], 0, "");
	add(1, &two[0], 1, "");
	add(1, &two[1], 1, "");
	add(0, &one, 2, "");
	expect(&many[0]);
	expect(&two[0]);
	expect(&one);
	expect(&many[1]);
	slots[1].count = 1;
	expect(&many[2]);
	expect(&many[3]);
	end(&two[0]);
	expect(&two[1]);
	for (i = 4; i < MANY; i++)
		expect(&many[i]);
	expect(NULL);
	for (i = 0; i < MANY; i++)
		end(&many[i]);
	end(&two[1]);
	end(&one);
}

/* A caller has had its turn only where it had it. */
static void
test_fair_callers(void **state)
{
	struct cal_turn a[4] = { 0 }, b[2] = { 0 };

	(void)state;
	slots[0].count = slots[1].count = 10;
	add(0, &a[0], 0, "");
	add(0, &a[1], 0, "");
	add(1, &b[0], 0, "");
	add(0, &a[2], 1, "");
	add(0, &a[3], 1, "");
	add(1, &b[1], 1, "");
	expect(&a[0]);
	expect(&a[2]);
	expect(&b[0]);
	expect(&b[1]);
	expect(&a[1]);
	expect(&a[3]);
	expect(NULL);
	end(&a[0]);
	end(&a[1]);
	end(&a[2]);
	end(&a[3]);
	end(&b[0]);
	end(&b[1]);
}

/* The owner changes the number without a word, full or idle as they are. */
static void
test_count(void **state)
{
	struct cal_turn t[6] = { 0 }, other = { 0 };
	size_t i;

	(void)state;
	slots[0].count = 0;
	for (i = 0; i < 6; i++)
		add(0, &t[i], 0, "");
	expect(NULL);
	slots[0].count = 1;
	expect(&t[0]);
	expect(NULL);
	slots[0].count = 4;
	add(0, &other, 1, "");
	expect(&t[1]);
	expect(&other);
	expect(&t[2]);
	expect(&t[3]);
	expect(NULL);
	slots[0].count = 2;
	end(&t[0]);
	end(&t[1]);
	expect(NULL);
	end(&t[2]);
	expect(&t[4]);
	expect(NULL);
	slots[0].count = SIZE_MAX;
	expect(&t[5]);
	expect(NULL);
	for (i = 3; i < 6; i++)
		end(&t[i]);
	end(&other);
	assert_int_equal(cal_order_running(order), 0);
}

/* Turns of one key run one at a time, whatever each of them runs on. */
static void
test_key(void **state)
{
	struct cal_turn t[4] = { 0 };

	(void)state;
	add(0, &t[0], 0, "k");
	add(1, &t[1], 1, "k");
	add(0, &t[2], 2, "k");
	add(0, &t[3], 1, "other");
	expect(&t[0]);
	expect(&t[3]);
	expect(NULL);
	end(&t[0]);
	/* Its key is free, but not what it is to run on. */
	expect(NULL);
	end(&t[3]);
	expect(&t[1]);
	expect(NULL);
	end(&t[1]);
	expect(&t[2]);
	end(&t[2]);
}

/* Callers who have used what is released go on with the rest, and new ones. */
static void
test_release(void **state)
{
	struct cal_turn t[3] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		add(i % 2, &t[i], i % 2, "");
	expect(&t[0]);
	expect(&t[1]);
	cal_order_drop(order, &t[2]);
	end(&t[0]);
	cal_slots_release(&slots[0]);
	memset(&slots[0], 0xff, sizeof(slots[0]));
	expect(NULL);
	add(0, &t[0], 1, "");
	end(&t[1]);
	expect(&t[0]);
	end(&t[0]);
	cal_slots_init(&slots[0], 1);
	add(0, &t[2], 0, "");
	expect(&t[2]);
	end(&t[2]);
}

/* Many callers come and go: they leave nothing behind in what stays. */
static void
test_leave(void **state)
{
	struct cal_turn turn = { 0 };
	struct cal_queue *queue;
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		queue = cal_order_join(order, i % 2 ? BYTES("ann") :
		    BYTES(""));
		assert_null(cal_order_add(order, queue, &turn,
		    &slots[i % SLOTS], BYTES("")));
		expect(&turn);
		cal_order_leave(order, queue);
		end(&turn);
	}
	for (i = 0; i < SLOTS; i++)
		assert_true(LIST_EMPTY(&slots[i].all));
}

/* Room is a matter of the group, but what starts at once needs none. */
static void
test_room(void **state)
{
	struct cal_order *small = cal_order_new(CAL_ORDER_KEY, 1);
	struct cal_queue *queue = cal_order_join(small, BYTES(""));
	struct cal_turn t[4] = { 0 };

	(void)state;
	assert_null(cal_order_add(small, queue, &t[0], &slots[0], BYTES("")));
	assert_ptr_equal(cal_order_next(small), &t[0]);
	assert_null(cal_order_add(small, queue, &t[1], &slots[0], BYTES("")));
	assert_null(cal_order_add(small, queue, &t[2], &slots[1], BYTES("")));
	assert_ptr_equal(cal_order_next(small), &t[2]);
	assert_ptr_equal(cal_order_add(small, queue, &t[3], &slots[1],
	    BYTES("")), &t[3]);
	/* With one that waits for its key, too. */
	slots[2].count = 2;
	cal_order_drop(small, &t[1]);
	assert_null(cal_order_add(small, queue, &t[1], &slots[2], BYTES("k")));
	assert_ptr_equal(cal_order_next(small), &t[1]);
	assert_null(cal_order_add(small, queue, &t[3], &slots[2], BYTES("k")));
	cal_order_end(small, &t[0], true);
	assert_ptr_equal(cal_order_leaving(small), &t[0]);
	assert_ptr_equal(cal_order_add(small, queue, &t[0], &slots[0],
	    BYTES("k")), &t[0]);
	cal_order_drop(small, &t[3]);
	cal_order_end(small, &t[1], true);
	cal_order_end(small, &t[2], true);
	while (cal_order_leaving(small) != NULL)
		;
	cal_order_leave(small, queue);
	cal_order_free(small);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, open_order, close_order)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_full),
		TEST(test_fair),
		TEST(test_fair_callers),
		TEST(test_count),
		TEST(test_key),
		TEST(test_release),
		TEST(test_leave),
		TEST(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
