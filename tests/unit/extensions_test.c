/*
 * The golden vectors of our extensions of calls, made by python3-msgpack: what
 * is read, and that writing it gives the same bytes.
 */
#include "golden.h"

#include "codec/hello.h"
#include "codec/mp.h"
#include "codec/rpcmsg.h"

/* A number of the file, as text where jansson's integers end. */
static void
compare_number(bool there, uint64_t number, const json_t *want)
{
	assert_int_equal(there, want != NULL);
	if (json_is_integer(want))
		assert_true(number == (uint64_t)json_integer_value(want));
	else if (json_is_string(want))
		assert_true(number == strtoull(json_string_value(want), NULL,
		    10));
}

static void
compare_text(struct cal_slice slice, const json_t *want)
{
	if (want == NULL)
		assert_int_equal(slice.len, 0);
	else
		assert_true(cal_slice_is(slice, json_string_value(want)));
}

static void
compare_cid(struct cal_slice cid, const json_t *want)
{
	struct cal_slice bytes;

	if (want == NULL) {
		assert_int_equal(cid.len, 0);
		return;
	}
	bytes = golden_bytes(json_string_value(want));
	assert_true(cal_slice_same(cid, bytes));
	exact_free(bytes);
}

static void
check_header(struct cal_slice frame, const json_t *want, bool again)
{
	struct cal_buf header = { 0 }, payload = { 0 };
	struct cal_rpcmsg msg;

	assert_int_equal(cal_rpcmsg_read_header(&msg, frame, NULL, NULL),
	    CAL_OK);
	compare_number(msg.has_dl, msg.dl, json_object_get(want, "dl"));
	compare_number(msg.has_max, msg.max, json_object_get(want, "max"));
	compare_number(msg.has_st, (uint64_t)msg.st,
	    json_object_get(want, "st"));
	compare_cid(msg.cid, json_object_get(want, "cid"));
	compare_text(msg.rto, json_object_get(want, "rto"));
	compare_text(msg.why, json_object_get(want, "why"));
	cal_rpcmsg_write(&msg, &header, &payload);
	assert_int_equal(again, cal_slice_same(frame, cal_buf_view(&header)));
	cal_buf_release(&header);
	cal_buf_release(&payload);
}

static void
compare_list(struct cal_slice array, const json_t *want)
{
	struct cal_mp_reader rd;
	struct cal_mp_value item;
	const json_t *text;
	uint32_t count;
	size_t i;

	assert_int_equal(array.len > 0, want != NULL);
	if (want == NULL)
		return;
	cal_mp_reader_init(&rd, array);
	assert_true(cal_mp_read_array(&rd, &count));
	assert_int_equal(count, json_array_size(want));
	json_array_foreach(want, i, text) {
		assert_true(cal_mp_read(&rd, &item));
		assert_true(cal_slice_is(item.bytes,
		    json_string_value(text)));
		assert_true(cal_hello_lists(array, item.bytes));
	}
}

static void
check_hello(struct cal_slice frame, const json_t *want, bool again)
{
	struct cal_buf out = { 0 }, text = { 0 };
	struct cal_hello hello;
	struct cal_err err;
	json_t *shown;

	if (json_is_null(want)) {
		assert_int_equal(cal_hello_read(&hello, frame, &err),
		    CAL_EPROTO);
		assert_memory_equal(err.text, "PONG ", 5);
		assert_int_equal(hello.version.len, 0);
		return;
	}
	assert_int_equal(cal_hello_read(&hello, frame, NULL), CAL_OK);
	compare_text(hello.version, json_object_get(want, "version"));
	compare_text(hello.order, json_object_get(want, "order"));
	compare_text(hello.serializer, json_object_get(want, "serializer"));
	compare_number(hello.max_body > 0, hello.max_body,
	    json_object_get(want, "max_body"));
	compare_list(hello.methods, json_object_get(want, "methods"));
	compare_list(hello.ext, json_object_get(want, "ext"));
	cal_hello_write(&hello, &out);
	assert_int_equal(again, cal_slice_same(frame, cal_buf_view(&out)));
	cal_hello_put_json(&text, &hello);
	shown = json_loadb((const char *)text.ptr, text.len, 0, NULL);
	assert_non_null(shown);
	assert_true(json_equal(shown, want));
	json_decref(shown);
	cal_buf_release(&out);
	cal_buf_release(&text);
}

static void
check_case(const json_t *one)
{
	struct cal_slice frame = golden_bytes(golden_text(one, "frame"));
	const json_t *decoded = json_object_get(one, "decoded");
	bool again = json_is_true(json_object_get(one, "again"));

	if (strcmp(golden_text(one, "kind"), "header") == 0)
		check_header(frame, decoded, again);
	else
		check_hello(frame, decoded, again);
	exact_free(frame);
}

static void
test_kind(void **state)
{
	golden_each(*state, check_case);
}

static void
test_kinds(void **state)
{
	/* The last one: stream_vectors_test.c. */
	static const char *const kinds[] = { "header", "hello", "stream" };

	(void)state;
	golden_kinds(kinds, COUNT(kinds));
}

static int
set_up(void **state)
{
	(void)state;
	return golden_open("CAL_EXTENSIONS", "tests/vectors/extensions.json");
}

int
main(void)
{
	static char header[] = "header", hello[] = "hello";
	const struct CMUnitTest tests[] = {
		{ "test_header", test_kind, NULL, NULL, header },
		{ "test_hello", test_kind, NULL, NULL, hello },
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, set_up, golden_close);
}
