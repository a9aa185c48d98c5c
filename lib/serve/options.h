/* The command line of cal-serve, read and checked. */
#ifndef CAL_SERVE_OPTIONS_H
#define CAL_SERVE_OPTIONS_H

#include "base/url.h"
#include "cli/jobs.h"
#include "cli/keys.h"
#include "cli/redis.h"
#include "cli/words.h"
#include "codec/body.h"
#include "work/order.h"

struct cal_serve_options {
	struct cal_url url;
	const struct cal_body *body;
	const char *serializer;
	struct cal_opt_list shell_methods;      /* NAME=COMMAND */
	const char *dir;
	const char *method;             /* NAME -- COMMAND; or NULL */
	char **command;
	int order;                      /* enum cal_order_kind */
	struct cal_jobs_options work;
	uint64_t max_queue, count, max_body;
	uint64_t notify_fd;             /* 0: none */
	double timeout;
	bool text, compress, bind, connect, no_traceback;
	bool ready_line;
	struct cal_keys_options keys;
	struct cal_redis_options redis;
	struct cal_words words;
};

/* CAL_EUSAGE in words; *donep as in cal_opt_parse. */
int cal_serve_options_read(struct cal_serve_options *options, int argc,
    char **argv, bool *donep, struct cal_err *err);

#endif
