/*
 * Redis on the command line: rows that the option tables share, which options
 * mean something with it, and where a password comes from.
 */
#ifndef CAL_CLI_REDIS_H
#define CAL_CLI_REDIS_H

#include "cli/choice.h"
#include "cli/keys.h"
#include "cli/opt.h"
#include "transport/transport.h"

enum { CAL_REDIS_START = 48 };

struct cal_redis_options {
	const char *auth;               /* --redis-auth */
	struct cal_conn_redis conn;
};

/* Rows for struct cal_redis_options *redis. */
#define CAL_REDIS_ROWS(redis)                                           \
	{ .name = "redis-auth", .kind = CAL_OPT_TEXT, .value = "FILE",  \
	    .dest = &(redis)->auth, .help = "file with the password "   \
	    "for Redis" }

/* With a default that is set before parsing. */
#define CAL_REDIS_LEASE 60
#define CAL_REDIS_LEASE_ROW(redis)                                      \
	{ .name = "lease", .kind = CAL_OPT_SECONDS, .value = "S",       \
	    .dest = &(redis)->conn.lease, .help = "redis: seconds "     \
	    "until others may have what a dead one held (60)" }

/* An option that says nothing over Redis, and why. */
struct cal_redis_choice {
	const char *name;
	bool given;
	const char *why;
};

/* CAL_EUSAGE about the first that was given. */
int cal_redis_refuse(const struct cal_redis_choice *choices, size_t count,
    struct cal_err *err);
#define CAL_REDIS_REFUSE(choices, err) \
	cal_redis_refuse(choices, sizeof(choices) / sizeof((choices)[0]), err)

/*
 * The same for --bind and --connect, and for keys.  Keys that stand in the
 * environment alone are forgotten.
 */
int cal_redis_check_side(bool bind, bool connect, struct cal_err *err);
int cal_redis_check_keys(struct cal_keys_options *keys, struct cal_err *err);

/* CAL_EUSAGE if one was given: they are for Redis, and this is something else.
 * --redis-auth is among them. */
int cal_redis_without(const struct cal_redis_options *redis,
    const struct cal_choice *choices, size_t count, struct cal_err *err);
#define CAL_REDIS_WITHOUT(redis, choices, err) \
	cal_redis_without(redis, choices, \
	    sizeof(choices) / sizeof((choices)[0]), err)

/*
 * *withp: they are of Redis.  CAL_EUSAGE: some are and some are not.
 */
int cal_redis_check_urls(bool *withp, const struct cal_url *urls,
    size_t count, struct cal_err *err);

/* --lease is not so short that nobody can keep it up.  CAL_EUSAGE. */
int cal_redis_check_lease(double lease, struct cal_err *err);

/* Where to begin to read, as cal_conn_redis.start has it.  CAL_EUSAGE. */
int cal_redis_start(char start[CAL_REDIS_START], const char *position,
    struct cal_err *err);

/* "N:MS" of --wait.  CAL_EUSAGE. */
int cal_redis_replicas(struct cal_conn_redis *conn, const char *text,
    struct cal_err *err);

/*
 * Gives each URL of Redis that has no password the one of --redis-auth, or
 * else of CAL_REDIS_PASSWORD, or else of REDISCLI_AUTH.  A process that has one
 * guards itself (base/secret.h).  CAL_ECONFIG.
 */
int cal_redis_open(struct cal_url *urls, size_t count,
    const struct cal_redis_options *redis, struct cal_err *err);

#endif
