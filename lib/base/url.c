/*
 * URLs.  A text is taken apart from left to right, and whatever is not
 * expected where it stands is refused with a word about it.
 */
#include "base/mem.h"
#include "base/num.h"
#include "base/url_parts.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_MAX = 63, SHOWN_MAX = 300 };

/* Locale-free: ASCII only. */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
has_blank(const char *text)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p <= 0x20 || *p == 0x7f)
			return true;
	return false;
}

static bool
is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 ||
	    inet_pton(AF_INET6, host, bytes) == 1;
}

/*
 * A name of letters, digits, '-', '_' and single dots.  One that ends like a
 * number would be read as an address by getaddrinfo ("127.1", "0x7f.1"), and
 * is no name.
 */
static bool
is_name(const char *host)
{
	const char *label = host, *p;
	bool number = false;

	for (p = host;; p++) {
		if (*p == '.' || *p == '\0') {
			if (p == label || p - label > LABEL_MAX)
				return false;
			number = is_digit(*label) &&
			    (strspn(label, "0123456789") ==
			    (size_t)(p - label) ||
			    (*label == '0' && (label[1] | 0x20) == 'x'));
			if (*p == '\0' || p[1] == '\0')
				return !number;
			label = p + 1;
		} else if (!is_alnum(*p) && *p != '_' &&
		    !(*p == '-' && p > label)) {
			return false;
		}
	}
}

int
cal_url_read_host(struct cal_url *url, const char *text, size_t len, bool bind,
    struct cal_err *err)
{
	bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	if (brackets) {
		text++;
		len -= 2;
	}
	if (len == 0)
		return cal_fail(err, CAL_EUSAGE, "no host");
	if (len > CAL_URL_HOST_MAX)
		return cal_fail(err, CAL_EUSAGE, "host is too long");
	memcpy(url->host, text, len);
	url->host[len] = '\0';
	if (brackets && strchr(url->host, '%') != NULL)
		return cal_fail(err, CAL_EUSAGE,
		    "IPv6 zones are not understood");
	if (brackets)
		return strchr(url->host, ':') != NULL &&
		    is_address(url->host) ? CAL_OK : cal_fail(err, CAL_EUSAGE,
		    "'%s' is not an IPv6 address", url->host);
	if (strchr(url->host, ':') != NULL)
		return cal_fail(err, CAL_EUSAGE, "not HOST:PORT "
		    "(an IPv6 address stands in brackets)");
	if (strcmp(url->host, "*") == 0)
		return bind ? CAL_OK : cal_fail(err, CAL_EUSAGE,
		    "host '*' is only for listening");
	if (!is_name(url->host) && !is_address(url->host))
		return cal_fail(err, CAL_EUSAGE,
		    "'%s' is neither a host name nor an address", url->host);
	return CAL_OK;
}

int
cal_url_read_port(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err)
{
	uint64_t port;
	int rc;

	if (strcmp(text, "*") == 0) {
		if (!bind)
			return cal_fail(err, CAL_EUSAGE,
			    "port '*' is only for listening");
		url->port = 0;
		return CAL_OK;
	}
	if ((rc = cal_num_whole(&port, text, 1, 65535, "port", err)) != CAL_OK)
		return rc;
	url->port = (uint16_t)port;
	return CAL_OK;
}

static int
read_tcp(struct cal_url *url, const char *text, bool bind, struct cal_err *err)
{
	const char *colon = strrchr(text, ':');
	int rc;

	if (strchr(text, '@') != NULL)
		return cal_fail(err, CAL_EUSAGE, "no user or password here");
	if (strpbrk(text, "/?#") != NULL)
		return cal_fail(err, CAL_EUSAGE,
		    "nothing may follow the port");
	if (colon == NULL || strchr(colon, ']') != NULL)
		return cal_fail(err, CAL_EUSAGE, "no port");
	rc = cal_url_read_host(url, text, (size_t)(colon - text), bind, err);
	if (rc != CAL_OK)
		return rc;
	return cal_url_read_port(url, colon + 1, bind, err);
}

/* "%20" in a path would be a file of that name, which nobody wants. */
static bool
has_percent_code(const char *text)
{
	const char *p;

	for (p = text; (p = strchr(p, '%')) != NULL; p++)
		if (p[1] != '\0' && strchr("0123456789abcdefABCDEF", p[1]) &&
		    p[2] != '\0' && strchr("0123456789abcdefABCDEF", p[2]))
			return true;
	return false;
}

