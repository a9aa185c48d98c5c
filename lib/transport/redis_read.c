/* Reading over Redis: not there yet. */
#include "transport/redis.h"

int
cal_redis_read_open(struct cal_conn **connp,
    const struct cal_conn_conf *conf, struct cal_err *err)
{
	(void)conf;
	*connp = NULL;
	return cal_fail(err, CAL_EUSAGE, "not over Redis yet");
}
