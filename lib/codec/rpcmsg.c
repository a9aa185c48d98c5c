/*
 * Reading RPC messages.  A header is read whole before anything is judged, so
 * that the id of a call is there to be echoed even when the rest is refused.
 */
#include "codec/rpcmsg.h"

#include "codec/mp.h"
#include "codec/snappy.h"

#define NAME(text) { (const uint8_t *)(text), sizeof(text) - 1 }

/* What an expanded payload holds beside the body: names, heads, an error. */
enum { PAYLOAD_EXTRA = 4096 + 3 * CAL_RPCMSG_ERROR_MAX };

enum header_field {
	TYPE, METH, OKEY, SEQ, ZIP, REQUIRED,
	DL = REQUIRED, CID, MAX, RTO, WHY, ST, HEADER_FIELDS
};

static const struct cal_slice header_names[HEADER_FIELDS] = {
	[TYPE] = NAME("type"), [METH] = NAME("meth"), [OKEY] = NAME("okey"),
	[SEQ] = NAME("seq"), [ZIP] = NAME("zip"), [DL] = NAME("dl"),
	[CID] = NAME("cid"), [MAX] = NAME("max"), [RTO] = NAME("rto"),
	[WHY] = NAME("why"), [ST] = NAME("st"),
};

enum payload_field { META, BODY, PAYLOAD_FIELDS };

static const struct cal_slice payload_names[PAYLOAD_FIELDS] = {
	[META] = NAME("meta"), [BODY] = NAME("body"),
};

static const char *const type_names[] = {
	[CAL_RPC_NULL] = "NULL",
	[CAL_RPC_FUNCTION] = "FUNCTION",
	[CAL_RPC_RESULT] = "RESULT",
	[CAL_RPC_FAILURE] = "FAILURE",
	[CAL_RPC_ERROR] = "ERROR",
	[CAL_RPC_CANCEL] = "CANCEL",
	[CAL_RPC_CANCELLED] = "CANCELLED",
};

const char *
cal_rpc_type_name(enum cal_rpc_type type)
{
	return type_names[type];
}

bool
cal_rpcmsg_same_id(const struct cal_rpcmsg_id *a,
    const struct cal_rpcmsg_id *b)
{
	return cal_slice_same(a->seq, b->seq) &&
	    cal_slice_same(a->meth, b->meth) &&
	    cal_slice_same(a->okey, b->okey);
}

/* What Python's bool() says of a value. */
static bool
is_true(const struct cal_mp_value *value)
{
	switch (value->kind) {
	case CAL_MP_NONE:
	case CAL_MP_NIL:
		return false;
	case CAL_MP_BOOL:
		return value->truth;
	case CAL_MP_UINT:
		return value->u != 0;
	case CAL_MP_FLOAT:
		return value->f != 0;
	case CAL_MP_STR:
	case CAL_MP_BIN:
		return value->bytes.len > 0;
	case CAL_MP_ARRAY:
	case CAL_MP_MAP:
		return value->count > 0;
	case CAL_MP_INT:
	case CAL_MP_EXT:
		return true;
	}
	return true;
}

/* Numbers that equal a type are one, as in Python: 1, 1.0 and true. */
static bool
read_type(enum cal_rpc_type *typep, const struct cal_mp_value *value)
{
	uint64_t number;

	if (value->kind == CAL_MP_UINT)
		number = value->u;
	else if (value->kind == CAL_MP_BOOL)
		number = value->truth;
	else if (value->kind == CAL_MP_FLOAT && value->f >= 0 &&
	    value->f <= CAL_RPC_CANCELLED &&
	    value->f == (double)(int)value->f)
		number = (uint64_t)value->f;
	else
		return false;
	if (number > CAL_RPC_CANCELLED)
		return false;
	*typep = (enum cal_rpc_type)number;
	return true;
}

/* No key at all is nil, or a str or bin without bytes. */
static struct cal_slice
key_of(const struct cal_mp_value *okey)
{
	if (okey->kind == CAL_MP_NIL)
		return cal_slice_of(NULL, 0);
	if (okey->kind == CAL_MP_STR || okey->kind == CAL_MP_BIN)
		return okey->bytes;
	return okey->raw;
}

