/* Unit tests of codec/rpcmsg, writing: what is written can be read. */
#include "unit.h"

#include "codec/rpcmsg.h"

enum { MAX_BYTES = 1 << 20 };

static struct cal_buf header, payload, plain, id;
static struct cal_rpcmsg msg;
static struct cal_err err;

/* Sets id and writes msg, reads it back, and writes that again. */
static void
round_trip(const char *method, struct cal_slice key, uint32_t seq,
    struct cal_rpcmsg *back)
{
	size_t meth_end, okey_end;
	struct cal_buf again[2] = { { 0 }, { 0 } };

	cal_buf_clear(&id);
	cal_rpcmsg_put_method(&id, cal_slice_text(method));
	meth_end = id.len;
	cal_rpcmsg_put_key(&id, key);
	okey_end = id.len;
	cal_rpcmsg_put_seq(&id, seq);
	msg.id.meth = cal_slice_of(id.ptr, meth_end);
	msg.id.okey = cal_slice_of(id.ptr + meth_end, okey_end - meth_end);
	msg.id.seq = cal_slice_of(id.ptr + okey_end, id.len - okey_end);
	cal_buf_clear(&header);
	cal_buf_clear(&payload);
	cal_rpcmsg_write(&msg, &header, &payload);
	assert_int_equal(cal_rpcmsg_read_header(back, cal_buf_view(&header),
	    NULL, NULL), CAL_OK);
	assert_int_equal(cal_rpcmsg_read_payload(back,
	    cal_buf_view(&payload), &plain, MAX_BYTES, NULL), CAL_OK);
	assert_int_equal(back->type, msg.type);
	assert_int_equal(back->zip, msg.zip);
	assert_true(cal_slice_is(back->method, method));
	assert_true(cal_slice_same(back->key, key));
	assert_true(cal_slice_same(back->body, msg.body));
	cal_rpcmsg_write(back, &again[0], &again[1]);
	assert_true(cal_slice_same(cal_buf_view(&again[0]),
	    cal_buf_view(&header)));
	assert_true(cal_slice_same(cal_buf_view(&again[1]),
	    cal_buf_view(&payload)));
	cal_buf_release(&again[0]);
	cal_buf_release(&again[1]);
}

/* All sizes around the limits of heads, plain and compressed. */
static void
test_body_sizes(void **state)
{
	static const size_t lens[] = { 0, 1, 31, 32, 255, 256, 65535, 65536,
	    MAX_BYTES };
	static const uint8_t heads[] = { 0xc4, 0xc4, 0xc4, 0xc4, 0xc4, 0xc5,
	    0xc5, 0xc6, 0xc6 };
	uint8_t *bytes = cal_calloc(1, MAX_BYTES + 1);
	struct cal_rpcmsg back;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * COUNT(lens); i++) {
		msg = (struct cal_rpcmsg){ .type = CAL_RPC_FUNCTION,
		    .zip = i % 2 == 1,
		    .body = cal_slice_of(bytes, lens[i / 2]) };
		round_trip("echo", cal_slice_of(NULL, 0), 5, &back);
		if (!msg.zip)
			assert_int_equal(payload.ptr[13], heads[i / 2]);
	}
	for (i = 0; i < 2; i++) {
		msg = (struct cal_rpcmsg){ .type = CAL_RPC_RESULT,
		    .zip = i == 1,
		    .body = cal_slice_of(bytes, MAX_BYTES + 1) };
		cal_buf_clear(&payload);
		cal_rpcmsg_write(&msg, &header, &payload);
		assert_int_equal(cal_rpcmsg_read_payload(&back,
		    cal_slice_of(NULL, 0), &plain, MAX_BYTES, NULL),
		    CAL_EPROTO);
		back = msg;
		assert_int_equal(cal_rpcmsg_read_payload(&back,
		    cal_buf_view(&payload), &plain, MAX_BYTES, &err),
		    CAL_EDATA);
		assert_string_equal(err.text,
		    "body is larger than 1048576 bytes");
		assert_int_equal(cal_rpcmsg_read_payload(&back,
		    cal_buf_view(&payload), &plain, SIZE_MAX, &err), CAL_OK);
	}
	assert_int_equal(cal_rpcmsg_read_payload(&back,
	    cal_buf_view(&payload), &plain, 100, &err), CAL_EDATA);
	assert_memory_equal(err.text, "payload: expands to more than ", 30);
	free(bytes);
}

static void
test_keys(void **state)
{
	struct cal_rpcmsg back;

	(void)state;
	msg = (struct cal_rpcmsg){ .type = CAL_RPC_CANCEL };
	round_trip("m", BYTES("k\xc3\xa9"), UINT32_MAX, &back);
	assert_slice(back.id.okey, "\xa3k\xc3\xa9");
	assert_slice(back.id.seq, "\xce\xff\xff\xff\xff");
	round_trip("m", BYTES("k\xff"), 0, &back);
	assert_slice(back.id.okey, "\xc4\2k\xff");
	round_trip("m", cal_slice_of(NULL, 0), 128, &back);
	assert_slice(back.id.okey, "\xc4\0");
	assert_slice(back.id.seq, "\xcc\x80");
}

