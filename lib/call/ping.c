/* One JSON object: the time, and what the hello holds. */
#include "call/ping.h"

void
cal_ping_put(struct cal_buf *out, double seconds,
    const struct cal_hello *hello)
{
	struct cal_buf said = { .max = 0 };
	struct cal_slice members;

	cal_buf_printf(out, "{\"ms\":%.3f", seconds * 1000);
	if (hello != NULL) {
		cal_hello_put_json(&said, hello);
		members = cal_buf_view(&said);
		if (members.len > 2) {          /* more than "{}" */
			cal_buf_put_byte(out, ',');
			cal_buf_put(out, members.ptr + 1, members.len - 1);
		} else {
			cal_buf_put_byte(out, '}');
		}
	} else {
		cal_buf_put_byte(out, '}');
	}
	cal_buf_put_byte(out, '\n');
	cal_buf_release(&said);
}
