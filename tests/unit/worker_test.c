/*
 * Unit tests of exec/worker: questions and their answers, while all goes well.
 * How workers end is in worker_end_test.c.
 */
#include "workers.h"

#define ANSWER(id, member) \
	"printf '{\"jsonrpc\":\"2.0\",\"id\":" id "," member "}\\n';"

static void
test_in_order(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines, "exec cat");
	assert_int_equal(kill(cal_worker_pid(side.worker), 0), 0);
	assert_int_equal(cal_worker_load(side.worker), 0);
	(void)side_ask_text(&side, "[0]");
	(void)side_ask_text(&side, "[\n1\n]");
	(void)side_ask_text(&side, "[2]");
	assert_int_equal(cal_worker_load(side.worker), 3);
	assert_string_equal(side.told, "");
	WAIT_FOR(side.questions[2].done);
	assert_int_equal(cal_worker_load(side.worker), 0);
	assert_result(&side.questions[0], "[0]");
	assert_result(&side.questions[1], "[1]");
	assert_result(&side.questions[2], "[2]");
	assert_int_equal(side.questions[2].accepted, 1);
	side_leave(&side, "0 answered, 1 answered, 2 answered");
}

static void
test_framed(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_framed, "exec cat");
	(void)side_ask(&side, BYTES("a\0\n\r\n"));
	(void)side_ask(&side, BYTES(""));
	(void)side_ask(&side, BYTES("c"));
	WAIT_FOR(side.questions[2].done);
	assert_slice(cal_buf_view(&side.questions[0].outcome.body),
	    "a\0\n\r\n");
	assert_result(&side.questions[1], "");
	assert_result(&side.questions[2], "c");
	side_leave(&side, "0 answered, 1 answered, 2 answered");
}

/* Each goes to the one that it names; errors, too, are answers. */
static void
test_by_id(void **state)
{
	struct side side;
	size_t i;

	(void)state;
	side_start(&side, &cal_dialect_jsonrpc, "read a; read b; read c;"
	    ANSWER("3", "\"result\":\"$c\"") ANSWER("1", "\"result\":[1]")
	    ANSWER("2", "\"error\":{\"code\":5,\"message\":\"no\","
	    "\"data\":{\"name\":\"Bad\",\"traceback\":\"t\"}}") "cat");
	for (i = 0; i < 3; i++)
		assert_int_equal(side_ask_text(&side, "1")->begun, 1);
	WAIT_FOR(side.questions[1].done);
	assert_result(&side.questions[0], "[1]");
	assert_result(&side.questions[2], "\"$c\"");
	assert_failed(&side.questions[1], "Bad", "no");
	assert_string_equal(cal_buf_text(
	    &side.questions[1].outcome.traceback), "t");
	assert_int_equal(side.questions[1].accepted, 0);
	assert_int_equal(side.questions[1].begun, 1);
	side_leave(&side, "2 answered, 0 answered, 1 answered");
}

/* In a worker that answers in order, the time of the others does not run. */
static void
test_first_begins(void **state)
{
	struct side side;
	struct question *asked[3];
	size_t i;

	(void)state;
	side_start(&side, &cal_dialect_lines,
	    "read a; read b; read c; echo 1; read d; echo 2; echo 3; cat");
	for (i = 0; i < COUNT(asked); i++)
		asked[i] = side_ask_text(&side, "0");
	assert_int_equal(asked[0]->begun, 1);
	assert_int_equal(asked[1]->begun, 0);
	WAIT_FOR(asked[0]->done);
	assert_int_equal(asked[0]->begun, 1);
	assert_int_equal(asked[1]->begun, 1);
	assert_int_equal(asked[2]->begun, 0);
	assert_int_equal(side_ask_text(&side, "0")->begun, 0);
	WAIT_FOR(asked[2]->done);
	assert_int_equal(asked[2]->begun, 1);
	assert_int_equal(side.questions[3].begun, 1);
	assert_int_equal(cal_worker_load(side.worker), 1);
	cal_worker_kill(side.worker);
	side_expect_end(&side, "0 answered, 1 answered, 2 answered, "
	    "3 answered", "SIGKILL", true);
}

/* What nobody wants any more is waited for, and comes to nothing. */
static void
test_dropped(void **state)
{
	struct side side;
	struct question *first, *second;

	(void)state;
	side_start(&side, &cal_dialect_lines,
	    "read a; read b; echo garbage; echo 2; read c; echo 3; cat");
	first = side_ask_text(&side, "1");
	side_drop(&side, first, CAL_STOP_CANCEL);
	side_drop(&side, first, CAL_STOP_DEADLINE);
	settle();
	assert_false(first->done);
	assert_int_equal(cal_worker_load(side.worker), 1);
	second = side_ask_text(&side, "2");
	WAIT_FOR(second->done);
	assert_cancelled(first, CAL_STOP_CANCEL);
	assert_int_equal(first->accepted, 0);
	assert_int_equal(first->outcome.body.len, 0);
	assert_result(second, "2");
	side_drop(&side, side_ask_text(&side, "3"), CAL_STOP_DEADLINE);
	WAIT_FOR(side.questions[2].done);
	assert_cancelled(&side.questions[2], CAL_STOP_DEADLINE);
	side_leave(&side, "0 answered, 1 answered, 2 answered");
}

