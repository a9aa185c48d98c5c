/* Unit tests of codec/z85. */
#include "codec/z85.h"
#include "unit.h"

static bool
decodes(uint8_t *bytes, const char *text)
{
	struct cal_slice copy = exact(cal_slice_text(text));
	bool good = cal_z85_decode(bytes, copy);

	exact_free(copy);
	return good;
}

/* The example of the specification, and the edges of a group. */
static void
test_known(void **state)
{
	static const struct {
		const char *text;
		uint8_t bytes[8];
		size_t len;
	} cases[] = {
		{ "", { 0 }, 0 },
		{ "HelloWorld", { 0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7,
		    0x5b }, 8 },
		{ "00000", { 0 }, 4 },
		{ "00001", { 0, 0, 0, 1 }, 4 },
		{ "%nSc0", { 255, 255, 255, 255 }, 4 },
	};
	uint8_t bytes[8];
	char text[11];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		cal_z85_encode(text, cases[i].bytes, cases[i].len);
		assert_string_equal(text, cases[i].text);
		assert_true(decodes(bytes, text));
		assert_memory_equal(bytes, cases[i].bytes, cases[i].len);
	}
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {
		"0", "0000", "000000", "%nSc1", "%####", "$0000", "#0000",
		"#####", "0000 ", "0\"000", "0'000", "0,000", "0;000",
		"0_000", "0`000", "0|000", "0~000", "0\\000", "0\t000",
		"0\n000", "000\xc3\xa9",
	};
	uint8_t bytes[8];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		if (decodes(bytes, bad[i]))
			fail_msg("'%s' was taken", bad[i]);
	assert_false(cal_z85_decode(bytes, BYTES("00\0" "00")));
}

/* No bytes have a text that begins as a comment does. */
static void
test_first(void **state)
{
	static const uint8_t most[4] = { 255, 255, 255, 255 };
	char text[6];

	(void)state;
	cal_z85_encode(text, most, sizeof(most));
	assert_int_equal(text[0], '%');
}

static void
test_has(void **state)
{
	unsigned count = 0;
	int c;

	(void)state;
	for (c = 0; c < 256; c++)
		count += cal_z85_has((char)c);
	assert_int_equal(count, 85);
	assert_true(cal_z85_has('0') && cal_z85_has('#'));
	assert_false(cal_z85_has('\0') || cal_z85_has(' ') ||
	    cal_z85_has('"') || cal_z85_has('_'));
}

static void
test_round(void **state)
{
	uint8_t bytes[32], back[32];
	uint64_t seed = 85;
	char text[41];
	size_t i, round;

	(void)state;
	for (round = 0; round < 1000; round++) {
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)next_random(&seed);
		cal_z85_encode(text, bytes, sizeof(bytes));
		assert_int_equal(strlen(text), 40);
		assert_true(decodes(back, text));
		assert_memory_equal(back, bytes, sizeof(bytes));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
