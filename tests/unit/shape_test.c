/* Unit tests of cli/shape: what fits together, and records put in shape. */
#include "cli/shape.h"
#include "unit.h"

static struct cal_err err;

static int
settle(struct cal_shape *shape)
{
	if (shape->serializer == NULL)
		shape->serializer = "json";
	return cal_shape_settle(shape, &err);
}

#define GOOD(...) do { \
	struct cal_shape shape_ = { __VA_ARGS__ }; \
	assert_int_equal(settle(&shape_), CAL_OK); \
} while (0)
#define BAD(...) do { \
	struct cal_shape shape_ = { __VA_ARGS__ }; \
	assert_int_equal(settle(&shape_), CAL_EUSAGE); \
} while (0)

static void
test_what_fits(void **state)
{
	(void)state;
	GOOD(.raw = true);
	GOOD(.raw = true, .framed = true);
	BAD(.raw = true, .lines = true);
	BAD(.raw = true, .null = true);
	BAD(.raw = true, .delimiter_text = "x");
	BAD(.raw = true, .text = true);
	BAD(.raw = true, .json = true);
	BAD(.lines = true, .null = true);
	BAD(.delimiter_text = "x", .framed = true);
	BAD(.framed = true, .json = true);
	BAD(.text = true, .json = true);
	BAD(.format = "%s", .json = true);
	GOOD(.format = "%s", .null = true);
	BAD(.format = "%x");
	BAD(.delimiter_text = "");
	GOOD(.serializer = "raw", .json = true);
	BAD(.serializer = "raw", .text = true);
	assert_string_equal(err.text, "--text has no meaning with -s raw");
	BAD(.serializer = "yaml");
}

static void
test_what_was_given(void **state)
{
	const struct cal_shape none = { .serializer = "raw" };
	const struct cal_shape one = { .raw = true };
	const struct cal_shape many = { .delimiter_text = "x", .text = true };

	(void)state;
	assert_null(cal_shape_given(&none));
	assert_null(cal_shape_many(&none));
	assert_string_equal(cal_shape_given(&one), "-r");
	assert_null(cal_shape_many(&one));
	assert_string_equal(cal_shape_given(&many), "-D");
	assert_string_equal(cal_shape_many(&many), "-D");
}

static void
check_settled(struct cal_shape shape, enum cal_shape_mode mode,
    struct cal_slice delimiter)
{
	assert_int_equal(settle(&shape), CAL_OK);
	assert_int_equal(shape.mode, mode);
	assert_true(cal_slice_same(shape.delimiter, delimiter));
	assert_string_equal(shape.body->name, shape.serializer);
}

static void
test_what_it_comes_to(void **state)
{
	const struct cal_slice newline = BYTES("\n");

	(void)state;
	check_settled((struct cal_shape){ .raw = true }, CAL_SHAPE_ONE,
	    newline);
	check_settled((struct cal_shape){ .lines = true }, CAL_SHAPE_PIECES,
	    newline);
	check_settled((struct cal_shape){ .null = true }, CAL_SHAPE_PIECES,
	    BYTES("\0"));
	check_settled((struct cal_shape){ .delimiter_text = "ab" },
	    CAL_SHAPE_PIECES, BYTES("ab"));
	check_settled((struct cal_shape){ .framed = true },
	    CAL_SHAPE_FRAMED, newline);
	check_settled((struct cal_shape){ .json = true, .serializer = "raw" },
	    CAL_SHAPE_JSON, newline);
}

/* What is printed of wire bytes, and of a message that failed. */
static void
check_put(struct cal_shape shape, struct cal_slice wire,
    struct cal_slice want, struct cal_slice nothing)
{
	struct cal_buf out = { .max = 0 }, scratch = { .max = 0 };
	struct cal_slice text;

	assert_int_equal(settle(&shape), CAL_OK);
	assert_int_equal(cal_shape_text(&shape, &text, wire, &scratch, &err),
	    CAL_OK);
	cal_shape_put(&shape, &out, text);
	assert_true(cal_slice_same(cal_buf_view(&out), want));
	cal_buf_clear(&out);
	cal_shape_put_nothing(&shape, &out);
	assert_true(cal_slice_same(cal_buf_view(&out), nothing));
	cal_buf_release(&out);
	cal_buf_release(&scratch);
}

