/*
 * Traces.  Cleaning never makes a text shorter, so what is left out at the
 * start beforehand would not have been kept anyway.
 */
#include "exec/trace.h"

#include "base/clean.h"

/* Is it a byte inside a character? */
static bool
is_inner(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

void
cal_trace_put(struct cal_buf *out, struct cal_slice text, bool cut)
{
	size_t extra;

	if (text.len > CAL_TRACE_MAX) {
		text.ptr += text.len - CAL_TRACE_MAX;
		text.len = CAL_TRACE_MAX;
		cut = true;
	}
	while (cut && text.len > 0 && is_inner(*text.ptr)) {
		text.ptr++;
		text.len--;
	}
	cal_clean_text(out, text, true);
	if (out->len <= CAL_TRACE_MAX)
		return;
	extra = out->len - CAL_TRACE_MAX;
	while (extra < out->len && is_inner(out->ptr[extra]))
		extra++;
	cal_buf_consume(out, extra);
}
