/* Unit tests of call/verdict: the table of exit statuses. */
#include "call/verdict.h"
#include "unit.h"

#define NO_REASON "the handler failed and gave no reason"
#define SLICE(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }

static const struct row {
	struct cal_answer answer;
	const char *word, *name, *words;
	int status, remote;
} rows[] = {
	{ { .kind = CAL_ANSWER_RESULT }, "result", "", "", 0, 0 },
	{ { .kind = CAL_ANSWER_FAILURE, .has_status = true, .status = 3,
	    .error = { SLICE("HandlerExit"), SLICE("exit status 3") } },
	    "failure", "HandlerExit", "HandlerExit: exit status 3", 1, 3 },
	{ { .kind = CAL_ANSWER_FAILURE, .has_status = true, .status = -11,
	    .error = { SLICE("HandlerSignal"), SLICE("SIGSEGV") } },
	    "failure", "HandlerSignal", "HandlerSignal: SIGSEGV", 1, 139 },
	{ { .kind = CAL_ANSWER_FAILURE,
	    .error = { SLICE("ZeroDivisionError") } },
	    "failure", "ZeroDivisionError", "ZeroDivisionError", 1, 255 },
	/* What a stranger may say. */
	{ { .kind = CAL_ANSWER_FAILURE, .has_status = true, .status = 0 },
	    "failure", "", NO_REASON, 1, 255 },
	{ { .kind = CAL_ANSWER_FAILURE, .has_status = true, .status = 256 },
	    "failure", "", NO_REASON, 1, 255 },
	{ { .kind = CAL_ANSWER_FAILURE, .has_status = true,
	    .status = INT64_MIN }, "failure", "", NO_REASON, 1, 255 },
	{ { .kind = CAL_ANSWER_ERROR, .ours = true,
	    .error = { SLICE("Busy"), SLICE("no room") } },
	    "error", "Busy", "Busy: no room", 75, 255 },
	{ { .kind = CAL_ANSWER_ERROR, .error = { SLICE("Busy") } },
	    "error", "Busy", "Busy", 3, 255 },
	{ { .kind = CAL_ANSWER_ERROR, .ours = true,
	    .error = { SLICE("TooLarge") } },
	    "error", "TooLarge", "TooLarge", 65, 255 },
	{ { .kind = CAL_ANSWER_ERROR, .ours = true,
	    .error = { SLICE("Forbidden") } },
	    "error", "Forbidden", "Forbidden", 77, 255 },
	{ { .kind = CAL_ANSWER_ERROR, .ours = true,
	    .error = { SLICE("MethodNotFound") } },
	    "error", "MethodNotFound", "MethodNotFound", 3, 255 },
	{ { .kind = CAL_ANSWER_CANCELLED, .why = SLICE("shutdown") },
	    "cancelled", "Cancelled", "cancelled by the server: shutdown",
	    4, 255 },
	{ { .kind = CAL_ANSWER_CANCELLED },
	    "cancelled", "Cancelled", "cancelled by the server", 4, 255 },
	/* By our own deadline: it may have run. */
	{ { .kind = CAL_ANSWER_CANCELLED, .why = SLICE("deadline") },
	    "cancelled", "Cancelled", "cancelled by the server: deadline",
	    124, 255 },
	{ { .kind = CAL_ANSWER_TIMEOUT, .err = { CAL_EUNKNOWN, "late" } },
	    "timeout", "Timeout", "late", 124, 255 },
	{ { .kind = CAL_ANSWER_LOST, .err = { CAL_EUNKNOWN, "lost" } },
	    "lost", "ConnectionLost", "lost", 124, 255 },
	{ { .kind = CAL_ANSWER_UNSENT, .err = { CAL_EUNAVAIL, "nobody" } },
	    "error", "NotSent", "nobody", 69, 255 },
	{ { .kind = CAL_ANSWER_UNSENT, .err = { CAL_EDENIED, "no" } },
	    "error", "NotSent", "no", 77, 255 },
	{ { .kind = CAL_ANSWER_UNREADABLE, .err = { CAL_EPROTO, "bad" } },
	    "error", "BadAnswer", "bad", 76, 255 },
};

static void
test_table(void **state)
{
	struct cal_buf words = { .max = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];

		assert_string_equal(cal_verdict_status(&row->answer),
		    row->word);
		assert_int_equal(cal_verdict_exit(&row->answer), row->status);
		assert_int_equal(cal_verdict_remote(&row->answer),
		    row->remote);
		assert_true(cal_slice_is(cal_verdict_name(&row->answer),
		    row->name));
		cal_buf_clear(&words);
		cal_verdict_words(&words, &row->answer);
		assert_string_equal(cal_buf_text(&words), row->words);
	}
	cal_buf_release(&words);
}

/* Signals of the other side, as a shell shows them. */
static void
test_remote_signals(void **state)
{
	struct cal_answer answer = {
		.kind = CAL_ANSWER_FAILURE, .has_status = true,
	};
	int i;

	(void)state;
	for (i = 1; i <= 64; i++) {
		answer.status = -i;
		assert_int_equal(cal_verdict_remote(&answer), 128 + i);
	}
	for (i = 1; i <= 255; i++) {
		answer.status = i;
		assert_int_equal(cal_verdict_remote(&answer), i);
	}
	answer.status = -128;
	assert_int_equal(cal_verdict_remote(&answer), 255);
}

static void
test_repeatable(void **state)
{
	static const int statuses[] = {
		0, 1, 3, 4, 64, 65, 68, 69, 70, 74, 75, 76, 77, 124, 255,
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(statuses); i++)
		assert_true(cal_verdict_repeatable(statuses[i]) ==
		    (statuses[i] == 69 || statuses[i] == 75));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_remote_signals),
		cmocka_unit_test(test_repeatable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
