/* The tail of a stream: appended to until full, then written round. */
#include "exec/tail.h"

void
cal_tail_init(struct cal_tail *tail, size_t max)
{
	*tail = (struct cal_tail){ .max = max };
}

void
cal_tail_release(struct cal_tail *tail)
{
	cal_buf_release(&tail->ring);
}

void
cal_tail_add(struct cal_tail *tail, const uint8_t *ptr, size_t len)
{
	size_t n;

	if (len > tail->max) {
		ptr += len - tail->max;
		len = tail->max;
		tail->cut = true;
	}
	n = tail->max - tail->ring.len;
	if (n > len)
		n = len;
	cal_buf_put(&tail->ring, ptr, n);
	for (ptr += n, len -= n; len > 0; ptr += n, len -= n) {
		tail->cut = true;
		n = tail->max - tail->oldest;
		if (n > len)
			n = len;
		memcpy(tail->ring.ptr + tail->oldest, ptr, n);
		tail->oldest = (tail->oldest + n) % tail->max;
	}
}

void
cal_tail_take(struct cal_tail *tail, struct cal_buf *out)
{
	if (tail->oldest == 0) {
		cal_buf_move(out, &tail->ring);
		return;
	}
	cal_buf_put(out, tail->ring.ptr + tail->oldest,
	    tail->ring.len - tail->oldest);
	cal_buf_put(out, tail->ring.ptr, tail->oldest);
	cal_buf_release(&tail->ring);
	tail->oldest = 0;
}
