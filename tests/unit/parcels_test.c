/* Unit tests of stream/parcels. */
#include "stream/parcels.h"
#include "unit.h"

static void
test_queue(void **state)
{
	struct cal_parcels parcels;
	struct cal_parcel *a, *b;
	char body[] = "body";

	(void)state;
	cal_parcels_init(&parcels);
	assert_null(cal_parcels_first(&parcels));
	a = cal_parcels_add(&parcels, BYTES("t"), BYTES("head"),
	    cal_slice_text(body));
	body[0] = 'x';                  /* it is a copy */
	b = cal_parcels_add(&parcels, BYTES(""), BYTES(""), BYTES(""));
	assert_int_equal(parcels.count, 2);
	assert_int_equal(parcels.bytes, 4);
	assert_slice(a->topic, "t");
	assert_slice(a->header, "head");
	assert_slice(a->body, "body");
	assert_int_equal(b->topic.len + b->header.len + b->body.len, 0);
	assert_ptr_equal(cal_parcels_first(&parcels), a);
	assert_ptr_equal(cal_parcel_next(a), b);
	assert_null(cal_parcel_next(b));
	cal_parcels_remove(&parcels);
	assert_ptr_equal(cal_parcels_first(&parcels), b);
	assert_int_equal(parcels.count, 1);
	assert_int_equal(parcels.bytes, 0);
	cal_parcels_release(&parcels);
	assert_int_equal(parcels.count, 0);
	cal_parcels_release(&parcels);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
