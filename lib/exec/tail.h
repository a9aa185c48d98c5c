/* The end of a stream of bytes: a ring that begins empty and never grows
 * beyond its limit. */
#ifndef CAL_EXEC_TAIL_H
#define CAL_EXEC_TAIL_H

#include <stdbool.h>

#include "base/buf.h"

struct cal_tail {
	struct cal_buf ring;
	size_t max;
	size_t oldest;          /* place of the first byte, once it is full */
	bool cut;               /* there was more */
};

void cal_tail_init(struct cal_tail *tail, size_t max);
void cal_tail_release(struct cal_tail *tail);
void cal_tail_add(struct cal_tail *tail, const uint8_t *ptr, size_t len);

/* Moves the bytes to out, which is empty, in their order. */
void cal_tail_take(struct cal_tail *tail, struct cal_buf *out);

#endif
