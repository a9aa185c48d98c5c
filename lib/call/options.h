/* The command line of cal-call, read and checked. */
#ifndef CAL_CALL_OPTIONS_H
#define CAL_CALL_OPTIONS_H

#include "base/url.h"
#include "cli/keys.h"
#include "cli/okey.h"
#include "cli/redis.h"
#include "cli/source.h"
#include "cli/words.h"

struct cal_call_options {
	struct cal_url url;
	const char *method;             /* NULL: from each object, or --ping */
	struct cal_source_options source;
	struct cal_shape shape;
	struct cal_okey_options key;
	uint64_t jobs, count, retry, max_body, notify_fd;
	double timeout, connect_timeout, retry_delay;
	bool unordered, keep_going, compress, exit_remote, ping;
	bool bind, connect, ready_line;
	struct cal_keys_options keys;
	struct cal_redis_options redis;
	struct cal_words words;
};

/* CAL_EUSAGE in words; *donep as in cal_opt_parse. */
int cal_call_options_read(struct cal_call_options *options, int argc,
    char **argv, bool *donep, struct cal_err *err);

#endif
