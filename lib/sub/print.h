/*
 * A record of the output: a message, or what a command wrote for one, in the
 * shape that the options ask for.
 */
#ifndef CAL_SUB_PRINT_H
#define CAL_SUB_PRINT_H

#include "cli/shape.h"
#include "stream/consumer.h"

/* Bytes of an id as text, and its NUL; those of Redis are the longer ones. */
enum { CAL_SUB_ID_TEXT = 2 * (sizeof("18446744073709551615") - 1) + 2 };

/* What there is of a message beside its body; lent. */
struct cal_sub_about {
	struct cal_slice id, topic, key;
	const struct cal_streammsg *head;
	const struct cal_dead *dead;    /* NULL: it is not */
};

/* A zeroed one with a shape is ready for use. */
struct cal_printer {
	const struct cal_shape *shape;  /* settled; lent */
	struct cal_buf record, scratch, stamp;
};

void cal_printer_release(struct cal_printer *printer);

/*
 * The record of a message, lent until the next one.  CAL_EPROTO: body is not
 * what the serializer says.
 */
int cal_printer_message(struct cal_printer *printer,
    struct cal_slice *recordp, const struct cal_sub_about *about,
    struct cal_slice body, struct cal_err *err);

/*
 * The same of what a command wrote, whatever that is; one newline at its end is
 * not part of it, unless bytes are raw.  Of nothing it is empty.
 */
struct cal_slice cal_printer_output(struct cal_printer *printer,
    const struct cal_sub_about *about, struct cal_slice output);

/*
 * What a message is known by: its id in Redis, else the one that its publisher
 * gave it, in hex; or an empty text.
 */
void cal_sub_id_text(char text[CAL_SUB_ID_TEXT],
    const struct cal_delivery *delivery);

#endif
