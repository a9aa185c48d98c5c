/*
 * From an input record to method, key and body.  Everything that is found is
 * a slice of the item's own copy, or of its scratch buffers.
 */
#include "base/utf8.h"
#include "call/item.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/rpcmsg.h"

static int
take_text(struct cal_item *item, const char *what, struct cal_slice value,
    struct cal_slice *textp, struct cal_err *err)
{
	size_t before = item->keys.len;

	if (cal_json_kind(value) != CAL_JSON_STRING)
		return cal_fail(err, CAL_EDATA, "'%s' is not a string", what);
	cal_json_unquote(&item->keys, value);
	/* Its length only: keys may still move. */
	*textp = cal_slice_of(NULL, item->keys.len - before);
	return CAL_OK;
}

static int
take_base64(struct cal_buf *out, const char *what, struct cal_slice value,
    struct cal_err *err)
{
	struct cal_buf text = { .max = 0 };
	int rc;

	if (cal_json_kind(value) != CAL_JSON_STRING)
		return cal_fail(err, CAL_EDATA, "'%s' is not a string", what);
	cal_json_unquote(&text, value);
	if ((rc = cal_base64_read(out, cal_buf_view(&text), err)) != CAL_OK)
		cal_err_prefix(err, "'%s'", what);
	cal_buf_release(&text);
	return rc;
}

/* The members of an object that we know; others are for somebody else. */
struct members {
	struct cal_slice method, key, key_b64, body, body_b64;
};

static int
find_members(struct members *members, struct cal_slice object,
    struct cal_err *err)
{
	struct {
		const char *name;
		struct cal_slice *value;
	} rows[] = {
		{ "method", &members->method },
		{ "key", &members->key },
		{ "key_b64", &members->key_b64 },
		{ "body", &members->body },
		{ "body_b64", &members->body_b64 },
	};
	struct cal_json_cursor cursor;
	size_t i;

	memset(members, 0, sizeof(*members));
	cal_json_enter(&cursor, object);
	while (cal_json_next(&cursor))
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (!cal_json_string_is(cursor.name, rows[i].name))
				continue;
			if (rows[i].value->len > 0)
				return cal_fail(err, CAL_EDATA,
				    "'%s' is there twice", rows[i].name);
			*rows[i].value = cursor.value;
		}
	if (members->body.len > 0 && members->body_b64.len > 0)
		return cal_fail(err, CAL_EDATA,
		    "'body' and 'body_b64' exclude each other");
	if (members->key.len > 0 && members->key_b64.len > 0)
		return cal_fail(err, CAL_EDATA,
		    "'key' and 'key_b64' exclude each other");
	return CAL_OK;
}

/* method and key, one behind the other in item->keys. */
static int
take_names(struct cal_item *item, const struct members *members,
    struct cal_err *err)
{
	struct cal_slice method = { NULL, 0 }, key = { NULL, 0 };
	int rc = CAL_OK;

	if (members->method.len > 0)
		rc = take_text(item, "method", members->method, &method, err);
	if (rc == CAL_OK && members->key.len > 0)
		rc = take_text(item, "key", members->key, &key, err);
	if (rc == CAL_OK && members->key_b64.len > 0) {
		rc = take_base64(&item->keys, "key_b64", members->key_b64,
		    err);
		key.len = item->keys.len - method.len;
	}
	if (rc != CAL_OK)
		return rc;
	if (members->method.len > 0)
		item->method = cal_slice_of(item->keys.ptr, method.len);
	if (key.len > 0)
		item->key = cal_slice_of(item->keys.ptr + method.len, key.len);
	return CAL_OK;
}

static int
read_object(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice record, struct cal_slice *bodyp, struct cal_err *err)
{
	struct members members;
	int rc;

	if ((rc = cal_json_check(record, CAL_JSON_WRAPPED, err)) != CAL_OK)
		return rc;
	record = cal_json_trim(record);
	if (cal_json_kind(record) != CAL_JSON_OBJECT)
		return cal_fail(err, CAL_EDATA, "not a JSON object");
	if ((rc = find_members(&members, record, err)) != CAL_OK ||
	    (rc = take_names(item, &members, err)) != CAL_OK)
		return rc;
	*bodyp = members.body;
	if (members.body_b64.len > 0) {
		if ((rc = take_base64(&item->scratch, "body_b64",
		    members.body_b64, err)) != CAL_OK)
			return rc;
		cal_buf_move(&item->text, &item->scratch);
		*bodyp = cal_buf_view(&item->text);
	}
	if (item->method.len == 0 && options->method == NULL)
		return cal_fail(err, CAL_EDATA, "no 'method'");
	return CAL_OK;
}

