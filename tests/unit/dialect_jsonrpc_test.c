/* Unit tests of exec/dialect: what jsonrpc takes for an answer. */
#include "unit.h"

#include "base/utf8.h"
#include "codec/json.h"
#include "exec/dialect.h"
#include "exec/trace.h"

static struct cal_err err;

#define B "{\"jsonrpc\":\"2.0\","
#define R(id) B "\"id\":" id ",\"result\":1}"
#define E(error) B "\"id\":1,\"error\":" error "}"

/* From an exact copy, so that nothing is read beyond it. */
static int
read_slice(uint64_t *idp, struct cal_outcome *outcome,
    struct cal_slice message)
{
	static const struct cal_outcome zero;
	struct cal_slice copy = exact(message);
	int rc;

	memset(outcome, 0, sizeof(*outcome));
	err.text[0] = '\0';
	rc = cal_dialect_jsonrpc.read(idp, outcome, copy, &err);
	exact_free(copy);
	if (rc != CAL_OK) {
		assert_int_equal(rc, CAL_EPROTO);
		assert_true(strlen(err.text) > 0);
		assert_true(strlen(err.text) < 128);
		assert_memory_equal(outcome, &zero, sizeof(zero));
	}
	return rc;
}

static void
read_good(struct cal_outcome *outcome, const char *text)
{
	uint64_t id;

	if (read_slice(&id, outcome, cal_slice_text(text)) != CAL_OK)
		fail_msg("%s: %s", err.text, text);
}

static void
test_results(void **state)
{
	static const struct {
		const char *text;
		uint64_t id;
		const char *body;
	} rows[] = {
		{ R("0"), 0, "1" },
		{ R("9007199254740992"), UINT64_C(1) << 53, "1" },
		{ R("9007199254740993"), (UINT64_C(1) << 53) + 1, "1" },
		{ R("18446744073709551615"), UINT64_MAX, "1" },
		{ B "\"id\":3,\"result\":null}", 3, "null" },
		{ B "\"id\":3,\"result\":\"\"}", 3, "\"\"" },
		{ B "\"id\":3,\"result\":0.10}", 3, "0.10" },
		{ B "\"id\":3,\"result\":{\"b\" : [1, 2],\"a\":{}} }", 3,
		    "{\"b\" : [1, 2],\"a\":{}}" },
		{ B "\"id\":3,\"result\":\"}\\\"\\u00e9\"}", 3,
		    "\"}\\\"\\u00e9\"" },
		{ " { \"result\" : 1 , \"id\" : 3 , \"jsonrpc\" : \"2.0\" } ",
		    3, "1" },
		/* Others are ignored, and what is inside others is. */
		{ B "\"x\":{\"method\":1,\"id\":9,\"error\":2},\"id\":3,"
		    "\"result\":[{\"id\":4,\"method\":5}]}", 3,
		    "[{\"id\":4,\"method\":5}]" },
		{ B "\"x\":1,\"x\":2,\"Result\":7,\"id\":3,\"result\":1}", 3,
		    "1" },
		/* Names may be escaped; the last version counts. */
		{ "{\"jsonrpc\":1,\"\\u0069d\":3,\"r\\u0065sult\":1,"
		    "\"jsonrpc\":\"\\u0032.0\"}", 3, "1" },
	};
	struct cal_outcome outcome;
	uint64_t id;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(read_slice(&id, &outcome,
		    cal_slice_text(rows[i].text)), CAL_OK);
		assert_true(id == rows[i].id);
		assert_int_equal(outcome.verdict, CAL_VERDICT_RESULT);
		assert_string_equal(cal_buf_text(&outcome.body), rows[i].body);
		assert_null(outcome.name);
		assert_int_equal(outcome.repr.len + outcome.traceback.len, 0);
		cal_outcome_release(&outcome);
	}
}

