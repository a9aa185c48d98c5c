/* Unit tests of codec/rpcmsg, reading headers.  Golden: vectors_test. */
#include "unit.h"

#include "codec/mp.h"
#include "codec/rpcmsg.h"

static struct cal_buf header;
static struct cal_rpcmsg msg;
static struct cal_err err;
static bool echoable;

/* A header of five raw values; NULL leaves the key out. */
static int
read_values(const char *type, const char *meth, const char *okey,
    const char *seq, const char *zip)
{
	const char *names[] = { "type", "meth", "okey", "seq", "zip" };
	const char *values[] = { type, meth, okey, seq, zip };
	uint32_t i, count = 0;

	for (i = 0; i < 5; i++)
		count += values[i] != NULL;
	cal_buf_clear(&header);
	cal_mp_put_map(&header, count);
	for (i = 0; i < 5; i++) {
		if (values[i] == NULL)
			continue;
		cal_mp_put_str(&header, cal_slice_text(names[i]));
		/* Zero is written as a fixint of one NUL byte. */
		cal_buf_put(&header, values[i],
		    *values[i] == '\0' ? 1 : strlen(values[i]));
	}
	return cal_rpcmsg_read_header(&msg, cal_buf_view(&header), &echoable,
	    &err);
}

static void
refused(int rc, bool echo, const char *words)
{
	assert_int_equal(rc, CAL_EPROTO);
	assert_string_equal(err.text, words);
	assert_int_equal(echoable, echo);
}

static void
test_types(void **state)
{
	static const char *const same[] = {
		"\1", "\xc3", "\xcc\1", "\xd0\1",
	};
	static const char *const none[] = {
		"\7", "\xff", "\xa1\x31", "\xc0", "\xca\x3f\xc0\1\1",
		"\xcb\x7f\xf8\1\1\1\1\1\1", "\xca\xbf\x80\1\1", "\x91\1",
		"\x80", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "\xd4\1\1",
		"\xca\x40\xe0\1\1", "\xcb\xff\xf8\1\1\1\1\1\1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(same); i++) {
		assert_int_equal(read_values(same[i], "\xa1m", "\xa0", "\5",
		    "\xc2"), CAL_OK);
		assert_int_equal(msg.type, CAL_RPC_FUNCTION);
		assert_false(echoable);
	}
	for (i = 0; i < COUNT(none); i++)
		refused(read_values(none[i], "\xa1m", "\xa0", "\5", "\xc2"),
		    true, "header has an unknown type");
	assert_int_equal(read_values("", "\xa1m", "\xa0", "", "\xc2"),
	    CAL_OK);
	assert_int_equal(msg.type, CAL_RPC_NULL);
	assert_int_equal(read_values("\xc2", "\xa1m", "\xa0", "", "\xc2"),
	    CAL_OK);
	assert_int_equal(msg.type, CAL_RPC_NULL);
	assert_int_equal(read_values("\6", "\xa1m", "\xa0", "", "\xc2"),
	    CAL_OK);
	assert_int_equal(msg.type, CAL_RPC_CANCELLED);
	assert_string_equal(cal_rpc_type_name(msg.type), "CANCELLED");
}

