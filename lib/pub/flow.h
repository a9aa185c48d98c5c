/*
 * From input to publisher: reads messages as fast as they are taken, or as the
 * pace says, and knows how it all came out.
 *
 * Nothing is read while the publisher or the output is full.  At the end of
 * the input it waits until everything was handed over, as long as there is
 * progress.
 */
#ifndef CAL_PUB_FLOW_H
#define CAL_PUB_FLOW_H

#include "pub/options.h"

struct ev_loop;
struct cal_flow;

struct cal_flow_conf {
	struct ev_loop *loop;
	const struct cal_pub_options *options;  /* lent */
	const struct cal_conn_keys *keys;

	/*
	 * Once, from the loop: nothing is read any more, and all was handed
	 * over and written, or was given up.
	 */
	void (*done)(void *arg);
	void *arg;
};

/* Opens the publisher.  Codes as of cal_publisher_open. */
int cal_flow_open(struct cal_flow **flowp, const struct cal_flow_conf *conf,
    struct cal_err *err);

/* The real URLs, a newline between them.  The caller frees. */
char *cal_flow_addresses(const struct cal_flow *flow);

/* Begins to read.  CAL_ENOINPUT when the file of -d cannot be read. */
int cal_flow_start(struct cal_flow *flow, struct cal_err *err);

/* The list of those who are let in was read again. */
void cal_flow_recheck(struct cal_flow *flow);

/* Ends early: nothing more is read, and what waits has so many seconds. */
void cal_flow_stop(struct cal_flow *flow, double seconds);

/* Counters, as a line of JSON on stderr. */
void cal_flow_say(const struct cal_flow *flow);

/* Has the reader of our output gone? */
bool cal_flow_reader_gone(const struct cal_flow *flow);

/* What is said when the transport may not have handed everything on. */
#define CAL_FLOW_NOT_LEFT \
	"of the last messages some may not have left for a subscriber"

/*
 * Closes the publisher: what the transport took has so many seconds to leave.
 * Says what was not handed over, and what was missed.
 */
void cal_flow_end(struct cal_flow *flow, double grace);

/*
 * Writes what is left of the output, waiting for its reader or not, and frees
 * all.  *statusp is the exit status.
 */
void cal_flow_close(struct cal_flow *flow, bool wait, int *statusp);

#endif
