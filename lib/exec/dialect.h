/*
 * How a worker is spoken to: a row per kind of co-process.
 *
 *      lines    a body per line, an answer per line, in order
 *      framed   the same with a 4-byte big-endian length before each
 *      jsonrpc  JSON-RPC 2.0, an object per line, answers in any order
 *
 * A stream's message is a request for the method "message" in jsonrpc.  Its
 * params have what it has of topic, ts (its time), id and seq, and no peer; a
 * topic that is not UTF-8 is topic_b64.
 *
 * Nothing here keeps anything or knows a process.  What comes from a worker is
 * taken by the letter: whatever is no answer is CAL_EPROTO, and the worker has
 * to go, since nobody can know what its next bytes would mean.
 */
#ifndef CAL_EXEC_DIALECT_H
#define CAL_EXEC_DIALECT_H

#include <stdint.h>

#include "work/job.h"

/* A request as bytes: head, then body, then tail. */
struct cal_ask {
	struct cal_buf head;
	struct cal_slice body;          /* the job's, lent; or empty */
	struct cal_buf tail;
};

void cal_ask_clear(struct cal_ask *ask);        /* keeps a little memory */
void cal_ask_release(struct cal_ask *ask);

/*
 * Says a checked JSON value on one line: lends it as it is, or, where there
 * are newlines between its tokens, adds it without these to the head.
 */
void cal_ask_say(struct cal_ask *ask, struct cal_slice value);

struct cal_dialect {
	const char *name;
	bool any_order;         /* an answer says which request it is for */
	bool names_method;      /* a request says which method it is for */
	size_t depth;           /* requests in one process, unless told */
	size_t tail;            /* bytes at the end of a request that say
	                           nothing: whoever knows where its value ends
	                           may answer before it has read them */

	/*
	 * Says the job, as request id, in place of what ask held.  timeout_ms
	 * is what is left of its time; below 0: it has all the time.
	 * CAL_EDATA: it cannot be said, and ask is empty.
	 */
	int (*ask)(struct cal_ask *ask, uint64_t id,
	    const struct cal_job *job, int64_t timeout_ms,
	    struct cal_err *err);

	/* Adds what takes request id back.  NULL: nothing does. */
	void (*cancel)(struct cal_buf *out, uint64_t id);

	/*
	 * Cuts the first message off input: *message is what it says, *used
	 * the bytes that it takes; *searched is 0 then, as it is at first.
	 * CAL_EAGAIN, without words: it is not all there yet, and *searched
	 * is where to go on.  CAL_EPROTO: it would have more than max bytes.
	 */
	int (*cut)(struct cal_slice input, size_t *searched, size_t max,
	    struct cal_slice *message, size_t *used, struct cal_err *err);

	/*
	 * Reads a message: the request that it answers, and how that ended;
	 * outcome is a zeroed one.  CAL_EPROTO: it is no answer, and outcome
	 * still is a zeroed one.  NULL: the message is the body of a RESULT
	 * for the oldest request.
	 */
	int (*read)(uint64_t *idp, struct cal_outcome *outcome,
	    struct cal_slice message, struct cal_err *err);
};

/* Bytes that a message may have beyond the largest answer. */
enum { CAL_DIALECT_MARGIN = 262144 };

extern const struct cal_dialect cal_dialect_lines;
extern const struct cal_dialect cal_dialect_framed;
extern const struct cal_dialect cal_dialect_jsonrpc;

/* Their names, in the order of cal_dialect_at; NULL at the end. */
extern const char *const cal_dialect_names[];
const struct cal_dialect *cal_dialect_at(int number);   /* NULL: no such */

/* For rows: cut where a message is a line, without "\n" or "\r\n". */
int cal_dialect_cut_line(struct cal_slice input, size_t *searched, size_t max,
    struct cal_slice *message, size_t *used, struct cal_err *err);

#endif
