/* A reply of Redis, made of what Redis writes. */
#ifndef CAL_TESTS_REDIS_SAID_H
#define CAL_TESTS_REDIS_SAID_H

#include "transport/redis_socket.h"
#include "unit.h"

/* The caller frees. */
static inline redisReply *
redis_said(const char *text)
{
	struct cal_redis_reader reader;
	redisReply *reply = NULL;
	struct cal_err err;

	cal_redis_reader_init(&reader, 1 << 20);
	cal_redis_reader_feed(&reader, text, strlen(text));
	assert_int_equal(cal_redis_reader_next(&reader, &reply, &err), CAL_OK);
	assert_non_null(reply);
	cal_redis_reader_release(&reader);
	return reply;
}

#endif
