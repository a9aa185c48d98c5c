/*
 * JSON-RPC 2.0, an object per line.
 *
 * A body is passed on as the JSON text that it is, and so is a result: no tree
 * is built, and nothing is encoded again.  What stands before and behind the
 * body is made here, so that a large one need not be copied.
 */
#include "exec/dialect.h"

#include <inttypes.h>

#include "base/clean.h"
#include "base/num.h"
#include "base/utf8.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "exec/trace.h"

enum {
	ID_DIGITS = 20,         /* of 2^64 - 1 */
	NAME_MAX_BYTES = 255,   /* of an error's name, cleaned */
	WORDS_MAX = 4096,       /* of its message, cleaned */
	ESCAPED = 6,            /* characters that a byte may be written with */
};

/* Requests. */

/* A member and the comma before it. */
static int
put_text(struct cal_buf *out, const char *name, struct cal_slice text,
    struct cal_err *err)
{
	int rc;

	cal_buf_printf(out, ",\"%s\":", name);
	if ((rc = cal_json_quote(out, text, err)) != CAL_OK)
		cal_err_prefix(err, "bad %s", name);
	return rc;
}

static void
put_base64(struct cal_buf *out, const char *name, struct cal_slice bytes)
{
	cal_buf_printf(out, "\"%s\":\"", name);
	cal_base64_put(out, bytes);
	cal_buf_put_byte(out, '"');
}

/* A member that is there only if it says something. */
static int
put_some(struct cal_buf *out, const char *name, struct cal_slice text,
    struct cal_err *err)
{
	return text.len == 0 ? CAL_OK : put_text(out, name, text, err);
}

static int
put_head(struct cal_ask *ask, uint64_t id, const struct cal_job *job,
    struct cal_err *err)
{
	struct cal_slice method = job->method.ptr != NULL ? job->method :
	    cal_slice_text("message");
	int rc;

	cal_buf_printf(&ask->head, "{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64, id);
	rc = put_text(&ask->head, "method", method, err);
	cal_buf_put_text(&ask->head, ",\"params\":{");
	return rc;
}

/*
 * A body was checked by Python's rules, by which NaN is a number.  With that
 * in it our line would not be JSON, and whatever a strict worker said to it
 * would cost the other requests in that worker their answers.
 */
static int
put_body(struct cal_ask *ask, const struct cal_job *job, struct cal_err *err)
{
	int rc;

	if (!job->json) {
		put_base64(&ask->head, "body_b64", job->body);
		return CAL_OK;
	}
	rc = cal_json_check(job->body, CAL_JSON_STRICT, err);
	if (rc != CAL_OK)
		return rc;
	cal_buf_put_text(&ask->head, "\"body\":");
	cal_ask_say(ask, job->body);
	return CAL_OK;
}

/* Bytes, under name if they are text. */
static void
put_bytes(struct cal_buf *out, const char *name, const char *encoded,
    struct cal_slice bytes)
{
	if (bytes.len == 0)
		return;
	if (cal_utf8_valid(bytes)) {
		(void)put_text(out, name, bytes, NULL);
	} else {
		cal_buf_put_byte(out, ',');
		put_base64(out, encoded, bytes);
	}
}

static int
put_tail(struct cal_buf *out, const struct cal_job *job, int64_t timeout_ms,
    struct cal_err *err)
{
	int rc;

