/* Unit tests of work/order: each rule by itself. */
#include "unit.h"
#include "work/order.h"

static struct cal_slots slots;

static struct cal_slice
text(const char *words)
{
	return cal_slice_text(words);
}

static void
add(struct cal_order *order, struct cal_queue *queue, struct cal_turn *turn,
    const char *key)
{
	assert_null(cal_order_add(order, queue, turn, &slots, text(key)));
}

static void
end_and_flush(struct cal_order *order, struct cal_turn *turn)
{
	cal_order_end(order, turn, true);
	assert_ptr_equal(cal_order_leaving(order), turn);
	assert_null(cal_order_leaving(order));
}

static void
test_key(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_KEY, 10);
	struct cal_queue *a = cal_order_join(order, text(""));
	struct cal_queue *b = cal_order_join(order, text(""));
	struct cal_turn t[5] = { 0 };

	(void)state;
	cal_slots_init(&slots, 10);
	add(order, a, &t[0], "k");
	add(order, b, &t[1], "k");
	add(order, a, &t[2], "k");
	add(order, a, &t[3], "");
	add(order, b, &t[4], "other");
	assert_ptr_equal(cal_order_oldest(b), &t[1]);
	assert_ptr_equal(cal_order_next(order), &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[4]);
	assert_ptr_equal(cal_order_next(order), &t[3]);
	assert_null(cal_order_next(order));
	assert_int_equal(cal_order_running(order), 3);
	assert_int_equal(cal_order_waiting(order), 2);
	cal_order_drop(order, &t[1]);
	assert_null(cal_order_next(order));
	end_and_flush(order, &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[2]);
	end_and_flush(order, &t[2]);
	end_and_flush(order, &t[3]);
	end_and_flush(order, &t[4]);
	cal_order_leave(order, a);
	cal_order_leave(order, b);
	cal_order_free(order);
	cal_slots_release(&slots);
}

/* One that rests gives its slot to others, and its key to nobody. */
static void
test_rest(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_KEY, 10);
	struct cal_queue *a = cal_order_join(order, text(""));
	struct cal_turn t[5] = { 0 };

	(void)state;
	cal_slots_init(&slots, 1);
	add(order, a, &t[0], "k");
	add(order, a, &t[1], "k");
	add(order, a, &t[2], "");
	add(order, a, &t[3], "");
	assert_ptr_equal(cal_order_next(order), &t[0]);
	assert_null(cal_order_next(order));
	cal_order_rest(order, &t[0]);
	assert_int_equal(t[0].state, CAL_TURN_RESTING);
	assert_int_equal(cal_order_running(order), 0);
	assert_int_equal(cal_order_waiting(order), 3);
	assert_ptr_equal(cal_order_next(order), &t[2]);
	cal_order_resume(order, a, &t[0]);
	assert_int_equal(cal_order_waiting(order), 3);
	assert_ptr_equal(cal_order_oldest(a), &t[0]);
	end_and_flush(order, &t[2]);
	/* It came before the others. */
	assert_ptr_equal(cal_order_next(order), &t[0]);
	cal_order_rest(order, &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[3]);
	cal_order_rest(order, &t[3]);
	assert_null(cal_order_next(order));
	/* The one that waited for its key may go on without it. */
	cal_order_drop(order, &t[0]);
	assert_int_equal(t[0].state, CAL_TURN_NONE);
	cal_order_drop(order, &t[3]);
	assert_ptr_equal(cal_order_next(order), &t[1]);
	cal_order_rest(order, &t[1]);
	cal_order_resume(order, a, &t[1]);
	add(order, a, &t[4], "k");
	assert_ptr_equal(cal_order_next(order), &t[1]);
	end_and_flush(order, &t[1]);
	assert_ptr_equal(cal_order_next(order), &t[4]);
	end_and_flush(order, &t[4]);
	cal_order_leave(order, a);
	cal_order_free(order);
	cal_slots_release(&slots);
}

/* The same key of two users is two keys; of two callers of one user, one. */
static void
test_users(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_KEY, 10);
	struct cal_queue *a = cal_order_join(order, text("ann"));
	struct cal_queue *b = cal_order_join(order, text("ann"));
	struct cal_queue *c = cal_order_join(order, text("bob"));
	struct cal_turn t[3] = { 0 };

	(void)state;
	cal_slots_init(&slots, 10);
	add(order, a, &t[0], "k");
	add(order, b, &t[1], "k");
	add(order, c, &t[2], "k");
	assert_ptr_equal(cal_order_next(order), &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[2]);
	assert_null(cal_order_next(order));
	end_and_flush(order, &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[1]);
	end_and_flush(order, &t[1]);
	end_and_flush(order, &t[2]);
	cal_order_leave(order, a);
	cal_order_leave(order, b);
	cal_order_leave(order, c);
	cal_order_free(order);
	cal_slots_release(&slots);
}

