/*
 * The text of a list of users, a user a line.  No sentence shows what stands
 * where a line is bad: it may be a secret key in the wrong file.
 *
 * "#" is a character of Z85 as well, but none that a key can begin with: five
 * characters of which it is the first stand for more than 32 bits.
 */
#include <stdlib.h>

#include "auth/allow_parts.h"
#include "base/clean.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/utf8.h"

static const char methods_word[] = "methods=";

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

/* Cuts the next line off the front of text, which is not empty. */
static struct cal_slice
next_line(struct cal_slice *text)
{
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	struct cal_slice line = *text;

	if (end != NULL)
		line.len = (size_t)(end - line.ptr);
	text->ptr += line.len + (end != NULL);
	text->len -= line.len + (end != NULL);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Cuts the next word off the front of line; empty: there is none. */
static struct cal_slice
next_word(struct cal_slice *line)
{
	size_t start = 0, end;
	struct cal_slice word;

	while (start < line->len && is_blank(line->ptr[start]))
		start++;
	for (end = start; end < line->len && !is_blank(line->ptr[end]); end++)
		;
	word = cal_slice_of(line->ptr + start, end - start);
	line->ptr += end;
	line->len -= end;
	return word;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts, which brings the same names together. */
static int
sort_methods(struct cal_user *user, struct cal_err *err)
{
	size_t i;

	qsort(user->methods, user->count, sizeof(user->methods[0]), compare);
	for (i = 1; i < user->count; i++)
		if (strcmp(user->methods[i - 1], user->methods[i]) == 0)
			return cal_fail(err, CAL_ECONFIG, "the method '%s' is "
			    "there twice", user->methods[i]);
	return CAL_OK;
}

/* list: names with commas between them; copied, each comma then a NUL. */
static int
read_methods(struct cal_user *user, struct cal_slice list, struct cal_err *err)
{
	size_t i, start = 0, room = 1;

	for (i = 0; i < list.len; i++)
		room += list.ptr[i] == ',';
	user->text = cal_slice_dup(list);
	user->methods = cal_calloc(room, sizeof(user->methods[0]));
	for (i = 0; i <= list.len; i++) {
		struct cal_slice name = { list.ptr + start, i - start };

		if (i < list.len && list.ptr[i] != ',')
			continue;
		if (name.len == 0)
			return cal_fail(err, CAL_ECONFIG, "the name of method "
			    "%zu of methods= is empty", user->count + 1);
		if (!cal_name_is_method(name))
			return cal_fail(err, CAL_ECONFIG, "bad name of method "
			    "%zu of methods=: it is letters, digits and '_', "
			    "and '.', ':', '-' behind the first, at most %d",
			    user->count + 1, CAL_NAME_METHOD);
		user->text[i] = '\0';
		user->methods[user->count++] = user->text + start;
		start = i + 1;
	}
	return sort_methods(user, err);
}

/* What stands behind the name of a user. */
static int
read_limits(struct cal_user *user, struct cal_slice rest, struct cal_err *err)
{
	struct cal_slice word = next_word(&rest);
	size_t len = strlen(methods_word);

	if (word.len == 0)
		return CAL_OK;
	if (word.len < len || memcmp(word.ptr, methods_word, len) != 0)
		return cal_fail(err, CAL_ECONFIG, "unknown word behind the "
		    "user: only methods=NAME,NAME,... can stand there");
	if (word.len == len)
		return cal_fail(err, CAL_ECONFIG, "methods= names no method");
	if (next_word(&rest).len > 0)
		return cal_fail(err, CAL_ECONFIG, "unknown word behind "
		    "methods=: only commas stand between names");
	return read_methods(user, cal_slice_of(word.ptr + len, word.len - len),
	    err);
}

/* What no line has, be it a comment: nobody could see what it says. */
static int
check_bytes(struct cal_slice line, struct cal_err *err)
{
	uint32_t point;
	size_t n;

	if (line.len > CAL_ALLOW_LINE)
		return cal_fail(err, CAL_ECONFIG, "the line is longer than %d "
		    "bytes", CAL_ALLOW_LINE);
	while (line.len > 0) {
		if ((n = cal_utf8_next(line, &point)) == 0)
			return cal_fail(err, CAL_ECONFIG, "the line is not "
			    "UTF-8");
		if (point == 0)
			return cal_fail(err, CAL_ECONFIG, "there is a NUL "
			    "byte in the line");
		if (cal_clean_active(point) && point != '\t')
			return cal_fail(err, CAL_ECONFIG, "there is a "
			    "control character in the line");
		line.ptr += n;
		line.len -= n;
	}
	return CAL_OK;
}

static int
read_line(struct cal_allow *allow, struct cal_slice line, unsigned number,
    struct cal_err *err)
{
	uint8_t key[CAL_KEY_BYTES];
	const struct cal_user *earlier;
	struct cal_slice word, name;
	struct cal_user *user;
	int rc;

	if ((rc = check_bytes(line, err)) != CAL_OK)
		return rc;
	word = next_word(&line);
	if (word.len == 0 || word.ptr[0] == '#')
		return CAL_OK;
	if ((rc = cal_key_read(key, word, err)) != CAL_OK)
		return rc;
	name = next_word(&line);
	if (name.len == 0)
		return cal_fail(err, CAL_ECONFIG, "a user is missing behind "
		    "the key");
	if ((earlier = cal_allow_peek(allow, key)) != NULL)
		return cal_fail(err, CAL_ECONFIG, "the key is that of line %u, "
		    "user '%s'", earlier->place, earlier->name);
	if ((rc = cal_allow_add(&user, allow, key, name, err)) != CAL_OK)
		return rc;
	user->place = number;
	return read_limits(user, line, err);
}

static int
read_lines(struct cal_allow *allow, struct cal_slice text, const char *path,
    struct cal_err *err)
{
	struct cal_slice line;
	unsigned number = 0;
	int rc;

	while (text.len > 0) {
		line = next_line(&text);
		rc = read_line(allow, line, ++number, err);
		if (rc != CAL_OK) {
			cal_err_prefix(err, "'%s' line %u", path, number);
			return rc;
		}
	}
	if (number == 0)
		return cal_fail(err, CAL_ECONFIG, "'%s' is empty: it lets "
		    "nobody in", path);
	if (cal_allow_count(allow) == 0)
		return cal_fail(err, CAL_ECONFIG, "'%s' has no line with a "
		    "key: it lets nobody in", path);
	return CAL_OK;
}

int
cal_allow_parse(struct cal_allow *allow, struct cal_slice text,
    const char *path, struct cal_err *err)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
	struct cal_allow *fresh;

	if (text.len > CAL_ALLOW_MAX)
		return cal_fail(err, CAL_ECONFIG, "'%s' is larger than %d "
		    "bytes", path, CAL_ALLOW_MAX);
	if (text.len >= sizeof(mark) &&
	    memcmp(text.ptr, mark, sizeof(mark)) == 0) {
		text.ptr += sizeof(mark);
		text.len -= sizeof(mark);
	}
	fresh = cal_allow_new();
	return cal_allow_settle(allow, fresh,
	    read_lines(fresh, text, path, err));
}
