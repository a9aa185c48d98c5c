/*
 * Reading inside JSON that was checked.  Since the text is valid, finding the
 * end of a value takes no more than counting brackets outside of strings.
 */
#include "codec/json.h"

static bool
is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

enum cal_json_kind
cal_json_kind(struct cal_slice value)
{
	switch (value.len > 0 ? *value.ptr : 'n') {
	case 'n':
		return CAL_JSON_NULL;
	case 't':
	case 'f':
		return CAL_JSON_BOOL;
	case '"':
		return CAL_JSON_STRING;
	case '[':
		return CAL_JSON_ARRAY;
	case '{':
		return CAL_JSON_OBJECT;
	default:
		return CAL_JSON_NUMBER;
	}
}

static struct cal_slice
advance(struct cal_slice text, size_t n)
{
	return cal_slice_of(text.ptr + n, text.len - n);
}

static struct cal_slice
skip_space(struct cal_slice text)
{
	while (text.len > 0 && is_space(*text.ptr))
		text = advance(text, 1);
	return text;
}

/* The length of the string at p, with its quotes. */
static size_t
string_len(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *quote = p, *q;

	for (;;) {
		quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
		if (quote == NULL)
			return (size_t)(end - p);
		for (q = quote; q[-1] == '\\'; q--)
			;
		if ((quote - q) % 2 == 0)
			return (size_t)(quote - p) + 1;
	}
}

static size_t
nested_len(const uint8_t *start, const uint8_t *end)
{
	const uint8_t *p = start;
	size_t depth = 0;

	while (p < end) {
		switch (*p) {
		case '"':
			p += string_len(p, end);
			continue;
		case '[':
		case '{':
			depth++;
			break;
		case ']':
		case '}':
			if (--depth == 0)
				return (size_t)(p - start) + 1;
			break;
		}
		p++;
	}
	return (size_t)(end - start);
}

/* The value at the start of text. */
static struct cal_slice
first_value(struct cal_slice text)
{
	const uint8_t *p = text.ptr, *end = p + text.len;

	switch (cal_json_kind(text)) {
	case CAL_JSON_STRING:
		return cal_slice_of(p, string_len(p, end));
	case CAL_JSON_ARRAY:
	case CAL_JSON_OBJECT:
		return cal_slice_of(p, nested_len(p, end));
	case CAL_JSON_NULL:
	case CAL_JSON_BOOL:
	case CAL_JSON_NUMBER:
		break;
	}
	while (p < end && !is_space(*p) && *p != ',' && *p != ']' &&
	    *p != '}')
		p++;
	return cal_slice_of(text.ptr, (size_t)(p - text.ptr));
}

void
cal_json_enter(struct cal_json_cursor *cursor, struct cal_slice value)
{
	*cursor = (struct cal_json_cursor){ .rest = value };
	switch (cal_json_kind(value)) {
	case CAL_JSON_ARRAY:
	case CAL_JSON_OBJECT:
		cursor->rest = skip_space(advance(value, 1));
		break;
	case CAL_JSON_NULL:
	case CAL_JSON_BOOL:
	case CAL_JSON_NUMBER:
	case CAL_JSON_STRING:
		cursor->rest.len = 0;
		break;
	}
}

/* A string with a colon behind it is a name: no array has such a thing. */
bool
cal_json_next(struct cal_json_cursor *cursor)
{
	struct cal_slice rest = cursor->rest;

	cursor->name = cal_slice_of(NULL, 0);
	if (rest.len == 0 || *rest.ptr == ']' || *rest.ptr == '}') {
		cursor->value = cal_slice_of(NULL, 0);
		return false;
	}
	cursor->value = first_value(rest);
	rest = skip_space(advance(rest, cursor->value.len));
	if (rest.len > 0 && *rest.ptr == ':') {
		cursor->name = cursor->value;
		rest = skip_space(advance(rest, 1));
		cursor->value = first_value(rest);
		rest = skip_space(advance(rest, cursor->value.len));
	}
	if (rest.len > 0 && *rest.ptr == ',')
		rest = skip_space(advance(rest, 1));
	cursor->rest = rest;
	return true;
}

