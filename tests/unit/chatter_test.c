/* Unit tests of exec/chatter: what of a worker's words reaches the log. */
#include "unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "exec/chatter.h"

/* stderr is a file in memory while a test runs. */
static int true_stderr = -1;

static int
set_up(void **state)
{
	static const struct cal_log_conf conf = { .program = "p",
	    .level = CAL_LOG_WARNING };
	int fd = memfd_create("stderr", MFD_CLOEXEC);

	(void)state;
	true_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	cal_log_setup(&conf);
	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
		return -1;
	cal_io_close(&fd);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)dup2(true_stderr, STDERR_FILENO);
	cal_io_close(&true_stderr);
	return 0;
}

/* Takes what was said since it last did. */
static void
take_said(struct cal_buf *said)
{
	cal_buf_clear(said);
	assert_int_not_equal(lseek(STDERR_FILENO, 0, SEEK_SET), -1);
	while (cal_io_read(STDERR_FILENO, said, 65536) > 0)
		;
	assert_int_not_equal(lseek(STDERR_FILENO, 0, SEEK_SET), -1);
	assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
}

static void
expect(const char *wanted)
{
	struct cal_buf said = { 0 };

	take_said(&said);
	assert_string_equal(cal_buf_text(&said), wanted);
	cal_buf_release(&said);
}

static void
add(struct cal_chatter *chatter, double now, struct cal_slice bytes)
{
	struct cal_slice copy = exact(bytes);

	cal_chatter_add(chatter, now, copy.ptr, copy.len);
	exact_free(copy);
}

static void
test_lines(void **state)
{
	struct cal_chatter chatter = { .name = "sum" };

	(void)state;
	add(&chatter, 1, BYTES("one\ntwo\r\n\nthr"));
	expect("p: sum: one\np: sum: two\np: sum: \n");
	add(&chatter, 1, BYTES("ee"));
	add(&chatter, 1, BYTES(""));
	expect("");
	add(&chatter, 1, BYTES("\nrest"));
	expect("p: sum: three\n");
	cal_chatter_end(&chatter);
	expect("p: sum: rest\n");
	cal_chatter_end(&chatter);
	expect("");
	/* It can be used again. */
	add(&chatter, 1, BYTES("more\n"));
	cal_chatter_end(&chatter);
	expect("p: sum: more\n");
}

/* However it is cut into reads, the same is said. */
static void
test_splits(void **state)
{
	static const char text[] = "a\xe2\x82\xac" "b\r\n\n\nlast\n\x80\r";
	struct cal_slice all = BYTES(text);
	size_t i, j;

	(void)state;
	for (i = 0; i <= all.len; i++) {
		for (j = i; j <= all.len; j++) {
			struct cal_chatter chatter = { .name = "n" };

			add(&chatter, 5, cal_slice_of(all.ptr, i));
			add(&chatter, 5, cal_slice_of(all.ptr + i, j - i));
			add(&chatter, 5, cal_slice_of(all.ptr + j,
			    all.len - j));
			cal_chatter_end(&chatter);
			expect("p: n: a\xe2\x82\xac" "b\np: n: \np: n: \n"
			    "p: n: last\np: n: \\x80\n");
		}
	}
}

static void
test_clean(void **state)
{
	struct cal_chatter chatter = { .name = "n" };

	(void)state;
	add(&chatter, 1, BYTES("a\0b\x1b[2J\t\x7f\xff\xe2\x80\xae%s%n\\x00\n"));
	expect("p: n: a\\x00b\\x1b[2J\\x09\\x7f\\xff\\u{202e}%s%n\\x00\n");
	add(&chatter, 1, BYTES("\0\n\0"));
	cal_chatter_end(&chatter);
	expect("p: n: \\x00\np: n: \\x00\n");
}

/* A line of len times byte, ended or not, and how much of it is said. */
static void
expect_cut(struct cal_slice head, uint8_t byte, size_t len, size_t said_len,
    bool ended)
{
	struct cal_chatter chatter = { .name = "n" };
	struct cal_buf said = { 0 };
	size_t i;

	add(&chatter, 1, head);
	for (i = head.len; i < len; i++)
		add(&chatter, 1, cal_slice_of(&byte, 1));
	if (ended)
		add(&chatter, 1, BYTES("\n"));
	cal_chatter_end(&chatter);
	take_said(&said);
	assert_int_equal(said.len, strlen("p: n: \n") + said_len);
	assert_int_equal(said.ptr[said.len - 1], '\n');
	cal_buf_release(&said);
}

