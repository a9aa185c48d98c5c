/* Unit tests of codec/rpcmsg, reading payloads.  Golden: vectors_test. */
#include "unit.h"

#include "codec/rpcmsg.h"

enum { MAX_BYTES = 1 << 20 };

static struct cal_buf plain;
static struct cal_rpcmsg msg;
static struct cal_err err;

static int
read_payload(enum cal_rpc_type type, struct cal_slice bytes)
{
	struct cal_slice copy = exact(bytes);
	int rc;

	msg = (struct cal_rpcmsg){ .type = type };
	rc = cal_rpcmsg_read_payload(&msg, copy, &plain, MAX_BYTES, &err);
	exact_free(copy);
	return rc;
}

#define META "\x82\xa4meta"
#define BODY "\xa4" "body"

static void
test_metas(void **state)
{
	struct cal_slice good[] = {
		BYTES(META "\xc4\0" BODY "\xc4\1x"),
		BYTES(META "\xc4\1\x90" BODY "\xc4\1x"),
		BYTES(META "\xc4\1\x80" BODY "\xc4\1x"),
		BYTES(META "\xc0" BODY "\xa1x"),
		BYTES(META "\xc2" BODY "\xc4\1x"),
		BYTES(META "\xa0" BODY "\xc4\1x"),
		BYTES("\x82\xa4" "body\xc4\1x\xa4meta\xc4\0"),
		BYTES("\x83\xa4" "body\xc4\1x\xa1z\1\xa4meta\xc4\0"),
	};
	struct cal_slice bad[] = {
		BYTES(META "\5" BODY "\xc4\1x"),
		BYTES(META "\xc3" BODY "\xc4\1x"),
		BYTES(META "\xa1x" BODY "\xc4\1x"),
		BYTES(META "\xc4\2\x91\1" BODY "\xc4\1x"),
		BYTES(META "\xc4\1\xc0" BODY "\xc4\1x"),
		BYTES(META "\xc4\1\xc1" BODY "\xc4\1x"),
		BYTES(META "\xc4\2\x90\x90" BODY "\xc4\1x"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(read_payload(CAL_RPC_FUNCTION, good[i]),
		    CAL_OK);
		assert_int_equal(msg.body.len, 1);
	}
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(read_payload(CAL_RPC_FUNCTION, bad[i]),
		    CAL_EPROTO);
		assert_int_equal(read_payload(CAL_RPC_RESULT, bad[i]),
		    CAL_OK);
		assert_int_equal(read_payload(CAL_RPC_CANCEL, bad[i]),
		    CAL_OK);
		assert_int_equal(msg.body.len, 0);
	}
}

static void
test_bodies(void **state)
{
	struct cal_slice bad[] = {
		BYTES(""), BYTES("\xc0"), BYTES("\x90"), BYTES("\x80"),
		BYTES(META "\xc4\0" BODY "\xc0"),
		BYTES(META "\xc4\0" BODY "\5"),
		BYTES(META "\xc4\0" BODY "\x80"),
		BYTES(META "\xc4\0" BODY "\xd4\1x"),
		BYTES("\x81\xa4meta\xc4\0"), BYTES("\x81\xa4" "body\xc4\1x"),
		BYTES(META "\xc4\0" BODY "\xc4\1x\0"),
		BYTES(META "\xc4\0" BODY "\xc4\2x"),
		BYTES("\x83\xa4meta\xc4\0\xa4" "body\xa1x\xa4" "body\xa1x"),
		BYTES(META "\xc4\0" BODY "\xc6\xff\xff\xff\xffx"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(read_payload(CAL_RPC_FUNCTION, bad[i]),
		    CAL_EPROTO);
		assert_int_equal(read_payload(CAL_RPC_RESULT, bad[i]),
		    CAL_EPROTO);
	}
	assert_int_equal(read_payload(CAL_RPC_CANCEL,
	    BYTES(META "\xc4\0" BODY "\xc0")), CAL_OK);
}

static void
test_errors(void **state)
{
	struct cal_slice bad[] = {
		BYTES(META "\xc4\0" BODY "\xc0"),
		BYTES(META "\xc0" BODY "\xc0"),
		BYTES(META "\xc4\1\x90" BODY "\xc0"),
		BYTES(META "\xc4\5\x92\xa1" "a\xa1" "b" BODY "\xc0"),
		BYTES(META "\xc4\x09\x94\xa1" "a\xa1" "b\xa1" "c\xa1" "d"
		    BODY "\xc0"),
		BYTES(META "\xc4\6\x93\xa1" "a\xa1" "b\xc0" BODY "\xc0"),
		BYTES(META "\xc4\6\x93\xa1" "a\xa1" "b\5" BODY "\xc0"),
		BYTES(META "\xc4\x08\x93\xc4\1" "a\xa1" "b\xa1" "c" BODY
		    "\xc0"),
		BYTES(META "\xc4\x08\x93\xa1" "a\xa1" "b\xa1" "c\0" BODY
		    "\xc0"),
		BYTES(META "\xc4\7\x93\xa1" "a\xa1" "b\xa1\xff" BODY "\xc0"),
	};
	size_t i;
	int type;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		for (type = CAL_RPC_FAILURE; type <= CAL_RPC_ERROR; type++)
			assert_int_equal(read_payload(
			    (enum cal_rpc_type)type, bad[i]), CAL_EPROTO);
	assert_string_equal(err.text,
	    "payload has a meta that is not three texts");
	msg = (struct cal_rpcmsg){ .type = CAL_RPC_FAILURE };
	assert_int_equal(cal_rpcmsg_read_payload(&msg, BYTES(META
	    "\xc4\7\x93\xa1" "a\xa1" "b\xa1" "c" BODY "\5"), &plain,
	    MAX_BYTES, NULL), CAL_OK);
	assert_slice(msg.error[0], "a");
	assert_slice(msg.error[2], "c");
}

static int
tear_down(void **state)
{
	(void)state;
	cal_buf_release(&plain);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metas),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