static bool
string_same(struct cal_slice string, struct cal_slice text)
{
	struct cal_buf buf;
	bool same;

	if (string.len < 2)
		return false;
	if (memchr(string.ptr, '\\', string.len) == NULL)
		return cal_slice_same(cal_slice_of(string.ptr + 1,
		    string.len - 2), text);
	cal_buf_init(&buf, 0);
	cal_json_unquote(&buf, string);
	same = cal_slice_same(cal_buf_view(&buf), text);
	cal_buf_release(&buf);
	return same;
}

bool
cal_json_string_is(struct cal_slice string, const char *text)
{
	return string_same(string, cal_slice_text(text));
}

int
cal_json_pointer_check(const char *text, struct cal_err *err)
{
	const char *p;

	if (*text != '\0' && *text != '/')
		return cal_fail(err, CAL_EUSAGE,
		    "bad JSON pointer '%s': it does not begin with '/'", text);
	for (p = text; (p = strchr(p, '~')) != NULL; p++)
		if (p[1] != '0' && p[1] != '1')
			return cal_fail(err, CAL_EUSAGE,
			    "bad JSON pointer '%s': '~' without 0 or 1", text);
	return CAL_OK;
}

/* The piece of a pointer up to the next '/', with ~0 and ~1 undone. */
static const char *
read_token(struct cal_buf *token, const char *p)
{
	cal_buf_clear(token);
	for (; *p != '\0' && *p != '/'; p++) {
		if (*p != '~' || p[1] == '\0')
			cal_buf_put_byte(token, (uint8_t)*p);
		else
			cal_buf_put_byte(token, *++p == '1' ? '/' : '~');
	}
	return p;
}

/* A place in an array: digits without a leading zero. */
static bool
read_place(struct cal_buf *token, size_t *placep)
{
	const char *text = cal_buf_text(token);

	*placep = 0;
	if (token->len == 0 || token->len > 9 || (*text == '0' && text[1]))
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		*placep = *placep * 10 + (size_t)(*text - '0');
	return *text == '\0';
}

/* Of two members with one name the last counts, as for most readers. */
static bool
find_member(struct cal_slice *valuep, struct cal_buf *token)
{
	enum cal_json_kind kind = cal_json_kind(*valuep);
	struct cal_json_cursor cursor;
	struct cal_slice found = { NULL, 0 };
	size_t place = 0, i = 0;

	if (kind == CAL_JSON_ARRAY && !read_place(token, &place))
		return false;
	cal_json_enter(&cursor, *valuep);
	while (cal_json_next(&cursor)) {
		if (kind == CAL_JSON_ARRAY ? i++ == place :
		    string_same(cursor.name, cal_buf_view(token)))
			found = cursor.value;
		if (kind == CAL_JSON_ARRAY && found.len > 0)
			break;
	}
	*valuep = found;
	return found.len > 0;
}

bool
cal_json_find(struct cal_slice value, const char *pointer,
    struct cal_slice *foundp)
{
	struct cal_buf token;
	bool found = true;

	*foundp = cal_slice_of(NULL, 0);
	cal_buf_init(&token, 0);
	value = cal_json_trim(value);
	while (found && *pointer == '/') {
		pointer = read_token(&token, pointer + 1);
		found = find_member(&value, &token);
	}
	cal_buf_release(&token);
	if (found)
		*foundp = value;
	return found;
}

bool
cal_json_has_newline(struct cal_slice value)
{
	return value.len > 0 && (memchr(value.ptr, '\n', value.len) != NULL ||
	    memchr(value.ptr, '\r', value.len) != NULL);
}

void
cal_json_put_line(struct cal_buf *out, struct cal_slice value)
{
	size_t run = 0, i;

	if (!cal_json_has_newline(value)) {
		cal_buf_put(out, value.ptr, value.len);
		return;
	}
	for (i = 0; i < value.len; i++) {
		if (value.ptr[i] != '\n' && value.ptr[i] != '\r')
			continue;
		cal_buf_put(out, value.ptr + run, i - run);
		run = i + 1;
	}
	cal_buf_put(out, value.ptr + run, value.len - run);
}
