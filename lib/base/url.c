/*
 * URLs.  A text is taken apart from left to right, and whatever is not
 * expected where it stands is refused with a word about it.
 */
#include "base/url.h"
#include "base/mem.h"
#include "base/num.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

enum { LABEL_MAX = 63 };

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

/* What stands between "tcp://" and the last colon. */
static int
read_host(struct cal_url *url, const char *text, size_t len, bool bind,
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

static int
read_port(struct cal_url *url, const char *text, bool bind,
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
	rc = read_host(url, text, (size_t)(colon - text), bind, err);
	if (rc != CAL_OK)
		return rc;
	return read_port(url, colon + 1, bind, err);
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

static int
read_path(struct cal_url *url, const char *text, struct cal_err *err)
{
	if (*text == '\0')
		return cal_fail(err, CAL_EUSAGE, "no path");
	if (*text == '@')
		return cal_fail(err, CAL_EUSAGE, "abstract sockets have no "
		    "permissions and are not supported");
	if (strchr(text, '*') != NULL)
		return cal_fail(err, CAL_EUSAGE, "a path has no '*'");
	if (strpbrk(text, "?#") != NULL)
		return cal_fail(err, CAL_EUSAGE,
		    "nothing may follow the path");
	if (has_percent_code(text))
		return cal_fail(err, CAL_EUSAGE,
		    "percent codes are not understood");
	if (strlen(text) > CAL_URL_PATH_MAX)
		return cal_fail(err, CAL_EUSAGE,
		    "path is longer than %d bytes", CAL_URL_PATH_MAX);
	memcpy(url->path, text, strlen(text) + 1);
	return CAL_OK;
}

static int
read_parts(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err)
{
	if (has_blank(text))
		return cal_fail(err, CAL_EUSAGE,
		    "white space or control character");
	if (strncmp(text, "tcp://", 6) == 0) {
		url->scheme = CAL_TCP;
		return read_tcp(url, text + 6, bind, err);
	}
	if (strncmp(text, "ipc://", 6) == 0) {
		url->scheme = CAL_IPC;
		return read_path(url, text + 6, err);
	}
	if (strncmp(text, "loop://", 7) == 0) {
		url->scheme = CAL_LOOPBACK;
		return read_path(url, text + 7, err);
	}
	return cal_fail(err, CAL_EUSAGE,
	    "must begin with tcp:// or ipc://");
}

/* What may stand in a message: nothing before an '@', for it is a secret. */
static const char *
without_userinfo(const char *text)
{
	const char *at = strrchr(text, '@');

	return at == NULL || strncmp(text, "ipc://@", 7) == 0 ? text : at;
}

int
cal_url_parse(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err)
{
	int rc;

	memset(url, 0, sizeof(*url));
	if ((rc = read_parts(url, text, bind, err)) == CAL_OK)
		return CAL_OK;
	memset(url, 0, sizeof(*url));
	cal_err_prefix(err, "bad URL '%s'", without_userinfo(text));
	return rc;
}

static bool
is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return ntohl(in.sin_addr.s_addr) >> 24 == 127;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) ||
		    (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) &&
		    in6.sin6_addr.s6_addr[12] == 127);
	}
	return false;
}

/* "127.0.0.1" or "[::1]". */
static int
put_numeric(char *numeric, const struct addrinfo *info)
{
	bool six = info->ai_family == AF_INET6;
	int rc;

	if (six)
		*numeric++ = '[';
	rc = getnameinfo(info->ai_addr, info->ai_addrlen, numeric,
	    INET6_ADDRSTRLEN, NULL, 0, NI_NUMERICHOST);
	if (rc == 0 && six)
		strcat(numeric, "]");
	return rc;
}

/* libzmq tries one address only, and takes one of IPv4 where it may. */
static const struct addrinfo *
choose(const struct addrinfo *list)
{
	const struct addrinfo *info;

	for (info = list; info != NULL; info = info->ai_next)
		if (info->ai_family == AF_INET)
			return info;
	return list;
}

static int
find_host(struct addrinfo **listp, const char *host)
{
	struct addrinfo hints;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	return getaddrinfo(host, NULL, &hints, listp);
}

int
cal_url_resolve(const struct cal_url *url, char *numeric, bool *openp,
    struct cal_err *err)
{
	struct addrinfo *list = NULL, *info;
	int rc;

	*openp = false;
	if (url->scheme != CAL_TCP)
		return CAL_OK;
	if (strcmp(url->host, "*") == 0) {
		*openp = true;
		if (numeric != NULL)
			strcpy(numeric, "*");
		return CAL_OK;
	}
	if ((rc = find_host(&list, url->host)) != 0)
		goto failed;
	for (info = list; info != NULL; info = info->ai_next)
		if (!is_loopback(info->ai_addr))
			*openp = true;
	if (numeric != NULL && (rc = put_numeric(numeric, choose(list))) != 0)
		goto failed;
	freeaddrinfo(list);
	return CAL_OK;
failed:
	if (list != NULL)
		freeaddrinfo(list);
	return cal_fail(err, CAL_ENOHOST, "cannot resolve '%s': %s",
	    url->host, gai_strerror(rc));
}

char *
cal_url_text(const struct cal_url *url)
{
	bool six = strchr(url->host, ':') != NULL;

	switch (url->scheme) {
	case CAL_IPC:
		return cal_asprintf("ipc://%s", url->path);
	case CAL_LOOPBACK:
		return cal_asprintf("loop://%s", url->path);
	case CAL_TCP:
		break;
	}
	if (url->port == 0)
		return cal_asprintf("tcp://%s%s%s:*", six ? "[" : "",
		    url->host, six ? "]" : "");
	return cal_asprintf("tcp://%s%s%s:%u", six ? "[" : "", url->host,
	    six ? "]" : "", url->port);
}