static void
test_no_answers(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "", "not JSON: empty" },
		{ " \r", "not JSON: empty" },
		{ "hello", "not JSON: unexpected 'h' at byte 1" },
		{ R("1") R("2"), "not JSON: unexpected '{' at byte 36" },
		{ B "\"id\":1,\"result\":1", "not JSON: ends too early" },
		{ B "\"id\":1,\"result\":\"\xff\"}",
		    "not JSON: not UTF-8 at byte 35" },
		{ B "\"id\":1,\"result\":\"\x1b\"}",
		    "not JSON: control character in a string at byte 35" },
		{ "\x1b[2J", "not JSON: unexpected \\x1b at byte 1" },
		{ B "\"id\":01,\"result\":1}",
		    "not JSON: unexpected '1' at byte 24" },
		{ "1", "not a JSON object" },
		{ "[]", "not a JSON object" },
		{ "[" R("1") "]", "not a JSON object" },
		{ "{}", "'jsonrpc' is not \"2.0\"" },
		{ "{\"id\":1,\"result\":1}", "'jsonrpc' is not \"2.0\"" },
		{ "{\"jsonrpc\":2.0,\"id\":1,\"result\":1}",
		    "'jsonrpc' is not \"2.0\"" },
		{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":1}",
		    "'jsonrpc' is not \"2.0\"" },
		{ B "\"jsonrpc\":\"2\",\"id\":1,\"result\":1}",
		    "'jsonrpc' is not \"2.0\"" },
		{ B "\"result\":1}", "no id" },
		{ B "\"id\":1}", "neither result nor error" },
		{ B "\"id\":1,\"result\":1,\"error\":null}",
		    "both result and error" },
		{ B "\"id\":1,\"id\":1,\"result\":1}", "'id' is there twice" },
		{ B "\"id\":1,\"i\\u0064\":2,\"result\":1}",
		    "'id' is there twice" },
		{ B "\"id\":1,\"result\":1,\"result\":1}",
		    "'result' is there twice" },
		{ B "\"id\":1,\"error\":{},\"error\":{}}",
		    "'error' is there twice" },
		{ B "\"id\":1,\"method\":\"m\"}",
		    "a request or notification: it has a method" },
		{ B "\"id\":1,\"result\":1,\"method\":null}",
		    "a request or notification: it has a method" },
		{ R("18446744073709551616"),
		    "the id is none of ours: 18446744073709551616" },
		{ R("100000000000000000000"), "the id is none of ours" },
		{ R("-1"), "the id is none of ours: -1" },
		{ R("-0"), "the id is none of ours: -0" },
		{ R("1.0"), "the id is none of ours: 1.0" },
		{ R("1e2"), "the id is none of ours: 1e2" },
		{ R("\"1\""), "the id is none of ours" },
		{ R("null"), "the id is none of ours" },
		{ R("true"), "the id is none of ours" },
		{ R("[1]"), "the id is none of ours" },
		{ R("{\"id\":1}"), "the id is none of ours" },
		{ E("null"), "the error is not an object" },
		{ E("[1,\"words\"]"), "the error is not an object" },
		{ E("{}"), "the error's code is not a whole number" },
		{ E("{\"code\":\"1\",\"message\":\"\"}"),
		    "the error's code is not a whole number" },
		{ E("{\"code\":1.5,\"message\":\"\"}"),
		    "the error's code is not a whole number" },
		{ E("{\"code\":1e1,\"message\":\"\"}"),
		    "the error's code is not a whole number" },
		{ E("{\"code\":1}"), "the error's message is not a string" },
		{ E("{\"code\":1,\"message\":null}"),
		    "the error's message is not a string" },
		{ E("{\"code\":1,\"message\":\"\",\"message\":1}"),
		    "the error's message is not a string" },
	};
	struct cal_outcome outcome;
	uint64_t id;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(read_slice(&id, &outcome,
		    cal_slice_text(rows[i].text)), CAL_EPROTO);
		assert_string_equal(err.text, rows[i].words);
	}
	assert_int_equal(cal_dialect_jsonrpc.read(&id, &outcome,
	    BYTES("x"), NULL), CAL_EPROTO);
	assert_int_equal(cal_dialect_jsonrpc.read(&id, &outcome,
	    BYTES(R("1.0")), NULL), CAL_EPROTO);
}

#define CODE "{\"code\":-32000,\"message\":"

