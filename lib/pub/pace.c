/* Each message moves the time of the next by one step. */
#include "pub/pace.h"

void
cal_pace_init(struct cal_pace *pace, double rate, double interval)
{
	*pace = (struct cal_pace){ .gap = interval, .late = interval };
	if (rate > 0) {
		pace->gap = 1 / rate;
		pace->late = CAL_PACE_LATE;
	}
}

double
cal_pace_wait(const struct cal_pace *pace, double now)
{
	if (pace->gap == 0 || !pace->begun || pace->next <= now)
		return 0;
	return pace->next - now;
}

void
cal_pace_step(struct cal_pace *pace, double now)
{
	if (!pace->begun || pace->next + pace->late < now)
		pace->next = now;
	pace->begun = true;
	pace->next += pace->gap;
}
