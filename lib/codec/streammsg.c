/*
 * The header of stream messages.  What is behind the time is read element by
 * element, each by its place, up to the first that is not as we write it.
 */
#include "codec/streammsg.h"

#include "codec/mp.h"
#include "codec/temporenc.h"

enum element { TIME, SEQ, MID, KEY, FLAGS, ELEMENTS };

static void
set_stamp(struct cal_stamp *stamp, const struct cal_mp_value *value)
{
	if (value->kind == CAL_MP_BIN)
		(void)cal_temporenc_read(stamp, value->bytes, NULL);
}

static bool
is_key(const struct cal_mp_value *value)
{
	return (value->kind == CAL_MP_STR || value->kind == CAL_MP_BIN) &&
	    value->bytes.len <= CAL_STREAMMSG_KEY_MAX;
}

/* False when it is not ours. */
static bool
set_element(struct cal_streammsg *msg, enum element place,
    const struct cal_mp_value *value)
{
	bool ours = false;

	switch (place) {
	case TIME:
		set_stamp(&msg->stamp, value);
		return true;
	case SEQ:
		if ((ours = value->kind == CAL_MP_UINT))
			msg->seq = value->u;
		msg->has_seq = ours;
		break;
	case MID:
		if ((ours = value->kind == CAL_MP_BIN &&
		    value->bytes.len == CAL_STREAMMSG_MID))
			msg->mid = value->bytes;
		break;
	case KEY:
		if ((ours = is_key(value)))
			msg->key = value->bytes;
		break;
	case FLAGS:
		if ((ours = value->kind == CAL_MP_UINT))
			msg->flags = value->u;
		break;
	case ELEMENTS:
		break;
	}
	return ours || value->kind == CAL_MP_NIL;
}

static const char *
read_elements(struct cal_streammsg *msg, struct cal_mp_reader *rd)
{
	struct cal_mp_value value;
	uint32_t items, i;
	bool ours = true;

	if (!cal_mp_read_array(rd, &items))
		return rd->problem;
	for (i = 0; i < items && cal_mp_read(rd, &value); i++)
		if (ours)
			ours = set_element(msg, i < ELEMENTS ?
			    (enum element)i : ELEMENTS, &value);
	if (!cal_mp_reader_done(rd))
		return rd->problem;
	return items > 0 ? NULL : "has no time";
}

int
cal_streammsg_read(struct cal_streammsg *msg, struct cal_slice header,
    struct cal_err *err)
{
	struct cal_mp_reader rd;
	const char *problem;

	*msg = (struct cal_streammsg){ .has_seq = false };
	cal_mp_reader_init(&rd, header);
	problem = header.len > CAL_STREAMMSG_HEADER_MAX ? "is too long" :
	    read_elements(msg, &rd);
	if (problem == NULL)
		return CAL_OK;
	*msg = (struct cal_streammsg){ .has_seq = false };
	return cal_fail(err, CAL_EPROTO, "header %s", problem);
}

static uint32_t
count_elements(const struct cal_streammsg *msg)
{
	if (msg->flags != 0)
		return FLAGS + 1;
	if (msg->key.len > 0)
		return KEY + 1;
	if (msg->mid.len > 0)
		return MID + 1;
	return msg->has_seq ? SEQ + 1 : TIME + 1;
}

static void
put_stamp(struct cal_buf *out, const struct cal_stamp *stamp)
{
	if (!stamp->known) {
		cal_mp_put_nil(out);
		return;
	}
	cal_mp_put_bin_head(out, CAL_TEMPORENC_BYTES);
	cal_temporenc_write(cal_buf_room(out, CAL_TEMPORENC_BYTES), stamp);
	cal_buf_grown(out, CAL_TEMPORENC_BYTES);
}

static void
put_element(struct cal_buf *out, const struct cal_streammsg *msg,
    enum element place)
{
	switch (place) {
	case TIME:
		put_stamp(out, &msg->stamp);
		return;
	case SEQ:
		if (!msg->has_seq)
			break;
		cal_mp_put_uint(out, msg->seq);
		return;
	case MID:
		if (msg->mid.len == 0)
			break;
		cal_mp_put_bin(out, msg->mid);
		return;
	case KEY:
		if (msg->key.len == 0)
			break;
		cal_mp_put_key(out, msg->key);
		return;
	case FLAGS:
		cal_mp_put_uint(out, msg->flags);
		return;
	case ELEMENTS:
		break;
	}
	cal_mp_put_nil(out);
}

void
cal_streammsg_write(const struct cal_streammsg *msg, struct cal_buf *out)
{
	uint32_t items = count_elements(msg), i;

	cal_mp_put_array(out, items);
	for (i = 0; i < items; i++)
		put_element(out, msg, (enum element)i);
}