static void
test_failures(void **state)
{
	static const struct {
		const char *text, *name, *repr, *traceback;
	} rows[] = {
		{ E(CODE "\"\"}"), "JsonRpcError", "", "" },
		{ E(CODE "\"no\",\"data\":null}"), "JsonRpcError", "no", "" },
		{ E(CODE "\"no\",\"data\":\"words\"}"), "JsonRpcError", "no",
		    "" },
		{ E(CODE "\"no\",\"data\":[{\"name\":\"N\"}]}"),
		    "JsonRpcError", "no", "" },
		{ E(CODE "\"no\",\"data\":{\"name\":\"KeyError\","
		    "\"traceback\":\"a\\n\\tb\\n\",\"more\":1}}"),
		    "KeyError", "no", "a\n\tb\n" },
		{ E(CODE "\"no\",\"name\":\"N\",\"traceback\":\"t\"}"),
		    "JsonRpcError", "no", "" },
		{ E(CODE "\"no\",\"data\":{\"name\":\"\","
		    "\"traceback\":1}}"), "JsonRpcError", "no", "" },
		{ E(CODE "\"no\",\"data\":{\"name\":5}}"), "JsonRpcError",
		    "no", "" },
		{ E(CODE "\"x\",\"message\":\"y\",\"data\":{\"name\":\"A\","
		    "\"name\":\"B\"}}"), "B", "y", "" },
		{ E("{\"message\":\"n\\u00f6\",\"code\":0}"), "JsonRpcError",
		    "n\xc3\xb6", "" },
		{ E("{\"code\":99999999999999999999,\"message\":\"n\"}"),
		    "JsonRpcError", "n", "" },
		/* What a terminal would obey is shown, not done. */
		{ E(CODE "\"\\u001b[2J\\n\\u0000\",\"data\":{"
		    "\"name\":\"a\\u0000\\u202e\","
		    "\"traceback\":\"\\u001b\\r\\n\\u0000\"}}"),
		    "a\\x00\\u{202e}", "\\x1b[2J\\x0a\\x00",
		    "\\x1b\\x0d\n\\x00" },
		{ E(CODE "\"\\ud800\"}"), "JsonRpcError", "\xef\xbf\xbd",
		    "" },
	};
	struct cal_outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		read_good(&outcome, rows[i].text);
		assert_int_equal(outcome.verdict, CAL_VERDICT_FAILURE);
		assert_string_equal(outcome.name, rows[i].name);
		assert_string_equal(cal_buf_text(&outcome.repr), rows[i].repr);
		assert_string_equal(cal_buf_text(&outcome.traceback),
		    rows[i].traceback);
		assert_int_equal(outcome.body.len, 0);
		assert_false(outcome.has_status);
		cal_outcome_release(&outcome);
	}
}

/* An error whose name, message and traceback are each count pieces. */
static void
read_large(struct cal_outcome *outcome, const char *piece, size_t count)
{
	static const char *const before[] = {
		B "\"id\":1,\"error\":" CODE "\"",
		"\",\"data\":{\"name\":\"",
		"\",\"traceback\":\"",
	};
	struct cal_buf text = { .max = 0 };
	size_t i, n;

	for (i = 0; i < COUNT(before); i++) {
		cal_buf_put_text(&text, before[i]);
		for (n = 0; n < count; n++)
			cal_buf_put_text(&text, piece);
	}
	cal_buf_put_text(&text, "z\"}}}");
	read_good(outcome, cal_buf_text(&text));
	cal_buf_release(&text);
}

