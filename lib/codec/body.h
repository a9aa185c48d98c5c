/*
 * Serializers, the upper layer: between the bytes that people and commands
 * handle and those on the wire.  A row per serializer.
 */
#ifndef CAL_CODEC_BODY_H
#define CAL_CODEC_BODY_H

#include <stdbool.h>

#include "base/buf.h"

struct cal_body {
	const char *name;               /* as in -s and in the PONG */

	/*
	 * Text that we were given, to wire bytes: *wire points into text, into
	 * scratch, or to static memory.  Empty text is the serializer's word
	 * for nothing: "null" for JSON, where white space is empty too, and 0
	 * bytes for raw.  With raw_text the text, empty or not, is a string to
	 * be wrapped.  CAL_EDATA.
	 */
	int (*to_wire)(struct cal_slice *wire, struct cal_slice text,
	    bool raw_text, struct cal_buf *scratch, struct cal_err *err);

	/*
	 * Wire bytes from a peer, to text: *text points into wire or scratch.
	 * With raw_text a string comes out unwrapped.  CAL_EDATA.
	 */
	int (*to_text)(struct cal_slice *text, struct cal_slice wire,
	    bool raw_text, struct cal_buf *scratch, struct cal_err *err);

	bool takes_raw_text;            /* --text has a meaning */
	bool json;                      /* bodies are JSON values */
};

/* The row called name, or CAL_EUSAGE. */
int cal_body_find(const struct cal_body **bodyp, const char *name,
    struct cal_err *err);

#endif
