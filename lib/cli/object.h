/*
 * The objects of -J: one a line, the same in every program, so that what one
 * writes another reads back unchanged.  Bytes that are no text, and bodies that
 * are not one JSON value on one line and nothing else, stand in base64 under
 * NAME_b64.
 */
#ifndef CAL_CLI_OBJECT_H
#define CAL_CLI_OBJECT_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Writing.  Whoever writes puts the braces; each puts "," before itself, if it
 * is not the first behind one.
 */
void cal_object_put_text(struct cal_buf *out, const char *name,
    struct cal_slice text);                     /* lossy, see codec/json.h */
void cal_object_put_bytes(struct cal_buf *out, const char *name,
    struct cal_slice bytes);                    /* NAME, or NAME_b64 */
void cal_object_put_base64(struct cal_buf *out, const char *name,
    struct cal_slice bytes);
void cal_object_put_number(struct cal_buf *out, const char *name,
    uint64_t number);
/* "body" of exactly these bytes, or "body_b64". */
void cal_object_put_body(struct cal_buf *out, struct cal_slice wire);

/*
 * Reading: members by name.  value is raw JSON, lent from the object, and empty
 * where there is none; encoded: it is the one under NAME_b64.
 */
struct cal_member {
	const char *name;
	bool either;            /* NAME_b64 may stand for it */
	struct cal_slice value;
	bool encoded;
};

/*
 * Finds count members in a line; others are passed over.  CAL_EDATA: no
 * object, a member twice, or both NAME and NAME_b64.
 */
int cal_object_read(struct cal_member *members, size_t count,
    struct cal_slice line, struct cal_err *err);

/*
 * Adds what a member says, a string's text or the bytes of base64, to out.
 * CAL_EDATA: it is no string, or no base64.
 */
int cal_member_put(struct cal_buf *out, const struct cal_member *member,
    struct cal_err *err);

/*
 * The same for two, one behind the other in out, which is emptied first;
 * *firstp and *secondp are what they say, empty where there is none, and valid
 * until out changes.
 */
int cal_member_put_two(struct cal_buf *out, const struct cal_member *first,
    const struct cal_member *second, struct cal_slice *firstp,
    struct cal_slice *secondp, struct cal_err *err);

#endif
