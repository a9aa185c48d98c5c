/*
 * The golden vectors of the Callosum library: each message is read, compared
 * with what it says, written again and compared byte for byte; each of the
 * inputs that the library was really sent gets the verdict of its row.
 */
#include "golden.h"

#include "codec/body.h"
#include "codec/mp.h"
#include "codec/rpcmsg.h"
#include "codec/snappy.h"

enum { MAX_BYTES = 10 << 20 };

enum verdict {
	ACCEPT,
	REFUSE,         /* with an ERROR that echoes the call's id */
	DROP,           /* there is nothing to answer to */
	NO_MESSAGE,     /* the frames are no RPC message at all */
	ROWS,
};

static const char *const verdict_names[ROWS] = {
	"accept", "refuse", "drop", "no message",
};

static const struct row {
	const char *name;
	enum verdict verdict;
} edge_rows[] = {
	{ "edge_unknown_method", ACCEPT },
	{ "edge_1_frame", NO_MESSAGE },
	{ "edge_2_frames_upper_hdr", NO_MESSAGE },
	{ "edge_ping_only", NO_MESSAGE },
	{ "edge_ping_1", NO_MESSAGE },
	{ "edge_4_frames_upper_h_b_extra", NO_MESSAGE },
	{ "edge_empty_frame_first_req_style_upper", ACCEPT },
	{ "edge_extra_pre_frames", ACCEPT },
	{ "edge_lowercase_upper", NO_MESSAGE },
	{ "edge_req_style_ping", NO_MESSAGE },
	{ "edge_header_garbage_c1", DROP },
	{ "edge_header_empty", DROP },
	{ "edge_header_truncated", DROP },
	{ "edge_header_trailing_byte", DROP },
	{ "edge_header_is_array", DROP },
	{ "edge_header_bin_keys", DROP },
	{ "edge_header_raw_old_spec_ok", ACCEPT },
	{ "edge_header_int_key", DROP },
	{ "edge_header_nil", DROP },
	{ "edge_no_type", DROP },
	{ "edge_no_zip", DROP },
	{ "edge_no_meth", DROP },
	{ "edge_no_okey", DROP },
	{ "edge_no_seq", DROP },
	{ "edge_type_0", ACCEPT },
	{ "edge_type_7", REFUSE },
	{ "edge_type_1", REFUSE },              /* the text "1" */
	{ "edge_type_1_0", ACCEPT },
	{ "edge_type_true", ACCEPT },
	{ "edge_type_nil", REFUSE },
	{ "edge_type_1_2", REFUSE },            /* -1 */
	{ "edge_meth_bin", REFUSE },
	{ "edge_meth_nil", REFUSE },
	{ "edge_meth_int", REFUSE },
	{ "edge_meth_bad_utf8", DROP },
	{ "edge_meth_empty", ACCEPT },          /* a method nobody has */
	{ "edge_meth_list", REFUSE },
	{ "edge_okey_list", ACCEPT },
	{ "edge_okey_map", DROP },
	{ "edge_okey_bad_utf8_str", DROP },
	{ "edge_okey_bool", ACCEPT },
	{ "edge_okey_ext", ACCEPT },
	{ "edge_seq_nil", ACCEPT },
	{ "edge_seq_list", ACCEPT },
	{ "edge_seq_map", DROP },
	{ "edge_body_garbage", REFUSE },
	{ "edge_body_empty_frame", REFUSE },
	{ "edge_body_array", REFUSE },
	{ "edge_body_no_meta", REFUSE },
	{ "edge_body_no_body", REFUSE },
	{ "edge_body_nil", REFUSE },
	{ "edge_body_int", REFUSE },
	{ "edge_body_not_json", REFUSE },
	{ "edge_body_empty_bin", REFUSE },
	{ "edge_body_extra_key", ACCEPT },
	{ "edge_body_key_order_swapped", ACCEPT },
	{ "edge_body_trailing", REFUSE },
	{ "edge_body_latin1_json", REFUSE },
	{ "edge_body_utf16_json", REFUSE },     /* the library takes it */
	{ "edge_body_map_not_bytes", REFUSE },
	{ "edge_meta_1_array_el", REFUSE },
	{ "edge_meta_int_5", REFUSE },
	{ "edge_meta_map_bytes", ACCEPT },
	{ "edge_meta_nil_bytes", REFUSE },
	{ "edge_meta_garbage", REFUSE },
	{ "edge_meta_false", ACCEPT },
	{ "edge_zip_true_raw_snappy", ACCEPT },
	{ "edge_zip_1_snappy", ACCEPT },
	{ "edge_zip_true_not_compressed", REFUSE },
	{ "edge_zip_true_framed_snappy", REFUSE },
	{ "edge_zip_false_but_compressed", REFUSE },
	{ "edge_result_to_server", ACCEPT },
	{ "edge_failure_to_server_ok", ACCEPT },
	{ "edge_failure_meta_empty", DROP },
	{ "edge_failure_meta_2_els", DROP },
	{ "edge_failure_meta_4_els", DROP },
	{ "edge_cancel_unknown", ACCEPT },
	{ "edge_cancel_meta_empty", ACCEPT },
	{ "edge_cancel_unknown_method", ACCEPT },
	{ "edge_cancelled_to_server", ACCEPT },
	{ "edge_null_ok", ACCEPT },
};

