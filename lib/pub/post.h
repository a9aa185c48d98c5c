/*
 * One message to be published: what an input record comes to.
 */
#ifndef CAL_PUB_POST_H
#define CAL_PUB_POST_H

#include "codec/streammsg.h"
#include "pub/options.h"

/* Used again and again; zeroed at first.  Slices point into the record, into
 * the buffers, or to the options. */
struct cal_post {
	struct cal_slice topic;         /* empty: none */
	struct cal_streammsg head;      /* without seq and mid; the time is
	                                   that of the object, if it counts */
	struct cal_slice body;          /* wire bytes, compressed with -z */
	struct cal_slice text;          /* the body as people have it */
	struct cal_buf names, bytes, scratch, found, packed;
};

/*
 * Takes a record, lent as long as post is used, apart.  CAL_EDATA when it is
 * not what it should be.
 */
int cal_post_read(struct cal_post *post, const struct cal_pub_options *options,
    struct cal_slice record, struct cal_err *err);

void cal_post_release(struct cal_post *post);

#endif
