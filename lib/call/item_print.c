/*
 * From an answer to an output record, in the shape that the options ask for.
 *
 * A call that failed has an empty record, so that lines of output stay those
 * of the input, and words; with -J it has an object and no words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/time.h>

#include "base/utf8.h"
#include "call/item.h"
#include "call/verdict.h"
#include "cli/format.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/rpcmsg.h"

static void
put_member(struct cal_buf *out, const char *name, struct cal_slice text)
{
	cal_buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
	cal_json_quote_lossy(out, text);
}

static void
put_base64_member(struct cal_buf *out, const char *name,
    struct cal_slice bytes)
{
	cal_buf_printf(out, "%s\"%s\":\"", out->len > 1 ? "," : "", name);
	cal_base64_put(out, bytes);
	cal_buf_put_byte(out, '"');
}

/* What both answered and refused items begin with. */
static void
open_object(struct cal_item *item, const char *status)
{
	struct cal_buf *out = &item->record;

	cal_buf_put_byte(out, '{');
	if (item->method.len > 0)
		put_member(out, "method", item->method);
	if (item->key.len > 0 && cal_utf8_valid(item->key))
		put_member(out, "key", item->key);
	else if (item->key.len > 0)
		put_base64_member(out, "key_b64", item->key);
	if (item->has_seq)
		cal_buf_printf(out, "%s\"seq\":%" PRIu32,
		    out->len > 1 ? "," : "", item->seq);
	put_member(out, "status", cal_slice_text(status));
}

/* A body is copied if it is JSON that fits on our line, else wrapped. */
static void
put_body(struct cal_buf *out, struct cal_slice body)
{
	struct cal_slice value = cal_json_trim(body);

	if (value.len > 0 && !cal_json_has_newline(value) &&
	    cal_json_check(value, CAL_JSON_STRICT, NULL) == CAL_OK) {
		cal_buf_put_text(out, ",\"body\":");
		cal_buf_put(out, value.ptr, value.len);
	} else {
		put_base64_member(out, "body_b64", body);
	}
}

static void
put_error(struct cal_buf *out, struct cal_slice name, struct cal_slice repr,
    struct cal_slice traceback)
{
	cal_buf_put_text(out, ",\"error\":{\"name\":");
	cal_json_quote_lossy(out, name);
	cal_buf_put_text(out, ",\"repr\":");
	cal_json_quote_lossy(out, repr);
	cal_buf_put_text(out, ",\"traceback\":");
	cal_json_quote_lossy(out, traceback);
	cal_buf_put_byte(out, '}');
}

static void
print_object(struct cal_item *item, const struct cal_answer *answer)
{
	struct cal_buf *out = &item->record;
	struct cal_slice repr = answer->error[1];

	open_object(item, cal_verdict_status(answer));
	if (answer->kind == CAL_ANSWER_RESULT)
		put_body(out, answer->body);
	else {
		if (answer->kind == CAL_ANSWER_CANCELLED)
			repr = answer->why;
		else if (answer->kind != CAL_ANSWER_FAILURE &&
		    answer->kind != CAL_ANSWER_ERROR)
			repr = cal_slice_text(answer->err.text);
		put_error(out, cal_verdict_name(answer), repr,
		    answer->error[2]);
	}
	cal_buf_printf(out, ",\"ms\":%.3f}\n", answer->seconds * 1000);
}

static void
print_format(struct cal_item *item, const char *format, struct cal_slice body)
{
	char seq[16], ms[24];
	struct timeval now;
	struct cal_format_values values = {
		.body = body,
		.key = item->key,
	};

	(void)gettimeofday(&now, NULL);
	(void)snprintf(seq, sizeof(seq), "%" PRIu32, item->seq);
	(void)snprintf(ms, sizeof(ms), "%lld", (long long)now.tv_sec * 1000 +
	    now.tv_usec / 1000);
	values.id = cal_slice_text(seq);
	values.time = cal_slice_text(ms);
	cal_format_put(&item->record, format, &values);
}

static void
put_head(struct cal_buf *out, size_t len)
{
	cal_buf_put_byte(out, (uint8_t)(len >> 24));
	cal_buf_put_byte(out, (uint8_t)(len >> 16));
	cal_buf_put_byte(out, (uint8_t)(len >> 8));
	cal_buf_put_byte(out, (uint8_t)len);
}

