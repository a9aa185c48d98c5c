/*
 * Bytes of strangers made harmless: for a terminal or log, and for an
 * environment variable.
 */
#ifndef CAL_BASE_CLEAN_H
#define CAL_BASE_CLEAN_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Would a terminal obey this character (C0, DEL, C1), or does it reorder or
 * break the text around it (bidirectional controls, line separators)?
 */
bool cal_clean_active(uint32_t point);

/*
 * Adds text to out so that a terminal shows it and obeys nothing in it: C0
 * (but for newline and tab, and these only with lines), DEL, C1, the
 * bidirectional controls and bytes that are not UTF-8 become \xNN or \u{N}.
 * The result is valid UTF-8 and at most 4 times as long (bytes of a character
 * together are escaped as one).
 */
void cal_clean_text(struct cal_buf *out, struct cal_slice text, bool lines);

/*
 * Adds text with every byte that is not printable ASCII, and '%', as %NN.
 */
void cal_clean_percent(struct cal_buf *out, struct cal_slice text);

#endif
