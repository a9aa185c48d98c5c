/* Unit tests of exec/dialect: what jsonrpc says, read by another reader. */
#include "unit.h"

#include <jansson.h>

#include "exec/dialect.h"

static struct cal_err err;

#define TEXT(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }

/* All of it, as it goes to a worker. */
static const char *
join(struct cal_buf *line, const struct cal_ask *said)
{
	cal_buf_clear(line);
	cal_buf_put(line, said->head.ptr, said->head.len);
	cal_buf_put(line, said->body.ptr, said->body.len);
	cal_buf_put(line, said->tail.ptr, said->tail.len);
	return cal_buf_text(line);
}

static json_t *
parse(const char *text, size_t len)
{
	json_error_t problem;
	json_t *value = json_loadb(text, len,
	    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);

	if (value == NULL)
		fail_msg("%s: %s", problem.text, text);
	return value;
}

/* One line, and the same object as expected. */
static void
assert_line(struct cal_buf *line, const char *expected)
{
	const char *text = cal_buf_text(line);
	json_t *is, *should;

	assert_ptr_equal(memchr(text, '\n', line->len), text + line->len - 1);
	assert_null(memchr(text, '\r', line->len));
	is = parse(text, line->len);
	should = parse(expected, strlen(expected));
	if (!json_equal(is, should))
		fail_msg("%s is not %s", text, expected);
	json_decref(is);
	json_decref(should);
}

#define BEGIN "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":"

static const struct {
	struct cal_job job;
	int64_t timeout_ms;
	const char *expected;
} rows[] = {
	{ { .method = TEXT("m"), .peer = TEXT("p1"), .json = true,
	    .body = TEXT("{\"a\":[1,0.10]}"), .seq = TEXT("5") }, -1,
	    BEGIN "\"m\",\"params\":{\"body\":{\"a\":[1,0.10]},\"seq\":5,"
	    "\"peer\":\"p1\"}}" },
	{ { .method = TEXT("m"), .peer = TEXT("p1"), .json = true,
	    .body = TEXT("null"), .key = TEXT("k"), .user = TEXT("alice"),
	    .seq = TEXT("4294967296") }, 1500,
	    BEGIN "\"m\",\"params\":{\"body\":null,\"key\":\"k\","
	    "\"seq\":4294967296,\"peer\":\"p1\",\"user\":\"alice\","
	    "\"timeout_ms\":1500}}" },
	{ { .method = TEXT("m"), .json = true, .body = TEXT("\n[\r\n1\n]\n") },
	    0,
	    BEGIN "\"m\",\"params\":{\"body\":[1],\"peer\":\"\","
	    "\"timeout_ms\":0}}" },
	{ { .method = TEXT("m"), .json = true, .body = TEXT(" \"\\n\" ") },
	    INT64_MAX,
	    BEGIN "\"m\",\"params\":{\"body\":\"\\n\",\"peer\":\"\","
	    "\"timeout_ms\":9223372036854775807}}" },
	{ { .method = TEXT("m"), .body = TEXT("\0\n\xff") }, INT64_MIN,
	    BEGIN "\"m\",\"params\":{\"body_b64\":\"AAr/\","
	    "\"peer\":\"\"}}" },
	{ { .method = TEXT("m"), .key = TEXT("\xc3\xa9\n\"\0") }, -1,
	    BEGIN "\"m\",\"params\":{\"body_b64\":\"\","
	    "\"key\":\"\\u00e9\\n\\\"\\u0000\",\"peer\":\"\"}}" },
	{ { .method = TEXT("m"), .key = TEXT("\xff\n") }, -1,
	    BEGIN "\"m\",\"params\":{\"body_b64\":\"\","
	    "\"key_b64\":\"/wo=\",\"peer\":\"\"}}" },
	{ { .method = TEXT("a\"\\\x01\r\n\x7f/\xe2\x82\xac"),
	    .peer = TEXT("\"},\n"), .user = TEXT("}}\\") }, -1,
	    BEGIN "\"a\\\"\\\\\\u0001\\r\\n\x7f/\xe2\x82\xac\","
	    "\"params\":{\"body_b64\":\"\",\"peer\":\"\\\"},\\n\","
	    "\"user\":\"}}\\\\\"}}" },
	/* A stream's message. */
	{ { .json = true, .body = TEXT("1") }, -1,
	    BEGIN "\"message\",\"params\":{\"body\":1}}" },
	{ { .json = true, .body = TEXT("1"), .topic = TEXT("a/\"b"),
	    .stamp = TEXT("2026-01-15T15:43:01.123456Z"), .id = TEXT("00ff"),
	    .seq = TEXT("9"), .key = TEXT("k") }, 5,
	    BEGIN "\"message\",\"params\":{\"body\":1,\"key\":\"k\","
	    "\"topic\":\"a/\\\"b\",\"ts\":\"2026-01-15T15:43:01.123456Z\","
	    "\"id\":\"00ff\",\"seq\":9,\"timeout_ms\":5}}" },
	{ { .body = TEXT("1"), .topic = TEXT("\xff\n"), .stamp = TEXT("-") },
	    -1, BEGIN "\"message\",\"params\":{\"body_b64\":\"MQ==\","
	    "\"topic_b64\":\"/wo=\",\"ts\":\"-\"}}" },
	{ { .method = TEXT("") }, -1,
	    BEGIN "\"\",\"params\":{\"body_b64\":\"\",\"peer\":\"\"}}" },
};

