/* What Redis says when another one is the right one. */
#include <stdlib.h>

#include "base/mem.h"
#include "transport/redis_session_parts.h"

/* Said in place of MOVED and ASK, which are nobody's business but ours. */
static char moving[] = "TRYAGAIN the keys move to another node";
static const redisReply try_again = {
	.type = REDIS_REPLY_ERROR,
	.str = moving,
	.len = sizeof(moving) - 1,
};

static bool
begins(const redisReply *reply, const char *word)
{
	return reply->type == REDIS_REPLY_ERROR &&
	    strncmp(reply->str, word, strlen(word)) == 0;
}

/* "MOVED SLOT HOST:PORT"; the address of a host may have colons. */
bool
cal_redis_moved(struct cal_url *place, const redisReply *reply,
    const char *from)
{
	char *copy, *rest, *host, *port;
	struct cal_err err;
	bool is = false;

	if (!begins(reply, "MOVED "))
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

/* What is answered from then on was sent before it said so. */
const redisReply *
cal_redis_session_watch(struct cal_redis_session *rs, const redisReply *reply)
{
	bool moved = rs->conf.url->redis.cluster && rs->up &&
	    (begins(reply, "MOVED ") || begins(reply, "ASK "));
	bool demoted = rs->sentinel != NULL &&
	    (begins(reply, "READONLY") || begins(reply, "MASTERDOWN"));

	if (rs->demoted) {
		rs->owed -= rs->owed > 0;
	} else if (moved || demoted) {
		rs->demoted = true;
		rs->owed = rs->waiting.count;
	}
	return moved ? &try_again : reply;
}
