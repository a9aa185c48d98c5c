/* Items of cal-call in a test: options, a record read, a result printed. */
#ifndef CAL_TESTS_ITEM_H
#define CAL_TESTS_ITEM_H

#include "call/item.h"
#include "unit.h"

static inline struct cal_call_options
options_of(enum cal_shape_mode mode)
{
	struct cal_call_options options = {
		.shape.mode = mode, .shape.delimiter = BYTES("\n"),
		.max_body = 1 << 20,
	};

	if (mode != CAL_SHAPE_JSON)
		options.method = "echo";
	assert_int_equal(cal_body_find(&options.shape.body, "json", NULL), CAL_OK);
	return options;
}

static inline int
read_item(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice record, struct cal_err *err)
{
	struct cal_slice copy = exact(record);
	int rc;

	memset(item, 0, sizeof(*item));
	rc = cal_item_read(item, options, copy, err);
	exact_free(copy);               /* the item has its own */
	return rc;
}

/* The record that is printed for a result of this body. */
static inline void
print_result(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice body)
{
	struct cal_answer answer = {
		.kind = CAL_ANSWER_RESULT, .body = body, .seconds = 0.0015,
	};

	cal_item_answered(item, options, &answer);
}

#endif
