/*
 * The map of the PONG.  It is read as a whole, lists included, so that
 * cal_hello_lists cannot fail later.
 */
#include "codec/hello.h"

#include "codec/json.h"
#include "codec/mp.h"

#define NAME(text) { (const uint8_t *)(text), sizeof(text) - 1 }

enum field { VERSION, METHODS, ORDER, SERIALIZER, MAX_BODY, EXT, FIELDS };

static const struct cal_slice names[FIELDS] = {
	[VERSION] = NAME("version"), [METHODS] = NAME("methods"),
	[ORDER] = NAME("order"), [SERIALIZER] = NAME("serializer"),
	[MAX_BODY] = NAME("max_body"), [EXT] = NAME("ext"),
};

static bool
is_list(struct cal_slice array)
{
	struct cal_mp_reader rd;
	struct cal_mp_value item;
	uint32_t items;

	cal_mp_reader_init(&rd, array);
	if (!cal_mp_read_array(&rd, &items))
		return false;
	while (items-- > 0)
		if (!cal_mp_read(&rd, &item) || item.kind != CAL_MP_STR)
			return false;
	return true;
}

static void
set_text(struct cal_mp_reader *rd, struct cal_slice *slice,
    const struct cal_mp_value *value)
{
	if (value->kind == CAL_MP_STR)
		*slice = value->bytes;
	else if (value->kind != CAL_MP_NONE)
		cal_mp_reader_refuse(rd, "has a value that is not text");
}

static void
set_list(struct cal_mp_reader *rd, struct cal_slice *slice,
    const struct cal_mp_value *value)
{
	if (value->kind == CAL_MP_NONE)
		return;
	if (is_list(value->raw))
		*slice = value->raw;
	else
		cal_mp_reader_refuse(rd, "has a list that is none of text");
}

int
cal_hello_read(struct cal_hello *hello, struct cal_slice payload,
    struct cal_err *err)
{
	struct cal_mp_value values[FIELDS];
	struct cal_mp_reader rd;

	*hello = (struct cal_hello){ .max_body = 0 };
	if (payload.len > CAL_HELLO_MAX)
		return cal_fail(err, CAL_EPROTO,
		    "PONG is larger than %d bytes", CAL_HELLO_MAX);
	cal_mp_reader_init(&rd, payload);
	if (cal_mp_read_fields(&rd, names, FIELDS, values)) {
		set_text(&rd, &hello->version, &values[VERSION]);
		set_text(&rd, &hello->order, &values[ORDER]);
		set_text(&rd, &hello->serializer, &values[SERIALIZER]);
		set_list(&rd, &hello->methods, &values[METHODS]);
		set_list(&rd, &hello->ext, &values[EXT]);
		if (values[MAX_BODY].kind == CAL_MP_UINT)
			hello->max_body = values[MAX_BODY].u;
		else if (values[MAX_BODY].kind != CAL_MP_NONE)
			cal_mp_reader_refuse(&rd, "has a bad max_body");
	}
	if (cal_mp_reader_done(&rd))
		return CAL_OK;
	*hello = (struct cal_hello){ .max_body = 0 };
	return cal_fail(err, CAL_EPROTO, "PONG %s", rd.problem);
}

static void
put_text(struct cal_buf *out, enum field field, struct cal_slice text)
{
	if (text.len > 0) {
		cal_mp_put_str(out, names[field]);
		cal_mp_put_str(out, text);
	}
}

static void
put_list(struct cal_buf *out, enum field field, struct cal_slice raw)
{
	if (raw.len > 0) {
		cal_mp_put_str(out, names[field]);
		cal_buf_put(out, raw.ptr, raw.len);
	}
}

void
cal_hello_write(const struct cal_hello *hello, struct cal_buf *out)
{
	cal_mp_put_map(out, (hello->version.len > 0) +
	    (hello->methods.len > 0) + (hello->order.len > 0) +
	    (hello->serializer.len > 0) + (hello->max_body > 0) +
	    (hello->ext.len > 0));
	put_text(out, VERSION, hello->version);
	put_list(out, METHODS, hello->methods);
	put_text(out, ORDER, hello->order);
	put_text(out, SERIALIZER, hello->serializer);
	if (hello->max_body > 0) {
		cal_mp_put_str(out, names[MAX_BODY]);
		cal_mp_put_uint(out, hello->max_body);
	}
	put_list(out, EXT, hello->ext);
}

bool
cal_hello_lists(struct cal_slice array, struct cal_slice text)
{
	struct cal_mp_reader rd;
	struct cal_mp_value item;
	uint32_t items;

	if (array.len == 0)
		return true;
	cal_mp_reader_init(&rd, array);
	if (!cal_mp_read_array(&rd, &items))
		return false;
	while (items-- > 0 && cal_mp_read(&rd, &item))
		if (item.kind == CAL_MP_STR &&
		    (cal_slice_same(item.bytes, text) ||
		    cal_slice_is(item.bytes, "*")))
			return true;
	return false;
}

static void
put_json_name(struct cal_buf *out, enum field field)
{
	cal_buf_put_text(out, out->ptr[out->len - 1] == '{' ? "" : ", ");
	cal_json_quote_lossy(out, names[field]);
	cal_buf_put_text(out, ": ");
}

static void
put_json_text(struct cal_buf *out, enum field field, struct cal_slice text)
{
	if (text.len > 0) {
		put_json_name(out, field);
		cal_json_quote_lossy(out, text);
	}
}

static void
put_json_list(struct cal_buf *out, enum field field, struct cal_slice raw)
{
	struct cal_mp_reader rd;
	struct cal_mp_value item;
	uint32_t items, i;

	cal_mp_reader_init(&rd, raw);
	if (raw.len == 0 || !cal_mp_read_array(&rd, &items))
		return;
	put_json_name(out, field);
	cal_buf_put_byte(out, '[');
	for (i = 0; i < items && cal_mp_read(&rd, &item); i++) {
		cal_buf_put_text(out, i > 0 ? ", " : "");
		cal_json_quote_lossy(out, item.bytes);
	}
	cal_buf_put_byte(out, ']');
}

void
cal_hello_put_json(struct cal_buf *out, const struct cal_hello *hello)
{
	cal_buf_put_byte(out, '{');
	put_json_text(out, VERSION, hello->version);
	put_json_list(out, METHODS, hello->methods);
	put_json_text(out, ORDER, hello->order);
	put_json_text(out, SERIALIZER, hello->serializer);
	if (hello->max_body > 0) {
		put_json_name(out, MAX_BODY);
		cal_buf_printf(out, "%llu",
		    (unsigned long long)hello->max_body);
	}
	put_json_list(out, EXT, hello->ext);
	cal_buf_put_byte(out, '}');
}