static void
test_reply(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_REPLY, 10);
	struct cal_queue *a = cal_order_join(order, text(""));
	struct cal_turn t[5] = { 0 };
	int i;

	(void)state;
	cal_slots_init(&slots, 10);
	for (i = 0; i < 4; i++)
		add(order, a, &t[i], "k");
	add(order, a, &t[4], "");
	for (i = 0; i < 3; i++)
		assert_ptr_equal(cal_order_next(order), &t[i]);
	cal_order_end(order, &t[2], true);
	assert_null(cal_order_leaving(order));
	assert_int_equal(t[2].state, CAL_TURN_HELD);
	/* A failure does not wait, and holds up nobody. */
	cal_order_end(order, &t[1], false);
	assert_ptr_equal(cal_order_leaving(order), &t[1]);
	assert_null(cal_order_leaving(order));
	assert_ptr_equal(cal_order_next(order), &t[3]);
	cal_order_end(order, &t[3], true);
	cal_order_end(order, &t[0], true);
	assert_ptr_equal(cal_order_leaving(order), &t[0]);
	assert_ptr_equal(cal_order_leaving(order), &t[2]);
	assert_ptr_equal(cal_order_leaving(order), &t[3]);
	/* One that never started gives up its place, too. */
	add(order, a, &t[0], "k");
	cal_order_drop(order, &t[0]);
	assert_ptr_equal(cal_order_next(order), &t[4]);
	end_and_flush(order, &t[4]);
	cal_order_leave(order, a);
	cal_order_free(order);
	cal_slots_release(&slots);
}

static void
test_room(void **state)
{
	struct cal_order *order = cal_order_new(CAL_ORDER_EXIT, 2);
	struct cal_queue *queues[12];
	struct cal_turn t[3] = { 0 }, many[22] = { 0 };
	size_t i;

	(void)state;
	cal_slots_init(&slots, 1);
	for (i = 0; i < 12; i++)
		queues[i] = cal_order_join(order, text(""));
	/* It starts at once, so it has room whatever waits. */
	add(order, queues[0], &t[0], "");
	assert_ptr_equal(cal_order_next(order), &t[0]);
	/* One caller's own limit. */
	add(order, queues[0], &many[0], "");
	add(order, queues[0], &many[1], "");
	assert_ptr_equal(cal_order_add(order, queues[0], &t[1], &slots,
	    text("")), &t[1]);
	assert_int_equal(t[1].state, CAL_TURN_NONE);
	/* All is full: the newest of a longest group makes room. */
	for (i = 2; i < 20; i++)
		add(order, queues[i / 2], &many[i], "");
	assert_int_equal(cal_order_waiting(order), 20);
	assert_ptr_equal(cal_order_add(order, queues[10], &many[20],
	    &slots, text("")), &many[1]);
	assert_int_equal(cal_order_waiting(order), 20);
	for (i = 0; i < 21; i++)
		if (many[i].state == CAL_TURN_WAITING)
			cal_order_drop(order, &many[i]);
	end_and_flush(order, &t[0]);
	for (i = 0; i < 12; i++)
		cal_order_leave(order, queues[i]);
	cal_order_free(order);
	cal_slots_release(&slots);
}

/*
 * 10,000 waiting turns of one caller delay another's by one round, and users
 * count once, however many connections they have.
 */
static void
test_fair(void **state)
{
	enum { MANY = 10000, CROWD = 50 };
	struct cal_order *order = cal_order_new(CAL_ORDER_KEY, 2 * MANY);
	struct cal_queue *big = cal_order_join(order, text(""));
	struct cal_queue *small = cal_order_join(order, text(""));
	struct cal_queue *crowd[CROWD];
	struct cal_turn *many, one = { 0 }, theirs[CROWD] = { 0 }, *turn;
	size_t i, n;

	(void)state;
	cal_slots_init(&slots, 1);
	many = cal_calloc(MANY, sizeof(*many));
	for (i = 0; i < MANY; i++)
		add(order, big, &many[i], "");
	for (i = 0; i < CROWD; i++) {
		crowd[i] = cal_order_join(order, text("crowd"));
		add(order, crowd[i], &theirs[i], "");
	}
	add(order, small, &one, "");
	for (n = 0, turn = NULL; turn != &one; n++) {
		turn = cal_order_next(order);
		end_and_flush(order, turn);
	}
	assert_in_range(n, 1, 3);
	while ((turn = cal_order_next(order)) != NULL)
		end_and_flush(order, turn);
	assert_int_equal(cal_order_waiting(order), 0);
	for (i = 0; i < CROWD; i++)
		cal_order_leave(order, crowd[i]);
	cal_order_leave(order, big);
	cal_order_leave(order, small);
	cal_order_free(order);
	cal_slots_release(&slots);
	free(many);
}

static void
test_names(void **state)
{
	enum cal_order_kind kind;
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_order_find(&kind, "reply", &err), CAL_OK);
	assert_string_equal(cal_order_name(kind), "reply");
	assert_int_equal(cal_order_find(&kind, "x", &err), CAL_EUSAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