static bool
read_status(int64_t *statusp, const struct cal_mp_value *value)
{
	if (value->kind == CAL_MP_INT)
		*statusp = value->i;
	else if (value->kind == CAL_MP_UINT && value->u <= INT64_MAX)
		*statusp = (int64_t)value->u;
	else
		return false;
	return true;
}

/* An extension of the wrong kind is as if it were not there. */
static void
set_extensions(struct cal_rpcmsg *msg, const struct cal_mp_value *values)
{
	if ((msg->has_dl = values[DL].kind == CAL_MP_UINT))
		msg->dl = values[DL].u;
	if ((msg->has_max = values[MAX].kind == CAL_MP_UINT))
		msg->max = values[MAX].u;
	msg->has_st = read_status(&msg->st, &values[ST]);
	if (values[CID].kind == CAL_MP_BIN &&
	    values[CID].bytes.len == CAL_RPCMSG_CID)
		msg->cid = values[CID].bytes;
	if (values[RTO].kind == CAL_MP_STR)
		msg->rto = values[RTO].bytes;
	if (values[WHY].kind == CAL_MP_STR)
		msg->why = values[WHY].bytes;
}

/* Every required key is there, and the id can be given back. */
static const char *
id_problem(const struct cal_mp_value *values)
{
	enum header_field field;

	for (field = TYPE; field < REQUIRED; field++)
		if (values[field].kind == CAL_MP_NONE)
			return "has a key too few";
	if (values[METH].kind == CAL_MP_MAP ||
	    values[OKEY].kind == CAL_MP_MAP || values[SEQ].kind == CAL_MP_MAP)
		return "has a map where a call is named";
	return NULL;
}

static const char *
detail_problem(const struct cal_mp_value *values)
{
	if (values[METH].kind != CAL_MP_STR)
		return "has a method that is not text";
	if (values[METH].bytes.len > CAL_RPCMSG_METHOD_MAX)
		return "has a method that is too long";
	if (values[OKEY].raw.len > CAL_RPCMSG_ECHO_MAX)
		return "has an order key that is too long";
	if (values[SEQ].raw.len > CAL_RPCMSG_ECHO_MAX)
		return "has a sequence number that is too long";
	return NULL;
}

/*
 * Only a request is answered: never a reply with a bad detail, or two peers
 * could keep each other busy.  An unknown type may be a request.
 */
static const char *
set_header(struct cal_rpcmsg *msg, const struct cal_mp_value *values,
    bool *echoablep)
{
	const char *problem;
	bool known;

	if ((problem = id_problem(values)) != NULL)
		return problem;
	msg->id.meth = values[METH].raw;
	msg->id.okey = values[OKEY].raw;
	msg->id.seq = values[SEQ].raw;
	msg->zip = is_true(&values[ZIP]);
	msg->key = key_of(&values[OKEY]);
	set_extensions(msg, values);
	known = read_type(&msg->type, &values[TYPE]);
	if ((problem = detail_problem(values)) == NULL && known) {
		msg->method = values[METH].bytes;
		return NULL;
	}
	*echoablep = !known || msg->type == CAL_RPC_FUNCTION;
	return problem != NULL ? problem : "has an unknown type";
}

int
cal_rpcmsg_read_header(struct cal_rpcmsg *msg, struct cal_slice header,
    bool *echoablep, struct cal_err *err)
{
	struct cal_mp_value values[HEADER_FIELDS];
	struct cal_mp_reader rd;
	const char *problem;
	bool echoable = false;

	*msg = (struct cal_rpcmsg){ .type = CAL_RPC_NULL };
	cal_mp_reader_init(&rd, header);
	if (header.len > CAL_RPCMSG_HEADER_MAX)
		problem = "is too long";
	else if (!cal_mp_read_fields(&rd, header_names, HEADER_FIELDS,
	    values) || !cal_mp_reader_done(&rd))
		problem = rd.problem;
	else
		problem = set_header(msg, values, &echoable);
	if (echoablep != NULL)
		*echoablep = echoable;
	if (problem != NULL)
		return cal_fail(err, CAL_EPROTO, "header %s", problem);
	return CAL_OK;
}