	put_bytes(out, "key", "key_b64", job->key);
	put_bytes(out, "topic", "topic_b64", job->topic);
	if ((rc = put_some(out, "ts", job->stamp, err)) != CAL_OK ||
	    (rc = put_some(out, "id", job->id, err)) != CAL_OK)
		return rc;
	if (job->seq.len > 0) {
		cal_buf_put_text(out, ",\"seq\":");
		cal_buf_put(out, job->seq.ptr, job->seq.len);
	}
	if (job->deliveries > 0)
		cal_buf_printf(out, ",\"delivery\":%u", job->deliveries);
	if (job->method.ptr != NULL &&
	    (rc = put_text(out, "peer", job->peer, err)) != CAL_OK)
		return rc;
	if ((rc = put_some(out, "user", job->user, err)) != CAL_OK)
		return rc;
	if (timeout_ms >= 0)
		cal_buf_printf(out, ",\"timeout_ms\":%" PRId64, timeout_ms);
	cal_buf_put_text(out, "}}\n");
	return CAL_OK;
}

static int
ask_object(struct cal_ask *ask, uint64_t id, const struct cal_job *job,
    int64_t timeout_ms, struct cal_err *err)
{
	int rc;

	cal_ask_clear(ask);
	if ((rc = put_head(ask, id, job, err)) != CAL_OK ||
	    (rc = put_body(ask, job, err)) != CAL_OK ||
	    (rc = put_tail(&ask->tail, job, timeout_ms, err)) != CAL_OK)
		cal_ask_clear(ask);
	return rc;
}

static void
cancel_object(struct cal_buf *out, uint64_t id)
{
	cal_buf_printf(out, "{\"jsonrpc\":\"2.0\","
	    "\"method\":\"$/cancelRequest\",\"params\":{\"id\":%" PRIu64
	    "}}\n", id);
}

/* Answers. */

/* The members of an answer; others are for somebody else. */
struct answer {
	struct cal_slice version, id, method, result, error;
};

static int
find_members(struct answer *answer, struct cal_slice object,
    struct cal_err *err)
{
	struct {
		const char *name;
		bool once;
		struct cal_slice *value;
	} rows[] = {
		{ "jsonrpc", false, &answer->version },
		{ "id", true, &answer->id },
		{ "method", false, &answer->method },
		{ "result", true, &answer->result },
		{ "error", true, &answer->error },
	};
	struct cal_json_cursor cursor;
	size_t i;

	*answer = (struct answer){ .id = { NULL, 0 } };
	cal_json_enter(&cursor, object);
	while (cal_json_next(&cursor))
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (!cal_json_string_is(cursor.name, rows[i].name))
				continue;
			if (rows[i].once && rows[i].value->len > 0)
				return cal_fail(err, CAL_EPROTO,
				    "'%s' is there twice", rows[i].name);
			*rows[i].value = cursor.value;
		}
	return CAL_OK;
}

static int
check_members(const struct answer *answer, struct cal_err *err)
{
	if (answer->method.len > 0)
		return cal_fail(err, CAL_EPROTO,
		    "a request or notification: it has a method");
	if (!cal_json_string_is(answer->version, "2.0"))
		return cal_fail(err, CAL_EPROTO, "'jsonrpc' is not \"2.0\"");
	if (answer->id.len == 0)
		return cal_fail(err, CAL_EPROTO, "no id");
	if (answer->result.len == 0 && answer->error.len == 0)
		return cal_fail(err, CAL_EPROTO, "neither result nor error");
	if (answer->result.len > 0 && answer->error.len > 0)
		return cal_fail(err, CAL_EPROTO, "both result and error");
	return CAL_OK;
}

static int
read_id(uint64_t *idp, struct cal_slice id, struct cal_err *err)
{
	char digits[ID_DIGITS + 1] = "";

	if (cal_json_kind(id) != CAL_JSON_NUMBER || id.len > ID_DIGITS)
		return cal_fail(err, CAL_EPROTO, "the id is none of ours");
	memcpy(digits, id.ptr, id.len);
	if (cal_num_whole(idp, digits, 0, UINT64_MAX, "id", NULL) != CAL_OK)
		return cal_fail(err, CAL_EPROTO, "the id is none of ours: %s",
		    digits);
	return CAL_OK;
}

/* A number without fraction and exponent. */
static bool
is_whole(struct cal_slice value)
{
	size_t i;

	if (cal_json_kind(value) != CAL_JSON_NUMBER)
		return false;
	for (i = *value.ptr == '-' ? 1 : 0; i < value.len; i++)
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return false;
	return true;
}

static bool
find_string(struct cal_slice value, const char *pointer,
    struct cal_slice *foundp)
{
	return cal_json_find(value, pointer, foundp) &&
	    cal_json_kind(*foundp) == CAL_JSON_STRING;
}

