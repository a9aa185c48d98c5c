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

/* In its place, where there is room. */
static int
decode(char *text, const char *what, struct cal_err *err)
{
	char *end = text;
	int byte;

	for (; *text != '\0'; text++) {
		byte = (unsigned char)*text;
		if (*text == '%') {
			if ((byte = read_code(text + 1)) < 0)
				return cal_fail(err, CAL_EUSAGE,
				    "%s: bad percent code", what);
			text += 2;
		}
		if (byte == '\0')
			return cal_fail(err, CAL_EUSAGE,
			    "%s: control character", what);
		*end++ = (char)byte;
	}
	*end = '\0';
	return CAL_OK;
}

static int
check(const char *text, size_t max, const char *what, struct cal_err *err)
{
	const char *p;

	if (*text == '\0')
		return cal_fail(err, CAL_EUSAGE, "%s: it is empty", what);
	if (strlen(text) > max)
		return cal_fail(err, CAL_EUSAGE, "%s: more than %zu bytes",
		    what, max);
	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return cal_fail(err, CAL_EUSAGE,
			    "%s: control character", what);
	return CAL_OK;
}

int
cal_url_check_name(const char *name, const char *what, struct cal_err *err)
{
	int rc = check(name, CAL_URL_NAME_MAX, what, err);

	if (rc == CAL_OK && !cal_utf8_valid(cal_slice_text(name)))
		rc = cal_fail(err, CAL_EUSAGE, "%s: not UTF-8", what);
	return rc;
}

int
cal_url_check_password(const char *password, const char *what,
    struct cal_err *err)
{
	return check(password, CAL_URL_PASSWORD_MAX, what, err);
}

/* name has room for CAL_URL_NAME_MAX bytes and a NUL. */
static int
read_name(char *name, char *text, const char *what, struct cal_err *err)
{
	int rc;

	if ((rc = decode(text, what, err)) == CAL_OK &&
	    (rc = cal_url_check_name(text, what, err)) == CAL_OK)
		memcpy(name, text, strlen(text) + 1);
	return rc;
}

static int
read_password(char *password, char *text, struct cal_err *err)
{
	int rc;

	if ((rc = decode(text, "password", err)) == CAL_OK &&
	    (rc = cal_url_check_password(text, "password", err)) == CAL_OK)
		memcpy(password, text, strlen(text) + 1);
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
		*colon++ = '\0';
	if ((colon == NULL || *text != '\0') &&
	    (rc = read_name(redis->user, text, "user", err)) != CAL_OK)
		return rc;
	return colon == NULL ? CAL_OK :
	    read_password(redis->password, colon, err);
}

int
cal_url_read_db(struct cal_url *url, const char *text, struct cal_err *err)
{
	uint64_t db;
	int rc;

	rc = cal_num_whole(&db, text, 0, CAL_URL_DB_MAX, "database", err);
	url->redis.db = (uint32_t)db;
	return rc;
}

int
cal_url_read_place(struct cal_url *url, char *text, uint16_t port,
    struct cal_err *err)
{
	char *colon = strrchr(text, ':');
	int rc;

	/* In brackets it is one of the address. */
	if (colon != NULL && strchr(colon, ']') != NULL)
		colon = NULL;
	url->port = port;
	if (colon != NULL) {
		*colon++ = '\0';
		rc = cal_url_read_port(url, colon, false, err);
		if (rc != CAL_OK)
			return rc;
	}
	return cal_url_read_host(url, text, strlen(text), false, err);
}

/* HOST[:PORT][/DB] */
static int
read_server(struct cal_url *url, char *text, struct cal_err *err)
{
	char *slash = strchr(text, '/');
	int rc;

	if (slash != NULL) {
		*slash++ = '\0';
		if ((rc = cal_url_read_db(url, slash, err)) != CAL_OK)
			return rc;
	}
	return cal_url_read_place(url, text, CAL_URL_REDIS_PORT, err);
}

static int
read_cluster(struct cal_url *url, const char *text, struct cal_err *err)
{
	if (url->redis.cluster)
		return cal_fail(err, CAL_EUSAGE, "cluster= twice");
	if (strcmp(text, "1") != 0)
		return cal_fail(err, CAL_EUSAGE, "cluster= is 1 or not there");
	if (url->scheme != CAL_REDIS)
		return cal_fail(err, CAL_EUSAGE, "cluster=1 is for redis://");
	if (url->redis.db != 0)
		return cal_fail(err, CAL_EUSAGE, "a cluster has database 0 "
		    "only");
	url->redis.cluster = true;
	return CAL_OK;
}

