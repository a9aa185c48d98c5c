/* {"requests":3,"results":2, ...} */
#include "base/log.h"
#include "cli/counters.h"
#include "cli/object.h"

void
cal_counters_say(const struct cal_counter *counters, size_t count)
{
	struct cal_buf line = { .max = 0 };
	size_t i;

	cal_buf_put_byte(&line, '{');
	for (i = 0; i < count; i++)
		cal_object_put_number(&line, counters[i].name,
		    counters[i].value);
	cal_buf_put_byte(&line, '}');
	cal_log_line(CAL_LOG_FAILURE, cal_buf_view(&line));
	cal_buf_release(&line);
}
