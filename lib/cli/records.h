/*
 * Messages from a descriptor: the whole of it, pieces between delimiters, or
 * pieces with their length in front.  Pulled one by one, so that nothing is
 * read that cannot be handled yet.
 *
 * The descriptor may be shared with others: it is never made non-blocking.
 */
#ifndef CAL_CLI_RECORDS_H
#define CAL_CLI_RECORDS_H

#include <stddef.h>

#include "base/buf.h"

struct ev_loop;
struct cal_records;

enum cal_records_kind {
	CAL_RECORDS_WHOLE,      /* one, of all there is */
	CAL_RECORDS_DELIMITED,  /* a delimiter behind each but maybe the last */
	CAL_RECORDS_FRAMED,     /* a 4-byte big-endian length before each */
};

struct cal_records_conf {
	struct ev_loop *loop;
	int fd;                         /* stays the caller's */
	enum cal_records_kind kind;
	struct cal_slice delimiter;     /* at least one byte; lent */
	size_t max_bytes;               /* of one record */
	void (*ready)(void *arg);       /* from the loop: pull again */
	void *arg;
};

struct cal_records *cal_records_open(const struct cal_records_conf *conf);
void cal_records_close(struct cal_records *records);

/*
 * The next record, lent until the next call.  CAL_EAGAIN: ready will be
 * called; CAL_EGONE: there are no more; CAL_EDATA: this one is too long, or
 * torn, and was skipped; CAL_EIO: cannot be read, and there are no more.
 */
int cal_records_next(struct cal_records *records, struct cal_slice *recordp,
    struct cal_err *err);

#endif
