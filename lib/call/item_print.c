/*
 * From an answer to an output record, in the shape that the options ask for.
 *
 * A call that failed has an empty record, so that lines of output stay those
 * of the input, and words; with -J it has an object and no words.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/time.h>

#include "call/item.h"
#include "call/verdict.h"
#include "cli/format.h"
#include "cli/object.h"
#include "codec/json.h"
#include "codec/rpcmsg.h"

/* What both answered and refused items begin with. */
static void
open_object(struct cal_item *item, const char *status)
{
	struct cal_buf *out = &item->record;

	cal_buf_put_byte(out, '{');
	if (item->method.len > 0)
		cal_object_put_text(out, "method", item->method);
	if (item->key.len > 0)
		cal_object_put_bytes(out, "key", item->key);
	if (item->has_seq)
		cal_object_put_number(out, "seq", item->seq);
	cal_object_put_text(out, "status", cal_slice_text(status));
}

static void
put_error(struct cal_buf *out, struct cal_slice name, struct cal_slice repr,
    struct cal_slice traceback)
{
	cal_buf_put_text(out, ",\"error\":{");
	cal_object_put_text(out, "name", name);
	cal_object_put_text(out, "repr", repr);
	cal_object_put_text(out, "traceback", traceback);
	cal_buf_put_byte(out, '}');
}

static void
print_object(struct cal_item *item, const struct cal_body *body,
    const struct cal_answer *answer)
{
	struct cal_buf *out = &item->record;
	struct cal_slice repr = answer->error[1];

	open_object(item, cal_verdict_status(answer));
	if (answer->kind == CAL_ANSWER_RESULT)
		cal_object_put_body(out, body->json ?
		    cal_json_trim(answer->body) : answer->body);
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
print_body(struct cal_item *item, const struct cal_shape *shape,
    struct cal_slice body)
{
	if (shape->format != NULL)
		print_format(item, shape->format, body);
	else
		cal_shape_put(shape, &item->record, body);
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
	const struct cal_shape *shape = &options->shape;
	struct cal_buf scratch = { .max = 0 };
	struct cal_answer bad = *answer;
	struct cal_slice text = answer->body;

	if (answer->kind == CAL_ANSWER_RESULT && cal_shape_text(shape, &text,
	    answer->body, &scratch, &bad.err) != CAL_OK) {
		bad.kind = CAL_ANSWER_UNREADABLE;
		bad.err.code = CAL_EPROTO;
		cal_err_prefix(&bad.err, "bad answer");
		answer = &bad;
	}
	item->status = cal_verdict_exit(answer);
	if (shape->mode == CAL_SHAPE_JSON) {
		print_object(item, shape->body, answer);
	} else if (answer->kind == CAL_ANSWER_RESULT) {
		print_body(item, shape, text);
	} else {
		/* "line N: WORDS", and what the other side sent below. */
		cal_shape_put_nothing(shape, &item->record);
		cal_shape_put_number(shape, &item->words, item->number);
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
	const struct cal_shape *shape = &options->shape;

	item->status = -(int)err->code;
	if (options->exit_remote)
		item->status = 255;
	if (shape->mode != CAL_SHAPE_JSON) {
		cal_shape_put_nothing(shape, &item->record);
		cal_shape_put_number(shape, &item->words, item->number);
		cal_buf_put_text(&item->words, err->text);
		return;
	}
	open_object(item, "error");
	put_error(&item->record, cal_slice_text("BadInput"),
	    cal_slice_text(err->text), cal_slice_of(NULL, 0));
	cal_buf_put_text(&item->record, "}\n");
}
