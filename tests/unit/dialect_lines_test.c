/* Unit tests of exec/dialect: the table, lines and framed. */
#include "unit.h"

#include "exec/dialect.h"

static struct cal_err err;

static void
test_table(void **state)
{
	int count = 0;

	(void)state;
	for (; cal_dialect_names[count] != NULL; count++)
		assert_string_equal(cal_dialect_at(count)->name,
		    cal_dialect_names[count]);
	assert_int_equal(count, 3);
	assert_null(cal_dialect_at(count));
	assert_null(cal_dialect_at(-1));
	assert_ptr_equal(cal_dialect_at(0), &cal_dialect_lines);
	assert_ptr_equal(cal_dialect_jsonrpc.cut, cal_dialect_lines.cut);
	assert_null(cal_dialect_lines.read);
	assert_null(cal_dialect_lines.cancel);
	assert_null(cal_dialect_framed.read);
	assert_null(cal_dialect_framed.cancel);
}

/* Asking. */

static int
ask(struct cal_ask *said, const struct cal_dialect *dialect, bool json,
    struct cal_slice body)
{
	struct cal_job job = { .json = json, .body = body };

	err.text[0] = '\0';
	return dialect->ask(said, 7, &job, -1, &err);
}

static void
test_ask_lines(void **state)
{
	static const struct {
		bool json;
		struct cal_slice body;
		const char *head;       /* NULL: the body is lent */
	} rows[] = {
#define ROW(json, body, head) \
	{ json, { (const uint8_t *)(body), sizeof(body) - 1 }, head }
		ROW(false, "", NULL),
		ROW(false, "a b", NULL),
		ROW(false, "\0\xff", NULL),
		ROW(true, "", NULL),
		ROW(true, "{\"a\": \"\\n\"}", NULL),
		ROW(true, "{\"a\":\n1}", "{\"a\":1}"),
		ROW(true, "[1,\r\n2,\r3]\n", "[1,2,3]"),
#undef ROW
	};
	struct cal_ask said = { .body = { NULL, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(ask(&said, &cal_dialect_lines, rows[i].json,
		    rows[i].body), CAL_OK);
		assert_string_equal(cal_buf_text(&said.head),
		    rows[i].head != NULL ? rows[i].head : "");
		if (rows[i].head == NULL)
			assert_ptr_equal(said.body.ptr, rows[i].body.ptr);
		assert_int_equal(said.body.len,
		    rows[i].head == NULL ? rows[i].body.len : 0);
		assert_slice(cal_buf_view(&said.tail), "\n");
	}
	cal_ask_release(&said);
}

static void
test_ask_many_lines(void **state)
{
	static const char *const bodies[] = { "\n", "a\n", "\nb", "a\r\nb", "a\r" };
	struct cal_ask said = { .body = { NULL, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bodies); i++) {
		assert_int_equal(ask(&said, &cal_dialect_lines, false,
		    cal_slice_text("before")), CAL_OK);
		assert_int_equal(ask(&said, &cal_dialect_lines, false,
		    cal_slice_text(bodies[i])), CAL_EDATA);
		assert_string_equal(err.text,
		    "the body is more than one line");
		assert_int_equal(said.head.len + said.body.len +
		    said.tail.len, 0);
	}
	cal_ask_release(&said);
	cal_ask_release(&said);
}

static void
test_ask_framed(void **state)
{
	static const uint8_t byte = 0;
	struct cal_slice body = cal_slice_of(&byte, 0x01020304);
	struct cal_ask said = { .body = { NULL, 0 } };

	(void)state;
	assert_int_equal(ask(&said, &cal_dialect_framed, false,
	    cal_slice_of(NULL, 0)), CAL_OK);
	assert_slice(cal_buf_view(&said.head), "\0\0\0\0");
	assert_int_equal(said.body.len, 0);
	/* Nobody looks into it, so it need not be as large as it says. */
	assert_int_equal(ask(&said, &cal_dialect_framed, true, body), CAL_OK);
	assert_slice(cal_buf_view(&said.head), "\1\2\3\4");
	assert_ptr_equal(said.body.ptr, body.ptr);
	assert_int_equal(said.body.len, body.len);
	assert_int_equal(said.tail.len, 0);
	body.len = UINT32_MAX;
	assert_int_equal(ask(&said, &cal_dialect_framed, true, body), CAL_OK);
	assert_slice(cal_buf_view(&said.head), "\xff\xff\xff\xff");
	body.len = SIZE_MAX;
	assert_int_equal(ask(&said, &cal_dialect_framed, true, body),
	    CAL_EDATA);
	assert_string_equal(err.text,
	    "the body is larger than 4294967295 bytes");
	assert_int_equal(said.head.len + said.body.len, 0);
	cal_ask_release(&said);
}

static void
test_ask_memory(void **state)
{
	struct cal_ask said = { .body = { NULL, 0 } };
	size_t small;

	(void)state;
	cal_ask_clear(&said);
	cal_buf_put_text(&said.head, "some words");
	small = said.head.cap;
	cal_ask_clear(&said);
	assert_int_equal(said.head.cap, small);
	cal_buf_room(&said.head, 1 << 20);
	cal_ask_clear(&said);
	assert_int_equal(said.head.cap, 0);
	cal_ask_release(&said);
}

/* Cutting. */

/*
 * Cuts with the input growing byte by byte.  What was searched before is
 * overwritten with newlines, which nobody may find.
 */
static int
cut_growing(const struct cal_dialect *dialect, struct cal_slice all,
    size_t max, struct cal_slice *message, size_t *used)
{
	size_t searched = 0, before, len;
	struct cal_slice input;
	int rc = CAL_EAGAIN;

	for (len = 0; len <= all.len && rc == CAL_EAGAIN; len++) {
		input = exact(cal_slice_of(all.ptr, len));
		before = searched;
		if (before > 1)
			memset((void *)(uintptr_t)input.ptr, '\n', before - 1);
		rc = dialect->cut(input, &searched, max, message, used, &err);
		if (rc == CAL_EAGAIN && dialect == &cal_dialect_lines)
			assert_int_equal(searched, len);
		if (rc != CAL_OK)
			assert_int_equal(message->len + *used, 0);
		if (rc == CAL_OK)
			message->ptr = all.ptr + (message->ptr - input.ptr);
		exact_free(input);
	}
	return rc;
}

static void
test_cut_lines(void **state)
{
	static const struct {
		struct cal_slice input;
		size_t max;
		int rc;
		struct cal_slice message;
		size_t used;
	} rows[] = {
#define ROW(input, max, rc, message, used) \
	{ { (const uint8_t *)(input), sizeof(input) - 1 }, max, rc, \
	    { (const uint8_t *)(message), sizeof(message) - 1 }, used }
		ROW("", 0, CAL_EAGAIN, "", 0),
		ROW("\n", 0, CAL_OK, "", 1),
		ROW("\r\n", 0, CAL_OK, "", 2),
		ROW("\r\r\n", 1, CAL_OK, "\r", 3),
		ROW("\r\r\n", 0, CAL_EPROTO, "", 0),
		ROW("\n\n", 9, CAL_OK, "", 1),
		ROW("abc", 9, CAL_EAGAIN, "", 0),
		ROW("abc\r", 9, CAL_EAGAIN, "", 0),
		ROW("abc\n", 9, CAL_OK, "abc", 4),
		ROW("abc\r\n", 9, CAL_OK, "abc", 5),
		ROW("abc\r\r\n", 9, CAL_OK, "abc\r", 6),
		ROW("a\rc\nxyz\n", 9, CAL_OK, "a\rc", 4),
		ROW("a\0c\xff\n", 9, CAL_OK, "a\0c\xff", 5),
		ROW("abc", 3, CAL_EAGAIN, "", 0),
		ROW("abc\n", 3, CAL_OK, "abc", 4),
		ROW("abc\r\n", 3, CAL_OK, "abc", 5),
		ROW("abc\r", 3, CAL_EAGAIN, "", 0),
		ROW("abc\rx", 3, CAL_EPROTO, "", 0),
		ROW("abcd", 3, CAL_EPROTO, "", 0),
		ROW("abcd\n", 3, CAL_EPROTO, "", 0),
		ROW("abc\n", SIZE_MAX, CAL_OK, "abc", 4),
#undef ROW
	};
	struct cal_slice message;
	size_t i, used, searched, row;
	int rc;

	(void)state;
	for (i = 0; i < 2 * COUNT(rows); i++) {
		row = i / 2;
		searched = 0;
		rc = i % 2 == 0 ? cal_dialect_lines.cut(rows[row].input,
		    &searched, rows[row].max, &message, &used, &err) :
		    cut_growing(&cal_dialect_lines, rows[row].input,
		    rows[row].max, &message, &used);
		assert_int_equal(rc, rows[row].rc);
		assert_int_equal(used, rows[row].used);
		assert_true(cal_slice_same(message, rows[row].message));
		if (rc == CAL_OK)
			assert_int_equal(searched, 0);
	}
	assert_int_equal(cal_dialect_lines.cut(BYTES("abcd"),
	    &(size_t){ 0 }, 3, &message, &used, &err), CAL_EPROTO);
	assert_string_equal(err.text, "a line of more than 3 bytes");
}

static void
test_cut_framed(void **state)
{
	static const struct {
		struct cal_slice input;
		size_t max;
		int rc;
		struct cal_slice message;
		size_t used;
	} rows[] = {
#define ROW(input, max, rc, message, used) \
	{ { (const uint8_t *)(input), sizeof(input) - 1 }, max, rc, \
	    { (const uint8_t *)(message), sizeof(message) - 1 }, used }
		ROW("", 9, CAL_EAGAIN, "", 0),
		ROW("\xff\xff\xff", 9, CAL_EAGAIN, "", 0),
		ROW("\0\0\0\0", 0, CAL_OK, "", 4),
		ROW("\0\0\0\0\0\0\0\1x", 9, CAL_OK, "", 4),
		ROW("\0\0\0\3abc", 3, CAL_OK, "abc", 7),
		ROW("\0\0\0\3abcd", 3, CAL_OK, "abc", 7),
		ROW("\0\0\0\3ab", 3, CAL_EAGAIN, "", 0),
		ROW("\0\0\0\3\n\0\xff", 9, CAL_OK, "\n\0\xff", 7),
		ROW("\0\0\0\4", 3, CAL_EPROTO, "", 0),
		ROW("\0\1\0\0", 0x10000, CAL_EAGAIN, "", 0),
		ROW("\0\1\0\0", 0xffff, CAL_EPROTO, "", 0),
		ROW("\xff\xff\xff\xff", 0xfffffffe, CAL_EPROTO, "", 0),
		ROW("\xff\xff\xff\xffx", 0xffffffff, CAL_EAGAIN, "", 0),
		ROW("\xff\xff\xff\xffx", SIZE_MAX, CAL_EAGAIN, "", 0),
#undef ROW
	};
	struct cal_slice message, input;
	size_t i, used, searched = 0;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		input = exact(rows[i].input);
		assert_int_equal(cal_dialect_framed.cut(input, &searched,
		    rows[i].max, &message, &used, &err), rows[i].rc);
		assert_int_equal(used, rows[i].used);
		assert_true(cal_slice_same(message, rows[i].message));
		exact_free(input);
		/* Byte by byte; here the start is looked at each time. */
		for (input = rows[i].input, input.len = 0;
		    input.len < used; input.len++)
			assert_int_equal(cal_dialect_framed.cut(input,
			    &searched, rows[i].max, &message, &used, &err),
			    CAL_EAGAIN);
	}
	assert_int_equal(cal_dialect_framed.cut(BYTES("\0\0\1\0"), &searched,
	    255, &message, &used, &err), CAL_EPROTO);
	assert_string_equal(err.text,
	    "a length of 256 bytes, more than 255");
}

