/*
 * Unit tests of cli/records: every way in which input can be cut into reads,
 * records that are too long, ends within a record.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/records.h"
#include "loop.h"

enum { KEPT = 64, MAX_BYTES = 5 };

struct source {
	int fds[2];
	struct cal_records *records;
	size_t readies;
	bool waits;                     /* for ready */

	/* What came: '[record]', '!' for one that is too long or torn. */
	struct cal_buf seen;
	bool over;
};

static void
on_ready(void *arg)
{
	struct source *source = arg;

	source->readies++;
	assert_true(source->waits);
	source->waits = false;
}

static void
source_open(struct source *source, enum cal_records_kind kind,
    struct cal_slice delimiter, size_t max_bytes)
{
	struct cal_records_conf conf = {
		.loop = loop, .kind = kind, .delimiter = delimiter,
		.max_bytes = max_bytes, .ready = on_ready, .arg = source,
	};

	memset(source, 0, sizeof(*source));
	assert_int_equal(pipe2(source->fds, O_CLOEXEC), 0);
	conf.fd = source->fds[0];
	source->records = cal_records_open(&conf);
}

/* Takes all that can be had without more input. */
static void
pull(struct source *source)
{
	struct cal_slice record = { NULL, 0 };
	struct cal_err err;
	int rc;

	while (!source->over && !source->waits) {
		rc = cal_records_next(source->records, &record, &err);
		if (rc == CAL_OK) {
			cal_buf_put_byte(&source->seen, '[');
			cal_buf_put(&source->seen, record.ptr, record.len);
			cal_buf_put_byte(&source->seen, ']');
		} else if (rc == CAL_EDATA) {
			cal_buf_put_byte(&source->seen, '!');
		} else if (rc == CAL_EAGAIN) {
			source->waits = true;
		} else {
			assert_int_equal(rc, CAL_EGONE);
			source->over = true;
		}
	}
}

/* Writes a piece and waits until it was taken. */
static void
feed(struct source *source, struct cal_slice piece)
{
	size_t before = source->readies;

	if (piece.len == 0)
		return;
	assert_int_equal(cal_io_write_all(source->fds[1], piece.ptr,
	    piece.len), 0);
	pull(source);
	if (source->over)
		return;
	WAIT_FOR(source->readies > before);
	pull(source);
}

static void
source_close(struct source *source)
{
	cal_io_close(&source->fds[1]);
	while (!source->over) {
		pull(source);
		if (!source->over)
			WAIT_FOR(!source->waits);
	}
	cal_records_close(source->records);
	cal_io_close(&source->fds[0]);
}

/* Reads input in the pieces between cuts, which ends with its length. */
static void
check_cuts(enum cal_records_kind kind, struct cal_slice delimiter,
    struct cal_slice input, const size_t *cuts, const char *want)
{
	struct source source;
	size_t from = 0, i;

	source_open(&source, kind, delimiter, MAX_BYTES);
	for (i = 0; from < input.len; i++) {
		feed(&source, cal_slice_of(input.ptr + from,
		    cuts[i] - from));
		from = cuts[i];
	}
	source_close(&source);
	assert_string_equal(cal_buf_text(&source.seen), want);
	cal_buf_release(&source.seen);
}

/* The same, for all at once, each single cut, each pair, and byte by byte. */
static void
check(enum cal_records_kind kind, struct cal_slice delimiter,
    struct cal_slice input, const char *want)
{
	size_t cuts[64], i, k;

	assert_true(input.len < COUNT(cuts));
	for (i = 0; i <= input.len; i++)
		for (k = i; k <= input.len; k++) {
			cuts[0] = i;
			cuts[1] = k;
			cuts[2] = input.len;
			check_cuts(kind, delimiter, input, cuts, want);
		}
	for (i = 0; i < input.len; i++)
		cuts[i] = i + 1;
	check_cuts(kind, delimiter, input, cuts, want);
}

static void
check_lines(struct cal_slice input, const char *want)
{
	check(CAL_RECORDS_DELIMITED, BYTES("\n"), input, want);
}

static void
test_lines(void **state)
{
	(void)state;
	check_lines(BYTES(""), "");
	check_lines(BYTES("\n"), "[]");
	check_lines(BYTES("a"), "[a]");
	check_lines(BYTES("a\n"), "[a]");
	check_lines(BYTES("a\n\nb\n"), "[a][][b]");
	check_lines(BYTES("a\n\nb"), "[a][][b]");
	check_lines(BYTES("12345\n1\n12345"), "[12345][1][12345]");
}

static void
test_long_lines(void **state)
{
	(void)state;
	check_lines(BYTES("123456"), "!");
	check_lines(BYTES("123456\n"), "!");
	check_lines(BYTES("123456\n\n1"), "![][1]");
	check_lines(BYTES("1\n1234567890123\n2\n"), "[1]![2]");
	check_lines(BYTES("123456\n123456\n12345\n"), "!![12345]");
}

