/*
 * Unit tests of transport/redis_reply and redis_command: what errors mean, the
 * entries of streams, ids, and commands as Redis reads them.
 */
#include "transport/redis_socket.h"
#include "unit.h"

static struct cal_redis_reader reader;
static redisReply *reply;

static int
enter(void **state)
{
	(void)state;
	reply = NULL;
	cal_redis_reader_init(&reader, 1 << 20);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	if (reply != NULL)
		freeReplyObject(reply);
	cal_redis_reader_release(&reader);
	return 0;
}

/* Makes reply of what Redis writes. */
static void
read_bytes(struct cal_slice bytes)
{
	struct cal_err err;

	if (reply != NULL)
		freeReplyObject(reply);
	cal_redis_reader_feed(&reader, (const char *)bytes.ptr, bytes.len);
	assert_int_equal(cal_redis_reader_next(&reader, &reply, &err),
	    CAL_OK);
	assert_non_null(reply);
}

static void
read_text(const char *text)
{
	read_bytes(cal_slice_text(text));
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *text;
		enum cal_redis_kind kind;
		enum cal_code code;
		const char *words;
	} rows[] = {
		{ "-NOGROUP No such key\r\n", CAL_REDIS_GONE, CAL_EGONE,
		    "NOGROUP No such key" },
		{ "-UNBLOCKED the stream\r\n", CAL_REDIS_GONE, CAL_EGONE,
		    "UNBLOCKED the stream" },
		{ "-READONLY You can't write.\r\n", CAL_REDIS_LATER,
		    CAL_EAGAIN, "READONLY You can't write" },
		{ "-BUSY wait\r\n", CAL_REDIS_LATER, CAL_EAGAIN, "BUSY wait" },
		{ "-BUSY\r\n", CAL_REDIS_LATER, CAL_EAGAIN, "BUSY" },
		{ "-BUSYGROUP there\r\n", CAL_REDIS_EXISTS, CAL_EGONE,
		    "BUSYGROUP there" },
		{ "-BUSYBODY there\r\n", CAL_REDIS_REFUSED, CAL_EPROTO,
		    "BUSYBODY there" },
		{ "-ERR max number of clients reached\r\n", CAL_REDIS_LATER,
		    CAL_EAGAIN, "ERR max number of clients reached" },
		{ "-ERR what\r\n", CAL_REDIS_REFUSED, CAL_EPROTO, "ERR what" },
		{ "-NOAUTH no\r\n", CAL_REDIS_REFUSED, CAL_EDENIED,
		    "NOAUTH no" },
		{ "-WRONGTYPE no\r\n", CAL_REDIS_REFUSED, CAL_ECONFIG,
		    "WRONGTYPE no" },
		{ "-MOVED 7 a:1\r\n", CAL_REDIS_REFUSED, CAL_EDATA, "this "
		    "Redis is part of a cluster, which is not supported: "
		    "MOVED 7 a:1" },
		{ "-\r\n", CAL_REDIS_REFUSED, CAL_EPROTO, "" },
		{ "-ERR \033[2J\302\233x\r\n", CAL_REDIS_REFUSED, CAL_EPROTO,
		    "ERR \\x1b[2J\\u{9b}x" },
	};
	struct cal_err err;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		read_text(rows[i].text);
		assert_int_equal(cal_redis_kind(reply, &err), rows[i].kind);
		assert_int_equal(err.code, rows[i].code);
		assert_string_equal(err.text, rows[i].words);
		assert_int_equal(cal_redis_kind(reply, NULL), rows[i].kind);
	}
	assert_int_equal(cal_redis_kind(NULL, &err), CAL_REDIS_LOST);
	assert_int_equal(err.code, CAL_EUNAVAIL);
	read_text("+OK\r\n");
	assert_int_equal(cal_redis_kind(reply, NULL), CAL_REDIS_OK);
}

static void
test_long_error(void **state)
{
	char text[2000];
	struct cal_err err;

	(void)state;
	memset(text, '\033', sizeof(text));
	text[0] = '-';
	memcpy(text + sizeof(text) - 3, "\r\n", 3);
	read_text(text);
	assert_int_equal(cal_redis_kind(reply, &err), CAL_REDIS_REFUSED);
	assert_in_range(strlen(err.text), 100, CAL_ERR_TEXT - 1);
}

static void
test_entries(void **state)
{
	struct cal_redis_entry entry;
	const redisReply *entries;

	(void)state;
	read_text("*2\r\n"
	    "*2\r\n$1\r\nt\r\n*0\r\n"
	    "*2\r\n$1\r\ns\r\n*4\r\n"
	    "*2\r\n$3\r\n1-1\r\n*8\r\n$3\r\nhdr\r\n$2\r\nh1\r\n"
	    "$3\r\nmsg\r\n$0\r\n\r\n$3\r\nhdr\r\n$2\r\nh2\r\n"
	    "$5\r\ntopic\r\n$1\r\nT\r\n"
	    "*2\r\n$3\r\n1-2\r\n$-1\r\n"
	    "*2\r\n$3\r\n1-3\r\n*4\r\n$3\r\nhdr\r\n$1\r\nh\r\n"
	    "$4\r\nmeta\r\n$1\r\nx\r\n"
	    "*2\r\n$3\r\n1-4\r\n*0\r\n");
	assert_null(cal_redis_entries(reply, "u"));
	assert_int_equal(cal_redis_entries(reply, "t")->elements, 0);
	entries = cal_redis_entries(reply, "s");
	assert_int_equal(entries->elements, 4);
	assert_true(cal_redis_entry(&entry, entries, 0));
	assert_slice(entry.id, "1-1");
	assert_slice(entry.hdr, "h1");
	assert_slice(entry.topic, "T");
	assert_true(entry.has_hdr && entry.has_msg);
	assert_false(entry.meta || entry.gone);
	assert_int_equal(entry.msg.len, 0);
	assert_true(cal_redis_entry(&entry, entries, 1));
	assert_true(entry.gone);
	assert_true(cal_redis_entry(&entry, entries, 2));
	assert_true(entry.meta && entry.has_hdr && !entry.has_msg);
	assert_true(cal_redis_entry(&entry, entries, 3));
	assert_false(entry.has_hdr || entry.has_msg || entry.gone);
	assert_false(cal_redis_entry(&entry, entries, 4));
}

