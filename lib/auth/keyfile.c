/*
 * The text of key files: line by line, without a copy, since every line may
 * be a secret.  What is wrong is told with its line and never shown.
 */
#include "auth/keyfile.h"

#include "base/secret.h"

/* How plain files of ours say what they hold. */
static const char says_secret[] = "# cal secret key";
static const char says_public[] = "# cal public key";

struct lines {
	struct cal_slice rest;
	unsigned number;
};

static bool
next_line(struct lines *lines, struct cal_slice *linep)
{
	struct cal_slice *rest = &lines->rest;
	const uint8_t *end;
	size_t len;

	if (rest->len == 0)
		return false;
	end = memchr(rest->ptr, '\n', rest->len);
	len = end != NULL ? (size_t)(end - rest->ptr) : rest->len;
	*linep = cal_slice_of(rest->ptr, len);
	if (len > 0 && rest->ptr[len - 1] == '\r')
		linep->len--;
	if (end != NULL)
		len++;
	rest->ptr += len;
	rest->len -= len;
	lines->number++;
	return true;
}

static struct lines
lines_of(struct cal_slice text)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (text.len >= 3 && memcmp(text.ptr, mark, 3) == 0) {
		text.ptr += 3;
		text.len -= 3;
	}
	return (struct lines){ .rest = text };
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct cal_slice
skip_blanks(struct cal_slice line)
{
	while (line.len > 0 && is_blank(*line.ptr)) {
		line.ptr++;
		line.len--;
	}
	return line;
}

static bool
begins(struct cal_slice line, const char *text)
{
	size_t len = strlen(text);

	return line.len >= len && memcmp(line.ptr, text, len) == 0;
}

/* Nothing but blanks and a comment. */
static bool
says_nothing(struct cal_slice line)
{
	line = skip_blanks(line);
	return line.len == 0 || *line.ptr == '#';
}

/* The name at the start of a line, as far as one goes; line goes behind it. */
static struct cal_slice
take_name(struct cal_slice *line)
{
	struct cal_slice name = { line->ptr, 0 };

	while (line->len > 0 && !is_blank(*line->ptr) && *line->ptr != '=' &&
	    *line->ptr != '#') {
		line->ptr++;
		line->len--;
		name.len++;
	}
	return name;
}

/* A line that is a section's name and nothing else. */
static bool
is_section(struct cal_slice line, const char *name)
{
	return cal_slice_is(take_name(&line), name) && says_nothing(line);
}

/*
 * The value behind a property's name: in quotes of either kind, or up to the
 * next blank.
 */
static bool
take_value(struct cal_slice line, struct cal_slice *valuep)
{
	const uint8_t *end;

	line = skip_blanks(line);
	if (line.len == 0 || *line.ptr != '=')
		return false;
	line = skip_blanks(cal_slice_of(line.ptr + 1, line.len - 1));
	if (line.len > 0 && (*line.ptr == '"' || *line.ptr == '\'')) {
		end = memchr(line.ptr + 1, *line.ptr, line.len - 1);
		if (end == NULL)
			return false;
		*valuep = cal_slice_of(line.ptr + 1,
		    (size_t)(end - line.ptr) - 1);
		end++;
	} else {
		for (end = line.ptr; end < line.ptr + line.len; end++)
			if (is_blank(*end))
				break;
		*valuep = cal_slice_of(line.ptr, (size_t)(end - line.ptr));
	}
	line.len -= (size_t)(end - line.ptr);
	line.ptr = end;
	return says_nothing(line);
}

static int
take_public(struct cal_keyfile *file, struct cal_slice text,
    struct cal_err *err)
{
	if (file->has_public)
		return cal_fail(err, CAL_ECONFIG, "a second public key");
	file->has_public = true;
	return cal_key_read(file->public, text, err);
}

static int
take_secret(struct cal_keyfile *file, struct cal_slice text,
    struct cal_err *err)
{
	if (file->has_secret)
		return cal_fail(err, CAL_ECONFIG, "a second secret key");
	file->has_secret = true;
	file->secret = cal_secret_new(CAL_KEY_BYTES);
	return cal_key_decode(file->secret, text, err);
}

/* A line within the section "curve". */
static int
take_property(struct cal_keyfile *file, struct cal_slice line,
    unsigned number, struct cal_err *err)
{
	struct cal_slice name, value;
	bool public, secret;

	line = skip_blanks(line);
	name = take_name(&line);
	public = cal_slice_is(name, "public-key");
	secret = cal_slice_is(name, "secret-key");
	if (!public && !secret)
		return CAL_OK;
	file->line = number;
	if (!take_value(line, &value))
		return cal_fail(err, CAL_ECONFIG, "no value of the form "
		    "%s-key = \"KEY\"", public ? "public" : "secret");
	return public ? take_public(file, value, err) :
	    take_secret(file, value, err);
}

static int
parse_certificate(struct cal_keyfile *file, struct cal_slice text,
    struct cal_err *err)
{
	struct lines lines = lines_of(text);
	struct cal_slice line;
	bool inside = false;
	int rc;

	while (next_line(&lines, &line)) {
		if (says_nothing(line))
			continue;
		if (!is_blank(*line.ptr))
			inside = is_section(line, "curve");
		else if (inside && (rc = take_property(file, line,
		    lines.number, err)) != CAL_OK)
			return rc;
	}
	if (file->has_public)
		return CAL_OK;
	file->line = 0;
	return cal_fail(err, CAL_ECONFIG, "the certificate has no public-key "
	    "in a section curve");
}

static int
parse_plain(struct cal_keyfile *file, struct cal_slice text,
    struct cal_err *err)
{
	struct lines lines = lines_of(text);
	struct cal_slice line, key = { 0 };
	bool secret = false, public = false;

	while (next_line(&lines, &line)) {
		secret |= begins(line, says_secret);
		public |= begins(line, says_public);
		if (says_nothing(line))
			continue;
		file->line = lines.number;
		if (key.len > 0)
			return cal_fail(err, CAL_ECONFIG,
			    "a second line that is no comment");
		key = line;
	}
	if (key.len == 0)
		return cal_fail(err, CAL_ECONFIG, "there is no key in it");
	if (secret && public)
		return cal_fail(err, CAL_ECONFIG,
		    "the comments call the key both secret and public");
	if (secret)
		return take_secret(file, key, err);
	if (public)
		return take_public(file, key, err);
	return cal_key_decode(file->public, key, err);
}

/* Has a line that only certificates have. */
static bool
is_certificate(struct cal_slice text)
{
	struct lines lines = lines_of(text);
	struct cal_slice line;

	while (next_line(&lines, &line))
		if (is_section(line, "curve") || is_section(line, "metadata"))
			return true;
	return false;
}

int
cal_keyfile_parse(struct cal_keyfile *file, struct cal_slice text,
    struct cal_err *err)
{
	unsigned line;
	int rc;

	*file = (struct cal_keyfile){ 0 };
	if (text.len > CAL_KEYFILE_MAX)
		return cal_fail(err, CAL_ECONFIG, "it is larger than %d bytes",
		    CAL_KEYFILE_MAX);
	file->certificate = is_certificate(text);
	rc = file->certificate ? parse_certificate(file, text, err) :
	    parse_plain(file, text, err);
	if (rc != CAL_OK) {
		line = file->line;
		cal_keyfile_release(file);
		file->line = line;
	}
	return rc;
}

void
cal_keyfile_release(struct cal_keyfile *file)
{
	cal_secret_free(file->secret);
	cal_secret_wipe(file, sizeof(*file));
}
