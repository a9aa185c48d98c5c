/*
 * Inside a consumer: what consumer.c (connections) and consumer_read.c (frames)
 * share.  Nobody else includes this.
 */
#ifndef CAL_STREAM_CONSUMER_PARTS_H
#define CAL_STREAM_CONSUMER_PARTS_H

#include "stream/consumer.h"

/*
 * Reads what came, by the topics and max_body of conf; a compressed body is
 * expanded into expanded, which is empty.  The number is the caller's.
 * CAL_EPROTO, CAL_EDATA: it is dropped.
 */
int cal_delivery_read(struct cal_delivery *delivery,
    struct cal_message *message, const struct cal_consumer_conf *conf,
    struct cal_buf *expanded, struct cal_err *err);

#endif
