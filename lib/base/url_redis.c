/*
 * URLs of streams in Redis.
 *
 * The last '@' of a text ends user and password, wherever it stands: whoever
 * wrote a password with '/' or '?' as it is must not find half of it in a
 * message, nor in the name of a host.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/secret.h"
#include "base/url_parts.h"
#include "base/utf8.h"

enum { TEXT_MAX = 4096 };

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* The byte that %XX stands for; text is behind the '%'.  -1: it is none. */
static int
read_code(const char *text)
{
	int high = hex_digit(text[0]);
	int low = high < 0 ? -1 : hex_digit(text[1]);

	return low < 0 ? -1 : high << 4 | low;
}

/* out has room for max bytes and a NUL. */
static int
decode(char *out, size_t max, const char *text, const char *what,
    struct cal_err *err)
{
	size_t len = 0;
	int byte;

	for (; *text != '\0'; text++) {
		byte = (unsigned char)*text;
		if (*text == '%') {
			if ((byte = read_code(text + 1)) < 0)
				return cal_fail(err, CAL_EUSAGE,
				    "%s: bad percent code", what);
			text += 2;
		}
		if (byte < 0x20 || byte == 0x7f)
			return cal_fail(err, CAL_EUSAGE,
			    "%s: control character", what);
		if (len == max)
			return cal_fail(err, CAL_EUSAGE,
			    "%s: more than %zu bytes", what, max);
		out[len++] = (char)byte;
	}
	out[len] = '\0';
	return len > 0 ? CAL_OK :
	    cal_fail(err, CAL_EUSAGE, "%s: it is empty", what);
}

/* out has room for CAL_URL_NAME_MAX bytes and a NUL. */
static int
read_name(char *out, const char *text, const char *what, struct cal_err *err)
{
	int rc = decode(out, CAL_URL_NAME_MAX, text, what, err);

	if (rc == CAL_OK && !cal_utf8_valid(cal_slice_text(out)))
		rc = cal_fail(err, CAL_EUSAGE, "%s: not UTF-8", what);
	return rc;
}

/* [USER][:PASSWORD], which end with text; nothing of it is said. */
static int
read_userinfo(struct cal_url *url, char *text, struct cal_err *err)
{
	struct cal_url_redis *redis = &url->redis;
	char *colon;
	int rc;

	if (strpbrk(text, "/?#@") != NULL)
		return cal_fail(err, CAL_EUSAGE, "user and password hold '/', "
		    "'?', '#' and '@' as percent codes only, and so does "
		    "'@' what follows them");
	if ((colon = strchr(text, ':')) != NULL)
		*colon = '\0';
	if ((colon == NULL || *text != '\0') &&
	    (rc = read_name(redis->user, text, "user", err)) != CAL_OK)
		return rc;
	return colon == NULL ? CAL_OK : decode(redis->password,
	    CAL_URL_PASSWORD_MAX, colon + 1, "password", err);
}

static int
read_db(struct cal_url *url, const char *text, struct cal_err *err)
{
	uint64_t db;
	int rc;

	rc = cal_num_whole(&db, text, 0, CAL_URL_DB_MAX, "database", err);
	url->redis.db = (uint32_t)db;
	return rc;
}

/* HOST[:PORT][/DB] */
static int
read_place(struct cal_url *url, char *text, struct cal_err *err)
{
	char *slash = strchr(text, '/'), *colon;
	int rc;

	if (slash != NULL) {
		*slash++ = '\0';
		if ((rc = read_db(url, slash, err)) != CAL_OK)
			return rc;
	}
	colon = strrchr(text, ':');
	/* In brackets it is one of the address. */
	if (colon != NULL && strchr(colon, ']') != NULL)
		colon = NULL;
	url->port = CAL_URL_REDIS_PORT;
	if (colon != NULL) {
		*colon++ = '\0';
		rc = cal_url_read_port(url, colon, false, err);
		if (rc != CAL_OK)
			return rc;
	}
	return cal_url_read_host(url, text, strlen(text), false, err);
}

