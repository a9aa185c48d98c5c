/* From messages to records. */
#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "base/num.h"
#include "cli/format.h"
#include "cli/object.h"
#include "sub/print.h"

enum { MS_TEXT = 24 };

void
cal_printer_release(struct cal_printer *printer)
{
	cal_buf_release(&printer->record);
	cal_buf_release(&printer->scratch);
	cal_buf_release(&printer->stamp);
}

void
cal_sub_id_text(char text[CAL_SUB_ID_TEXT],
    const struct cal_delivery *delivery)
{
	struct cal_slice id = delivery->message->id;

	if (id.len > 0 && id.len < CAL_SUB_ID_TEXT) {
		memcpy(text, id.ptr, id.len);
		text[id.len] = '\0';
	} else {
		cal_hex_text(text, delivery->head.mid);
	}
}

/* What is said of it there; whoever publishes it again passes over this. */
static void
put_dead(struct cal_buf *out, const struct cal_dead *dead)
{
	cal_buf_put_text(out, ",\"dead\":{");
	cal_object_put_text(out, "reason", dead->reason);
	if (dead->deliveries > 0)
		cal_object_put_number(out, "deliveries", dead->deliveries);
	if (dead->id.len > 0)
		cal_object_put_text(out, "id", dead->id);
	if (dead->group.len > 0)
		cal_object_put_text(out, "group", dead->group);
	cal_buf_put_byte(out, '}');
}

/* What stands in front of the body. */
static void
put_members(struct cal_printer *printer, const struct cal_sub_about *about)
{
	struct cal_buf *out = &printer->record;

	if (about->id.len > 0)
		cal_object_put_text(out, "id", about->id);
	if (about->head->has_seq)
		cal_object_put_number(out, "seq", about->head->seq);
	cal_buf_clear(&printer->stamp);
	cal_stamp_put(&printer->stamp, &about->head->stamp);
	cal_object_put_text(out, "ts", cal_buf_view(&printer->stamp));
	if (about->topic.len > 0)
		cal_object_put_bytes(out, "topic", about->topic);
	if (about->key.len > 0)
		cal_object_put_bytes(out, "key", about->key);
	if (about->dead != NULL)
		put_dead(out, about->dead);
}

static void
put_object(struct cal_printer *printer, const struct cal_sub_about *about,
    struct cal_slice body)
{
	cal_buf_put_byte(&printer->record, '{');
	put_members(printer, about);
	cal_object_put_body(&printer->record, body);
	cal_buf_put_text(&printer->record, "}\n");
}

static void
put_format(struct cal_printer *printer, const struct cal_sub_about *about,
    struct cal_slice body)
{
	struct cal_format_values values = {
		.body = body,
		.key = about->key,
		.topic = about->topic,
		.time = cal_slice_text("-"),
		.id = about->id,
	};
	char seq[CAL_NUM_TEXT], ms[MS_TEXT];

	if (about->id.len == 0 && about->head->has_seq) {
		cal_num_text(seq, about->head->seq);
		values.id = cal_slice_text(seq);
	}
	if (about->head->stamp.known) {
		(void)snprintf(ms, sizeof(ms), "%" PRId64,
		    cal_stamp_ms(&about->head->stamp));
		values.time = cal_slice_text(ms);
	}
	cal_format_put(&printer->record, printer->shape->format, &values);
}

int
cal_printer_message(struct cal_printer *printer, struct cal_slice *recordp,
    const struct cal_sub_about *about, struct cal_slice body,
    struct cal_err *err)
{
	const struct cal_shape *shape = printer->shape;
	struct cal_slice text;

	*recordp = cal_slice_of(NULL, 0);
	cal_buf_clear(&printer->record);
	if (cal_shape_text(shape, &text, body, &printer->scratch,
	    err) != CAL_OK) {
		cal_err_prefix(err, "bad body");
		return err->code = CAL_EPROTO;
	}
	if (shape->mode == CAL_SHAPE_JSON)
		put_object(printer, about, body);
	else if (shape->format != NULL)
		put_format(printer, about, text);
	else
		cal_shape_put(shape, &printer->record, text);
	*recordp = cal_buf_view(&printer->record);
	return CAL_OK;
}

struct cal_slice
cal_printer_output(struct cal_printer *printer,
    const struct cal_sub_about *about, struct cal_slice output)
{
	struct cal_shape plain = *printer->shape;

	cal_buf_clear(&printer->record);
	if (!plain.raw && output.len > 0 &&
	    output.ptr[output.len - 1] == '\n')
		output.len--;
	if (output.len == 0)
		return output;
	/* It need not be JSON: its newlines are nobody's to take out. */
	plain.text = true;
	if (plain.mode == CAL_SHAPE_JSON)
		put_object(printer, about, output);
	else if (plain.format != NULL)
		put_format(printer, about, output);
	else
		cal_shape_put(&plain, &printer->record, output);
	return cal_buf_view(&printer->record);
}
