/* The password for Redis, from wherever it is said. */
#include <stdlib.h>
#include <string.h>

#include "auth/password.h"
#include "base/secret.h"
#include "cli/redis.h"

/* The first variable that holds one: empty is as if it were not there. */
static int
read_environment(char *password, struct cal_err *err)
{
	static const struct {
		const char *name, *what;
	} variables[] = {
		{ "CAL_REDIS_PASSWORD",
		    "environment variable CAL_REDIS_PASSWORD" },
		{ "REDISCLI_AUTH", "environment variable REDISCLI_AUTH" },
	};
	const char *value;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		value = getenv(variables[i].name);
		if (value == NULL || *value == '\0')
			continue;
		rc = cal_url_check_password(value, variables[i].what, err);
		if (rc == CAL_OK)
			strcpy(password, value);
		return rc;
	}
	return CAL_OK;
}

static int
find_password(char *password, const struct cal_redis_options *redis,
    struct cal_err *err)
{
	int rc;

	if (redis->auth == NULL)
		return read_environment(password, err);
	if ((rc = cal_password_load(password, redis->auth, err)) != CAL_OK)
		cal_err_prefix(err, "--redis-auth");
	return rc;
}

int
cal_redis_open(struct cal_url *urls, size_t count,
    const struct cal_redis_options *redis, struct cal_err *err)
{
	char password[CAL_URL_PASSWORD_MAX + 1] = "";
	bool has = false;
	size_t i;
	int rc;

	if (!cal_url_is_redis(&urls[0]))
		return CAL_OK;
	if ((rc = find_password(password, redis, err)) != CAL_OK)
		return rc;
	for (i = 0; i < count; i++) {
		if (urls[i].redis.password[0] == '\0')
			strcpy(urls[i].redis.password, password);
		has |= urls[i].redis.password[0] != '\0';
	}
	cal_secret_wipe(password, sizeof(password));
	if (has)
		cal_secret_guard();
	return CAL_OK;
}