/* Cuts everything that came so far; each message is put into out, quoted. */
static size_t
cut_all(const struct cal_dialect *dialect, struct cal_slice input,
    size_t *searched, struct cal_buf *out)
{
	struct cal_slice message;
	size_t taken = 0, used;

	while (dialect->cut(cal_slice_of(input.ptr + taken,
	    input.len - taken), searched, 64, &message, &used, &err) ==
	    CAL_OK) {
		cal_buf_put_byte(out, '<');
		cal_buf_put(out, message.ptr, message.len);
		cal_buf_put_byte(out, '>');
		taken += used;
	}
	return taken;
}

/* A stream in pieces of each size gives the same messages. */
static void
read_stream(const struct cal_dialect *dialect, struct cal_slice stream,
    const char *expected)
{
	struct cal_buf out = { .max = 0 }, input = { .max = 0 };
	size_t piece, at, n, searched;

	for (piece = 1; piece <= stream.len; piece++) {
		searched = 0;
		for (at = 0; at < stream.len; at += n) {
			n = stream.len - at < piece ? stream.len - at : piece;
			cal_buf_put(&input, stream.ptr + at, n);
			cal_buf_consume(&input, cut_all(dialect,
			    cal_buf_view(&input), &searched, &out));
		}
		assert_string_equal(cal_buf_text(&out), expected);
		assert_int_equal(input.len, 0);
		cal_buf_clear(&out);
	}
	cal_buf_release(&out);
	cal_buf_release(&input);
}