static int
check_error(struct cal_slice error, struct cal_err *err)
{
	struct cal_slice found;

	if (cal_json_kind(error) != CAL_JSON_OBJECT)
		return cal_fail(err, CAL_EPROTO, "the error is not an object");
	if (!cal_json_find(error, "/code", &found) || !is_whole(found))
		return cal_fail(err, CAL_EPROTO,
		    "the error's code is not a whole number");
	if (!find_string(error, "/message", &found))
		return cal_fail(err, CAL_EPROTO,
		    "the error's message is not a string");
	return CAL_OK;
}

/* At most max bytes of UTF-8; half a character would be none. */
static void
cut_words(struct cal_buf *words, size_t max)
{
	if (words->len <= max)
		return;
	while (max > 0 && (words->ptr[max] & 0xc0) == 0x80)
		max--;
	cal_buf_cut(words, max);
}

static void
put_words(struct cal_buf *out, struct cal_slice string)
{
	struct cal_buf text = { .max = 0 };

	cal_json_unquote(&text, string);
	cut_words(&text, WORDS_MAX);
	cal_clean_text(out, cal_buf_view(&text), false);
	cut_words(out, WORDS_MAX);
	cal_buf_release(&text);
}

/* Cleaning never makes a name shorter. */
static void
put_name(struct cal_buf *out, struct cal_slice string)
{
	struct cal_buf text = { .max = 0 };

	if (string.len > 2 + ESCAPED * NAME_MAX_BYTES)
		return;
	cal_json_unquote(&text, string);
	cal_clean_text(out, cal_buf_view(&text), false);
	cal_buf_release(&text);
	if (out->len > NAME_MAX_BYTES)
		cal_buf_clear(out);
}

static void
put_trace(struct cal_buf *out, struct cal_slice string)
{
	struct cal_buf text = { .max = 0 };

	cal_json_unquote(&text, string);
	cal_trace_put(out, cal_buf_view(&text), false);
	cal_buf_release(&text);
}

static void
fill_failure(struct cal_outcome *outcome, struct cal_slice error)
{
	struct cal_slice found;
	char never[CAL_NUM_TEXT];

	outcome->verdict = CAL_VERDICT_FAILURE;
	outcome->name = "JsonRpcError";
	cal_num_text(never, CAL_OUTCOME_NEVER);
	outcome->never = cal_json_find(error, "/code", &found) &&
	    cal_slice_is(found, never);
	if (find_string(error, "/data/name", &found))
		put_name(&outcome->own_name, found);
	if (outcome->own_name.len > 0)
		outcome->name = cal_buf_text(&outcome->own_name);
	if (find_string(error, "/message", &found))
		put_words(&outcome->repr, found);
	if (find_string(error, "/data/traceback", &found))
		put_trace(&outcome->traceback, found);
}

static int
read_object(struct answer *answer, struct cal_slice message,
    struct cal_err *err)
{
	struct cal_err why;

	/* Whether NaN may be in a result is for its serializer to say. */
	if (cal_json_check(message, CAL_JSON_PYTHON_WRAPPED, &why) != CAL_OK)
		return cal_fail(err, CAL_EPROTO, "%s", why.text);
	message = cal_json_trim(message);
	if (cal_json_kind(message) != CAL_JSON_OBJECT)
		return cal_fail(err, CAL_EPROTO, "not a JSON object");
	return find_members(answer, message, err);
}

static int
read_answer(uint64_t *idp, struct cal_outcome *outcome,
    struct cal_slice message, struct cal_err *err)
{
	struct answer answer;
	int rc;

	*idp = 0;
	if ((rc = read_object(&answer, message, err)) != CAL_OK ||
	    (rc = check_members(&answer, err)) != CAL_OK ||
	    (rc = read_id(idp, answer.id, err)) != CAL_OK)
		return rc;
	if (answer.result.len > 0) {
		cal_buf_put(&outcome->body, answer.result.ptr,
		    answer.result.len);
		return CAL_OK;
	}
	if ((rc = check_error(answer.error, err)) == CAL_OK)
		fill_failure(outcome, answer.error);
	return rc;
}

const struct cal_dialect cal_dialect_jsonrpc = {
	.name = "jsonrpc",
	.any_order = true,
	.names_method = true,
	.depth = 100,
	.tail = 1,
	.ask = ask_object,
	.cancel = cancel_object,
	.cut = cal_dialect_cut_line,
	.read = read_answer,
};
