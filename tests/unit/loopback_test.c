/* Unit tests of transport/loopback. */
#include "raw_side.h"

static int
try_open(const char *name, bool bind, struct cal_err *err)
{
	struct cal_conn *conn;
	struct cal_conn_conf conf = { .loop = loop, .bind = bind };
	int rc;

	conf.url.scheme = CAL_LOOPBACK;
	(void)snprintf(conf.url.path, sizeof(conf.url.path), "%s", name);
	rc = cal_conn_open(&conn, &conf, err);
	if (rc != CAL_OK)
		assert_null(conn);
	return rc;
}

static void
test_names(void **state)
{
	struct raw_side server;
	struct cal_err err;
	char *url;

	(void)state;
	assert_int_equal(try_open("a", false, &err), CAL_EUNAVAIL);
	raw_open(&server, "a", true);
	assert_int_equal(try_open("a", true, &err), CAL_EOS);
	assert_int_equal(try_open("b", false, &err), CAL_EUNAVAIL);
	url = cal_conn_address(server.conn);
	assert_string_equal(url, "loop://a");
	free(url);
	assert_true(cal_conn_idle(server.conn));
	assert_null(cal_conn_trouble(server.conn));
	raw_close(&server);

	/* The name is free again. */
	raw_open(&server, "a", true);
	raw_close(&server);
	assert_true(cal_conn_close(NULL, 0));
}

/* No event comes from inside a call. */
static void
test_events_come_later(void **state)
{
	struct raw_side server, client;

	(void)state;
	raw_open(&server, "a", true);
	raw_open(&client, "a", false);
	assert_int_equal(server.ups, 0);
	assert_int_equal(client.ups, 0);
	settle();
	assert_int_equal(server.ups, 1);
	assert_int_equal(client.ups, 1);
	raw_send(&client, CAL_WORD_UPPER, BYTES("h"), BYTES("p"));
	assert_int_equal(server.count, 0);
	settle();
	assert_int_equal(server.count, 1);
	raw_close(&client);
	assert_int_equal(server.downs, 0);
	settle();
	assert_int_equal(server.downs, 1);
	raw_close(&server);
}

static void
test_both_ways_in_order(void **state)
{
	struct raw_side server, client;
	char text[2] = "a";
	size_t i;

	(void)state;
	raw_open(&server, "a", true);
	raw_open(&client, "a", false);
	settle();
	for (i = 0; i < 10; i++) {
		text[0] = (char)('a' + i);
		raw_send(&client, CAL_WORD_UPPER, cal_slice_text(text),
		    BYTES(""));
		raw_send(&server, CAL_WORD_PING, BYTES(""),
		    cal_slice_text(text));
	}
	settle();
	assert_int_equal(server.count, 10);
	assert_int_equal(client.count, 10);
	for (i = 0; i < 10; i++) {
		assert_int_equal(server.got[i].word, CAL_WORD_UPPER);
		assert_int_equal(server.got[i].header.ptr[0], 'a' + i);
		assert_int_equal(server.got[i].payload.len, 0);
		assert_int_equal(client.got[i].word, CAL_WORD_PING);
		assert_int_equal(client.got[i].payload.ptr[0], 'a' + i);
	}
	raw_close(&client);
	raw_close(&server);
}

/* What was sent before the end comes before it. */
static void
test_message_then_down(void **state)
{
	struct raw_side server, client;

	(void)state;
	raw_open(&server, "a", true);
	raw_open(&client, "a", false);
	settle();
	raw_send(&client, CAL_WORD_UPPER, BYTES("last"), BYTES("words"));
	raw_close(&client);
	settle();
	assert_int_equal(server.count, 1);
	assert_slice(cal_buf_view(&server.got[0].header), "last");
	assert_int_equal(server.downs, 1);
	raw_close(&server);
}

static void
test_gone(void **state)
{
	struct raw_side server, client;
	struct cal_frames frames = { .word = CAL_WORD_PING };
	struct cal_buf own = { .max = 0 };

	(void)state;
	raw_open(&server, "a", true);
	raw_open(&client, "a", false);
	settle();
	raw_close(&server);
	cal_buf_put_text(&own, "bytes");
	assert_int_equal(cal_conn_send(client.conn, client.link, &frames,
	    &own), CAL_EGONE);
	assert_int_equal(own.len, 0);
	assert_int_equal(client.conn->counts.undeliverable, 1);
	settle();
	assert_int_equal(client.downs, 1);
	cal_buf_release(&own);
	raw_close(&client);
}

static void
test_own_and_pre(void **state)
{
	struct raw_side server, client;
	const struct cal_slice pre[] = { BYTES("one"), BYTES("two") };
	struct cal_frames frames = {
		.word = CAL_WORD_PONG, .header = BYTES("h"), .pre = pre,
		.pre_count = 2,
	};
	struct cal_buf own = { .max = 0 };

	(void)state;
	raw_open(&server, "a", true);
	raw_open(&client, "a", false);
	settle();
	cal_buf_put_text(&own, "owned");
	assert_int_equal(cal_conn_send(client.conn, client.link, &frames,
	    &own), CAL_OK);
	assert_int_equal(own.len, 0);
	settle();
	assert_int_equal(server.got[0].word, CAL_WORD_PONG);
	assert_slice(cal_buf_view(&server.got[0].payload), "owned");
	assert_int_equal(server.got[0].pre_count, 2);
	assert_slice(cal_buf_view(&server.got[0].pre), "onetwo");
	cal_buf_release(&own);
	raw_close(&client);
	raw_close(&server);
}

/* A closed end leaves nothing undone behind, whatever was under way. */
static void
test_close_at_any_time(void **state)
{
	struct raw_side server, client;

	(void)state;
	raw_open(&server, "a", true);
	raw_open(&client, "a", false);
	raw_close(&client);
	raw_close(&server);

	raw_open(&server, "a", true);
	raw_open(&client, "a", false);
	settle();
	raw_send(&client, CAL_WORD_UPPER, BYTES("h"), BYTES("p"));
	raw_send(&server, CAL_WORD_UPPER, BYTES("h"), BYTES("p"));
	raw_close(&server);
	raw_close(&client);
	settle();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_events_come_later),
		cmocka_unit_test(test_both_ways_in_order),
		cmocka_unit_test(test_message_then_down),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_own_and_pre),
		cmocka_unit_test(test_close_at_any_time),
	};

	return cmocka_run_group_tests(tests, open_loop, close_loop);
}