/* Beyond our limits, though the library takes it. */
static const char *const too_large[] = { "function_meth_len_256" };

/*
 * Written by a serializer of text or by another peer; the form that we write
 * is another one, which the library takes as well.
 */
static const char *const other_form[] = {
	"function_body_str", "function_body_str_len_300",
	"function_body_str_empty_text", "result_body_str",
	"result_body_str_len_300", "result_body_str_empty_text",
	"function_zip_body_str", "function_meta_0x90",
};

static bool
is_among(const char *name, const char *const *names, size_t count)
{
	while (count-- > 0)
		if (strcmp(names[count], name) == 0)
			return true;
	return false;
}

/* Is the value what {kind, len, hex or text} says? */
static void
compare_value(struct cal_slice raw, const json_t *want)
{
	static const char *const kinds[] = {
		[CAL_MP_NIL] = "nil", [CAL_MP_STR] = "str",
		[CAL_MP_BIN] = "bin",
	};
	const char *hex = golden_text(want, "hex");
	const char *text = golden_text(want, "text");
	struct cal_mp_reader rd;
	struct cal_mp_value value;

	cal_mp_reader_init(&rd, raw);
	assert_true(cal_mp_read(&rd, &value) && cal_mp_reader_done(&rd));
	assert_string_equal(kinds[value.kind], golden_text(want, "kind"));
	if (json_object_get(want, "len") != NULL)
		assert_int_equal(value.bytes.len, json_integer_value(
		    json_object_get(want, "len")));
	if (hex != NULL) {
		struct cal_slice bytes = golden_bytes(hex);

		assert_true(cal_slice_same(value.bytes, bytes));
		exact_free(bytes);
	}
	if (text != NULL)
		assert_true(cal_slice_is(value.bytes, text));
}

static void
compare_header(const struct cal_rpcmsg *msg, const json_t *want)
{
	struct cal_buf seq = { 0 };

	assert_int_equal(msg->type,
	    json_integer_value(json_object_get(want, "type")));
	assert_string_equal(cal_rpc_type_name(msg->type),
	    golden_text(want, "type_name"));
	assert_true(cal_slice_is(msg->method, golden_text(want, "meth")));
	compare_value(msg->id.okey, json_object_get(want, "okey"));
	cal_rpcmsg_put_seq(&seq, (uint32_t)json_integer_value(
	    json_object_get(want, "seq")));
	assert_true(cal_slice_same(msg->id.seq, cal_buf_view(&seq)));
	cal_buf_release(&seq);
	assert_int_equal(msg->zip,
	    json_is_true(json_object_get(want, "zip")));
}

