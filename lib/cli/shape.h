/*
 * How messages stand in the input and in the output: the serializer, and -l,
 * -0, -D, --framed, -J, -r, --text and -f.  Rows that the option tables of
 * programs share, and what they come to.
 */
#ifndef CAL_CLI_SHAPE_H
#define CAL_CLI_SHAPE_H

#include "cli/opt.h"
#include "codec/body.h"

enum cal_shape_mode {
	CAL_SHAPE_ONE,          /* one message: the whole input */
	CAL_SHAPE_PIECES,       /* a delimiter behind each: -l, -0, -D */
	CAL_SHAPE_FRAMED,       /* a length before each */
	CAL_SHAPE_JSON,         /* an object a line: -J */
};

struct cal_shape {
	const char *serializer;         /* its default is set before parsing */
	bool lines, null, framed, json, raw, text;
	const char *delimiter_text, *format;

	/* What they come to. */
	const struct cal_body *body;
	enum cal_shape_mode mode;
	struct cal_slice delimiter;     /* of pieces; "\n" where there is none */
};

/*
 * Rows for struct cal_shape *shape.  The texts say what a message is for the
 * program: "a call for each line of stdin, a line for each answer", ...
 */
#define CAL_SHAPE_ROWS(shape, lines_help, json_help, raw_help, format_help) \
	{ .name = "serializer", .letter = 's', .kind = CAL_OPT_TEXT,    \
	    .value = "NAME", .dest = &(shape)->serializer,              \
	    .help = "serializer of bodies: json, raw (json)" },         \
	{ .name = "lines", .letter = 'l', .kind = CAL_OPT_FLAG,         \
	    .dest = &(shape)->lines, .help = (lines_help) },            \
	{ .name = "null", .letter = '0', .kind = CAL_OPT_FLAG,          \
	    .dest = &(shape)->null, .help = "the same with NUL for "    \
	    "newline" },                                                \
	{ .name = "delimiter", .letter = 'D', .kind = CAL_OPT_TEXT,     \
	    .value = "STR", .dest = &(shape)->delimiter_text,           \
	    .help = "the same with STR for newline" },                  \
	{ .name = "framed", .kind = CAL_OPT_FLAG,                       \
	    .dest = &(shape)->framed, .help = "a 4-byte big-endian "    \
	    "length before each message" },                             \
	{ .name = "json", .letter = 'J', .kind = CAL_OPT_FLAG,          \
	    .dest = &(shape)->json, .help = (json_help) },              \
	{ .name = "raw", .letter = 'r', .kind = CAL_OPT_FLAG,           \
	    .dest = &(shape)->raw, .help = (raw_help) },                \
	{ .name = "text", .kind = CAL_OPT_FLAG,                         \
	    .dest = &(shape)->text, .help = "plain text; it is a JSON " \
	    "string on the wire" },                                     \
	{ .name = "format", .letter = 'f', .kind = CAL_OPT_TEXT,        \
	    .value = "FMT", .dest = &(shape)->format,                   \
	    .help = (format_help) }

/*
 * Checks that they fit together, and fills what they come to.  CAL_EUSAGE: two
 * that exclude each other, an empty delimiter, --text where the serializer has
 * none, an unknown serializer or format.
 */
int cal_shape_settle(struct cal_shape *shape, struct cal_err *err);

/* -s and --text alone, for a program that has no other of the rows. */
int cal_shape_serializer(const struct cal_body **bodyp, const char *name,
    bool text, struct cal_err *err);

/*
 * The first option that was given, of those that say that there are many
 * messages, and of all but -s; or NULL.
 */
const char *cal_shape_many(const struct cal_shape *shape);
const char *cal_shape_given(const struct cal_shape *shape);

/*
 * Wire bytes from a peer as text: checked and unwrapped by the serializer, or,
 * with -r, as they are.  Lends wire or scratch.  CAL_EDATA.
 */
int cal_shape_text(const struct cal_shape *shape, struct cal_slice *textp,
    struct cal_slice wire, struct cal_buf *scratch, struct cal_err *err);

/*
 * Adds text (of cal_shape_text) as a record; not for -J, nor -f.  JSON becomes
 * one line where records are lines.
 */
void cal_shape_put(const struct cal_shape *shape, struct cal_buf *out,
    struct cal_slice text);

/*
 * Adds an input record as it was read: with what parted it from the next, and
 * a single one with a newline at its end, but for -r.
 */
void cal_shape_put_read(const struct cal_shape *shape, struct cal_buf *out,
    struct cal_slice record);

/* Adds the empty record that stands for a message that failed. */
void cal_shape_put_nothing(const struct cal_shape *shape,
    struct cal_buf *out);

/* Adds which of many messages words are about: "line 3: ", "message 3: ". */
void cal_shape_put_number(const struct cal_shape *shape, struct cal_buf *out,
    uint64_t number);

#endif