/* -K: what stands before the delimiter. */
static void
cut_key(struct cal_item *item, const char *delimiter, struct cal_slice *textp)
{
	size_t len = strlen(delimiter);
	const uint8_t *at = textp->len == 0 ? NULL :
	    memmem(textp->ptr, textp->len, delimiter, len);
	size_t before;

	if (at == NULL)
		return;
	before = (size_t)(at - textp->ptr);
	item->key = cal_slice_of(textp->ptr, before);
	textp->ptr += before + len;
	textp->len -= before + len;
}

/* --key-from: a string gives its text, a number its JSON text. */
static int
find_key(struct cal_item *item, const struct cal_call_options *options,
    struct cal_err *err)
{
	const char *pointer = options->key_pointer;
	struct cal_slice found;
	int rc;

	/* A raw body was not looked at yet, and may be anything. */
	if (options->raw && (rc = cal_json_check(item->body, CAL_JSON_PYTHON,
	    err)) != CAL_OK)
		return rc;
	if (!cal_json_find(item->body, pointer, &found))
		return CAL_OK;
	switch (cal_json_kind(found)) {
	case CAL_JSON_STRING:
		cal_json_unquote(&item->found, found);
		item->key = cal_buf_view(&item->found);
		return CAL_OK;
	case CAL_JSON_NUMBER:
		item->key = found;
		return CAL_OK;
	case CAL_JSON_NULL:
	case CAL_JSON_BOOL:
	case CAL_JSON_ARRAY:
	case CAL_JSON_OBJECT:
		break;
	}
	return cal_fail(err, CAL_EDATA, "the key at '%s' is no string and no "
	    "number", pointer);
}

static int
check_names(const struct cal_item *item, struct cal_err *err)
{
	if (item->method.len == 0 ||
	    item->method.len > CAL_RPCMSG_METHOD_MAX ||
	    !cal_utf8_valid(item->method))
		return cal_fail(err, CAL_EDATA, "bad method: it is 1 to %d "
		    "bytes of UTF-8", CAL_RPCMSG_METHOD_MAX);
	if (item->key.len > CAL_RPCMSG_ECHO_MAX - 8)
		return cal_fail(err, CAL_EDATA, "the key is too long");
	return CAL_OK;
}

int
cal_item_read(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice record, struct cal_err *err)
{
	struct cal_slice text;
	int rc;

	cal_buf_put(&item->text, record.ptr, record.len);
	text = cal_buf_view(&item->text);
	if (options->mode == CAL_CALL_JSON &&
	    (rc = read_object(item, options, text, &text, err)) != CAL_OK)
		return rc;
	if (options->method != NULL && item->method.len == 0)
		item->method = cal_slice_text(options->method);
	if (options->key != NULL)
		item->key = cal_slice_text(options->key);
	if (options->key_delimiter != NULL)
		cut_key(item, options->key_delimiter, &text);
	item->body = text;
	/* Of 0 bytes a plain peer goes deaf, so that even -r sends null. */
	if ((!options->raw || text.len == 0) &&
	    (rc = options->body->to_wire(&item->body, text, options->text,
	    &item->scratch, err)) != CAL_OK)
		return rc;
	if (item->body.len > options->max_body)
		return cal_fail(err, CAL_EDATA,
		    "the body is larger than %llu bytes",
		    (unsigned long long)options->max_body);
	if (options->key_pointer != NULL &&
	    (rc = find_key(item, options, err)) != CAL_OK)
		return rc;
	return check_names(item, err);
}

void
cal_item_release(struct cal_item *item)
{
	cal_buf_release(&item->text);
	cal_buf_release(&item->scratch);
	cal_buf_release(&item->keys);
	cal_buf_release(&item->found);
	cal_buf_release(&item->record);
	cal_buf_release(&item->words);
}