static void
test_streams(void **state)
{
	(void)state;
	read_stream(&cal_dialect_lines,
	    BYTES("a\n\nbc\r\n\r\n\r\r\nsome more words\n"),
	    "<a><><bc><><\r><some more words>");
	read_stream(&cal_dialect_framed,
	    BYTES("\0\0\0\1a\0\0\0\0\0\0\0\2\nb\0\0\0\5words"),
	    "<a><><\nb><words>");
}

static void
test_long_line(void **state)
{
	enum { SIZE = 8 << 20, PIECE = 1 << 16 };
	uint8_t *text = malloc(SIZE);
	struct cal_slice message;
	size_t searched = 0, used, len;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', SIZE);
	text[SIZE - 1] = '\n';
	for (len = PIECE; len < SIZE; len += PIECE) {
		assert_int_equal(cal_dialect_lines.cut(cal_slice_of(text, len),
		    &searched, SIZE - 1, &message, &used, &err), CAL_EAGAIN);
		assert_int_equal(searched, len);
	}
	assert_int_equal(cal_dialect_lines.cut(cal_slice_of(text, SIZE),
	    &searched, SIZE - 1, &message, &used, &err), CAL_OK);
	assert_ptr_equal(message.ptr, text);
	assert_int_equal(message.len, SIZE - 1);
	assert_int_equal(used, SIZE);
	searched = 0;
	assert_int_equal(cal_dialect_lines.cut(cal_slice_of(text, SIZE),
	    &searched, SIZE - 2, &message, &used, &err), CAL_EPROTO);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_ask_lines),
		cmocka_unit_test(test_ask_many_lines),
		cmocka_unit_test(test_ask_framed),
		cmocka_unit_test(test_ask_memory),
		cmocka_unit_test(test_cut_lines),
		cmocka_unit_test(test_cut_framed),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