/* value is NULL without a '='. */
static int
read_pair(struct cal_url *url, const char *key, const char *value,
    bool *has_dbp, struct cal_err *err)
{
	struct cal_url_redis *redis = &url->redis;
	const struct {
		const char *key;
		char *name;
	} names[] = {
		{ "stream", redis->stream },
		{ "group", redis->group },
		{ "consumer", redis->consumer },
	};
	bool twice = *has_dbp;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(key, names[i].key) != 0)
			continue;
		if (names[i].name[0] != '\0')
			return cal_fail(err, CAL_EUSAGE, "%s= twice", key);
		return read_name(names[i].name, value ? value : "", key, err);
	}
	if (strcmp(key, "cluster") == 0)
		return cal_fail(err, CAL_EUSAGE, "cluster=: Redis Cluster is "
		    "not supported yet");
	if (strcmp(key, "db") != 0)
		return cal_fail(err, CAL_EUSAGE, "unknown query key '%.32s'",
		    key);
	if (url->scheme == CAL_REDIS)
		return cal_fail(err, CAL_EUSAGE, "db= is for redis+unix://; "
		    "here it is HOST:PORT/DB");
	*has_dbp = true;
	return twice ? cal_fail(err, CAL_EUSAGE, "db= twice") :
	    read_db(url, value ? value : "", err);
}

static int
read_query(struct cal_url *url, char *text, struct cal_err *err)
{
	bool has_db = false;
	char *pair, *value;
	int rc;

	while ((pair = strsep(&text, "&")) != NULL) {
		if ((value = strchr(pair, '=')) != NULL)
			*value++ = '\0';
		rc = read_pair(url, pair, value, &has_db, err);
		if (rc != CAL_OK)
			return rc;
	}
	return url->redis.stream[0] != '\0' ? CAL_OK :
	    cal_fail(err, CAL_EUSAGE, "it names no stream: ?stream=NAME");
}

static int
read_parts(struct cal_url *url, char *text, struct cal_err *err)
{
	char *at = strrchr(text, '@'), *query;
	int rc;

	if (at != NULL) {
		*at = '\0';
		if ((rc = read_userinfo(url, text, err)) != CAL_OK)
			return rc;
		text = at + 1;
	}
	if (strchr(text, '#') != NULL)
		return cal_fail(err, CAL_EUSAGE,
		    "a '#' stands as percent code only");
	if ((query = strchr(text, '?')) != NULL)
		*query++ = '\0';
	rc = url->scheme == CAL_REDIS ? read_place(url, text, err) :
	    cal_url_read_path(url, text, err);
	if (rc != CAL_OK)
		return rc;
	return query != NULL ? read_query(url, query, err) :
	    cal_fail(err, CAL_EUSAGE, "it names no stream: ?stream=NAME");
}

int
cal_url_redis_read(struct cal_url *url, const char *text, struct cal_err *err)
{
	char copy[TEXT_MAX + 1];
	size_t len = strlen(text);
	int rc;

	if (len > TEXT_MAX)
		return cal_fail(err, CAL_EUSAGE,
		    "more than %d bytes behind '://'", TEXT_MAX);
	memcpy(copy, text, len + 1);
	rc = read_parts(url, copy, err);
	cal_secret_wipe(copy, len);
	return rc;
}

/* What is not plain in a query leaves as a percent code. */
static void
put_pair(struct cal_buf *buf, const char *key, const char *value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-._~:/";

	if (*value == '\0')
		return;
	cal_buf_printf(buf, "%s=", key);
	for (; *value != '\0'; value++)
		if (strchr(plain, *value) != NULL)
			cal_buf_put_byte(buf, (uint8_t)*value);
		else
			cal_buf_printf(buf, "%%%02X", (unsigned char)*value);
}

char *
cal_url_redis_text(const struct cal_url *url, const char *where)
{
	const struct cal_url_redis *redis = &url->redis;
	struct cal_buf buf = { .max = 0 };
	size_t len;

	if (url->scheme == CAL_REDIS)
		cal_buf_printf(&buf, "redis://%s", where);
	else
		cal_buf_printf(&buf, "redis+unix://%s", where);
	if (redis->db > 0 && url->scheme == CAL_REDIS)
		cal_buf_printf(&buf, "/%u", redis->db);
	put_pair(&buf, "?stream", redis->stream);
	put_pair(&buf, "&group", redis->group);
	put_pair(&buf, "&consumer", redis->consumer);
	if (redis->db > 0 && url->scheme == CAL_REDIS_UNIX)
		cal_buf_printf(&buf, "&db=%u", redis->db);
	(void)cal_buf_text(&buf);
	return (char *)cal_buf_take(&buf, &len);
}
