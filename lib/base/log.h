/*
 * Words on stderr, in one place: "PROGRAM: what failed: why", or one JSON
 * object per line.
 *
 * Everything is cleaned of control characters before it is written, since it
 * may hold text from a peer.  A server must not stop because nobody reads its
 * stderr: in patient mode (the default) a line waits for its reader, otherwise
 * a line that cannot be written at once, or that meets a full disk, is
 * dropped, counted, and the count is said as soon as lines get through again.
 */
#ifndef CAL_BASE_LOG_H
#define CAL_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum cal_level {
	CAL_LOG_FAILURE,        /* always said */
	CAL_LOG_WARNING,        /* not with -q */
	CAL_LOG_INFO,           /* with -v */
	CAL_LOG_DEBUG,          /* with -vv */
};

struct cal_log_conf {
	const char *program;    /* static */
	enum cal_level level;   /* what is said: this level and those above */
	bool json;
	bool patient;
};

void cal_log_setup(const struct cal_log_conf *conf);

/* True when words of this level are said at all. */
bool cal_log_wants(enum cal_level level);

void cal_log(enum cal_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * At most one line in a period from this place of the code; others are
 * counted.
 */
struct cal_log_gate {
	double period;          /* seconds; 0: one */
	double last;
	uint64_t held;
};
void cal_log_gated(struct cal_log_gate *gate, enum cal_level level,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Writes one line as it stands (a line of JSON, a request log line), cleaned,
 * with a newline; lines are cut at 4096 bytes in impatient mode.
 */
void cal_log_line(enum cal_level level, struct cal_slice line);

/*
 * Several lines of a peer's text (a traceback), cleaned, each as it stands;
 * whole lines are dropped when nobody reads, as above.
 */
void cal_log_block(enum cal_level level, struct cal_slice text);

/* Lines lost so far because nobody read them or they could not be written. */
uint64_t cal_log_lost(void);

#endif
