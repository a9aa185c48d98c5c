/*
 * Addresses, read strictly and by ourselves: libzmq takes port 99999 for
 * 34463 and reports success.
 */
#ifndef CAL_BASE_URL_H
#define CAL_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum cal_scheme {
	CAL_TCP,                /* tcp://HOST:PORT */
	CAL_IPC,                /* ipc://PATH */
	CAL_LOOPBACK,           /* loop://NAME, inside one process, for tests */
	CAL_REDIS,              /* redis://[[USER][:PASSWORD]@]HOST[:PORT]
	                           [/DB]?stream=NAME... */
	CAL_REDIS_UNIX,         /* redis+unix://[[USER][:PASSWORD]@]PATH */
	CAL_REDIS_SENTINEL,     /* redis+sentinel://[[USER][:PASSWORD]@]
	                           HOST[:PORT],.../MASTER[/DB]?stream=NAME... */
};

enum {
	CAL_URL_HOST_MAX = 255,
	CAL_URL_PATH_MAX = 107, /* sun_path, without its NUL */
	CAL_URL_NAME_MAX = 255,
	CAL_URL_PASSWORD_MAX = 511,
	CAL_URL_REDIS_PORT = 6379,
	CAL_URL_SENTINEL_PORT = 26379,
	CAL_URL_SENTINELS = 8,
	CAL_URL_DB_MAX = 65535,
};

struct cal_url_place {
	char host[CAL_URL_HOST_MAX + 1];        /* no brackets */
	uint16_t port;
};

/*
 * What the URL of a stream in Redis says besides where Redis is.  Percent
 * codes of userinfo and query are decoded; no value holds a NUL or a control
 * character, names are UTF-8.
 */
struct cal_url_redis {
	char user[CAL_URL_NAME_MAX + 1];        /* empty: the default one */
	char password[CAL_URL_PASSWORD_MAX + 1];        /* empty: none */
	uint32_t db;
	char stream[CAL_URL_NAME_MAX + 1];      /* stream=NAME; never empty;
	                                           with cluster it has a hash
	                                           tag, NAME itself if none */
	char group[CAL_URL_NAME_MAX + 1];       /* group=G; empty: none */
	char consumer[CAL_URL_NAME_MAX + 1];    /* consumer=C; empty: none */
	bool cluster;                           /* cluster=1: of redis */

	/* Of redis+sentinel: whom to ask for the place of which master. */
	struct cal_url_place sentinels[CAL_URL_SENTINELS];
	size_t sentinel_count;
	char master[CAL_URL_NAME_MAX + 1];
};

struct cal_url {
	enum cal_scheme scheme;
	char host[CAL_URL_HOST_MAX + 1];        /* tcp, redis; no brackets */
	uint16_t port;                          /* the same; 0: any ("*") */
	char path[CAL_URL_PATH_MAX + 1];        /* ipc, redis+unix: path;
	                                           loop: name */
	struct cal_url_redis redis;             /* of the kinds of Redis */
};

/* Is it one of a stream in Redis? */
static inline bool
cal_url_is_redis(const struct cal_url *url)
{
	return url->scheme == CAL_REDIS || url->scheme == CAL_REDIS_UNIX ||
	    url->scheme == CAL_REDIS_SENTINEL;
}

/*
 * Reads text.  With bind, the host may be "*" or an address and the port "*";
 * to connect neither.  Everything that is not exactly of these forms is
 * CAL_EUSAGE: unknown scheme, userinfo, query, empty host, port 0 or above
 * 65535, white space and control characters, a path too long for a socket, an
 * abstract socket ("@name").  Schemes are lower case.  A redis URL must name a
 * stream, and may have userinfo and the query keys stream, group, consumer,
 * cluster (redis) and db (redis+unix), each once.  The last '@' ends its
 * userinfo; what else is an '@' is written as a percent code.  rediss:// is
 * refused: there is no TLS here.  No words show anything before an '@', nor a
 * value behind a '?' (but a bad db's).
 */
int cal_url_parse(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err);

/* What of the text of a URL, or of what may be one, words may show. */
const char *cal_url_shown(const char *text);

/*
 * What a user, stream, group or consumer may be called, and what a password
 * may be.  CAL_EUSAGE, with what in front and without the value.
 */
int cal_url_check_name(const char *name, const char *what,
    struct cal_err *err);
int cal_url_check_password(const char *password, const char *what,
    struct cal_err *err);

/*
 * Makes url the place of a Redis that others name: a host name or an address,
 * of IPv6 without brackets, and a port, in digits.  CAL_EUSAGE: it is none.
 */
int cal_url_set_place(struct cal_url *url, const char *host, const char *port,
    struct cal_err *err);

/* "HOST:PORT", with brackets where they belong; the caller frees. */
char *cal_url_place_text(const char *host, uint16_t port);

/*
 * Looks the host of a tcp or redis URL up.  CAL_ENOHOST when the name does not
 * resolve.  With numeric (which may be NULL; INET6_ADDRSTRLEN + 2 bytes) the
 * first address of IPv4, or else of IPv6, is stored there as libzmq takes it
 * ("127.0.0.1", "[::1]").  *openp: some address of it is not loopback; "*" is
 * open.
 */
int cal_url_resolve(const struct cal_url *url, char *numeric, bool *openp,
    struct cal_err *err);

/*
 * The text of url, never with user or password, in the form in which
 * cal_url_parse takes it.  The caller frees.
 */
char *cal_url_text(const struct cal_url *url);

#endif
