/* Whether the host of a URL is known, by which number, and who can reach it. */
#include "base/url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

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
	if (url->scheme != CAL_TCP && url->scheme != CAL_REDIS)
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
