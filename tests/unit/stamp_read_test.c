/* Unit tests of codec/stamp: RFC 3339. */
#include "unit.h"

#include "codec/stamp.h"

static struct cal_stamp stamp;

static int
read_text(struct cal_slice text, struct cal_err *err)
{
	struct cal_slice copy = exact(text);
	int rc = cal_stamp_read(&stamp, copy, err);

	exact_free(copy);
	return rc;
}

static void
test_taken(void **state)
{
	static const struct {
		const char *text, *again;       /* NULL: the same */
	} rows[] = {
		{ "2026-01-15T15:43:01.123456Z", NULL },
		{ "2026-01-15T15:43:01Z", "2026-01-15T15:43:01.000000Z" },
		{ "2026-01-15t15:43:01z", "2026-01-15T15:43:01.000000Z" },
		{ "2026-01-15T15:43:01.1Z", "2026-01-15T15:43:01.100000Z" },
		{ "2026-01-15T15:43:01.000001Z", NULL },
		{ "2026-01-15T15:43:01.1234567Z",
		    "2026-01-15T15:43:01.123456Z" },
		{ "2026-01-15T15:43:01.999999999999999999999999999999Z",
		    "2026-01-15T15:43:01.999999Z" },
		{ "2026-01-15T15:43:01+00:00", "2026-01-15T15:43:01.000000Z" },
		{ "2026-01-15T15:43:01-00:00", "2026-01-15T15:43:01.000000Z" },
		{ "2026-01-15T15:43:01.5+09:00",
		    "2026-01-15T15:43:01.500000+09:00" },
		{ "2026-01-15T15:43:01.000000-03:30", NULL },
		{ "2026-01-15T15:43:01.000000+23:59", NULL },
		{ "2026-01-15T15:43:01.000000-23:59", NULL },
		{ "2024-02-29T23:59:59.999999Z", NULL },
		{ "0000-01-01T00:00:00.000000Z", NULL },
		{ "0000-02-29T00:00:00.000000Z", NULL },
		{ "1969-12-31T23:59:59.999999Z", NULL },
		{ "1582-10-10T12:00:00.000000Z", NULL },
		{ "4094-12-31T23:59:59.999999Z", NULL },
		{ "-", NULL },
	};
	struct cal_buf out = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (read_text(cal_slice_text(rows[i].text), NULL) != CAL_OK)
			fail_msg("%s was refused", rows[i].text);
		cal_buf_clear(&out);
		cal_stamp_put(&out, &stamp);
		assert_string_equal(cal_buf_text(&out),
		    rows[i].again != NULL ? rows[i].again : rows[i].text);
	}
	assert_false(stamp.known);
	cal_buf_release(&out);
}

/* The same instant, by all the clocks of the world. */
static void
test_instant(void **state)
{
	static const char *const texts[] = {
		"2026-01-15T06:43:01Z", "2026-01-15T15:43:01+09:00",
		"2026-01-14T20:43:01-10:00", "2026-01-16T06:42:01+23:59",
		"2026-01-15T12:28:01+05:45", "2026-01-14T06:44:01-23:59",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		assert_int_equal(read_text(cal_slice_text(texts[i]), NULL),
		    CAL_OK);
		assert_true(stamp.us == INT64_C(1768459381000000));
	}
}

