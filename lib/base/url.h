/*
 * Addresses, read strictly and by ourselves: libzmq takes port 99999 for
 * 34463 and reports success.
 */
#ifndef CAL_BASE_URL_H
#define CAL_BASE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum cal_scheme {
	CAL_TCP,                /* tcp://HOST:PORT */
	CAL_IPC,                /* ipc://PATH */
	CAL_LOOPBACK,           /* loop://NAME, inside one process, for tests */
};

enum {
	CAL_URL_HOST_MAX = 255,
	CAL_URL_PATH_MAX = 107, /* sun_path, without its NUL */
};

struct cal_url {
	enum cal_scheme scheme;
	char host[CAL_URL_HOST_MAX + 1];        /* tcp; without brackets */
	uint16_t port;                          /* tcp; 0: any ("*") */
	char path[CAL_URL_PATH_MAX + 1];        /* ipc: path; loop: name */
};

/*
 * Reads text.  With bind, the host may be "*" or an address and the port "*";
 * to connect neither.  Everything that is not exactly of these forms is
 * CAL_EUSAGE: unknown scheme, userinfo, query, empty host, port 0 or above
 * 65535, white space and control characters, a path too long for a socket, an
 * abstract socket ("@name").  Schemes are lower case.
 */
int cal_url_parse(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err);

/*
 * Looks the host of a tcp URL up.  CAL_ENOHOST when the name does not
 * resolve.  With numeric (which may be NULL; INET6_ADDRSTRLEN + 2 bytes) the
 * first address of IPv4, or else of IPv6, is stored there as libzmq takes it
 * ("127.0.0.1", "[::1]").  *openp: some address of it is not loopback; "*" is
 * open.
 */
int cal_url_resolve(const struct cal_url *url, char *numeric, bool *openp,
    struct cal_err *err);

/* The text of url, never with a password.  The caller frees. */
char *cal_url_text(const struct cal_url *url);

#endif