static void
compare_payload(const struct cal_rpcmsg *msg, const json_t *want)
{
	const json_t *body = json_object_get(want, "body");
	const json_t *items = json_object_get(json_object_get(
	    json_object_get(want, "meta"), "decoded"), "items");
	const char *text;
	size_t i;

	if (strcmp(golden_text(body, "kind"), "nil") == 0) {
		assert_int_equal(msg->body.len, 0);
	} else {
		assert_int_equal(msg->body.len, json_integer_value(
		    json_object_get(body, "len")));
		if ((text = golden_text(body, "text")) != NULL)
			assert_true(cal_slice_is(msg->body, text));
	}
	for (i = 0; i < 3; i++) {
		text = golden_text(json_array_get(items, i), "text");
		if (text != NULL)
			assert_true(cal_slice_is(msg->error[i], text));
		else if (msg->type != CAL_RPC_FAILURE)
			assert_int_equal(msg->error[i].len, 0);
	}
}

static struct cal_slice
plain_of(const struct cal_rpcmsg *msg, struct cal_slice payload,
    struct cal_buf *buf)
{
	if (!msg->zip)
		return payload;
	assert_int_equal(cal_snappy_expand(buf, payload, MAX_BYTES, NULL),
	    CAL_OK);
	return cal_buf_view(buf);
}

static void
compare_again(const struct cal_rpcmsg *msg, const char *name,
    struct cal_slice header, struct cal_slice payload)
{
	struct cal_buf head = { 0 }, load = { 0 }, a = { 0 }, b = { 0 };
	struct cal_buf plain = { 0 };
	struct cal_rpcmsg back;

	cal_rpcmsg_write(msg, &head, &load);
	assert_true(cal_slice_same(cal_buf_view(&head), header));
	if (!is_among(name, other_form, COUNT(other_form)))
		assert_true(cal_slice_same(
		    plain_of(msg, cal_buf_view(&load), &a),
		    plain_of(msg, payload, &b)));
	assert_int_equal(cal_rpcmsg_read_header(&back, cal_buf_view(&head),
	    NULL, NULL), CAL_OK);
	assert_int_equal(cal_rpcmsg_read_payload(&back, cal_buf_view(&load),
	    &plain, MAX_BYTES, NULL), CAL_OK);
	assert_true(cal_slice_same(back.body, msg->body));
	cal_buf_release(&head);
	cal_buf_release(&load);
	cal_buf_release(&a);
	cal_buf_release(&b);
	cal_buf_release(&plain);
}

static void
check_rpc(const char *name, const json_t *one, struct cal_slice header,
    struct cal_slice payload)
{
	const json_t *decoded = json_object_get(one, "decoded");
	struct cal_buf plain = { 0 };
	struct cal_rpcmsg msg;
	bool echoable;
	int rc;

	rc = cal_rpcmsg_read_header(&msg, header, &echoable, NULL);
	if (is_among(name, too_large, COUNT(too_large))) {
		assert_int_equal(rc, CAL_EPROTO);
		assert_true(echoable);
		return;
	}
	assert_int_equal(rc, CAL_OK);
	compare_header(&msg, json_object_get(decoded, "header"));
	assert_int_equal(cal_rpcmsg_read_payload(&msg, payload, &plain,
	    MAX_BYTES, NULL), CAL_OK);
	compare_payload(&msg, json_object_get(decoded, "payload"));
	compare_again(&msg, name, header, payload);
	cal_buf_release(&plain);
}

