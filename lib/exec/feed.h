/*
 * Bytes on their way into a pipe: gathered during a turn of the loop, written
 * together at its end, as far as the pipe takes them.
 */
#ifndef CAL_EXEC_FEED_H
#define CAL_EXEC_FEED_H

#include <stdint.h>

#include "base/buf.h"

struct ev_loop;
struct cal_feed;

/* From here on bytes are not copied, but lent: a copy costs more. */
enum { CAL_FEED_LENT = 16384 };

/*
 * fd stays the caller's, does not block, and is closed after the feed.
 * broken comes once, from the loop, as the last thing that the feed does in
 * it: nobody reads any more, and nothing will be written.  That is noticed
 * when there is something to write, not before; SIGPIPE has to be ignored.
 */
struct cal_feed *cal_feed_open(struct ev_loop *loop, int fd,
    void (*broken)(void *arg), void *arg);

/* Forgets what was not written; also from broken. */
void cal_feed_close(struct cal_feed *feed);

/*
 * Adds bytes at the end.  cal_feed_lend may keep them where they are: they
 * have to stay there until cal_feed_written has gone beyond them, the feed
 * broke, or it was closed.
 */
void cal_feed_copy(struct cal_feed *feed, struct cal_slice bytes);
void cal_feed_lend(struct cal_feed *feed, struct cal_slice bytes);

/*
 * Bytes that were ever added, and written.  A feed that broke counts what is
 * added, and forgets it.
 */
uint64_t cal_feed_added(const struct cal_feed *feed);
uint64_t cal_feed_written(const struct cal_feed *feed);

#endif