/* 1.0 as both kinds of float; the bytes have NULs. */
static void
test_float_type(void **state)
{
	struct cal_slice floats[] = {
		BYTES("\xca\x3f\x80\0\0"), BYTES("\xcb\x3f\xf0\0\0\0\0\0\0"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(floats); i++) {
		cal_buf_clear(&header);
		cal_buf_put_text(&header, "\x85\xa4type");
		cal_buf_put(&header, floats[i].ptr, floats[i].len);
		cal_buf_put_text(&header,
		    "\xa4meth\xa1m\xa4okey\xa0\xa3seq\1\xa3zip\xc2");
		assert_int_equal(cal_rpcmsg_read_header(&msg,
		    cal_buf_view(&header), NULL, NULL), CAL_OK);
		assert_int_equal(msg.type, CAL_RPC_FUNCTION);
	}
}

static void
test_ids(void **state)
{
	static const struct {
		const char *okey;
		const char *key;
	} rows[] = {
		{ "\xa0", "" }, { "\xc0", "" }, { "\xa1k", "k" },
		{ "\xc4\1k", "k" }, { "\5", "\5" }, { "\xc3", "\xc3" },
		{ "\x91\xa1" "a", "\x91\xa1" "a" }, { "\xd4\5z", "\xd4\5z" },
		{ "\xff", "\xff" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(read_values("\1", "\xa1m", rows[i].okey,
		    rows[i].okey, "\xc2"), CAL_OK);
		assert_true(cal_slice_is(msg.id.okey, rows[i].okey));
		assert_true(cal_slice_is(msg.id.seq, rows[i].okey));
		assert_true(cal_slice_is(msg.key, rows[i].key));
		assert_slice(msg.id.meth, "\xa1m");
		assert_slice(msg.method, "m");
	}
}

static void
test_zip(void **state)
{
	static const struct {
		const char *zip;
		bool truth;
	} rows[] = {
		{ "\xc3", true }, { "\1", true }, { "\xa3yes", true },
		{ "\xff", true }, { "\x91\1", true }, { "\x81\1\1", true },
		{ "\xd4\1\1", true }, { "\xca\1\1\1\1", true },
		{ "\xc2", false }, { "\xc0", false }, { "", false },
		{ "\xa0", false }, { "\x90", false }, { "\x80", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(read_values("\1", "\xa1m", "\xa0", "\1",
		    rows[i].zip), CAL_OK);
		assert_int_equal(msg.zip, rows[i].truth);
	}
}

static void
test_missing(void **state)
{
	const char words[] = "header has a key too few";

	(void)state;
	refused(read_values(NULL, "\xa1m", "\xa0", "\1", "\xc2"), false,
	    words);
	refused(read_values("\1", NULL, "\xa0", "\1", "\xc2"), false, words);
	refused(read_values("\1", "\xa1m", NULL, "\1", "\xc2"), false, words);
	refused(read_values("\1", "\xa1m", "\xa0", NULL, "\xc2"), false,
	    words);
	refused(read_values("\1", "\xa1m", "\xa0", "\1", NULL), false, words);
	assert_int_equal(msg.id.meth.len, 0);
}

static void
test_details(void **state)
{
	const char map[] = "header has a map where a call is named";
	const char kind[] = "header has a method that is not text";
	char text[8192];

	(void)state;
	refused(read_values("\1", "\xa1m", "\x80", "\1", "\xc2"), false, map);
	refused(read_values("\1", "\xa1m", "\xa0", "\x80", "\xc2"), false,
	    map);
	refused(read_values("\1", "\x80", "\xa0", "\1", "\xc2"), false, map);
	refused(read_values("\1", "\xc4\1m", "\xa1k", "\1", "\xc2"), true,
	    kind);
	assert_slice(msg.id.meth, "\xc4\1m");
	assert_slice(msg.id.okey, "\xa1k");
	assert_slice(msg.id.seq, "\1");
	refused(read_values("\2", "\xc4\1m", "\xa1k", "\1", "\xc2"), false,
	    kind);
	refused(read_values("\5", "\xc0", "\xa1k", "\1", "\xc2"), false,
	    kind);
	refused(read_values("\x09", "\xc0", "\xa1k", "\1", "\xc2"), true,
	    kind);
	/* 255 bytes of method, then 256. */
	memset(text, 'm', sizeof(text));
	memcpy(text, "\xd9\xff", 2);
	text[257] = '\0';
	assert_int_equal(read_values("\1", text, "\xa0", "\1", "\xc2"),
	    CAL_OK);
	assert_int_equal(msg.method.len, CAL_RPCMSG_METHOD_MAX);
	memcpy(text, "\xda\1\1", 3);
	text[257] = 'm';
	text[260] = '\0';
	refused(read_values("\1", text, "\xa0", "\1", "\xc2"), true,
	    "header has a method that is too long");
	/* A raw key of 4096 bytes, then 4097. */
	memset(text, 'k', sizeof(text));
	memcpy(text, "\xda\x0f\xfd", 3);
	text[4096] = '\0';
	assert_int_equal(read_values("\1", "\xa1m", text, text, "\xc2"),
	    CAL_OK);
	memcpy(text, "\xda\x0f\xfe", 3);
	text[4096] = 'k';
	text[4097] = '\0';
	refused(read_values("\1", "\xa1m", text, "\1", "\xc2"), true,
	    "header has an order key that is too long");
	refused(read_values("\1", "\xa1m", "\xa0", text, "\xc2"), true,
	    "header has a sequence number that is too long");
}

static void
test_whole_header(void **state)
{
	struct cal_slice good = BYTES("\x85\xa4type\1\xa4meth\xa1m\xa4okey"
	    "\xc4\0\xa3seq\0\xa3zip\xc2");
	size_t len;

	(void)state;
	assert_int_equal(cal_rpcmsg_read_header(&msg, good, NULL, NULL),
	    CAL_OK);
	for (len = 0; len < good.len; len++) {
		struct cal_slice copy = exact(cal_slice_of(good.ptr, len));

		refused(cal_rpcmsg_read_header(&msg, copy, &echoable, &err),
		    false, "header ends too early");
		exact_free(copy);
	}
	cal_buf_clear(&header);
	cal_buf_put(&header, good.ptr, good.len);
	cal_buf_put_byte(&header, 0);
	refused(cal_rpcmsg_read_header(&msg, cal_buf_view(&header),
	    &echoable, &err), false, "header has bytes behind its end");
	header.ptr[0] = 0x86;
	cal_buf_put_text(&header, "\1");
	refused(cal_rpcmsg_read_header(&msg, cal_buf_view(&header),
	    &echoable, &err), false, "header has a key that is not text");
	cal_buf_cut(&header, good.len);
	cal_buf_put_text(&header, "\xa4type\2");
	refused(cal_rpcmsg_read_header(&msg, cal_buf_view(&header),
	    &echoable, &err), false, "header has a key twice");
	cal_buf_cut(&header, good.len);
	cal_buf_put_text(&header, "\xa1x");
	cal_mp_put_bin_head(&header, 16384);
	memset(cal_buf_room(&header, 16384), 0, 16384);
	cal_buf_grown(&header, 16384);
	refused(cal_rpcmsg_read_header(&msg, cal_buf_view(&header),
	    &echoable, &err), false, "header is too long");
}

static int
tear_down(void **state)
{
	(void)state;
	cal_buf_release(&header);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_float_type),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_whole_header),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
