/* Unit tests of cli/object: what is written is read back the same. */
#include "cli/object.h"
#include "codec/json.h"
#include "unit.h"

static struct cal_err err;

static void
test_writing(void **state)
{
	struct cal_buf out = { .max = 0 };

	(void)state;
	/* Objects may stand behind each other in one buffer. */
	cal_buf_put_text(&out, "{}\n{");
	cal_object_put_text(&out, "t", BYTES("a\"\xff\n"));
	cal_object_put_bytes(&out, "k", BYTES("{"));
	cal_object_put_bytes(&out, "k", BYTES("\xff"));
	cal_object_put_number(&out, "n", UINT64_MAX);
	cal_buf_put_text(&out, ",\"o\":{");
	cal_object_put_base64(&out, "b", BYTES(""));
	cal_object_put_body(&out, BYTES("{\"a\": 1.0}"));
	cal_buf_put_text(&out, "}}");
	assert_string_equal(cal_buf_text(&out), "{}\n{\"t\":\"a\\\"\xef\xbf\xbd"
	    "\\n\",\"k\":\"{\",\"k_b64\":\"/w==\",\"n\":18446744073709551615,"
	    "\"o\":{\"b_b64\":\"\",\"body\":{\"a\": 1.0}}}");
	cal_buf_release(&out);
}

/* A body is itself again, or base64. */
static void
check_body(struct cal_slice body, bool encoded)
{
	struct cal_member member = { .name = "body", .either = true };
	struct cal_buf line = { .max = 0 }, back = { .max = 0 };
	struct cal_slice copy;

	cal_buf_put_byte(&line, '{');
	cal_object_put_body(&line, body);
	cal_buf_put_byte(&line, '}');
	copy = exact(cal_buf_view(&line));
	assert_false(cal_json_has_newline(copy));
	assert_int_equal(cal_object_read(&member, 1, copy, &err), CAL_OK);
	assert_int_equal(member.encoded, encoded);
	if (!encoded)
		cal_buf_put(&back, member.value.ptr, member.value.len);
	else
		assert_int_equal(cal_member_put(&back, &member, &err), CAL_OK);
	assert_true(cal_slice_same(cal_buf_view(&back), body));
	exact_free(copy);
	cal_buf_release(&line);
	cal_buf_release(&back);
}

static void
test_bodies(void **state)
{
	(void)state;
	check_body(BYTES("null"), false);
	check_body(BYTES("[1, 2 ,3.10]"), false);
	check_body(BYTES("\"\\n\\u0000\xc3\xa9\""), false);
	check_body(BYTES(""), true);
	check_body(BYTES(" 1"), true);
	check_body(BYTES("1\n"), true);
	check_body(BYTES("[1,\n2]"), true);
	check_body(BYTES("NaN"), true);
	check_body(BYTES("{"), true);
	check_body(BYTES("\0\xff\n"), true);
}

static void
test_reading(void **state)
{
	struct cal_member members[] = {
		{ .name = "key", .either = true },
		{ .name = "ts" },
	};
	struct cal_slice first, second;
	struct cal_buf out = { .max = 0 };

	(void)state;
	assert_int_equal(cal_object_read(members, 2, BYTES(" {\"other\":[1],"
	    "\"\\u006bey_b64\":\"aw==\", \"ts_b64\":2, \"ts\":\"x\\n\"} "),
	    &err), CAL_OK);
	assert_true(members[0].encoded);
	assert_int_equal(cal_member_put(&out, &members[0], &err), CAL_OK);
	assert_false(members[1].encoded);
	assert_int_equal(cal_member_put(&out, &members[1], &err), CAL_OK);
	assert_slice(cal_buf_view(&out), "kx\n");
	assert_int_equal(cal_member_put_two(&out, &members[1], &members[0],
	    &first, &second, &err), CAL_OK);
	assert_slice(first, "x\n");
	assert_slice(second, "k");
	cal_buf_release(&out);

	/* What was found before is forgotten. */
	assert_int_equal(cal_object_read(members, 2, BYTES("{}"), &err),
	    CAL_OK);
	assert_int_equal(members[0].value.len, 0);
	assert_int_equal(members[1].value.len, 0);
	assert_int_equal(cal_member_put_two(&out, &members[1], &members[0],
	    &first, &second, &err), CAL_OK);
	assert_int_equal(first.len + second.len, 0);
	cal_buf_release(&out);
}

static void
check_bad(const char *line, const char *why)
{
	struct cal_member members[] = {
		{ .name = "key", .either = true }, { .name = "ts" },
	};
	struct cal_buf out = { .max = 0 };
	int rc;

	rc = cal_object_read(members, 2, cal_slice_text(line), &err);
	if (rc == CAL_OK)
		rc = cal_member_put(&out, &members[0], &err);
	assert_int_equal(rc, CAL_EDATA);
	assert_int_equal(out.len, 0);
	assert_string_equal(err.text, why);
	cal_buf_release(&out);
}

static void
test_bad_lines(void **state)
{
	(void)state;
	check_bad("", "not JSON: empty");
	check_bad("[]", "not a JSON object");
	check_bad("{\"ts\":1,\"ts\":1}", "'ts' is there twice");
	check_bad("{\"key\":\"\",\"key\":\"\"}", "'key' is there twice");
	check_bad("{\"key_b64\":\"\",\"key_b64\":\"\"}",
	    "'key_b64' is there twice");
	check_bad("{\"key_b64\":\"\",\"key\":\"\"}",
	    "'key' and 'key_b64' exclude each other");
	check_bad("{\"key\":1}", "'key' is not a string");
	check_bad("{\"key_b64\":1}", "'key_b64' is not a string");
	assert_int_equal(cal_object_read(NULL, 0, BYTES("{} {}"), &err),
	    CAL_EDATA);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writing),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_bad_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