static void
test_ask(void **state)
{
	struct cal_ask said = { .body = { NULL, 0 } };
	struct cal_buf line = { .max = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(cal_dialect_jsonrpc.ask(&said, 7,
		    &rows[i].job, rows[i].timeout_ms, &err), CAL_OK);
		join(&line, &said);
		assert_line(&line, rows[i].expected);
	}
	cal_ask_release(&said);
	cal_buf_release(&line);
}

/* The largest id is beyond jansson's numbers. */
static void
test_ask_bytes(void **state)
{
	struct cal_job job = {
		.method = TEXT("m"), .key = TEXT("k"), .peer = TEXT("p"),
		.body = TEXT("1.0"), .seq = TEXT("18446744073709551615"),
		.json = true,
	};
	struct cal_ask said = { .body = { NULL, 0 } };

	(void)state;
	assert_int_equal(cal_dialect_jsonrpc.ask(&said, UINT64_MAX, &job, 0,
	    &err), CAL_OK);
	assert_slice(cal_buf_view(&said.head), "{\"jsonrpc\":\"2.0\","
	    "\"id\":18446744073709551615,\"method\":\"m\","
	    "\"params\":{\"body\":");
	assert_ptr_equal(said.body.ptr, job.body.ptr);
	assert_int_equal(said.body.len, job.body.len);
	assert_slice(cal_buf_view(&said.tail), ",\"key\":\"k\","
	    "\"seq\":18446744073709551615,\"peer\":\"p\","
	    "\"timeout_ms\":0}}\n");
	cal_ask_release(&said);
}