static void
test_long(void **state)
{
	enum { MAX = CAL_CHATTER_LINE };
	static const struct { size_t len, said; } rows[] = {
		{ MAX - 1, MAX - 1 }, { MAX, MAX }, { MAX + 1, MAX },
		{ MAX + 2, MAX }, { 3 * MAX, MAX },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		expect_cut(BYTES(""), 'x', rows[i].len, rows[i].said, true);
		expect_cut(BYTES(""), 'x', rows[i].len, rows[i].said, false);
	}
	/* What is no UTF-8 is four characters each: the log cuts it, too. */
	expect_cut(BYTES(""), 0x80, MAX + 100, 3968 - strlen("n: "), true);
}

/* A character that stands across the limit is left out as a whole. */
static void
test_character_cut(void **state)
{
	struct cal_buf line = { 0 };
	size_t before;

	(void)state;
	for (before = CAL_CHATTER_LINE - 5; before <= CAL_CHATTER_LINE;
	    before++) {
		cal_buf_clear(&line);
		while (line.len < before)
			cal_buf_put_byte(&line, 'x');
		cal_buf_put_text(&line, "\xf0\x9f\x98\x80");
		expect_cut(cal_buf_view(&line), '.', before + 4 + 100,
		    before <= CAL_CHATTER_LINE - 4 ? CAL_CHATTER_LINE : before,
		    true);
	}
	cal_buf_release(&line);
}

static size_t
count_lines(const struct cal_buf *said)
{
	size_t i, n = 0;

	for (i = 0; i < said->len; i++)
		n += said->ptr[i] == '\n';
	return n;
}

static void
expect_count(size_t lines)
{
	struct cal_buf said = { 0 };

	take_said(&said);
	assert_int_equal(count_lines(&said), lines);
	cal_buf_release(&said);
}

static void
add_lines(struct cal_chatter *chatter, double now, int count)
{
	while (count-- > 0)
		add(chatter, now, BYTES("x\n"));
}

static void
test_burst(void **state)
{
	struct cal_chatter chatter = { .name = "n" };
	int i;

	(void)state;
	add_lines(&chatter, 0.2, CAL_CHATTER_BURST);
	expect_count(CAL_CHATTER_BURST);
	add_lines(&chatter, 0.9, 100);
	add_lines(&chatter, 1.1, 23);
	expect("");
	add_lines(&chatter, 1.3, 1);
	expect("p: n: 123 more lines were not shown\np: n: x\n");
	add_lines(&chatter, 1.4, CAL_CHATTER_BURST + 6);
	expect_count(CAL_CHATTER_BURST - 1);
	cal_chatter_end(&chatter);
	expect("p: n: 7 more lines were not shown\n");
	/* Slow ones are all said. */
	for (i = 0; i < 200; i++)
		add_lines(&chatter, i * 0.5, 1);
	expect_count(200);
	/* The last words are said, though an earlier second was full. */
	add_lines(&chatter, 1000, CAL_CHATTER_BURST + 1);
	expect_count(CAL_CHATTER_BURST);
	add(&chatter, 1010, BYTES("dead"));
	cal_chatter_end(&chatter);
	expect("p: n: 1 more lines were not shown\np: n: dead\n");
	/* The clock is set back. */
	add_lines(&chatter, 5000, CAL_CHATTER_BURST + 1);
	expect_count(CAL_CHATTER_BURST);
	add_lines(&chatter, 1400, 1);
	expect("p: n: 1 more lines were not shown\np: n: x\n");
	cal_chatter_end(&chatter);
}

static void
test_flood(void **state)
{
	static uint8_t bytes[1 << 16];
	struct cal_chatter chatter = { .name = "n" };
	uint64_t seed = 7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)next_random(&seed);
	for (i = 0; i < 200; i++) {
		cal_chatter_add(&chatter, 3, bytes, sizeof(bytes));
		assert_true(chatter.line.cap <= 4 * CAL_CHATTER_LINE);
	}
	memset(bytes, '-', sizeof(bytes));
	for (i = 0; i < 200; i++) {
		cal_chatter_add(&chatter, 3, bytes, sizeof(bytes));
		assert_true(chatter.line.cap <= 4 * CAL_CHATTER_LINE);
	}
	assert_true(chatter.held > 10000);
	cal_chatter_end(&chatter);
	expect_count(CAL_CHATTER_BURST + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_splits, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_clean, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_character_cut, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_burst, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flood, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
