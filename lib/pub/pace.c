/* Each message moves the time of the next by one gap. */
#include "pub/pace.h"

void
cal_pace_init(struct cal_pace *pace, double rate, double interval)
{
	*pace = (struct cal_pace){ .gap = interval };
	if (rate > 0) {
		pace->gap = 1 / rate;
		pace->behind = CAL_PACE_BEHIND;
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
	if (!pace->begun || pace->next < now - pace->behind)
		pace->next = now - (pace->begun ? pace->behind : 0);
	pace->begun = true;
	pace->next += pace->gap;
}
