/*
 * URLs of a master that sentinels know.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/url_parts.h"

static int
read_sentinel(struct cal_url *url, char *text, struct cal_err *err)
{
	struct cal_url_redis *redis = &url->redis;
	struct cal_url_place *place;
	int rc;

	if (redis->sentinel_count == CAL_URL_SENTINELS)
		return cal_fail(err, CAL_EUSAGE, "more than %d sentinels",
		    CAL_URL_SENTINELS);
	rc = cal_url_read_place(url, text, CAL_URL_SENTINEL_PORT, err);
	if (rc != CAL_OK)
		return rc;
	place = &redis->sentinels[redis->sentinel_count++];
	memcpy(place->host, url->host, sizeof(place->host));
	place->port = url->port;
	return CAL_OK;
}

/* The characters that a sentinel allows in one. */
static int
read_master(struct cal_url *url, const char *text, struct cal_err *err)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._";
	int rc;

	if ((rc = cal_url_check_name(text, "master", err)) != CAL_OK)
		return rc;
	if (text[strspn(text, plain)] != '\0')
		return cal_fail(err, CAL_EUSAGE, "master: its name has other "
		    "characters than letters, digits, '.', '-' and '_'");
	memcpy(url->redis.master, text, strlen(text) + 1);
	return CAL_OK;
}

int
cal_url_sentinel_read(struct cal_url *url, char *text, struct cal_err *err)
{
	char *master = strchr(text, '/'), *db = NULL, *sentinel;
	int rc;

	if (master != NULL) {
		*master++ = '\0';
		db = strchr(master, '/');
	}
	if (db != NULL)
		*db++ = '\0';
	while ((sentinel = strsep(&text, ",")) != NULL)
		if ((rc = read_sentinel(url, sentinel, err)) != CAL_OK)
			return rc;
	memset(url->host, 0, sizeof(url->host));
	url->port = 0;
	if (master == NULL)
		return cal_fail(err, CAL_EUSAGE, "it names no master: "
		    "HOST:PORT,.../MASTER");
	if ((rc = read_master(url, master, err)) != CAL_OK)
		return rc;
	return db != NULL ? cal_url_read_db(url, db, err) : CAL_OK;
}

char *
cal_url_sentinel_text(const struct cal_url *url)
{
	const struct cal_url_redis *redis = &url->redis;
	struct cal_buf buf = { .max = 0 };
	char *place;
	size_t i, len;

	for (i = 0; i < redis->sentinel_count; i++) {
		place = cal_url_place_text(redis->sentinels[i].host,
		    redis->sentinels[i].port);
		cal_buf_printf(&buf, "%s%s", i > 0 ? "," : "", place);
		free(place);
	}
	cal_buf_printf(&buf, "/%s", redis->master);
	(void)cal_buf_text(&buf);
	return (char *)cal_buf_take(&buf, &len);
}