/* Whoever can be told is told, once, and still answers. */
static void
test_told_of_cancel(void **state)
{
	struct side side;
	struct question *question;

	(void)state;
	side_start(&side, &cal_dialect_jsonrpc,
	    "read a; read b; case $b in *cancelRequest*'\"id\":1}'*)"
	    ANSWER("1", "\"error\":{\"code\":1,\"message\":\"\"}")
	    "esac; read c; case $c in *body*)" ANSWER("2", "\"result\":2")
	    "esac; cat");
	question = side_ask_text(&side, "1");
	side_drop(&side, question, CAL_STOP_DEADLINE);
	side_drop(&side, question, CAL_STOP_CANCEL);
	WAIT_FOR(question->done);
	assert_cancelled(question, CAL_STOP_DEADLINE);
	question = side_ask_text(&side, "2");
	WAIT_FOR(question->done);
	assert_result(question, "2");
	side_leave(&side, "0 answered, 1 answered");
}

static void
test_partial(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines, "read a; printf on;"
	    "read b; printf 'e\\ntw'; read c; printf 'o\\r'; read d;"
	    "printf '\\nthree\\nfour'; echo; cat");
	(void)side_ask_text(&side, "0");
	WAIT_FOR(side.worker->output.len == 2);
	(void)side_ask_text(&side, "1");
	WAIT_FOR(side.questions[0].done);
	assert_false(side.questions[1].done);
	(void)side_ask_text(&side, "2");
	WAIT_FOR(side.worker->output.len == 4);
	assert_false(side.questions[1].done);
	(void)side_ask_text(&side, "3");
	WAIT_FOR(side.questions[3].done);
	assert_result(&side.questions[0], "one");
	assert_result(&side.questions[1], "two");
	assert_result(&side.questions[2], "three");
	assert_result(&side.questions[3], "four");
	side_leave(&side, "0 answered, 1 answered, 2 answered, 3 answered");
}

/* It cannot be said: the worker has not got it, and is as it was. */
static void
test_not_asked(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines, "exec cat");
	assert_int_equal(side_try_ask(&side, BYTES("a\nb"), false),
	    CAL_EDATA);
	assert_int_equal(cal_worker_load(side.worker), 0);
	assert_int_equal(side.questions[0].begun, 0);
	(void)side_ask_text(&side, "1");
	WAIT_FOR(side.questions[0].done);
	assert_result(&side.questions[0], "1");
	side_leave(&side, "0 answered");
}

/* A RESULT that is not let out is its own affair. */
static void
test_refused(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_framed, "exec cat");
	(void)side_ask(&side, BYTES("refused"));
	(void)side_ask(&side, BYTES("fine"));
	WAIT_FOR(side.questions[1].done);
	assert_failed(&side.questions[0], "BadOutput", "it is refused");
	assert_result(&side.questions[1], "fine");
	side_leave(&side, "0 answered, 1 answered");
}

static uint8_t *
new_body(size_t len)
{
	uint8_t *body = cal_malloc(len);

	memset(body, 'x', len);
	return body;
}

/*
 * No copy on the way in: what changes before it was written arrives changed.
 * None on the way out: the body comes in the memory that it was read into.
 */
static void
test_large(void **state)
{
	const size_t len = 3 << 20;
	uint8_t *body = new_body(len);
	struct question *question;
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_lines, "exec cat");
	question = side_ask(&side, cal_slice_of(body, len));
	assert_int_equal(side.worker->ask.head.len, 0);
	assert_ptr_equal(side.worker->ask.body.ptr, body);
	body[0] = 'a';
	body[len - 1] = 'z';
	WAIT_FOR(question->done);
	assert_true(side.moved);
	assert_int_equal(question->outcome.body.len, len);
	assert_memory_equal(question->outcome.body.ptr, body, len);
	assert_int_equal(side.worker->output.cap, 0);
	/* A small one is copied, and leaves the memory where it is. */
	question = side_ask(&side, BYTES("small"));
	WAIT_FOR(question->done);
	assert_false(side.moved);
	assert_result(question, "small");
	free(body);
	side_leave(&side, "0 answered, 1 answered");
}

/* Large answers that are copied: their memory is given back. */
static void
test_memory(void **state)
{
	struct side side;

	(void)state;
	side_start(&side, &cal_dialect_jsonrpc, "read a; read b;"
	    "printf '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"%2000000s\"}\\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":1}\\n'; cat");
	(void)side_ask_text(&side, "1");
	(void)side_ask_text(&side, "2");
	WAIT_FOR(side.questions[1].done);
	assert_int_equal(side.questions[0].outcome.body.len, 2000002);
	assert_result(&side.questions[1], "1");
	assert_int_equal(side.worker->output.len, 0);
	assert_in_range(side.worker->output.cap, 0, 1 << 20);
	assert_int_equal(cal_map_count(side.worker->ids), 0);
	side_leave(&side, "0 answered, 1 answered");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_framed),
		cmocka_unit_test(test_by_id),
		cmocka_unit_test(test_first_begins),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_told_of_cancel),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, open_commands, close_commands);
}
