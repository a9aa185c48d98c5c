/* What a node of a cluster says of a key that another one has. */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis.h"

/* "MOVED SLOT HOST:PORT"; the address of a host may have colons. */
bool
cal_redis_moved(struct cal_url *place, const redisReply *reply,
    const char *from)
{
	char *copy, *rest, *host, *port;
	struct cal_err err;
	bool is = false;

	if (reply->type != REDIS_REPLY_ERROR ||
	    strncmp(reply->str, "MOVED ", 6) != 0)
		return false;
	copy = rest = cal_strdup(reply->str + 6);
	(void)strsep(&rest, " ");
	if ((host = rest) != NULL && (port = strrchr(host, ':')) != NULL) {
		*port++ = '\0';
		is = cal_url_set_place(place, *host == '\0' ? from : host,
		    port, &err) == CAL_OK;
	}
	free(copy);
	return is;
}
