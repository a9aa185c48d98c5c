/*
 * Bodies behind their lengths: any bytes at all.  A length is believed only up
 * to the limit, and nothing is made room for here.
 */
#include "exec/dialect.h"

#include <arpa/inet.h>

static int
ask_frame(struct cal_ask *ask, uint64_t id, const struct cal_job *job,
    int64_t timeout_ms, struct cal_err *err)
{
	uint32_t length;

	(void)id;
	(void)timeout_ms;
	cal_ask_clear(ask);
	if (job->body.len > UINT32_MAX)
		return cal_fail(err, CAL_EDATA,
		    "the body is larger than %lu bytes",
		    (unsigned long)UINT32_MAX);
	length = htonl((uint32_t)job->body.len);
	cal_buf_put(&ask->head, &length, sizeof(length));
	ask->body = job->body;
	return CAL_OK;
}

static int
cut_frame(struct cal_slice input, size_t *searched, size_t max,
    struct cal_slice *message, size_t *used, struct cal_err *err)
{
	uint32_t length;

	*message = cal_slice_of(NULL, 0);
	*used = 0;
	*searched = 0;
	if (input.len < sizeof(length))
		return CAL_EAGAIN;
	memcpy(&length, input.ptr, sizeof(length));
	length = ntohl(length);
	if (length > max)
		return cal_fail(err, CAL_EPROTO,
		    "a length of %lu bytes, more than %zu",
		    (unsigned long)length, max);
	if (input.len - sizeof(length) < length)
		return CAL_EAGAIN;
	*message = cal_slice_of(input.ptr + sizeof(length), length);
	*used = sizeof(length) + length;
	return CAL_OK;
}

const struct cal_dialect cal_dialect_framed = {
	.name = "framed",
	.any_order = false,
	.names_method = false,
	.depth = 1,
	.ask = ask_frame,
	.cut = cut_frame,
};
