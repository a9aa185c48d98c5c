/*
 * The golden vectors of stream messages: the library's plain form, what its
 * reader accepts and rejects, and our own longer header.
 */
#include "golden.h"

#include "codec/snappy.h"
#include "codec/streammsg.h"
#include "codec/temporenc.h"

/* A time as Python prints it, where it may have no zone: then it is UTC. */
static struct cal_stamp
stamp_of(const char *text)
{
	struct cal_buf buf = { 0 };
	struct cal_stamp stamp;

	cal_buf_put_text(&buf, text);
	if (strchr(text, '+') == NULL)
		cal_buf_put_byte(&buf, 'Z');
	assert_int_equal(cal_stamp_read(&stamp, cal_buf_view(&buf), NULL),
	    CAL_OK);
	cal_buf_release(&buf);
	return stamp;
}

static void
compare_stamp(const struct cal_stamp *stamp, const json_t *decoded)
{
	const char *text = golden_text(decoded, "created_at");
	const json_t *us = json_object_get(decoded, "unix_microseconds");
	struct cal_stamp wanted = { .known = false };

	if (text != NULL)
		wanted = stamp_of(text);
	assert_int_equal(stamp->known, wanted.known);
	assert_true(stamp->us == wanted.us);
	assert_int_equal(stamp->offset, wanted.offset);
	if (us != NULL)
		assert_true(stamp->us == json_integer_value(us));
}

/* The giants have no frames that could be read here; these make no other. */
static struct cal_slice
header_of(const json_t *one)
{
	const json_t *frames = json_object_get(one, "frames");
	char hex[64];

	if (frames != NULL) {
		assert_int_equal(json_array_size(frames), 3);
		return golden_bytes(json_string_value(
		    json_array_get(frames, 1)));
	}
	(void)snprintf(hex, sizeof(hex), "91c409%s", golden_text(
	    json_object_get(one, "decoded"), "temporenc_hex"));
	return golden_bytes(hex);
}

static void
assert_writes(const struct cal_streammsg *msg, struct cal_slice header,
    bool same)
{
	struct cal_buf out = { 0 };

	cal_streammsg_write(msg, &out);
	assert_int_equal(same, cal_slice_same(cal_buf_view(&out), header));
	cal_buf_release(&out);
}

/* What a publisher writes is read, and written again byte for byte. */
static void
check_published(const json_t *one)
{
	const json_t *decoded = json_object_get(one, "decoded");
	struct cal_slice header = header_of(one);
	struct cal_slice temporenc = golden_bytes(golden_text(decoded,
	    "temporenc_hex"));
	uint8_t bytes[CAL_TEMPORENC_BYTES];
	struct cal_streammsg msg;

	assert_int_equal(cal_streammsg_read(&msg, header, NULL), CAL_OK);
	compare_stamp(&msg.stamp, decoded);
	assert_true(msg.stamp.known);
	assert_false(msg.has_seq || msg.flags != 0);
	assert_int_equal(msg.mid.len + msg.key.len, 0);
	assert_writes(&msg, header, true);
	cal_temporenc_write(bytes, &msg.stamp);
	assert_true(cal_slice_same(temporenc, cal_slice_of(bytes,
	    sizeof(bytes))));
	exact_free(temporenc);
	exact_free(header);
}

/* The library's verdict is ours, but that the message is kept. */
static void
check_decoded(const json_t *one)
{
	const json_t *decoded = json_object_get(one, "decoded");
	const char *verdict = golden_text(one, "python_library");
	struct cal_slice header = header_of(one);
	struct cal_slice temporenc = golden_bytes(golden_text(decoded,
	    "temporenc_hex"));
	bool accepted = strcmp(verdict, "accepted") == 0;
	struct cal_streammsg msg;
	struct cal_stamp stamp;

	assert_true(accepted || strncmp(verdict, "rejected", 8) == 0);
	assert_int_equal(cal_temporenc_read(&stamp, temporenc, NULL),
	    accepted ? CAL_OK : CAL_EDATA);
	compare_stamp(&stamp, decoded);
	assert_int_equal(cal_streammsg_read(&msg, header, NULL), CAL_OK);
	compare_stamp(&msg.stamp, decoded);
	assert_false(msg.has_seq);
	exact_free(temporenc);
	exact_free(header);
}

