/* Unit tests of keygen/report. */
#include "base/io.h"
#include "folder.h"
#include "keygen/report.h"

static void
test_put(void **state)
{
	/* As in rfc.zeromq.org/spec/32, with zeros behind it. */
	static const uint8_t public[CAL_KEY_BYTES] = {
		0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b,
	};
	struct cal_report report = { .name = "a \"b\"", .public = public };
	struct cal_buf out = { 0 };

	(void)state;
	report.public_path = "\xff\n.pub";
	cal_report_put(&out, &report);
	assert_string_equal(cal_buf_text(&out), "{\"name\":\"a \\\"b\\\"\","
	    "\"public\":\"HelloWorld000000000000000000000000000000\","
	    "\"fingerprint\":"
	    "\"SHA256:0EjfYnljOkPmMlN5Kx5pnH2ouQXOjgVd4131gQFtmc8\","
	    "\"files\":{\"public\":\"\xef\xbf\xbd\\n.pub\"}}\n");
	cal_buf_clear(&out);
	report.secret_path = "a.key";
	report.public_path = NULL;
	cal_report_put(&out, &report);
	assert_non_null(strstr(cal_buf_text(&out),
	    "\"files\":{\"secret\":\"a.key\"}}\n"));
	cal_buf_release(&out);
}

static int
write_to(const char *path, struct cal_err *err)
{
	return cal_report_write(path, BYTES("text\n"), err);
}

static void
test_write(void **state)
{
	struct cal_buf text = { 0 };
	struct cal_err err;

	(void)state;
	assert_int_equal(cal_report_check("new", &err), CAL_OK);
	assert_int_equal(write_to("new", &err), CAL_OK);
	assert_int_equal(cal_io_load(&text, "new", &err), CAL_OK);
	assert_string_equal(cal_buf_text(&text), "text\n");
	cal_buf_release(&text);
	assert_int_equal(cal_report_check("new", &err), CAL_ECREATE);
	assert_int_equal(write_to("new", &err), CAL_ECREATE);
	assert_string_equal(err.text, "'new' is there already");
	assert_int_equal(write_to("/dev/null", &err), CAL_OK);
	assert_int_equal(write_to("/dev/full", &err), CAL_EIO);
	assert_string_equal(err.text,
	    "cannot write '/dev/full': No space left on device");
	assert_int_equal(write_to("no/new", &err), CAL_EIO);
	assert_int_equal(write_to(".", &err), CAL_EIO);
	assert_int_equal(symlink("new", "link"), 0);
	assert_int_equal(write_to("link", &err), CAL_ECREATE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test_setup_teardown(test_write, folder_enter,
		    folder_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
