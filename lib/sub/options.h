/* The command line of cal-sub, read and checked. */
#ifndef CAL_SUB_OPTIONS_H
#define CAL_SUB_OPTIONS_H

#include "base/url.h"
#include "cli/jobs.h"
#include "cli/keys.h"
#include "cli/okey.h"
#include "cli/redis.h"
#include "cli/shape.h"
#include "cli/words.h"
#include "stream/consumer.h"

enum {
	CAL_SUB_WAITING = 64,   /* messages that wait for one of the same key,
	                           or to be tried again */
	CAL_SUB_UNWRITTEN = 1000,       /* … that are printed and not written,
	                           or not acknowledged yet */
};

struct cal_sub_options {
	struct cal_url *urls;           /* lent; there is one list only */
	size_t urls_count;
	struct cal_opt_list topic_list;         /* -t */
	struct cal_slice *topics;               /* the same; freed by nobody */
	bool distribute;

	struct cal_shape shape;
	char **command;                 /* NULL: messages are printed */
	struct cal_jobs_options work;
	struct cal_okey_options key;    /* but its delimiter */

	double timeout;                 /* of the whole run; 0: none */
	double connect_timeout, run_timeout;
	uint64_t count;                 /* 0: no end */
	uint64_t max_body, notify_fd;
	bool keep_going, strict;
	bool bind, connect, ready_line;
	struct cal_keys_options keys;

	struct cal_redis_options redis;
	const char *group, *position;   /* as given; or NULL */
	uint64_t max_deliver;
	char start[CAL_REDIS_START];

	struct cal_words words;
};

/* CAL_EUSAGE in words; *donep as in cal_opt_parse. */
int cal_sub_options_read(struct cal_sub_options *options, int argc,
    char **argv, bool *donep, struct cal_err *err);

#endif