#define SHAPE(...) ((struct cal_shape){ __VA_ARGS__ })

static void
test_records(void **state)
{
	const struct cal_slice none = { NULL, 0 };

	(void)state;
	check_put(SHAPE(.raw = false), BYTES(" [1,\n2] "), BYTES("[1,\n2]\n"),
	    none);
	check_put(SHAPE(.raw = true), BYTES(" [1,\n"), BYTES(" [1,\n"), none);
	check_put(SHAPE(.lines = true), BYTES(" [1,\r\n2]"), BYTES("[1,2]\n"),
	    BYTES("\n"));
	check_put(SHAPE(.null = true), BYTES("[1,\n2]"), BYTES("[1,\n2]\0"),
	    BYTES("\0"));
	check_put(SHAPE(.framed = true), BYTES("[1,\n2]"),
	    BYTES("\0\0\0\x06[1,\n2]"), BYTES("\0\0\0\0"));
	check_put(SHAPE(.raw = true, .framed = true), BYTES("\xff{"),
	    BYTES("\0\0\0\x02\xff{"), BYTES("\0\0\0\0"));
	check_put(SHAPE(.lines = true, .text = true), BYTES("\"a\\nb\""),
	    BYTES("a\nb\n"), BYTES("\n"));
	/* Raw bytes are no JSON, whatever they look like. */
	check_put(SHAPE(.lines = true, .serializer = "raw"),
	    BYTES(" [1,\n2] "), BYTES(" [1,\n2] \n"), BYTES("\n"));
	check_put(SHAPE(.serializer = "raw"), none, BYTES("\n"), none);
}

static void
check_read(struct cal_shape shape, struct cal_slice record,
    struct cal_slice want)
{
	struct cal_buf out = { .max = 0 };

	assert_int_equal(settle(&shape), CAL_OK);
	cal_shape_put_read(&shape, &out, record);
	assert_true(cal_slice_same(cal_buf_view(&out), want));
	cal_buf_release(&out);
}

/* What was read comes out as it went in. */
static void
test_put_read(void **state)
{
	(void)state;
	check_read(SHAPE(.lines = true), BYTES(" 1\r"), BYTES(" 1\r\n"));
	check_read(SHAPE(.null = true), BYTES("1\n"), BYTES("1\n\0"));
	check_read(SHAPE(.framed = true), BYTES("1"), BYTES("\0\0\0\1" "1"));
	check_read(SHAPE(.json = true), BYTES("{}"), BYTES("{}\n"));
	check_read(SHAPE(.text = true), BYTES("a"), BYTES("a\n"));
	check_read(SHAPE(.text = true), BYTES("a\nb\n"), BYTES("a\nb\n"));
	check_read(SHAPE(.raw = true), BYTES("a"), BYTES("a"));
}

static void
test_unreadable(void **state)
{
	struct cal_shape shape = { .lines = true };
	struct cal_buf scratch = { .max = 0 };
	struct cal_slice text;

	(void)state;
	assert_int_equal(settle(&shape), CAL_OK);
	assert_int_equal(cal_shape_text(&shape, &text, BYTES("{"), &scratch,
	    &err), CAL_EDATA);
	cal_buf_release(&scratch);
}

static void
test_numbers(void **state)
{
	const struct cal_shape one = { .mode = CAL_SHAPE_ONE };
	const struct cal_shape lines = { .mode = CAL_SHAPE_PIECES };
	const struct cal_shape framed = { .mode = CAL_SHAPE_FRAMED };
	const struct cal_shape objects = { .mode = CAL_SHAPE_JSON };
	struct cal_buf out = { .max = 0 };

	(void)state;
	cal_shape_put_number(&one, &out, 1);
	cal_shape_put_number(&lines, &out, 2);
	cal_shape_put_number(&framed, &out, 3);
	cal_shape_put_number(&objects, &out, 4);
	assert_string_equal(cal_buf_text(&out), "line 2: message 3: line 4: ");
	cal_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits),
		cmocka_unit_test(test_what_was_given),
		cmocka_unit_test(test_what_it_comes_to),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_put_read),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