static enum verdict
verdict_of(struct cal_slice header, struct cal_slice payload)
{
	struct cal_buf plain = { 0 }, scratch = { 0 };
	enum verdict verdict = ACCEPT;
	const struct cal_body *json;
	struct cal_slice text;
	struct cal_rpcmsg msg;
	bool echoable;

	assert_int_equal(cal_body_find(&json, "json", NULL), CAL_OK);
	if (cal_rpcmsg_read_header(&msg, header, &echoable, NULL) != CAL_OK)
		return echoable ? REFUSE : DROP;
	if (cal_rpcmsg_read_payload(&msg, payload, &plain, MAX_BYTES, NULL) !=
	    CAL_OK)
		verdict = msg.type == CAL_RPC_FUNCTION ? REFUSE : DROP;
	else if (msg.type == CAL_RPC_FUNCTION && json->to_text(&text, msg.body,
	    false, &scratch, NULL) != CAL_OK)
		verdict = REFUSE;
	cal_buf_release(&plain);
	cal_buf_release(&scratch);
	return verdict;
}

static void
check_edge(const char *name, enum verdict verdict)
{
	size_t i;

	for (i = 0; i < COUNT(edge_rows); i++)
		if (strcmp(edge_rows[i].name, name) == 0)
			break;
	if (i == COUNT(edge_rows))
		fail_msg("%s has no row", name);
	if (edge_rows[i].verdict != verdict)
		fail_msg("%s: %s, not %s", name, verdict_names[verdict],
		    verdict_names[edge_rows[i].verdict]);
}

/* A message is the last three frames, and the first of them says UPPER. */
static void
check_case(const json_t *one)
{
	const json_t *frames = json_object_get(one, "frames");
	const char *name = golden_text(one, "name");
	const char *kind = golden_text(one, "kind");
	size_t count = json_array_size(frames), i;
	struct cal_slice last[3];

	if (count < 3) {
		assert_string_equal(kind, "edge");
		check_edge(name, NO_MESSAGE);
		return;
	}
	for (i = 0; i < 3; i++)
		last[i] = golden_bytes(json_string_value(
		    json_array_get(frames, count - 3 + i)));
	if (strcmp(kind, "handshake") == 0)
		assert_true(cal_slice_is(last[0], golden_text(
		    json_object_get(one, "decoded"), "command")));
	else if (strcmp(kind, "rpc") == 0)
		check_rpc(name, one, last[1], last[2]);
	else if (strcmp(kind, "edge") == 0)
		check_edge(name, cal_slice_is(last[0], "UPPER") ?
		    verdict_of(last[1], last[2]) : NO_MESSAGE);
	for (i = 0; i < 3; i++)
		exact_free(last[i]);
}

static void
test_kind(void **state)
{
	golden_each(*state, check_case);
}

/* A row whose case is gone says nothing any more. */
static void
test_rows(void **state)
{
	const json_t *one;
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(edge_rows); i++) {
		json_array_foreach(json_object_get(golden, "cases"), n, one)
			if (strcmp(golden_text(one, "name"),
			    edge_rows[i].name) == 0)
				break;
		if (n == json_array_size(json_object_get(golden, "cases")))
			fail_msg("%s has no case", edge_rows[i].name);
	}
}

static void
test_kinds(void **state)
{
	/* The last two: stream_vectors_test.c. */
	static const char *const kinds[] = {
		"handshake", "rpc", "edge", "pubsub", "pubsub-decode",
	};

	(void)state;
	golden_kinds(kinds, COUNT(kinds));
}

static int
set_up(void **state)
{
	(void)state;
	return golden_open("CAL_VECTORS", "tests/vectors/vectors.json");
}

int
main(void)
{
	static char handshake[] = "handshake", rpc[] = "rpc", edge[] = "edge";
	const struct CMUnitTest tests[] = {
		{ "test_handshake", test_kind, NULL, NULL, handshake },
		{ "test_rpc", test_kind, NULL, NULL, rpc },
		{ "test_edge", test_kind, NULL, NULL, edge },
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, set_up, golden_close);
}