/* Whatever it is, it is none, and no crash. */
static void
test_no_entries(void **state)
{
	static const char *const rows[] = { "$-1\r\n", "*-1\r\n", "+OK\r\n",
	    "*0\r\n", "*1\r\n$-1\r\n", "*1\r\n*0\r\n", "*1\r\n*1\r\n:1\r\n",
	    "*1\r\n*2\r\n:1\r\n*0\r\n", "*1\r\n*2\r\n$-1\r\n*0\r\n",
	    "*1\r\n*2\r\n$1\r\ns\r\n:1\r\n", "*1\r\n*2\r\n*0\r\n*0\r\n",
	    "*1\r\n*2\r\n$1\r\ns\r\n+OK\r\n", ":7\r\n", "-ERR\r\n" };
	struct cal_redis_entry entry;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		read_text(rows[i]);
		assert_null(cal_redis_entries(reply, "s"));
		assert_false(cal_redis_entry(&entry, reply, 0) &&
		    !cal_slice_is(entry.id, "s"));
	}
	assert_null(cal_redis_entries(NULL, "s"));
	assert_false(cal_redis_entry(&entry, NULL, 0));
}

/* Fields that are no strings, or stand alone. */
static void
test_odd_fields(void **state)
{
	struct cal_redis_entry entry;

	(void)state;
	read_text("*2\r\n"
	    "*2\r\n$3\r\n1-1\r\n*5\r\n$3\r\nhdr\r\n:1\r\n"
	    "*0\r\n$1\r\nx\r\n$3\r\nmsg\r\n"
	    "*2\r\n$3\r\n1-2\r\n:1\r\n");
	assert_true(cal_redis_entry(&entry, reply, 0));
	assert_false(entry.has_hdr || entry.has_msg);
	assert_false(cal_redis_entry(&entry, reply, 1));
}

static void
test_ids(void **state)
{
	static const char *const bad[] = { "", "-", "1", "1-", "-1", "1-2-3",
	    " 1-2", "1-2 ", "+1-2", "1--2", "18446744073709551616-0",
	    "0-18446744073709551616", "a-1", "1-a", "*", "$",
	    "000000000000000000000000000000000000000000-1" };
	struct cal_redis_id id, other;
	char text[CAL_REDIS_ID_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		if (cal_redis_id_read(&id, cal_slice_text(bad[i])))
			fail_msg("'%s' is no id", bad[i]);
	assert_false(cal_redis_id_read(&id, BYTES("1-2\0")));
	assert_true(cal_redis_id_read(&id,
	    BYTES("18446744073709551615-18446744073709551615")));
	cal_redis_id_write(text, &id);
	assert_string_equal(text,
	    "18446744073709551615-18446744073709551615");
	assert_true(cal_redis_id_read(&other, BYTES("0-1")));
	assert_int_equal(cal_redis_id_compare(&id, &other), 1);
	assert_int_equal(cal_redis_id_compare(&other, &id), -1);
	assert_int_equal(cal_redis_id_compare(&id, &id), 0);
	id = (struct cal_redis_id){ .ms = 0, .seq = 2 };
	assert_int_equal(cal_redis_id_compare(&other, &id), -1);
}

static void
test_commands(void **state)
{
	struct cal_redis_words words = { .count = 0 };
	struct cal_buf out = { .max = 0 };
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		cal_buf_clear(&out);
		cal_redis_begin(&words, "SET");
		cal_redis_add(&words, BYTES("\0\r\n"));
		cal_redis_add(&words, cal_slice_of(NULL, 0));
		cal_redis_add_number(&words, 70);
		cal_redis_words_write(&words, &out);
		assert_slice(cal_buf_view(&out), "*4\r\n$3\r\nSET\r\n"
		    "$3\r\n\0\r\n\r\n$0\r\n\r\n$2\r\n70\r\n");
	}
	cal_redis_begin(&words, "DEL");
	for (i = 1; i < CAL_REDIS_WORDS; i++)
		cal_redis_add_text(&words, "k");
	cal_buf_clear(&out);
	cal_redis_words_write(&words, &out);
	assert_int_equal(out.len, strlen("*4096\r\n$3\r\nDEL\r\n") +
	    4095 * strlen("$1\r\nk\r\n"));
	cal_redis_words_release(&words);
	cal_redis_words_release(&words);
	cal_buf_release(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_ ## name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kinds), TEST(long_error), TEST(entries),
		TEST(no_entries), TEST(odd_fields), TEST(ids), TEST(commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
