/* Unit tests of cli/source: given bodies, files, and standard input. */
#include "cli/source.h"
#include "folder.h"
#include "loop.h"

enum { MAX_BODY = 1024 };

static struct cal_err err;
static size_t readies;

static void
on_ready(void *arg)
{
	(void)arg;
	readies++;
}

static int
settle_options(const char *body, const char *data, bool no_body, bool lines)
{
	struct cal_source_options source = {
		.data_option = data, .no_body = no_body,
	};
	const struct cal_shape shape = { .lines = lines };

	return cal_source_settle(&source, body, &shape, &err);
}

static void
test_one_of_them(void **state)
{
	(void)state;
	assert_int_equal(settle_options(NULL, NULL, false, false), CAL_OK);
	assert_int_equal(settle_options(NULL, NULL, false, true), CAL_OK);
	assert_int_equal(settle_options("1", NULL, false, false), CAL_OK);
	assert_int_equal(settle_options("1", "1", false, false), CAL_EUSAGE);
	assert_string_equal(err.text, "BODY and -d exclude each other");
	assert_int_equal(settle_options(NULL, "1", true, false), CAL_EUSAGE);
	assert_int_equal(settle_options(NULL, NULL, true, true), CAL_EUSAGE);
	assert_string_equal(err.text, "-n and -l exclude each other");
	assert_int_equal(settle_options("", NULL, false, true), CAL_EUSAGE);
}

static int
open_source(struct cal_source **sourcep, struct cal_source_options *options,
    const char *body, const char *data, bool no_body)
{
	static struct cal_shape shape;
	struct cal_source_conf conf = {
		.loop = loop, .options = options, .shape = &shape,
		.max_body = MAX_BODY, .ready = on_ready,
	};

	*options = (struct cal_source_options){
		.data_option = data, .no_body = no_body,
	};
	shape = (struct cal_shape){ .serializer = "json" };
	assert_int_equal(cal_shape_settle(&shape, &err), CAL_OK);
	assert_int_equal(cal_source_settle(options, body, &shape, &err),
	    CAL_OK);
	return cal_source_open(sourcep, &conf, &err);
}

/* One message, as often as it is asked for. */
static void
check_given(const char *body, const char *data, bool no_body,
    const char *want)
{
	struct cal_source_options options;
	struct cal_source *source;
	struct cal_slice record;
	int i;

	assert_int_equal(open_source(&source, &options, body, data, no_body),
	    CAL_OK);
	for (i = 0; i < 3; i++) {
		assert_int_equal(cal_source_next(source, &record, &err),
		    CAL_OK);
		assert_true(cal_slice_is(record, want));
		assert_int_equal(cal_source_next(source, &record, &err),
		    CAL_EGONE);
		assert_true(cal_source_again(source));
	}
	cal_source_close(source);
}

static void
test_given(void **state)
{
	char large[MAX_BODY + 1];
	struct cal_source_options options;
	struct cal_source *source;

	(void)state;
	check_given("", NULL, false, "");
	check_given("{}", NULL, false, "{}");
	check_given(NULL, NULL, true, "");
	check_given(NULL, "-1", false, "-1");
	folder_write("body", BYTES("[1]\n"), 0600);
	check_given(NULL, "@body", false, "[1]\n");
	assert_int_equal(open_source(&source, &options, NULL, "@nothing",
	    false), CAL_ENOINPUT);
	assert_null(source);
	memset(large, '1', sizeof(large));
	folder_write("large", cal_slice_of(large, sizeof(large)), 0600);
	assert_int_equal(open_source(&source, &options, NULL, "@large",
	    false), CAL_EDATA);
}

/* Nothing is read of standard input before it is asked for. */
static void
test_stdin(void **state)
{
	static const char *const words[] = { NULL, "@-" };
	struct cal_source_options options;
	struct cal_source *source;
	struct cal_slice record;
	size_t i;

	(void)state;
	folder_write("in", BYTES("[1]\n[2]\n"), 0600);
	for (i = 0; i < COUNT(words); i++) {
		assert_non_null(freopen("in", "r", stdin));
		readies = 0;
		assert_int_equal(open_source(&source, &options, NULL,
		    words[i], false), CAL_OK);
		settle();
		assert_int_equal(lseek(STDIN_FILENO, 0, SEEK_CUR), 0);
		while (cal_source_next(source, &record, &err) == CAL_EAGAIN)
			turn_loop();
		assert_slice(record, "[1]\n[2]\n");
		assert_int_equal(cal_source_next(source, &record, &err),
		    CAL_EGONE);
		assert_true(readies > 0);
		assert_false(cal_source_again(source));
		cal_source_close(source);
	}
}

static int
set_up(void **state)
{
	return folder_enter(state) != 0 || open_loop(state) != 0;
}

static int
tear_down(void **state)
{
	return close_loop(state) != 0 || folder_leave(state) != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_them),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_stdin),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
