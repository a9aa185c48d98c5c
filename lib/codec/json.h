/*
 * JSON as bytes that are checked and passed on, never re-encoded: RFC 8259
 * with any value on top.
 *
 * Values are read in place.  A number keeps its digits, an object its order, a
 * string its escapes.  Nesting is limited to CAL_JSON_DEPTH, and nothing here
 * recurses.
 */
#ifndef CAL_CODEC_JSON_H
#define CAL_CODEC_JSON_H

#include <stdbool.h>

#include "base/buf.h"

enum { CAL_JSON_DEPTH = 2048 };

/* How strict, in bits. */
enum cal_json_flavour {
	CAL_JSON_STRICT = 0,
	CAL_JSON_PYTHON = 1,    /* also NaN, Infinity and -Infinity */
	CAL_JSON_WRAPPED = 2,   /* a level more, of what stands around a value */
	CAL_JSON_PYTHON_WRAPPED = CAL_JSON_PYTHON | CAL_JSON_WRAPPED,
};

enum cal_json_kind {
	CAL_JSON_NULL, CAL_JSON_BOOL, CAL_JSON_NUMBER, CAL_JSON_STRING,
	CAL_JSON_ARRAY, CAL_JSON_OBJECT,
};

/* White space taken off both ends. */
struct cal_slice cal_json_trim(struct cal_slice text);

/*
 * Is text exactly one value, with white space around it allowed?  CAL_EDATA
 * says what is wrong and at which byte, the first being 1.
 */
int cal_json_check(struct cal_slice text, enum cal_json_flavour flavour,
    struct cal_err *err);

/* The kind of a value, by its first byte; text is checked and trimmed. */
enum cal_json_kind cal_json_kind(struct cal_slice value);

/*
 * Reading inside a value that was checked.
 *
 *      cal_json_enter(&cursor, object);
 *      while (cal_json_next(&cursor))
 *              ... cursor.name (raw, with its quotes), cursor.value ...
 *
 * name is empty in an array.  The slices point into the value.
 */
struct cal_json_cursor {
	struct cal_slice name;
	struct cal_slice value;
	struct cal_slice rest;
};
void cal_json_enter(struct cal_json_cursor *cursor, struct cal_slice value);
bool cal_json_next(struct cal_json_cursor *cursor);

/* Does a raw string with its quotes say exactly this text?  Escapes count. */
bool cal_json_string_is(struct cal_slice string, const char *text);

/*
 * The value at an RFC 6901 pointer in a checked value; false when nothing is
 * there.  Of two members with one name the last counts, as in most readers.
 * cal_json_pointer_check says whether text is a pointer at all (CAL_EUSAGE).
 */
bool cal_json_find(struct cal_slice value, const char *pointer,
    struct cal_slice *foundp);
int cal_json_pointer_check(const char *text, struct cal_err *err);

/* The text of a checked raw string; a lone surrogate becomes U+FFFD. */
void cal_json_unquote(struct cal_buf *out, struct cal_slice string);

/* Text as a string with its quotes.  CAL_EDATA when it is not UTF-8. */
int cal_json_quote(struct cal_buf *out, struct cal_slice text,
    struct cal_err *err);

/*
 * The same for words: bytes that are not UTF-8 become U+FFFD, and what a
 * terminal would obey (DEL, C1, bidirectional controls) is escaped too.
 */
void cal_json_quote_lossy(struct cal_buf *out, struct cal_slice text);

/* Is there a CR or LF in it?  In a checked value they stand between tokens. */
bool cal_json_has_newline(struct cal_slice value);

/* A checked value without the CR and LF between its tokens. */
void cal_json_put_line(struct cal_buf *out, struct cal_slice value);

#endif