/* An error text is always UTF-8, whatever it was, and of any length. */
static void
test_write_errors(void **state)
{
	static const size_t lens[] = { 0, 1, 31, 32, 255, 256, 65535, 65536 };
	char *text = cal_calloc(1, 65536);
	struct cal_rpcmsg back;
	size_t i;

	(void)state;
	memset(text, 'x', 65536);
	msg = (struct cal_rpcmsg){ .type = CAL_RPC_FAILURE };
	for (i = 0; i < COUNT(lens); i++) {
		msg.error[0] = BYTES("Exit");
		msg.error[1] = cal_slice_of(text, lens[i]);
		msg.error[2] = cal_slice_of(text, lens[i]);
		round_trip("echo", BYTES("k"), 5, &back);
		assert_true(cal_slice_same(back.error[1], msg.error[1]));
		assert_true(cal_slice_same(back.error[2], msg.error[2]));
	}
	free(text);
	msg.type = CAL_RPC_ERROR;
	msg.zip = true;
	msg.error[1] = BYTES("a\xff\xc3\xa9\xe2\x82");
	msg.error[2] = BYTES("\0");
	round_trip("echo", BYTES("k"), 5, &back);
	assert_slice(back.error[0], "Exit");
	assert_slice(back.error[1], "a\xef\xbf\xbd\xc3\xa9"
	    "\xef\xbf\xbd\xef\xbf\xbd");
	assert_slice(back.error[2], "\0");
}

/*
 * Cut anywhere, both frames are refused; changed anywhere, they are refused
 * or read, and what is read can be written and read again.
 */
static void
test_mutations(void **state)
{
	static const uint8_t spice[] = { 0x80, 0x85, 0x90, 0xa0, 0xc0, 0xc1,
	    0xc4, 0xc6, 0xcf, 0xd9, 0xdb, 0xdd, 0xdf, 0xff, 0, 1 };
	struct cal_buf out[2] = { { 0 }, { 0 } };
	struct cal_rpcmsg back;
	struct cal_slice head, load;
	uint64_t seed = 23;
	size_t i, round, read = 0;

	(void)state;
	for (round = 0; round < 40000; round++) {
		msg = (struct cal_rpcmsg){
			.type = (enum cal_rpc_type)(round % 7),
			.zip = round % 3 == 0, .has_dl = true, .dl = 60000,
			.cid = BYTES("0123456789abcdef"), .body = BYTES("{}"),
			.error = { BYTES("Exit"), BYTES("exit 1"), BYTES("x") },
			.has_st = true, .st = -9, .why = BYTES("caller"),
		};
		msg.id.meth = BYTES("\xa4" "echo");
		msg.id.okey = BYTES("\xc4\1k");
		msg.id.seq = BYTES("\5");
		cal_buf_clear(&header);
		cal_buf_clear(&payload);
		cal_rpcmsg_write(&msg, &header, &payload);
		head = exact(cal_buf_view(&header));
		load = exact(cal_buf_view(&payload));
		for (i = 0; i < 1 + round % 2; i++) {
			struct cal_slice at = next_random(&seed) % 2 == 0 ?
			    head : load;

			((uint8_t *)(uintptr_t)at.ptr)[next_random(&seed) %
			    at.len] = round % 2 == 0 ?
			    (uint8_t)next_random(&seed) :
			    spice[next_random(&seed) % sizeof(spice)];
		}
		if (cal_rpcmsg_read_header(&back, head, NULL, NULL) ==
		    CAL_OK && cal_rpcmsg_read_payload(&back, load, &plain,
		    MAX_BYTES, NULL) == CAL_OK) {
			cal_buf_clear(&out[0]);
			cal_buf_clear(&out[1]);
			cal_rpcmsg_write(&back, &out[0], &out[1]);
			msg = back;
			assert_int_equal(cal_rpcmsg_read_header(&back,
			    cal_buf_view(&out[0]), NULL, NULL), CAL_OK);
			assert_true(cal_slice_same(back.id.okey,
			    msg.id.okey));
			assert_int_equal(back.type, msg.type);
			read++;
		}
		exact_free(head);
		exact_free(load);
	}
	assert_true(read > 1000);
	cal_buf_release(&out[0]);
	cal_buf_release(&out[1]);
}

static void
test_cut_payload(void **state)
{
	struct cal_rpcmsg back;
	size_t len;
	int type, zip;

	(void)state;
	for (type = 0; type <= CAL_RPC_CANCELLED; type++)
		for (zip = 0; zip < 2; zip++) {
			msg = (struct cal_rpcmsg){
				.type = (enum cal_rpc_type)type,
				.zip = zip == 1,
				.error = { BYTES("a"), BYTES("b"),
				    BYTES("c") },
			};
			if (type == CAL_RPC_FUNCTION || type == CAL_RPC_RESULT)
				msg.body = BYTES("[1,2,3]");
			round_trip("echo", BYTES("k"), 7, &back);
			for (len = 0; len < payload.len; len++) {
				struct cal_slice copy = exact(cal_slice_of(
				    payload.ptr, len));

				back = msg;
				assert_int_equal(cal_rpcmsg_read_payload(
				    &back, copy, &plain, MAX_BYTES, NULL),
				    CAL_EPROTO);
				exact_free(copy);
			}
		}
}

static int
tear_down(void **state)
{
	(void)state;
	cal_buf_release(&header);
	cal_buf_release(&payload);
	cal_buf_release(&plain);
	cal_buf_release(&id);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_body_sizes),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_write_errors),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_cut_payload),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