/*
 * A cluster keeps those keys together that have the same words between their
 * first '{' and the '}' behind it.  The keys of a service begin with its name.
 */
static int
tag(struct cal_url *url, struct cal_err *err)
{
	char *name = url->redis.stream;
	char *open = strchr(name, '{');
	size_t len = strlen(name);

	if (open != NULL && strcspn(open + 1, "}") > 0 &&
	    strchr(open, '}') != NULL)
		return CAL_OK;
	if (strpbrk(name, "{}") != NULL)
		return cal_fail(err, CAL_EUSAGE, "stream: with cluster=1 "
		    "braces stand around something");
	if (len > CAL_URL_NAME_MAX - 2)
		return cal_fail(err, CAL_EUSAGE, "stream: with cluster=1 not "
		    "more than %d bytes", CAL_URL_NAME_MAX - 2);
	memmove(name + 1, name, len);
	name[0] = '{';
	name[len + 1] = '}';
	name[len + 2] = '\0';
	return CAL_OK;
}

static int
read_pair(struct cal_url *url, const char *key, char *value, bool *has_dbp,
    struct cal_err *err)
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
		return read_name(names[i].name, value, key, err);
	}
	if (strcmp(key, "cluster") == 0)
		return read_cluster(url, value, err);
	if (strcmp(key, "db") != 0)
		return cal_fail(err, CAL_EUSAGE, "unknown query key '%.32s'",
		    key);
	if (url->scheme != CAL_REDIS_UNIX)
		return cal_fail(err, CAL_EUSAGE, "db= is for redis+unix://; "
		    "here it is %s/DB", url->scheme == CAL_REDIS ?
		    "HOST:PORT" : "MASTER");
	*has_dbp = true;
	return twice ? cal_fail(err, CAL_EUSAGE, "db= twice") :
	    cal_url_read_db(url, value, err);
}

static int
read_query(struct cal_url *url, char *text, struct cal_err *err)
{
	bool has_db = false;
	char *pair, *value;
	int rc;

	while ((pair = strsep(&text, "&")) != NULL) {
		value = pair + strcspn(pair, "=");
		if (*value == '=')
			*value++ = '\0';
		rc = read_pair(url, pair, value, &has_db, err);
		if (rc != CAL_OK)
			return rc;
	}
	if (url->redis.stream[0] == '\0')
		return cal_fail(err, CAL_EUSAGE,
		    "it names no stream: ?stream=NAME");
	return url->redis.cluster ? tag(url, err) : CAL_OK;
}

static int
read_where(struct cal_url *url, char *text, struct cal_err *err)
{
	if (url->scheme == CAL_REDIS)
		return read_server(url, text, err);
	if (url->scheme == CAL_REDIS_SENTINEL)
		return cal_url_sentinel_read(url, text, err);
	return cal_url_read_path(url, text, err);
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
	if ((rc = read_where(url, text, err)) != CAL_OK)
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

/* Without the braces that are only there since there must be some. */
static void
put_stream(struct cal_buf *buf, const struct cal_url_redis *redis)
{
	char name[CAL_URL_NAME_MAX + 1];
	size_t len = strlen(redis->stream);

	if (!redis->cluster || redis->stream[0] != '{' ||
	    strpbrk(redis->stream + 1, "{}") != redis->stream + len - 1) {
		put_pair(buf, "?stream", redis->stream);
		return;
	}
	memcpy(name, redis->stream + 1, len - 2);
	name[len - 2] = '\0';
	put_pair(buf, "?stream", name);
}

char *
cal_url_redis_text(const struct cal_url *url, const char *where)
{
	const struct cal_url_redis *redis = &url->redis;
	struct cal_buf buf = { .max = 0 };
	size_t len;

	cal_buf_printf(&buf, "redis%s://%s",
	    url->scheme == CAL_REDIS_UNIX ? "+unix" :
	    url->scheme == CAL_REDIS_SENTINEL ? "+sentinel" : "", where);
	if (redis->db > 0 && url->scheme != CAL_REDIS_UNIX)
		cal_buf_printf(&buf, "/%u", redis->db);
	put_stream(&buf, redis);
	put_pair(&buf, "&group", redis->group);
	put_pair(&buf, "&consumer", redis->consumer);
	if (redis->cluster)
		cal_buf_printf(&buf, "&cluster=1");
	if (redis->db > 0 && url->scheme == CAL_REDIS_UNIX)
		cal_buf_printf(&buf, "&db=%u", redis->db);
	(void)cal_buf_text(&buf);
	return (char *)cal_buf_take(&buf, &len);
}
