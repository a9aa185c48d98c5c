/* What means something with Redis, what does not, and in which words. */
#include "cli/redis.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

enum { WAIT_TEXT = 32 };

static const double LEASE_MIN = 0.1;    /* seconds */

int
cal_redis_refuse(const struct cal_redis_choice *choices, size_t count,
    struct cal_err *err)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (choices[i].given)
			return cal_fail(err, CAL_EUSAGE, "%s has no meaning "
			    "with redis://: %s", choices[i].name,
			    choices[i].why);
	return CAL_OK;
}

int
cal_redis_check_side(bool bind, bool connect, struct cal_err *err)
{
	static const char why[] = "both sides connect to Redis";
	const struct cal_redis_choice choices[] = {
		{ "--bind", bind, why }, { "--connect", connect, why },
	};

	return CAL_REDIS_REFUSE(choices, err);
}

int
cal_redis_check_keys(struct cal_keys_options *keys, struct cal_err *err)
{
	const char *given = cal_keys_given(keys);
	const struct cal_redis_choice choice = {
		given, given != NULL, "CURVE is ZeroMQ's, and who is let in "
		"is for Redis to say",
	};

	*keys = (struct cal_keys_options){ 0 };
	return cal_redis_refuse(&choice, 1, err);
}

int
cal_redis_without(const struct cal_redis_options *redis,
    const struct cal_choice *choices, size_t count, struct cal_err *err)
{
	const char *given = redis->auth != NULL ? "--redis-auth" :
	    cal_choice_first(choices, count);

	return given == NULL ? CAL_OK : cal_fail(err, CAL_EUSAGE,
	    "%s has no meaning without redis://", given);
}

int
cal_redis_check_urls(bool *withp, const struct cal_url *urls, size_t count,
    struct cal_err *err)
{
	size_t i;

	*withp = cal_url_is_redis(&urls[0]);
	for (i = 1; i < count; i++)
		if (cal_url_is_redis(&urls[i]) != *withp)
			return cal_fail(err, CAL_EUSAGE, "URLs of Redis and "
			    "others have no meaning together");
	return CAL_OK;
}

int
cal_redis_check_lease(double lease, struct cal_err *err)
{
	return lease >= LEASE_MIN ? CAL_OK : cal_fail(err, CAL_EUSAGE,
	    "--lease is %g seconds or more", LEASE_MIN);
}

/* MS, or MS-SEQ. */
static bool
read_id(const char *text, unsigned long long *msp, unsigned long long *seqp)
{
	char ms[CAL_NUM_TEXT];
	const char *dash = strchrnul(text, '-');
	size_t len = (size_t)(dash - text);
	uint64_t num;

	*msp = *seqp = 0;
	if (len >= sizeof(ms))
		return false;
	memcpy(ms, text, len);
	ms[len] = '\0';
	if (cal_num_whole(&num, ms, 0, UINT64_MAX, "", NULL) != CAL_OK)
		return false;
	*msp = num;
	if (*dash == '\0')
		return true;
	if (cal_num_whole(&num, dash + 1, 0, UINT64_MAX, "", NULL) != CAL_OK)
		return false;
	*seqp = num;
	return true;
}

int
cal_redis_start(char start[CAL_REDIS_START], const char *position,
    struct cal_err *err)
{
	bool time = strncmp(position, "s@", 2) == 0;
	unsigned long long ms, seq;

	if (strcmp(position, "beginning") == 0) {
		strcpy(start, "0");
		return CAL_OK;
	}
	if (strcmp(position, "end") == 0) {
		strcpy(start, "$");
		return CAL_OK;
	}
	if (!read_id(time ? position + 2 : position, &ms, &seq) ||
	    (time && strchr(position, '-') != NULL))
		return cal_fail(err, CAL_EUSAGE, "bad position '%s': not "
		    "beginning, end, an entry's id or s@MILLISECONDS",
		    position);
	/* Behind the last possible id of the millisecond before. */
	if (time && ms > 0) {
		ms--;
		seq = UINT64_MAX;
	}
	(void)snprintf(start, CAL_REDIS_START, "%llu-%llu", ms, seq);
	return CAL_OK;
}

int
cal_redis_replicas(struct cal_conn_redis *conn, const char *text,
    struct cal_err *err)
{
	char copy[WAIT_TEXT], *colon;
	uint64_t count, ms;

	if (strlen(text) < sizeof(copy)) {
		strcpy(copy, text);
		if ((colon = strchr(copy, ':')) != NULL) {
			*colon = '\0';
			if (cal_num_whole(&count, copy, 1, 1000, "",
			    NULL) == CAL_OK && cal_num_whole(&ms, colon + 1, 1,
			    3600000, "", NULL) == CAL_OK) {
				conn->replicas = (unsigned)count;
				conn->replicas_ms = (unsigned)ms;
				return CAL_OK;
			}
		}
	}
	return cal_fail(err, CAL_EUSAGE, "bad --wait '%s': not REPLICAS:"
	    "MILLISECONDS, up to 1000:3600000", text);
}
