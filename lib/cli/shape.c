/* From options to how messages stand, and messages put so. */
#include <inttypes.h>
#include <string.h>

#include "cli/choice.h"
#include "cli/format.h"
#include "cli/shape.h"
#include "codec/json.h"

/* What was given; the first of it says that there are many messages. */
enum { MANY = 5, ALL = 8 };

static void
list_given(const struct cal_shape *shape, struct cal_choice given[ALL])
{
	const struct cal_choice rows[ALL] = {
		{ "-l", shape->lines }, { "-0", shape->null },
		{ "-D", shape->delimiter_text != NULL },
		{ "--framed", shape->framed }, { "-J", shape->json },
		{ "-r", shape->raw }, { "--text", shape->text },
		{ "-f", shape->format != NULL },
	};

	memcpy(given, rows, sizeof(rows));
}

const char *
cal_shape_many(const struct cal_shape *shape)
{
	struct cal_choice given[ALL];

	list_given(shape, given);
	return cal_choice_first(given, MANY);
}

const char *
cal_shape_given(const struct cal_shape *shape)
{
	struct cal_choice given[ALL];

	list_given(shape, given);
	return cal_choice_first(given, ALL);
}

static int
check_choices(const struct cal_shape *shape, struct cal_err *err)
{
	const struct cal_choice ways[] = {
		{ "-r", shape->raw }, { "--text", shape->text },
		{ "-J", shape->json }, { "-f", shape->format != NULL },
	};
	const struct cal_choice pieces[] = {
		{ "-r", shape->raw }, { "-l", shape->lines },
		{ "-0", shape->null },
		{ "-D", shape->delimiter_text != NULL },
	};
	struct cal_choice given[ALL];
	int rc;

	list_given(shape, given);
	if ((rc = cal_choice_check(given, MANY, err)) != CAL_OK ||
	    (rc = CAL_CHOICE_CHECK(ways, err)) != CAL_OK)
		return rc;
	return shape->raw ? CAL_CHOICE_CHECK(pieces, err) : CAL_OK;
}

static void
set_mode(struct cal_shape *shape)
{
	static const char newline[] = "\n";

	if (shape->json)
		shape->mode = CAL_SHAPE_JSON;
	else if (shape->framed)
		shape->mode = CAL_SHAPE_FRAMED;
	else if (shape->lines || shape->null || shape->delimiter_text != NULL)
		shape->mode = CAL_SHAPE_PIECES;
	shape->delimiter = cal_slice_text(newline);
	if (shape->null)
		shape->delimiter.ptr += 1;      /* its NUL */
	else if (shape->delimiter_text != NULL)
		shape->delimiter = cal_slice_text(shape->delimiter_text);
}

int
cal_shape_serializer(const struct cal_body **bodyp, const char *name,
    bool text, struct cal_err *err)
{
	int rc = cal_body_find(bodyp, name, err);

	if (rc == CAL_OK && text && !(*bodyp)->takes_raw_text)
		rc = cal_fail(err, CAL_EUSAGE,
		    "--text has no meaning with -s %s", name);
	return rc;
}

int
cal_shape_settle(struct cal_shape *shape, struct cal_err *err)
{
	int rc;

	if ((rc = check_choices(shape, err)) != CAL_OK ||
	    (rc = cal_shape_serializer(&shape->body, shape->serializer,
	    shape->text, err)) != CAL_OK)
		return rc;
	if (shape->delimiter_text != NULL && shape->delimiter_text[0] == '\0')
		return cal_fail(err, CAL_EUSAGE, "-D needs a delimiter");
	set_mode(shape);
	return shape->format == NULL ? CAL_OK :
	    cal_format_check(shape->format, err);
}

int
cal_shape_text(const struct cal_shape *shape, struct cal_slice *textp,
    struct cal_slice wire, struct cal_buf *scratch, struct cal_err *err)
{
	*textp = wire;
	if (shape->raw)
		return CAL_OK;
	return shape->body->to_text(textp, wire, shape->text, scratch, err);
}

static void
put_head(struct cal_buf *out, size_t len)
{
	cal_buf_put_byte(out, (uint8_t)(len >> 24));
	cal_buf_put_byte(out, (uint8_t)(len >> 16));
	cal_buf_put_byte(out, (uint8_t)(len >> 8));
	cal_buf_put_byte(out, (uint8_t)len);
}

/* Newlines between the tokens of JSON would make lines of one value. */
static bool
must_be_joined(const struct cal_shape *shape, struct cal_slice text)
{
	return shape->mode == CAL_SHAPE_PIECES && shape->body->json &&
	    !shape->text && cal_slice_is(shape->delimiter, "\n") &&
	    cal_json_has_newline(text);
}

void
cal_shape_put(const struct cal_shape *shape, struct cal_buf *out,
    struct cal_slice text)
{
	if (shape->mode == CAL_SHAPE_FRAMED)
		put_head(out, text.len);
	if (must_be_joined(shape, text))
		cal_json_put_line(out, text);
	else
		cal_buf_put(out, text.ptr, text.len);
	if (shape->mode == CAL_SHAPE_PIECES ||
	    (shape->mode == CAL_SHAPE_ONE && !shape->raw))
		cal_buf_put(out, shape->delimiter.ptr, shape->delimiter.len);
}

static bool
ends_line(struct cal_slice text)
{
	return text.len > 0 && text.ptr[text.len - 1] == '\n';
}

void
cal_shape_put_read(const struct cal_shape *shape, struct cal_buf *out,
    struct cal_slice record)
{
	if (shape->mode == CAL_SHAPE_FRAMED)
		put_head(out, record.len);
	cal_buf_put(out, record.ptr, record.len);
	if (shape->mode == CAL_SHAPE_FRAMED || (shape->mode == CAL_SHAPE_ONE &&
	    (shape->raw || ends_line(record))))
		return;
	cal_buf_put(out, shape->delimiter.ptr, shape->delimiter.len);
}

void
cal_shape_put_nothing(const struct cal_shape *shape, struct cal_buf *out)
{
	if (shape->format != NULL)
		return;
	if (shape->mode == CAL_SHAPE_FRAMED)
		put_head(out, 0);
	if (shape->mode == CAL_SHAPE_PIECES)
		cal_buf_put(out, shape->delimiter.ptr, shape->delimiter.len);
}

void
cal_shape_put_number(const struct cal_shape *shape, struct cal_buf *out,
    uint64_t number)
{
	if (shape->mode == CAL_SHAPE_PIECES || shape->mode == CAL_SHAPE_JSON)
		cal_buf_printf(out, "line %" PRIu64 ": ", number);
	else if (shape->mode == CAL_SHAPE_FRAMED)
		cal_buf_printf(out, "message %" PRIu64 ": ", number);
}