static void
test_other_delimiters(void **state)
{
	const struct cal_slice crlf = BYTES("\r\n"), aab = BYTES("aab");
	const enum cal_records_kind kind = CAL_RECORDS_DELIMITED;

	(void)state;
	check(kind, BYTES("\0"), BYTES("a\nb\0c"), "[a\nb][c]");
	check(kind, crlf, BYTES("a\r\nb\nc\r\r\n\r\n"), "[a][b\nc\r][]");
	check(kind, crlf, BYTES("12345\r\n12345\r\n"), "[12345][12345]");
	check(kind, crlf, BYTES("12345\r\n1234\r"), "[12345][1234\r]");
	check(kind, crlf, BYTES("123456\r\n1\r\n"), "![1]");
	check(kind, crlf, BYTES("123456789\r\n1\r\n2"), "![1][2]");
	check(kind, crlf, BYTES("12345\r"), "!");
	check(kind, aab, BYTES("aaab"), "[a]");
	check(kind, aab, BYTES("aaaab1aab"), "[aa][1]");
	check(kind, aab, BYTES("1234aaab2aab"), "[1234a][2]");
	check(kind, aab, BYTES("12345aaab2aab"), "![2]");
}

#define FRAME(text) "\0\0\0" text

static void
test_frames(void **state)
{
	const struct cal_slice none = { NULL, 0 };
	const enum cal_records_kind kind = CAL_RECORDS_FRAMED;

	(void)state;
	check(kind, none, BYTES(""), "");
	check(kind, none, BYTES(FRAME("\x00")), "[]");
	check(kind, none, BYTES(FRAME("\x01" "a") FRAME("\x05" "12345")
	    FRAME("\x00")), "[a][12345][]");
}

static void
test_long_frames(void **state)
{
	const struct cal_slice none = { NULL, 0 };
	const enum cal_records_kind kind = CAL_RECORDS_FRAMED;

	(void)state;
	check(kind, none, BYTES(FRAME("\x06" "123456") FRAME("\x01" "a")),
	    "![a]");
	check(kind, none, BYTES(FRAME("\x06" "123456") FRAME("\x07" "1234567")
	    FRAME("\x00")), "!![]");
}

/* The input ends within a head, or within a message. */
static void
test_torn_frames(void **state)
{
	const struct cal_slice none = { NULL, 0 };
	const enum cal_records_kind kind = CAL_RECORDS_FRAMED;

	(void)state;
	check(kind, none, BYTES("\0"), "!");
	check(kind, none, BYTES("\0\0\0"), "!");
	check(kind, none, BYTES(FRAME("\x01" "a") "\0\0"), "[a]!");
	check(kind, none, BYTES(FRAME("\x01" "a") FRAME("\x03" "12")),
	    "[a]!");
	check(kind, none, BYTES("\xff\xff\xff\xff"), "!!");
}

static void
test_whole(void **state)
{
	const struct cal_slice none = { NULL, 0 };
	const enum cal_records_kind kind = CAL_RECORDS_WHOLE;

	(void)state;
	check(kind, none, BYTES(""), "[]");
	check(kind, none, BYTES("a\nb\0"), "[a\nb");
	check(kind, none, BYTES("12345"), "[12345]");
	check(kind, none, BYTES("123456"), "!");
}

/* More than one read, and more than is moved at a time. */
static void
test_many_lines(void **state)
{
	struct source source;
	struct cal_buf text = { .max = 0 };
	size_t i, at, len;

	(void)state;
	source_open(&source, CAL_RECORDS_DELIMITED, BYTES("\n"), 1 << 20);
	for (i = 0; i < 30000; i++)
		cal_buf_printf(&text, "line %zu\n", i);
	for (at = 0; at < text.len; at += len) {
		len = text.len - at < 60000 ? text.len - at : 60000;
		feed(&source, cal_slice_of(text.ptr + at, len));
	}
	source_close(&source);
	for (i = 0; i < source.seen.len; i++)
		if (source.seen.ptr[i] == ']')
			source.seen.ptr[i] = '\n';
	at = 0;
	for (i = 0; i < source.seen.len; i++)
		if (source.seen.ptr[i] != '[')
			source.seen.ptr[at++] = source.seen.ptr[i];
	assert_int_equal(at, text.len);
	assert_memory_equal(source.seen.ptr, text.ptr, at);
	cal_buf_release(&source.seen);
	cal_buf_release(&text);
}

/* A file is as good as a pipe; a folder cannot be read. */
static void
test_files(void **state)
{
	struct source source;
	struct cal_slice record;
	struct cal_err err;
	int rc, null;

	(void)state;
	source_open(&source, CAL_RECORDS_DELIMITED, BYTES("\n"), 100);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup2(null, source.fds[0]), source.fds[0]);
	source_close(&source);
	assert_int_equal(source.seen.len, 0);
	cal_io_close(&null);

	source_open(&source, CAL_RECORDS_DELIMITED, BYTES("\n"), 100);
	null = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup2(null, source.fds[0]), source.fds[0]);
	assert_int_equal(cal_records_next(source.records, &record, &err),
	    CAL_EAGAIN);
	source.waits = true;
	WAIT_FOR(!source.waits);
	rc = cal_records_next(source.records, &record, &err);
	assert_int_equal(rc, CAL_EIO);
	assert_int_equal(cal_records_next(source.records, &record, &err),
	    CAL_EGONE);
	source.over = true;
	source_close(&source);
	cal_io_close(&null);
}

/* The descriptor is shared: its flags stay. */
static void
test_flags_stay(void **state)
{
	struct source source;
	int before;

	(void)state;
	source_open(&source, CAL_RECORDS_DELIMITED, BYTES("\n"), 100);
	before = fcntl(source.fds[0], F_GETFL);
	feed(&source, BYTES("a\nb"));
	assert_int_equal(fcntl(source.fds[0], F_GETFL), before);
	source_close(&source);
	cal_buf_release(&source.seen);
	cal_records_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_other_delimiters),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_long_frames),
		cmocka_unit_test(test_torn_frames),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_flags_stay),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