/* FUNCTION has no meta: anything false, or the msgpack of something empty. */
static const char *
no_meta_problem(const struct cal_mp_value *meta)
{
	struct cal_mp_reader rd;
	struct cal_mp_value value;

	if (!is_true(meta))
		return NULL;
	if (meta->kind != CAL_MP_BIN)
		return "has a meta of the wrong kind";
	cal_mp_reader_init(&rd, meta->bytes);
	if (cal_mp_read(&rd, &value) && cal_mp_reader_done(&rd) &&
	    (value.kind == CAL_MP_ARRAY || value.kind == CAL_MP_MAP) &&
	    value.count == 0)
		return NULL;
	return "has a meta that is not empty";
}

static const char *
set_error(struct cal_rpcmsg *msg, const struct cal_mp_value *meta)
{
	static const char problem[] = "has a meta that is not three texts";
	struct cal_mp_reader rd;
	struct cal_mp_value item[3];
	uint32_t items, i;

	if (meta->kind != CAL_MP_BIN)
		return problem;
	cal_mp_reader_init(&rd, meta->bytes);
	if (!cal_mp_read_array(&rd, &items) || items != 3)
		return problem;
	for (i = 0; i < 3; i++)
		if (!cal_mp_read(&rd, &item[i]) || item[i].kind != CAL_MP_STR)
			return problem;
	if (!cal_mp_reader_done(&rd))
		return problem;
	for (i = 0; i < 3; i++)
		msg->error[i] = item[i].bytes;
	return NULL;
}

static const char *
set_payload(struct cal_rpcmsg *msg, const struct cal_mp_value *values)
{
	const struct cal_mp_value *body = &values[BODY];
	const char *problem;

	if (values[META].kind == CAL_MP_NONE || body->kind == CAL_MP_NONE)
		return "has a key too few";
	switch (msg->type) {
	case CAL_RPC_FUNCTION:
		if ((problem = no_meta_problem(&values[META])) != NULL)
			return problem;
		break;
	case CAL_RPC_FAILURE:
	case CAL_RPC_ERROR:
		return set_error(msg, &values[META]);
	case CAL_RPC_RESULT:
		break;
	case CAL_RPC_NULL:
	case CAL_RPC_CANCEL:
	case CAL_RPC_CANCELLED:
		return NULL;
	}
	if (body->kind != CAL_MP_STR && body->kind != CAL_MP_BIN)
		return "has a body that is neither bytes nor text";
	msg->body = body->bytes;
	return NULL;
}

static int
expand(struct cal_slice *payload, struct cal_buf *plain, size_t max_bytes,
    struct cal_err *err)
{
	int rc;

	if (max_bytes > SIZE_MAX - PAYLOAD_EXTRA)
		max_bytes = SIZE_MAX - PAYLOAD_EXTRA;
	cal_buf_clear(plain);
	rc = cal_snappy_expand(plain, *payload, max_bytes + PAYLOAD_EXTRA,
	    err);
	if (rc != CAL_OK)
		cal_err_prefix(err, "payload");
	*payload = cal_buf_view(plain);
	return rc;
}

int
cal_rpcmsg_read_payload(struct cal_rpcmsg *msg, struct cal_slice payload,
    struct cal_buf *plain, size_t max_bytes, struct cal_err *err)
{
	struct cal_mp_value values[PAYLOAD_FIELDS];
	struct cal_mp_reader rd;
	const char *problem;
	int rc;

	if (msg->zip &&
	    (rc = expand(&payload, plain, max_bytes, err)) != CAL_OK)
		return rc;
	cal_mp_reader_init(&rd, payload);
	if (!cal_mp_read_fields(&rd, payload_names, PAYLOAD_FIELDS, values) ||
	    !cal_mp_reader_done(&rd))
		problem = rd.problem;
	else
		problem = set_payload(msg, values);
	if (problem != NULL)
		return cal_fail(err, CAL_EPROTO, "payload %s", problem);
	if (msg->body.len > max_bytes)
		return cal_fail(err, CAL_EDATA,
		    "body is larger than %zu bytes", max_bytes);
	return CAL_OK;
}
