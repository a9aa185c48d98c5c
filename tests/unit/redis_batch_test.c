/* Unit tests of transport/redis_batch: who keeps the entries of a reply. */
#include "redis_said.h"
#include "transport/redis_batch.h"

#define ENTRY(id, body) "*2\r\n$3\r\n" id "\r\n*2\r\n$3\r\nmsg\r\n$4\r\n" \
	body "\r\n"
#define TWO "*1\r\n*2\r\n$1\r\ns\r\n*2\r\n" ENTRY("1-1", "body") \
	ENTRY("1-2", "more")

static struct cal_slice
body_of(const struct cal_redis_batch *batch, size_t number)
{
	struct cal_redis_entry entry;

	assert_true(cal_redis_entry(&entry, batch->entries, number));
	return entry.msg;
}

/* They live on when the reply is gone, as long as somebody holds one. */
static void
test_holds(void **state)
{
	redisReply *reply = redis_said(TWO);
	struct cal_redis_batch *batch = cal_redis_batch_take(reply, "s");
	struct cal_slice body;
	struct cal_hold *first, *second;

	(void)state;
	assert_non_null(batch);
	assert_null(cal_redis_entries(reply, "s"));
	freeReplyObject(reply);
	assert_int_equal(batch->count, 2);
	assert_slice(body_of(batch, 0), "body");
	assert_int_equal(cal_redis_batch_size(batch, 0), 10);
	body = body_of(batch, 1);
	first = cal_redis_batch_hold(batch);
	second = cal_redis_batch_hold(batch);
	cal_redis_batch_drop(batch);
	cal_hold_free(first);
	assert_slice(body, "more");
	cal_hold_free(second);
}

/* Of a reply without entries of the stream there is none. */
static void
test_none(void **state)
{
	static const char *const texts[] = {
		"*-1\r\n", "*0\r\n", "$-1\r\n", ":1\r\n", "+OK\r\n",
		"*1\r\n*2\r\n$1\r\ns\r\n*0\r\n",
		"*1\r\n*2\r\n$1\r\ns\r\n$1\r\nx\r\n",
		"*1\r\n*2\r\n$1\r\nt\r\n*1\r\n:1\r\n",
		"*1\r\n*1\r\n$1\r\ns\r\n", "*1\r\n:1\r\n",
	};
	redisReply *reply;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		reply = redis_said(texts[i]);
		assert_null(cal_redis_batch_take(reply, "s"));
		freeReplyObject(reply);
	}
	cal_redis_batch_drop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