static void
print_body(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice body)
{
	struct cal_buf *out = &item->record;
	bool line = cal_slice_is(options->delimiter, "\n");

	if (options->format != NULL) {
		print_format(item, options->format, body);
		return;
	}
	if (options->mode == CAL_CALL_FRAMED)
		put_head(out, body.len);
	if (options->mode == CAL_CALL_PIECES && line && !options->text &&
	    cal_json_has_newline(body))
		cal_json_put_line(out, body);
	else
		cal_buf_put(out, body.ptr, body.len);
	if (options->mode == CAL_CALL_PIECES ||
	    (options->mode == CAL_CALL_ONE && !options->raw))
		cal_buf_put(out, options->delimiter.ptr,
		    options->delimiter.len);
}

static void
print_failed(struct cal_item *item, const struct cal_call_options *options)
{
	if (options->format != NULL)
		return;
	if (options->mode == CAL_CALL_FRAMED)
		put_head(&item->record, 0);
	if (options->mode == CAL_CALL_PIECES)
		cal_buf_put(&item->record, options->delimiter.ptr,
		    options->delimiter.len);
}

/* "line N: WORDS" and, below, what the other side sent of its stderr. */
static void
put_words(struct cal_item *item, const struct cal_call_options *options)
{
	if (options->mode == CAL_CALL_PIECES)
		cal_buf_printf(&item->words, "line %" PRIu64 ": ",
		    item->number);
	else if (options->mode == CAL_CALL_FRAMED)
		cal_buf_printf(&item->words, "message %" PRIu64 ": ",
		    item->number);
}

/* Its end says most; what a stranger sends is cut. */
static void
put_traceback(struct cal_item *item, struct cal_slice text)
{
	if (text.len > CAL_RPCMSG_ERROR_MAX) {
		text.ptr += text.len - CAL_RPCMSG_ERROR_MAX;
		text.len = CAL_RPCMSG_ERROR_MAX;
	}
	while (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (text.len == 0)
		return;
	cal_buf_put_byte(&item->words, '\n');
	cal_buf_put(&item->words, text.ptr, text.len);
}

void
cal_item_answered(struct cal_item *item,
    const struct cal_call_options *options, const struct cal_answer *answer)
{
	struct cal_buf scratch = { .max = 0 };
	struct cal_answer bad = *answer;
	struct cal_slice text = answer->body;

	if (answer->kind == CAL_ANSWER_RESULT && !options->raw &&
	    options->body->to_text(&text, answer->body, options->text,
	    &scratch, &bad.err) != CAL_OK) {
		bad.kind = CAL_ANSWER_UNREADABLE;
		bad.err.code = CAL_EPROTO;
		cal_err_prefix(&bad.err, "bad answer");
		answer = &bad;
	}
	item->status = cal_verdict_exit(answer);
	if (options->mode == CAL_CALL_JSON) {
		print_object(item, answer);
	} else if (answer->kind == CAL_ANSWER_RESULT) {
		print_body(item, options, text);
	} else {
		print_failed(item, options);
		put_words(item, options);
		cal_verdict_words(&item->words, answer);
		cal_buf_cut(&item->words, item->words.len <
		    CAL_RPCMSG_ERROR_MAX ? item->words.len :
		    CAL_RPCMSG_ERROR_MAX);
		put_traceback(item, answer->error[2]);
	}
	if (options->exit_remote)
		item->status = cal_verdict_remote(answer);
	cal_buf_release(&scratch);
}

void
cal_item_refused(struct cal_item *item,
    const struct cal_call_options *options, const struct cal_err *err)
{
	item->status = -(int)err->code;
	if (options->exit_remote)
		item->status = 255;
	if (options->mode != CAL_CALL_JSON) {
		print_failed(item, options);
		put_words(item, options);
		cal_buf_put_text(&item->words, err->text);
		return;
	}
	open_object(item, "error");
	put_error(&item->record, cal_slice_text("BadInput"),
	    cal_slice_text(err->text), cal_slice_of(NULL, 0));
	cal_buf_put_text(&item->record, "}\n");
}