static void
compare_hex(struct cal_slice slice, const json_t *want)
{
	struct cal_slice bytes;

	if (want == NULL) {
		assert_int_equal(slice.len, 0);
		return;
	}
	bytes = golden_bytes(json_string_value(want));
	assert_true(cal_slice_same(slice, bytes));
	exact_free(bytes);
}

static uint64_t
number_of(const json_t *want)
{
	if (json_is_string(want))
		return strtoull(json_string_value(want), NULL, 10);
	return want != NULL ? (uint64_t)json_integer_value(want) : 0;
}

static void
compare_body(const struct cal_streammsg *msg, struct cal_slice body,
    const json_t *want)
{
	struct cal_buf plain = { 0 };

	if ((msg->flags & CAL_STREAMMSG_SNAPPY) != 0) {
		assert_int_equal(cal_snappy_expand(&plain, body, 4096, NULL),
		    CAL_OK);
		body = cal_buf_view(&plain);
	}
	compare_hex(body, want);
	cal_buf_release(&plain);
}

static void
compare_message(const struct cal_streammsg *msg, struct cal_slice body,
    const json_t *decoded)
{
	struct cal_buf text = { 0 };

	cal_stamp_put(&text, &msg->stamp);
	assert_string_equal(cal_buf_text(&text), golden_text(decoded,
	    "time"));
	cal_buf_release(&text);
	assert_int_equal(msg->has_seq,
	    json_object_get(decoded, "seq") != NULL);
	assert_true(msg->seq == number_of(json_object_get(decoded, "seq")));
	assert_true(msg->flags == number_of(json_object_get(decoded,
	    "flags")));
	compare_hex(msg->mid, json_object_get(decoded, "mid"));
	compare_hex(msg->key, json_object_get(decoded, "key"));
	compare_body(msg, body, json_object_get(decoded, "body"));
}

/* Of our own header; a topic in front is none of its business. */
static void
check_stream(const json_t *one)
{
	const json_t *frames = json_object_get(one, "frames");
	const json_t *decoded = json_object_get(one, "decoded");
	size_t count = json_array_size(frames);
	struct cal_slice header, body;
	struct cal_streammsg msg;
	struct cal_err err;

	assert_true(count == 3 || count == 4);
	assert_string_equal(json_string_value(json_array_get(frames,
	    count - 3)), "5550504552");
	header = golden_bytes(json_string_value(json_array_get(frames,
	    count - 2)));
	body = golden_bytes(json_string_value(json_array_get(frames,
	    count - 1)));
	if (json_is_null(decoded)) {
		assert_int_equal(cal_streammsg_read(&msg, header, &err),
		    CAL_EPROTO);
		assert_memory_equal(err.text, "header ", 7);
	} else {
		assert_int_equal(cal_streammsg_read(&msg, header, NULL),
		    CAL_OK);
		compare_message(&msg, body, decoded);
		/* No topic, where there is an empty one, is another message. */
		if (*json_string_value(json_array_get(frames, 0)) != '\0')
			assert_writes(&msg, header, json_is_true(
			    json_object_get(one, "again")));
	}
	exact_free(header);
	exact_free(body);
}

static void
test_published(void **state)
{
	(void)state;
	golden_each("pubsub", check_published);
}

static void
test_decoded(void **state)
{
	(void)state;
	golden_each("pubsub-decode", check_decoded);
}

static void
test_stream(void **state)
{
	(void)state;
	golden_each("stream", check_stream);
}

static int
set_up(void **state)
{
	(void)state;
	return golden_open("CAL_VECTORS", "tests/vectors/vectors.json");
}

static int
set_up_giants(void **state)
{
	(void)state;
	return golden_open("CAL_GIANTS", "tests/vectors/giants.json");
}

static int
set_up_extensions(void **state)
{
	(void)state;
	return golden_open("CAL_EXTENSIONS", "tests/vectors/extensions.json");
}

int
main(void)
{
	const struct CMUnitTest library[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_decoded),
	};
	const struct CMUnitTest giants[] = {
		cmocka_unit_test(test_published),
	};
	const struct CMUnitTest own[] = { cmocka_unit_test(test_stream) };
	int rc;

	rc = cmocka_run_group_tests(library, set_up, golden_close);
	rc |= cmocka_run_group_tests(giants, set_up_giants, golden_close);
	return rc | cmocka_run_group_tests(own, set_up_extensions,
	    golden_close);
}