static void
test_ask_refused(void **state)
{
	static const struct {
		struct cal_job job;
		const char *words;
	} bad[] = {
		{ { .method = TEXT("m\xff") },
		    "bad method: not UTF-8 at byte 2" },
		{ { .method = TEXT("m"), .peer = TEXT("\x80") },
		    "bad peer: not UTF-8 at byte 1" },
		{ { .method = TEXT("m"), .user = TEXT("ab\xc0") },
		    "bad user: not UTF-8 at byte 3" },
		{ { .method = TEXT("m"), .json = true }, "not JSON: empty" },
		{ { .method = TEXT("m"), .json = true,
		    .body = TEXT("[NaN]") },
		    "not JSON: NaN and Infinity are not allowed at byte 2" },
		{ { .method = TEXT("m"), .json = true,
		    .body = TEXT("-Infinity") },
		    "not JSON: NaN and Infinity are not allowed at byte 2" },
	};
	struct cal_ask said = { .body = { NULL, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(cal_dialect_jsonrpc.ask(&said, 1,
		    &rows[1].job, 1, &err), CAL_OK);
		assert_int_equal(cal_dialect_jsonrpc.ask(&said, 1,
		    &bad[i].job, 1, &err), CAL_EDATA);
		assert_string_equal(err.text, bad[i].words);
		assert_int_equal(said.head.len + said.body.len +
		    said.tail.len, 0);
	}
	cal_ask_release(&said);
}

/* Each byte as a key, behind a letter: it comes back as it was. */
static void
test_each_byte(void **state)
{
	struct cal_job job = { .method = TEXT("m"), .json = true,
	    .body = TEXT("1") };
	struct cal_ask said = { .body = { NULL, 0 } };
	struct cal_buf line = { .max = 0 };
	uint8_t key[2] = "k";
	json_t *value, *found;
	int byte;

	(void)state;
	job.key = cal_slice_of(key, sizeof(key));
	for (byte = 0; byte < 256; byte++) {
		key[1] = (uint8_t)byte;
		assert_int_equal(cal_dialect_jsonrpc.ask(&said, 1, &job, -1,
		    &err), CAL_OK);
		join(&line, &said);
		value = parse(cal_buf_text(&line), line.len);
		found = json_object_get(json_object_get(value, "params"),
		    byte < 0x80 ? "key" : "key_b64");
		assert_non_null(found);
		if (byte < 0x80) {
			assert_int_equal(json_string_length(found), 2);
			assert_memory_equal(json_string_value(found), key, 2);
		}
		json_decref(value);
	}
	cal_ask_release(&said);
	cal_buf_release(&line);
}

static void
test_large_body(void **state)
{
	enum { SIZE = 1 << 20 };
	struct cal_job job = { .method = TEXT("m"), .json = true };
	struct cal_ask said = { .body = { NULL, 0 } };
	struct cal_buf line = { .max = 0 };
	char *body = malloc(SIZE);
	json_t *value;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', SIZE);
	body[0] = body[SIZE - 1] = '"';
	job.body = cal_slice_of(body, SIZE);
	assert_int_equal(cal_dialect_jsonrpc.ask(&said, 1, &job, -1, &err),
	    CAL_OK);
	assert_ptr_equal(said.body.ptr, body);
	assert_true(said.head.len + said.tail.len < 256);
	join(&line, &said);
	value = parse(cal_buf_text(&line), line.len);
	assert_int_equal(json_string_length(json_object_get(
	    json_object_get(value, "params"), "body")), SIZE - 2);
	json_decref(value);
	job.json = false;
	assert_int_equal(cal_dialect_jsonrpc.ask(&said, 1, &job, -1, &err),
	    CAL_OK);
	assert_int_equal(said.body.len, 0);
	assert_true(said.head.len > SIZE / 3 * 4);
	cal_ask_release(&said);
	cal_buf_release(&line);
	free(body);
}

static void
test_cancel(void **state)
{
	struct cal_buf out = { .max = 0 };

	(void)state;
	cal_dialect_jsonrpc.cancel(&out, 7);
	assert_line(&out, "{\"jsonrpc\":\"2.0\","
	    "\"method\":\"$/cancelRequest\",\"params\":{\"id\":7}}");
	/* What is in out stays there. */
	cal_dialect_jsonrpc.cancel(&out, UINT64_MAX);
	assert_non_null(strstr(cal_buf_text(&out),
	    "\"id\":7}}\n{\"jsonrpc\":\"2.0\",\"method\":"
	    "\"$/cancelRequest\",\"params\":"
	    "{\"id\":18446744073709551615}}\n"));
	cal_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_ask_bytes),
		cmocka_unit_test(test_ask_refused),
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_large_body),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
