/* Unit tests of cli/event and counters, read back from stderr. */
#include <unistd.h>

#include "base/log.h"
#include "cli/counters.h"
#include "cli/event.h"
#include "unit.h"

/* What is said goes to a file for as long as say runs. */
static char *
heard(enum cal_level level, void (*say)(void))
{
	const struct cal_log_conf conf = { .program = "test", .level = level,
	    .patient = true };
	FILE *file = tmpfile();
	char *text = calloc(1, 4096);
	int saved = dup(STDERR_FILENO);

	assert_non_null(file);
	assert_non_null(text);
	cal_log_setup(&conf);
	assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	say();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(saved);
	rewind(file);
	assert_true(fread(text, 1, 4095, file) < 4095);
	(void)fclose(file);
	return text;
}

static bool json;

static void
say_message(void)
{
	struct cal_job job = { .topic = BYTES("a b\n"), .seq = BYTES("7"),
	    .body = BYTES("body") };
	struct cal_outcome outcome = { .verdict = CAL_VERDICT_CANCELLED,
	    .stop = CAL_STOP_SHUTDOWN };
	struct cal_event event;

	cal_event_begin(&event, "message", json);
	cal_event_put_number(&event, "number", 3);
	cal_event_put_job(&event, &job, &outcome, 0.0125);
	cal_event_put_bool(&event, "delivered", false);
	cal_event_put(&event, "empty", BYTES(""));
	cal_event_say(&event);
}

static void
test_event(void **state)
{
	char *text;

	(void)state;
	json = false;
	text = heard(CAL_LOG_INFO, say_message);
	assert_string_equal(text, "message number=3 topic=a b%0A seq=7 "
	    "status=cancelled why=shutdown ms=12.500 in=4 out=0 "
	    "delivered=false\n");
	free(text);
	json = true;
	text = heard(CAL_LOG_INFO, say_message);
	assert_string_equal(text, "{\"event\":\"message\",\"number\":3,"
	    "\"topic\":\"a b\\n\",\"seq\":\"7\",\"status\":\"cancelled\","
	    "\"why\":\"shutdown\",\"ms\":12.500,\"in\":4,\"out\":0,"
	    "\"delivered\":false}\n");
	free(text);
	text = heard(CAL_LOG_WARNING, say_message);
	assert_string_equal(text, "");
	free(text);
}

static void
say_long(void)
{
	char key[1000];
	struct cal_event event;

	memset(key, 'k', sizeof(key));
	cal_event_begin(&event, "e", false);
	cal_event_put(&event, "key", cal_slice_of(key, sizeof(key)));
	cal_event_say(&event);
}

static void
test_long_value(void **state)
{
	char *text = heard(CAL_LOG_INFO, say_long);

	(void)state;
	assert_int_equal(strlen(text), strlen("e key=\n") + 256);
	free(text);
}

static void
say_counters(void)
{
	const struct cal_counter counters[] = {
		{ "a", 0 }, { "b", UINT64_MAX },
	};

	CAL_COUNTERS_SAY(counters);
}

static void
test_counters(void **state)
{
	char *text = heard(CAL_LOG_FAILURE, say_counters);

	(void)state;
	assert_string_equal(text, "{\"a\":0,\"b\":18446744073709551615}\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
