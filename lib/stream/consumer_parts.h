/*
 * Inside a consumer: what its files share.  Nobody else includes this.
 *
 * consumer.c has the connections and hears from them, consumer_say.c says what
 * its owner wants of them, consumer_read.c reads frames.
 */
#ifndef CAL_STREAM_CONSUMER_PARTS_H
#define CAL_STREAM_CONSUMER_PARTS_H

#include <ev.h>

#include "base/log.h"
#include "stream/consumer.h"
#include "stream/gaps.h"

/* One address. */
struct cal_inlet {
	struct cal_consumer *consumer;
	struct cal_conn *conn;
	char *url;
	bool up, met, ended;            /* met: it was up some time */
	bool shared;                    /* others get what is missing here */
	bool leaving;
};

struct cal_consumer {
	struct cal_consumer_conf conf;
	struct cal_inlet *sources;
	size_t count;                   /* of those that are open */
	size_t met, ended;              /* sources that were up, … */
	size_t leaving;                 /* sources that have not left yet */
	bool ready, denied;
	struct cal_gaps *gaps;
	struct cal_buf expanded;
	struct cal_consumer_counts counts;      /* but for the transport's */
	struct cal_log_gate gate;
	ev_timer patience;
	ev_timer settled;               /* bound, or subscribed */
};

/*
 * Reads what came, by the topics and max_body of conf; a compressed body is
 * expanded into expanded, which is empty.  The number is the caller's.
 * CAL_EPROTO, CAL_EDATA: it is dropped.
 */
int cal_delivery_read(struct cal_delivery *delivery,
    struct cal_message *message, const struct cal_consumer_conf *conf,
    struct cal_buf *expanded, struct cal_err *err);

#endif
