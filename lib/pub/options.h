/* The command line of cal-pub, read and checked. */
#ifndef CAL_PUB_OPTIONS_H
#define CAL_PUB_OPTIONS_H

#include "base/url.h"
#include "cli/keys.h"
#include "cli/okey.h"
#include "cli/redis.h"
#include "cli/source.h"
#include "cli/words.h"
#include "stream/publisher.h"

struct cal_pub_options {
	struct cal_url *urls;           /* lent; there is one list only */
	size_t urls_count;
	struct cal_opt_list more_urls;  /* -u */

	struct cal_source_options source;
	struct cal_shape shape;
	struct cal_okey_options key;
	const char *topic;              /* NULL: none, or from each object */
	bool compress, keep_time, number, mark;

	bool distribute, no_drop;
	uint64_t wait_readers;
	double rate;                    /* a second; 0: as fast as it goes */
	double interval;                /* seconds; 0: none */
	double linger, connect_timeout; /* seconds; 0: for ever */
	uint64_t count, max_body, notify_fd;
	bool keep_going, tee;
	bool bind, connect, ready_line;
	struct cal_keys_options keys;

	struct cal_redis_options redis;
	const char *replicas;           /* --wait, as given; or NULL */
	bool print_id;
	uint64_t retry;
	double retry_delay;             /* seconds before the first */

	struct cal_words words;
};

/* CAL_EUSAGE in words; *donep as in cal_opt_parse. */
int cal_pub_options_read(struct cal_pub_options *options, int argc,
    char **argv, bool *donep, struct cal_err *err);

#endif