static void
test_refused(void **state)
{
	static const char *const texts[] = {
		"", " ", "--", "-1", "now", "0", "1768491781", "null",
		"2026", "2026-01-15", "2026-01-15T", "15:43:01Z",
		"2026-01-15T15:43Z", "2026-01-15T15:43:01",
		"2026-01-15T15:43:01.123456", "2026-01-15T15:43:01.Z",
		"2026-01-15T15:43:01,5Z", "2026-01-15T15:43:01..5Z",
		"2026-01-15T15:43:01.5.5Z", "2026-01-15T15:43:01.-5Z",
		"2026-01-15 15:43:01Z", "2026-01-15T15:43:01 Z",
		" 2026-01-15T15:43:01Z", "2026-01-15T15:43:01Z ",
		"2026-01-15T15:43:01Z\n", "2026-01-15T15:43:01ZZ",
		"2026-01-15T15:43:01UTC", "2026-01-15T15:43:01A",
		"2026-1-15T15:43:01Z", "2026-01-5T15:43:01Z",
		"2026-01-15T5:43:01Z", "26-01-15T15:43:01Z",
		"02026-01-15T15:43:01Z", "+2026-01-15T15:43:01Z",
		"-026-01-15T15:43:01Z", "20260115T154301Z",
		"2026-015T15:43:01Z", "2026-W03-4T15:43:01Z",
		"2026/01/15T15:43:01Z", "2026-01-15T15.43.01Z",
		"2026-01-15T15:43:01+9", "2026-01-15T15:43:01+09",
		"2026-01-15T15:43:01+0900", "2026-01-15T15:43:01+09:0",
		"2026-01-15T15:43:01+09:000", "2026-01-15T15:43:01+24:00",
		"2026-01-15T15:43:01+09:60", "2026-01-15T15:43:01+99:99",
		"2026-01-15T15:43:01+-9:00", "2026-01-15T15:43:01\xe2\x88\x92"
		"09:00", "2026-01-15T15:43:01Z+09:00",
		"\xef\xbb\xbf" "2026-01-15T15:43:01Z", "2O26-01-15T15:43:01Z",
		"20\xd9\xa2" "6-01-15T15:43:01Z", "0x7e-01-15T15:43:01Z",
		"\x80\xff", "%s%n%d",
		/* These have the right form. */
		"2026-00-15T15:43:01Z", "2026-13-15T15:43:01Z",
		"2026-01-00T15:43:01Z", "2026-01-32T15:43:01Z",
		"2026-02-29T15:43:01Z", "2100-02-29T15:43:01Z",
		"2026-04-31T15:43:01Z", "2026-01-15T24:00:00Z",
		"2026-01-15T15:60:01Z", "2016-12-31T23:59:60Z",
		"2026-01-15T15:43:61Z", "4095-01-01T00:00:00Z",
		"9999-12-31T23:59:59Z", "4094-12-31T23:59:59-00:01",
		"0000-01-01T00:00:00+00:01",
	};
	struct cal_err err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		stamp.known = true;
		if (read_text(cal_slice_text(texts[i]), &err) != CAL_EDATA)
			fail_msg("'%s' was taken", texts[i]);
		assert_false(stamp.known);
		assert_memory_equal(err.text, "bad time '", 10);
	}
}

/* No part of a good text is one, and a NUL is not its end. */
static void
test_cut(void **state)
{
	static const char text[] = "2026-01-15T15:43:01.123456+09:00";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(text) - 1; len++)
		assert_int_equal(read_text(cal_slice_of(text, len), NULL),
		    CAL_EDATA);
	assert_int_equal(read_text(cal_slice_of(text, len), NULL), CAL_OK);
	assert_int_equal(read_text(cal_slice_of(text, len + 1), NULL),
	    CAL_EDATA);
	assert_int_equal(read_text(BYTES("2026-01-15T15:43:01Z\0"), NULL),
	    CAL_EDATA);
	assert_int_equal(read_text(BYTES("-\0"), NULL), CAL_EDATA);
}

/* Any byte anywhere else is no time, or another one. */
static void
test_each_byte(void **state)
{
	static const char good[] = "2026-01-15T15:43:01.123456Z";
	char text[sizeof(good)];
	struct cal_buf out = { 0 };
	size_t at;
	int byte;

	(void)state;
	for (at = 0; at < sizeof(good) - 1; at++)
		for (byte = 0; byte < 256; byte++) {
			memcpy(text, good, sizeof(good));
			text[at] = (char)byte;
			if (read_text(cal_slice_of(text, sizeof(good) - 1),
			    NULL) != CAL_OK)
				continue;
			cal_buf_clear(&out);
			cal_stamp_put(&out, &stamp);
			if (byte == 't' || byte == 'z')
				text[at] = (char)(byte - 'a' + 'A');
			assert_string_equal(cal_buf_text(&out), text);
		}
	cal_buf_release(&out);
}

static void
test_words(void **state)
{
	static const char digits[] = "2026-01-15T15:43:01."
	    "00000000000000000000000000000000000000000000";
	struct cal_err err;

	(void)state;
	assert_int_equal(read_text(BYTES("soon"), &err), CAL_EDATA);
	assert_string_equal(err.text,
	    "bad time 'soon': not like 2026-01-15T15:43:01.123456Z");
	assert_int_equal(read_text(BYTES("2016-12-31T23:59:60Z"), &err),
	    CAL_EDATA);
	assert_string_equal(err.text,
	    "bad time '2016-12-31T23:59:60Z': there is no second 60");
	assert_int_equal(read_text(BYTES(digits), &err), CAL_EDATA);
	assert_string_equal(err.text, "bad time '2026-01-15T15:43:01."
	    "00000000000000000000': not like 2026-01-15T15:43:01.123456Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_instant),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
