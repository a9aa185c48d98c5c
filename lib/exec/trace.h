/* What a handler said before it failed: the end of it, as text to be shown. */
#ifndef CAL_EXEC_TRACE_H
#define CAL_EXEC_TRACE_H

#include <stdbool.h>

#include "base/buf.h"

enum { CAL_TRACE_MAX = 65536 };         /* bytes */

/*
 * Fills out, which is empty, with the end of text, cleaned by cal_clean_text
 * and at most CAL_TRACE_MAX bytes; no character is cut in half.  cut: text is
 * itself the end of something longer, so its first character may be broken.
 */
void cal_trace_put(struct cal_buf *out, struct cal_slice text, bool cut);

#endif