static void
test_limits(void **state)
{
	static const struct {
		const char *piece;
		size_t count;
		size_t name, repr, traceback;   /* bytes; 0: not taken */
	} rows[] = {
		{ "x", 255, 255, 255, 256 },
		{ "x", 256, 0, 256, 257 },
		{ "\\u0041", 255, 255, 255, 256 },
		{ "\\u0041", 256, 0, 256, 257 },
		{ "x", 4096, 0, 4096, 4097 },
		{ "x", 4097, 0, 4096, 4098 },
		{ "x", 65536, 0, 4096, 65536 },
		{ "x", 200000, 0, 4096, 65536 },
		/* No character is cut in half. */
		{ "\xe2\x82\xac", 85, 255, 255, 256 },
		{ "\xe2\x82\xac", 86, 0, 258, 259 },
		{ "\xe2\x82\xac", 30000, 0, 4095, 65536 },
		{ "\xf0\x9f\x98\x80", 30000, 0, 4096, 65533 },
		/* Cleaned, they are longer: here four times. */
		{ "\\u001b", 63, 252, 252, 253 },
		{ "\\u001b", 64, 0, 256, 257 },
		{ "\\u001b", 1025, 0, 4096, 4101 },
		{ "\\u001b", 30000, 0, 4096, 65536 },
		{ "\\u001b\xe2\x82\xac", 16000, 0, 4096, 65535 },
	};
	struct cal_outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		read_large(&outcome, rows[i].piece, rows[i].count);
		assert_int_equal(strlen(outcome.name), rows[i].name > 0 ?
		    rows[i].name : strlen("JsonRpcError"));
		assert_int_equal(outcome.repr.len, rows[i].repr);
		assert_int_equal(outcome.traceback.len, rows[i].traceback);
		assert_true(outcome.traceback.len <= CAL_TRACE_MAX);
		assert_int_equal(outcome.traceback.ptr[
		    outcome.traceback.len - 1], 'z');
		assert_true(cal_utf8_valid(cal_buf_view(&outcome.repr)));
		assert_true(cal_utf8_valid(cal_buf_view(&outcome.traceback)));
		cal_outcome_release(&outcome);
	}
}

static struct cal_slice
nested(struct cal_buf *text, size_t depth)
{
	size_t i;

	cal_buf_clear(text);
	cal_buf_put_text(text, B "\"id\":1,\"result\":");
	for (i = 1; i < depth; i++)
		cal_buf_put_byte(text, '[');
	for (i = 1; i < depth; i++)
		cal_buf_put_byte(text, ']');
	cal_buf_put_byte(text, '}');
	return cal_buf_view(text);
}

static void
test_deep(void **state)
{
	struct cal_buf text = { .max = 0 };
	struct cal_outcome outcome;
	uint64_t id;

	(void)state;
	assert_int_equal(read_slice(&id, &outcome,
	    nested(&text, CAL_JSON_DEPTH + 1)), CAL_OK);
	assert_int_equal(outcome.body.len, 2 * CAL_JSON_DEPTH);
	cal_outcome_release(&outcome);
	assert_int_equal(read_slice(&id, &outcome,
	    nested(&text, CAL_JSON_DEPTH + 2)), CAL_EPROTO);
	assert_int_equal(read_slice(&id, &outcome,
	    nested(&text, 1000000)), CAL_EPROTO);
	assert_true(strncmp(err.text, "not JSON: nested too deep", 25) == 0);
	cal_buf_release(&text);
}

static const char sample[] = E(CODE "\"no \\u00e9\",\"data\":{"
    "\"name\":\"KeyError\",\"traceback\":\"a\\n\xc3\xa9\"}}");

static void
test_prefixes(void **state)
{
	struct cal_outcome outcome;
	uint64_t id;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(sample) - 1; len++)
		assert_int_equal(read_slice(&id, &outcome,
		    cal_slice_of(sample, len)), CAL_EPROTO);
	read_good(&outcome, sample);
	cal_outcome_release(&outcome);
}

/* Each byte in turn is each other byte: it is read or it is not, no more. */
static void
test_mutations(void **state)
{
	char text[sizeof(sample)];
	struct cal_outcome outcome;
	size_t at, good = 0;
	uint64_t id;
	int byte;

	(void)state;
	for (at = 0; at < sizeof(sample) - 1; at++)
		for (byte = 0; byte < 256; byte++) {
			memcpy(text, sample, sizeof(sample));
			text[at] = (char)byte;
			if (read_slice(&id, &outcome, cal_slice_of(text,
			    sizeof(text) - 1)) != CAL_OK)
				continue;
			good++;
			assert_int_equal(outcome.verdict, CAL_VERDICT_FAILURE);
			assert_non_null(outcome.name);
			cal_outcome_release(&outcome);
		}
	assert_true(good > sizeof(sample));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_no_answers),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
