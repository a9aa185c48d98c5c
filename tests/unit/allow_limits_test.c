/* Unit tests of auth/allow_list: how much a list may hold. */
#include "users.h"

#include "base/clock.h"

/* A line of exactly the limit, then one byte more. */
static void
test_long_lines(void **state)
{
	char *line = cal_malloc(CAL_ALLOW_LINE + 3);
	struct cal_allow *allow;
	size_t len;

	(void)state;
	len = (size_t)snprintf(line, CAL_ALLOW_LINE, "%s ann methods=x", KEY1);
	memset(line + len, ' ', CAL_ALLOW_LINE + 3 - len);
	memcpy(line + CAL_ALLOW_LINE, "\r\n", 2);
	allow = parse_good(cal_slice_of(line, CAL_ALLOW_LINE + 2));
	assert_user(allow, KEY1, "ann");
	cal_allow_free(allow);
	memcpy(line + CAL_ALLOW_LINE, " \n", 2);
	check_bad(cal_slice_of(line, CAL_ALLOW_LINE + 2),
	    "'users' line 1: the line is longer than 65536 bytes");
	line[0] = '#';
	check_bad(cal_slice_of(line, CAL_ALLOW_LINE + 2),
	    "'users' line 1: the line is longer than 65536 bytes");
	free(line);
}

static void
test_many_methods(void **state)
{
	struct cal_buf text = { 0 };
	struct cal_allow *allow;
	struct cal_user *user;
	unsigned int i;
	char name[8];

	(void)state;
	/* All even numbers below 0x4000, in no order. */
	cal_buf_printf(&text, "%s ann methods=m0", KEY1);
	for (i = 1; i < 0x2000; i++)
		cal_buf_printf(&text, ",m%x", i * 2 * 4051 & 0x3fff);
	assert_true(text.len < CAL_ALLOW_LINE);
	allow = parse_good(cal_buf_view(&text));
	user = find(allow, KEY1);
	for (i = 0; i < 0x5000; i++) {
		snprintf(name, sizeof(name), "m%x", i);
		assert_int_equal(cal_user_may(user, cal_slice_text(name)),
		    i < 0x4000 && i % 2 == 0);
	}
	cal_user_unuse(user);
	cal_allow_free(allow);
	cal_buf_release(&text);
}

static void
test_many_keys(void **state)
{
	struct cal_buf text = { 0 };
	struct cal_allow *allow;
	unsigned int i;
	double start;

	(void)state;
	for (i = 0; i < CAL_ALLOW_KEYS; i++)
		cal_buf_printf(&text, "%s u%u\n", nth_text(i), i);
	start = cal_clock_now();
	allow = parse_good(cal_buf_view(&text));
	if (!under_valgrind())
		assert_true(cal_clock_now() - start < 10);
	assert_int_equal(cal_allow_count(allow), CAL_ALLOW_KEYS);
	assert_user(allow, nth_text(0), "u0");
	assert_user(allow, nth_text(CAL_ALLOW_KEYS - 1), "u99999");
	assert_user(allow, nth_text(CAL_ALLOW_KEYS), NULL);
	cal_allow_free(allow);
	cal_buf_printf(&text, "%s one-more", nth_text(CAL_ALLOW_KEYS));
	check_bad(cal_buf_view(&text),
	    "'users' line 100001: there are more than 100000 keys");
	cal_buf_release(&text);
}

static void
test_too_large(void **state)
{
	char *text = cal_malloc(CAL_ALLOW_MAX + 1);
	struct cal_allow *allow;
	int i;

	(void)state;
	memset(text, '#', CAL_ALLOW_MAX + 1);
	for (i = CAL_ALLOW_LINE; i < CAL_ALLOW_MAX; i += CAL_ALLOW_LINE)
		text[i - 1] = '\n';
	memcpy(text, KEY1 " ann\n", strlen(KEY1 " ann\n"));
	allow = parse_good(cal_slice_of(text, CAL_ALLOW_MAX));
	assert_user(allow, KEY1, "ann");
	cal_allow_free(allow);
	check_bad(cal_slice_of(text, CAL_ALLOW_MAX + 1),
	    "'users' is larger than 16777216 bytes");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_many_methods),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
