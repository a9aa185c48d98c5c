/* What is the same for every connection over Redis. */
#include "transport/redis.h"

char *
cal_redis_address(const struct cal_conn *conn)
{
	return cal_url_text(&conn->conf.url);
}

int
cal_redis_send_nothing(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own)
{
	(void)conn;
	(void)link;
	(void)frames;
	(void)own;
	return CAL_EGONE;
}
