/*
 * Objects are put together and taken apart as text: the bytes of a body that
 * is JSON stand in them as they are, both ways.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"
#include "cli/object.h"
#include "codec/base64.h"
#include "codec/json.h"

/* No name has more. */
enum { NAME_MAX_BYTES = 32 };
#define ENCODED "_b64"

/* Right behind an opening brace there is nothing to be parted from. */
static void
put_name(struct cal_buf *out, const char *name, const char *suffix)
{
	if (out->len > 0 && out->ptr[out->len - 1] != '{')
		cal_buf_put_byte(out, ',');
	cal_buf_put_byte(out, '"');
	cal_buf_put_text(out, name);
	cal_buf_put_text(out, suffix);
	cal_buf_put_text(out, "\":");
}

void
cal_object_put_text(struct cal_buf *out, const char *name,
    struct cal_slice text)
{
	put_name(out, name, "");
	cal_json_quote_lossy(out, text);
}

void
cal_object_put_base64(struct cal_buf *out, const char *name,
    struct cal_slice bytes)
{
	put_name(out, name, ENCODED);
	cal_buf_put_byte(out, '"');
	cal_base64_put(out, bytes);
	cal_buf_put_byte(out, '"');
}

void
cal_object_put_bytes(struct cal_buf *out, const char *name,
    struct cal_slice bytes)
{
	if (cal_utf8_valid(bytes))
		cal_object_put_text(out, name, bytes);
	else
		cal_object_put_base64(out, name, bytes);
}

void
cal_object_put_number(struct cal_buf *out, const char *name, uint64_t number)
{
	put_name(out, name, "");
	cal_buf_printf(out, "%" PRIu64, number);
}

void
cal_object_put_body(struct cal_buf *out, struct cal_slice wire)
{
	/* White space around a value would not come back. */
	if (wire.len == 0 || cal_json_trim(wire).len != wire.len ||
	    cal_json_has_newline(wire) ||
	    cal_json_check(wire, CAL_JSON_STRICT, NULL) != CAL_OK) {
		cal_object_put_base64(out, "body", wire);
		return;
	}
	put_name(out, "body", "");
	cal_buf_put(out, wire.ptr, wire.len);
}

/* Is name, raw with its quotes, that of the member, or NAME_b64 of it? */
static bool
is_named(const struct cal_member *member, struct cal_slice name,
    bool *encodedp)
{
	char other[NAME_MAX_BYTES];

	*encodedp = false;
	if (cal_json_string_is(name, member->name))
		return true;
	/* Escapes make it longer, and nothing makes it shorter. */
	if (!member->either ||
	    name.len < strlen(member->name) + sizeof("\"\"" ENCODED) - 1)
		return false;
	(void)snprintf(other, sizeof(other), "%s" ENCODED, member->name);
	*encodedp = cal_json_string_is(name, other);
	return *encodedp;
}

static int
set_member(struct cal_member *member, const struct cal_json_cursor *cursor,
    struct cal_err *err)
{
	bool encoded;

	if (!is_named(member, cursor->name, &encoded))
		return CAL_OK;
	if (member->value.len > 0 && member->encoded != encoded)
		return cal_fail(err, CAL_EDATA,
		    "'%s' and '%s" ENCODED "' exclude each other",
		    member->name, member->name);
	if (member->value.len > 0)
		return cal_fail(err, CAL_EDATA, "'%s%s' is there twice",
		    member->name, encoded ? ENCODED : "");
	member->value = cursor->value;
	member->encoded = encoded;
	return CAL_OK;
}

int
cal_object_read(struct cal_member *members, size_t count,
    struct cal_slice line, struct cal_err *err)
{
	struct cal_json_cursor cursor;
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		members[i].value = cal_slice_of(NULL, 0);
		members[i].encoded = false;
	}
	if ((rc = cal_json_check(line, CAL_JSON_WRAPPED, err)) != CAL_OK)
		return rc;
	line = cal_json_trim(line);
	if (cal_json_kind(line) != CAL_JSON_OBJECT)
		return cal_fail(err, CAL_EDATA, "not a JSON object");
	cal_json_enter(&cursor, line);
	while (cal_json_next(&cursor))
		for (i = 0; i < count; i++)
			if ((rc = set_member(&members[i], &cursor,
			    err)) != CAL_OK)
				return rc;
	return CAL_OK;
}

int
cal_member_put(struct cal_buf *out, const struct cal_member *member,
    struct cal_err *err)
{
	struct cal_buf text = { .max = 0 };
	int rc;

	if (cal_json_kind(member->value) != CAL_JSON_STRING)
		return cal_fail(err, CAL_EDATA, "'%s%s' is not a string",
		    member->name, member->encoded ? ENCODED : "");
	if (!member->encoded) {
		cal_json_unquote(out, member->value);
		return CAL_OK;
	}
	cal_json_unquote(&text, member->value);
	if ((rc = cal_base64_read(out, cal_buf_view(&text), err)) != CAL_OK)
		cal_err_prefix(err, "'%s" ENCODED "'", member->name);
	cal_buf_release(&text);
	return rc;
}

int
cal_member_put_two(struct cal_buf *out, const struct cal_member *first,
    const struct cal_member *second, struct cal_slice *firstp,
    struct cal_slice *secondp, struct cal_err *err)
{
	size_t split;
	int rc = CAL_OK;

	*firstp = *secondp = cal_slice_of(NULL, 0);
	cal_buf_clear(out);
	if (first->value.len > 0)
		rc = cal_member_put(out, first, err);
	split = out->len;
	if (rc == CAL_OK && second->value.len > 0)
		rc = cal_member_put(out, second, err);
	if (rc != CAL_OK)
		return rc;
	/* Not before: out may have moved. */
	*firstp = cal_slice_of(out->ptr, split);
	*secondp = cal_slice_of(out->ptr + split, out->len - split);
	return CAL_OK;
}
