/*
 * Inside URLs: what url.c and url_redis.c share.  Nobody else includes this.
 */
#ifndef CAL_BASE_URL_PARTS_H
#define CAL_BASE_URL_PARTS_H

#include <stddef.h>

#include "base/url.h"

/* Of url.c: len bytes as a host (with brackets around IPv6); a port; a path. */
int cal_url_read_host(struct cal_url *url, const char *text, size_t len,
    bool bind, struct cal_err *err);
int cal_url_read_port(struct cal_url *url, const char *text, bool bind,
    struct cal_err *err);
int cal_url_read_path(struct cal_url *url, const char *text,
    struct cal_err *err);

/* What stands behind "://", by url->scheme; words without the URL itself. */
int cal_url_redis_read(struct cal_url *url, const char *text,
    struct cal_err *err);

/* As cal_url_text; where is "HOST:PORT" or the path. */
char *cal_url_redis_text(const struct cal_url *url, const char *where);

#endif