int
cal_url_read_path(struct cal_url *url, const char *text, struct cal_err *err)
{
	if (*text == '\0')
		return cal_fail(err, CAL_EUSAGE, "no path");
	if (*text == '@')
		return cal_fail(err, CAL_EUSAGE, "abstract sockets have no "
		    "permissions and are not supported");
	if (strchr(text, '*') != NULL)
		return cal_fail(err, CAL_EUSAGE, "a path has no '*'");
	if (has_percent_code(text))
		return cal_fail(err, CAL_EUSAGE,
		    "percent codes are not understood in a path");
	if (strlen(text) > CAL_URL_PATH_MAX)
		return cal_fail(err, CAL_EUSAGE,
		    "path is longer than %d bytes", CAL_URL_PATH_MAX);
	memcpy(url->path, text, strlen(text) + 1);
	return CAL_OK;
}

static const struct {
	const char *text;
	enum cal_scheme scheme;
	const char *not_there;          /* why not; NULL: it is */
} schemes[] = {
	{ "tcp://", CAL_TCP, NULL },
	{ "ipc://", CAL_IPC, NULL },
	{ "loop://", CAL_LOOPBACK, NULL },
	{ "redis://", CAL_REDIS, NULL },
	{ "redis+unix://", CAL_REDIS_UNIX, NULL },
	{ "rediss://", CAL_REDIS, "there is no TLS here, and without it "
	    "the password would be for all to read" },
	{ "redis+sentinel://", CAL_REDIS, "Redis Sentinel is not supported "
	    "yet" },
};

static int
read_rest(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err)
{
	switch (url->scheme) {
	case CAL_TCP:
		return read_tcp(url, text, bind, err);
	case CAL_IPC:
	case CAL_LOOPBACK:
		if (strpbrk(text, "?#") != NULL)
			return cal_fail(err, CAL_EUSAGE,
			    "nothing may follow the path");
		return cal_url_read_path(url, text, err);
	case CAL_REDIS:
	case CAL_REDIS_UNIX:
		return cal_url_redis_read(url, text, err);
	}
	return cal_fail(err, CAL_EBUG, "no such scheme");
}

static int
read_parts(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err)
{
	size_t i, len;

	if (has_blank(text))
		return cal_fail(err, CAL_EUSAGE,
		    "white space or control character");
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		len = strlen(schemes[i].text);
		if (strncmp(text, schemes[i].text, len) != 0)
			continue;
		if (schemes[i].not_there != NULL)
			return cal_fail(err, CAL_EUSAGE, "%s",
			    schemes[i].not_there);
		url->scheme = schemes[i].scheme;
		return read_rest(url, text + len, bind, err);
	}
	return cal_fail(err, CAL_EUSAGE, "must begin with tcp://, ipc://, "
	    "redis:// or redis+unix://");
}

const char *
cal_url_shown(const char *text)
{
	const char *at = strrchr(text, '@');

	return at == NULL || strncmp(text, "ipc://@", 7) == 0 ? text : at;
}

int
cal_url_parse(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err)
{
	size_t len;
	int rc;

	memset(url, 0, sizeof(*url));
	if ((rc = read_parts(url, text, bind, err)) == CAL_OK)
		return CAL_OK;
	memset(url, 0, sizeof(*url));
	text = cal_url_shown(text);
	/* Others write passwords into a query. */
	len = strcspn(text, "?");
	cal_err_prefix(err, "bad URL '%.*s'", (int)(len < SHOWN_MAX ? len :
	    SHOWN_MAX), text);
	return rc;
}

/* "HOST:PORT"; the caller frees. */
static char *
place_text(const struct cal_url *url)
{
	bool six = strchr(url->host, ':') != NULL;

	if (url->port == 0)
		return cal_asprintf("%s%s%s:*", six ? "[" : "", url->host,
		    six ? "]" : "");
	return cal_asprintf("%s%s%s:%u", six ? "[" : "", url->host,
	    six ? "]" : "", url->port);
}

char *
cal_url_text(const struct cal_url *url)
{
	char *place = NULL, *text = NULL;

	switch (url->scheme) {
	case CAL_IPC:
		return cal_asprintf("ipc://%s", url->path);
	case CAL_LOOPBACK:
		return cal_asprintf("loop://%s", url->path);
	case CAL_REDIS_UNIX:
		return cal_url_redis_text(url, url->path);
	case CAL_TCP:
		place = place_text(url);
		text = cal_asprintf("tcp://%s", place);
		break;
	case CAL_REDIS:
		place = place_text(url);
		text = cal_url_redis_text(url, place);
		break;
	}
	free(place);
	return text;
}
